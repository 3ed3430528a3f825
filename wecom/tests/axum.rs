//! The routes and extractors over a real socket, and a small client that speaks plain HTTP/1.1.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test fail like the test itself"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use wecom::axum::{AppCallback, Gate, RobotCallback, routes};
use wecom::callback::Envelope;
use wecom::chat::{Answer, Door, DoorError, Handler, Incoming};
use wecom::crypto::Keys;

const NOW_S: i64 = 1_767_225_600;
const CORP: &str = "ww0123456789abcdef";
const TEXT: &str = "<xml><ToUserName>ww0123456789abcdef</ToUserName><FromUserName>li.lei\
    </FromUserName><CreateTime>1767225600</CreateTime><MsgType>text</MsgType><Content>ping\
    </Content></xml>";

fn keys(receive_id: &str) -> Keys {
    Keys::new(
        "QDG6eK",
        "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
        receive_id,
    )
    .unwrap()
}

fn sealed(message: &str, receive_id: &str) -> Envelope {
    Envelope::seal(&keys(receive_id), message.as_bytes(), NOW_S, "n+1", [7; 16]).unwrap()
}

struct Echo;

impl Handler for Echo {
    async fn handle(&self, incoming: &Incoming) -> Answer {
        incoming
            .text()
            .map_or(Answer::Nothing, |text| Answer::Text(text.to_owned()))
    }
}

/// Serves `app` until the test ends.
async fn serve(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

/// Status and body of the response.
async fn ask(address: &str, method: &str, target: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

#[test]
fn the_readme_shows_the_echo_bot_and_it_is_short() {
    let example = include_str!("../examples/echo_bot.rs");
    let (_, code) = example.split_once("\n\n").unwrap();
    assert!(include_str!("../README.md").contains(&format!("```rust,no_run\n{code}```")));
    let n_lines = code.lines().filter(|line| !line.is_empty()).count();
    assert!(n_lines <= 30, "{n_lines} lines are not thirty");
}

#[tokio::test]
async fn routes_verify_and_answer() {
    let n_errors = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&n_errors);
    let app = routes(
        "/callback",
        Door::app(keys(CORP), Echo),
        Arc::new(|| NOW_S),
        move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
        },
    );
    let address = serve(app).await;

    let echo = sealed("94966531020182955848408", CORP).to_echo_query();
    let verified = ask(&address, "GET", &format!("/callback?{echo}"), "").await;
    assert_eq!(verified, (200, "94966531020182955848408".to_owned()));

    let envelope = sealed(TEXT, CORP);
    let target = format!("/callback?{}", envelope.to_query());
    let body = envelope.to_request_xml(CORP, Some(1_000_002));
    let (status, reply) = ask(&address, "POST", &target, &body).await;
    assert_eq!(status, 200);
    assert!(reply.contains("<Nonce><![CDATA[n+1]]></Nonce>"), "{reply}");
    let encrypt = reply.split(['[', ']']).nth(2).unwrap();
    let reply = String::from_utf8(keys(CORP).decrypt(encrypt).unwrap()).unwrap();
    assert!(
        reply.contains("<Content><![CDATA[ping]]></Content>"),
        "{reply}"
    );
    assert_eq!(n_errors.load(Ordering::SeqCst), 0);

    let forged = target.replace("timestamp=1", "timestamp=2");
    assert_eq!(
        ask(&address, "POST", &forged, &body).await,
        (403, String::new())
    );
    assert_eq!(
        ask(&address, "POST", "/callback", &body).await,
        (400, String::new())
    );
    assert_eq!(
        ask(&address, "GET", "/callback", "").await,
        (400, String::new())
    );
    assert_eq!(n_errors.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn extractors_let_only_verified_requests_in() {
    let gate = |receive_id: &str| {
        Gate::new(
            keys(receive_id),
            Duration::from_secs(60),
            Arc::new(|| NOW_S),
        )
    };
    let app = async |AppCallback(inbound): AppCallback| inbound.from_user.clone();
    let robot = async |RobotCallback(inbound): RobotCallback| inbound.msg_id.clone();
    let router = Router::new()
        .route("/app", post(app).with_state(gate(CORP)))
        .route("/robot", post(robot).with_state(gate("")));
    let address = serve(router).await;

    let envelope = sealed(TEXT, CORP);
    let target = format!("/app?{}", envelope.to_query());
    let body = envelope.to_request_xml(CORP, None);
    assert_eq!(
        ask(&address, "POST", &target, &body).await,
        (200, "li.lei".to_owned())
    );
    let forged = body.replace("<Encrypt><![CDATA[", "<Encrypt><![CDATA[A");
    assert_eq!(
        ask(&address, "POST", &target, &forged).await,
        (403, String::new())
    );
    assert_eq!(
        ask(&address, "POST", "/app", &body).await,
        (400, String::new())
    );

    let envelope = sealed(r#"{"msgid":"m-1","msgtype":"text"}"#, "");
    let target = format!("/robot?{}", envelope.to_query());
    let body = envelope.to_request_json();
    assert_eq!(
        ask(&address, "POST", &target, &body).await,
        (200, "m-1".to_owned())
    );
    let app_target = format!("/app?{}", envelope.to_query());
    assert_eq!(
        ask(&address, "POST", &app_target, &body).await,
        (400, String::new())
    );
}

/// Takes its time, and tells when it has come to its end.
struct Slow(Arc<tokio::sync::Notify>);

impl Handler for Slow {
    async fn handle(&self, _: &Incoming) -> Answer {
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.0.notify_one();
        Answer::Nothing
    }
}

#[tokio::test]
async fn a_handler_comes_to_its_end_though_the_platform_hangs_up() {
    let done = Arc::new(tokio::sync::Notify::new());
    let door = Door::app(keys(CORP), Slow(Arc::clone(&done)));
    let address = serve(routes("/callback", door, Arc::new(|| NOW_S), |_| ())).await;
    let envelope = sealed(TEXT, CORP);
    let body = envelope.to_request_xml(CORP, None);
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let request = format!(
        "POST /callback?{} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}",
        envelope.to_query(),
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(30)).await;
    drop(stream);
    let ended = tokio::time::timeout(Duration::from_secs(5), done.notified());
    assert!(ended.await.is_ok());
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_called_too_large() {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let log = move |error: &DoorError| kept.lock().unwrap().push(error.to_string());
    let door = Door::app(keys(CORP), Echo);
    let address = serve(routes("/callback", door, Arc::new(|| NOW_S), log)).await;
    for (length, sent, expected) in [
        (1_000, 10, "the body could not be read to its end"),
        (2 << 20, 2 << 20, "the body is larger than 1048576 bytes"),
    ] {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let head =
            format!("POST /callback HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        // The server may refuse before all is written, which is its right.
        let _ = stream.write_all(&vec![b'x'; sent]).await;
        let _ = stream.shutdown().await;
        let mut response = Vec::new();
        let _ = stream.read_to_end(&mut response).await;
        let seen = seen.lock().unwrap().pop();
        assert_eq!(
            seen.as_deref(),
            Some(&*format!("the request was refused: {expected}"))
        );
    }
}
