//! What goes over one connection: an answer that comes before the request is whole must not cost
//! the caller the answer, nor the next request.

use std::time::Duration;

use campkeeper::store::Engine;
use sandbox::faults::{Fault, FaultKind, Platform};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::app::TestApp;
use crate::camp::enrolling;
use crate::for_both_engines;
use crate::payments::count;

/// More than a picture may have.
const TOO_LARGE: usize = 6 * 1024 * 1024;

/// Reads until a text has come, or fails.
async fn until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut seen = Vec::new();
    let reading = async {
        let mut part = [0; 4096];
        loop {
            let n = stream.read(&mut part).await.unwrap();
            assert_ne!(n, 0, "closed after {:?}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&part[..n]);
            let text = String::from_utf8_lossy(&seen);
            if text.contains(wanted) {
                return text.into_owned();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reading)
        .await
        .unwrap()
}

for_both_engines! {
    async fn a_refused_request_is_read_to_its_end_and_the_connection_goes_on(test) {
        let mut stream = TcpStream::connect(test.app.address).await.unwrap();
        let head = "POST /api/none HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        stream.write_all(b"{}").await.unwrap();
        until(&mut stream, "not_found").await;
        let next = "GET /api/health HTTP/1.1\r\nhost: x\r\n\r\n";
        stream.write_all(next.as_bytes()).await.unwrap();
        until(&mut stream, "\"status\":\"ok\"").await;
        test.finish().await;
    }

    async fn who_says_nothing_is_hung_up_on_and_delays_no_stop(test) {
        let mut silent = TcpStream::connect(test.app.address).await.unwrap();
        let mut half = TcpStream::connect(test.app.address).await.unwrap();
        half.write_all(b"GET /api/health HTTP/1.1\r\nhost: x\r\n").await.unwrap();
        for stream in [&mut silent, &mut half] {
            let mut rest = [0; 64];
            let ended = tokio::time::timeout(Duration::from_secs(15), stream.read(&mut rest));
            assert!(matches!(ended.await.unwrap(), Ok(0) | Err(_)));
        }
        // One that has asked before, and one that never has.
        let mut kept = TcpStream::connect(test.app.address).await.unwrap();
        kept.write_all(b"GET /api/health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        until(&mut kept, "\"status\":\"ok\"").await;
        let _silent = TcpStream::connect(test.app.address).await.unwrap();
        let began = std::time::Instant::now();
        test.finish().await;
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    }

    async fn an_unsigned_body_is_not_read(test) {
        let now = test.app.context().wall_now().secs();
        let old = now - 2 * 24 * 3600;
        for (path, expected) in [
            ("wechat/payment".to_owned(), "401"),
            ("wechat/refund".to_owned(), "401"),
            (format!("wecom/app?msg_signature=x&timestamp={now}&nonce=1"), "403"),
            (format!("wecom/app?msg_signature={:040}&timestamp={old}&nonce=1", 0), "403"),
        ] {
            let mut stream = TcpStream::connect(test.app.address).await.unwrap();
            let head = format!(
                "POST /api/webhook/{path} HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            // More than the body may have: whoever reads it cannot answer so.
            stream.write_all(&[b'x'; 59_999]).await.unwrap();
            until(&mut stream, &format!("HTTP/1.1 {expected}")).await;
        }
        test.finish().await;
    }

    async fn who_sends_too_much_is_told_so(test) {
        let (admin, stranger) = (test.staff("admin").await, test.browser());
        for (who, expected) in [(&admin, (413, "too_large")), (&stranger, (401, "unauthenticated"))] {
            let reply = who.upload(vec![7; TOO_LARGE]).await;
            assert_eq!(reply.error(), expected, "{}", reply.body);
        }
        test.finish().await;
    }

    async fn a_job_of_the_bot_is_started_like_any_other(test) {
        let admin = test.staff("admin").await;
        let jobs = admin.get("/api/admin/jobs").await;
        let names: Vec<_> = jobs.data()["items"].as_array().unwrap().iter()
            .map(|job| job["name"].as_str().unwrap().to_owned())
            .collect();
        for name in ["work-inbox", "send-outbox"] {
            assert!(names.iter().any(|known| known == name), "{names:?}");
            let ran = admin.post(&format!("/api/admin/jobs/{name}/run"), &json!({})).await;
            assert_eq!(ran.data()["name"], name);
        }
        let coach = test.staff("coach").await;
        let refused = coach.post("/api/admin/jobs/work-inbox/run", &json!({})).await;
        assert_eq!(refused.error(), (403, "forbidden"));
        test.finish().await;
    }

    async fn an_order_that_could_not_be_prepared_is_found_again(test) {
        let camp = enrolling(&test, "写作营").await;
        let phone = test.browser();
        let body = json!({"campId": camp.id, "channel": "native"});
        let cut = Fault::new(Platform::WechatPay, "v3/pay/transactions", FaultKind::CutAfter);
        test.sandbox.faults().add(cut.times(10));
        let failed = phone.post("/api/h5/payments", &body).await;
        assert_eq!(failed.error(), (503, "platform_unavailable"));
        test.sandbox.faults().clear();
        let ordered = phone.post("/api/h5/payments", &body).await;
        assert!(ordered.data()["codeUrl"].is_string());
        let orders = "SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record";
        assert_eq!(count(&test, orders).await, 1, "one order, not two");
        test.finish().await;
    }
}
