//! What Prometheus reads: to the letter of the contract, bounded whatever callers make up, and
//! without anybody's name or number.

use std::collections::BTreeSet;

use campkeeper::store::Engine;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::app::TestApp;
use crate::camp::{DEPOSIT_FEN, enrolling};
use crate::doctor::ended;
use crate::for_both_engines;
use crate::main_job::run_job;
use crate::payments::{order, until_status};

/// Series that the product may have, however it is called (issue of operation).
const MAX_SERIES: usize = 2_000;
/// Made-up paths; what they leave must not depend on how many they are.
const MADE_UP: usize = 3_000;

async fn scrape(test: &TestApp) -> String {
    let address = test.app.metrics_address.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("http://{address}/metrics")).send().await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    answer.text().await.unwrap()
}

fn series(text: &str) -> BTreeSet<&str> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(series, _)| series)
        .collect()
}

fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find(|line| {
        line.rsplit_once(' ')
            .is_some_and(|(name, _)| name == series)
    })?;
    line.rsplit_once(' ')?.1.parse().ok()
}

/// Sends requests one after the other on one connection, with a method of one's own.
async fn call(test: &TestApp, requests: &[(String, String)]) {
    let mut stream = TcpStream::connect(test.app.address).await.unwrap();
    for (method, path) in requests {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut seen = Vec::new();
        let mut part = [0; 4096];
        loop {
            let n = stream.read(&mut part).await.unwrap();
            assert_ne!(n, 0, "{method} {path}");
            seen.extend_from_slice(&part[..n]);
            let text = String::from_utf8_lossy(&seen);
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if length.is_some_and(|length| body.len() >= length.parse().unwrap()) {
                break;
            }
        }
    }
}

for_both_engines! {
    async fn all_of_the_contract_is_there_and_nobodys_number(test) {
        let camp = enrolling(&test, "写作营").await;
        let member = test.browser();
        let order_no = order(&member, camp.id, None).await;
        test.sandbox.wechat_pay().pay(&order_no).unwrap();
        until_status(&member, &order_no, "paid").await;
        run_job(&test, "audit-books").await;
        run_job(&test, "watch").await;
        call(&test, &[("POST".into(), "/api/webhook/wechat/payment".into())]).await;
        let text = scrape(&test).await;
        for expected in [
            "campkeeper_http_requests_total{method=\"POST\",route=\"/api/h5/payments\",status=\"200\"}",
            "campkeeper_http_request_duration_seconds_bucket{method=\"POST\",route=\"/api/h5/payments\",le=\"1\"}",
            "campkeeper_callbacks_total{platform=\"wechat_pay\",outcome=\"accepted\"}",
            "campkeeper_callbacks_total{platform=\"wechat_pay\",outcome=\"refused\"}",
            "campkeeper_platform_requests_total{platform=\"wechat_pay\",outcome=\"ok\"}",
            "campkeeper_platform_request_duration_seconds_count{platform=\"wechat_pay\"}",
            "campkeeper_refunds{status=\"pending\"}",
            "campkeeper_overdue{who=\"staff\"}",
            "campkeeper_queue_depth{queue=\"inbox\"}",
            "campkeeper_queue_depth{queue=\"outbox\"}",
            "campkeeper_queue_oldest_seconds{queue=\"refunds\"}",
            "campkeeper_job_last_success_timestamp_seconds{job=\"watch\"}",
            "campkeeper_job_last_success_timestamp_seconds{job=\"send-outbox\"}",
        ] {
            assert!(series(&text).contains(expected), "{expected}\n{text}");
        }
        assert_eq!(value(&text, "campkeeper_held_fen{account=\"held\"}"), Some(DEPOSIT_FEN as f64), "{text}");
        assert_eq!(value(&text, "campkeeper_books_differences"), Some(0.0), "{text}");
        let version = format!("campkeeper_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
        assert_eq!(value(&text, &version), Some(1.0), "{text}");
        assert!(!text.contains(&order_no) && !text.contains("openid") && !text.contains("127.0.0.1"));
        // It is told on its own listener alone.
        let (status, ..) = test.browser().go("/metrics").await;
        assert_eq!(status, 404);
        test.finish().await;
    }

    async fn what_the_audit_of_the_books_found_stays_until_it_is_found_anew(test) {
        run_job(&test, "audit-books").await;
        let summary = json!({"different": 0, "isBalanced": false});
        ended(&test, "audit-books", "failed", summary).await;
        ended(&test, "audit-books", "failed", json!("the database is locked")).await;
        let text = scrape(&test).await;
        assert_eq!(value(&text, "campkeeper_books_differences"), Some(1.0), "{text}");
        test.finish().await;
    }

    async fn what_callers_make_up_leaves_no_series(test) {
        call(&test, &[
            ("GET".into(), "/api/none".into()),
            ("BREW".into(), "/api/none".into()),
            ("BREW".into(), "/api/health".into()),
        ]).await;
        let before = scrape(&test).await;
        let made_up: Vec<_> = (0..MADE_UP)
            .map(|n| match n % 3 {
                0 => ("GET".to_owned(), format!("/api/none/{n}")),
                1 => (format!("BREW{n}"), format!("/{n}?q={n}")),
                _ => ("DELETE".to_owned(), format!("/api/admin/camps/{n}")),
            })
            .collect();
        call(&test, &made_up[..3]).await;
        let first = scrape(&test).await;
        call(&test, &made_up).await;
        let after = scrape(&test).await;
        let word = "campkeeper_http_requests_total{method=\"OTHER\",route=\"unmatched\",status=\"404\"}";
        assert!(value(&after, word) > value(&before, word), "{after}");
        let ours = |text: &str| -> BTreeSet<String> {
            let all = series(text).into_iter();
            // Other tests of this process count as well: what they may have added is not made up.
            all.filter(|series| series.contains("unmatched") || series.contains("OTHER"))
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(ours(&first), ours(&after));
        assert!(!after.contains("BREW"));
        assert!(series(&after).len() < MAX_SERIES, "{}", series(&after).len());
        test.finish().await;
    }
}
