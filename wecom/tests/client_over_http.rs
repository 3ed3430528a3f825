//! The client against small servers on a real socket: tokens, lost answers, proxies, limits.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its server must stop"
)]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use wecom::{
    Client, Error, ErrorClass,
    media::{MediaFile, MediaKind},
    message::{Message, Recipients, Text},
};

/// What the server does with one request.
enum Reply {
    /// Answers 200 with JSON.
    Json(String),
    /// Writes these bytes as they are.
    Raw(Vec<u8>),
    /// Answers 200 with JSON after a second.
    Late(&'static str),
    /// Reads the request and closes the connection.
    Cut,
    /// Reads the request and never answers.
    Hang,
}

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn count(&self, path: &str) -> usize {
        self.all()
            .iter()
            .filter(|request| request.contains(path))
            .count()
    }
}

/// Serves `answer(n, request)` for the n-th request; gives the base URL and what came in.
async fn serve(answer: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (seen, answer) = (Seen::default(), Arc::new(answer));
    let requests = seen.clone();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            tokio::spawn(converse(socket, requests.clone(), Arc::clone(&answer)));
        }
    });
    (base, seen)
}

async fn converse(
    mut socket: TcpStream,
    seen: Seen,
    answer: Arc<impl Fn(usize, &str) -> Reply + Send + Sync + 'static>,
) {
    let Some(request) = read_request(&mut socket).await else {
        return;
    };
    let index = {
        let mut requests = seen.0.lock().unwrap();
        requests.push(request.clone());
        requests.len() - 1
    };
    let bytes = match answer(index, &request) {
        Reply::Json(json) => response("200 OK", "application/json", json.as_bytes()),
        Reply::Raw(bytes) => bytes,
        Reply::Late(json) => {
            tokio::time::sleep(Duration::from_secs(1)).await;
            response("200 OK", "application/json", json.as_bytes())
        }
        Reply::Cut => return,
        Reply::Hang => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return;
        }
    };
    // The client may have hung up already, which is its right.
    let _ = socket.write_all(&bytes).await;
}

fn response(status: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

async fn read_request(socket: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let n = socket.read(&mut buffer).await.ok()?;
        bytes.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text.into_owned());
            }
        }
        if n == 0 {
            return None;
        }
    }
}

const OK: &str = r#"{"errcode":0,"errmsg":"ok","msgid":"m1"}"#;

fn token(n: usize) -> Reply {
    Reply::Json(format!(
        r#"{{"errcode":0,"errmsg":"ok","access_token":"TOKEN-{n}","expires_in":7200}}"#
    ))
}

fn json(json: &str) -> Reply {
    Reply::Json(json.to_owned())
}

fn client(base: &str) -> Client {
    Client::builder("ww1", 1_000_002, "hunter2")
        .api_base(base)
        .timeout(Duration::from_millis(500))
        .build()
        .unwrap()
}

fn hello() -> Message {
    Message::new(
        Recipients::user("li.lei").unwrap(),
        Text::new("你好 “\u{1F44B}”").unwrap(),
    )
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_and_the_call_repeated_once() {
    for code in [40001, 40014, 42001] {
        let (base, seen) = serve(move |n, request| match request {
            r if r.contains("/gettoken?") => token(n),
            r if r.contains("TOKEN-0") => Reply::Json(format!(r#"{{"errcode":{code}}}"#)),
            _ => json(OK),
        })
        .await;
        let client = client(&base);
        assert_eq!(
            client.send(&hello()).await.unwrap().msgid.as_deref(),
            Some("m1")
        );
        assert_eq!(
            (seen.count("/gettoken?"), seen.count("/message/send")),
            (2, 2),
            "{code}"
        );
        client.send(&hello()).await.unwrap();
        assert_eq!(
            (seen.count("/gettoken?"), seen.count("/message/send")),
            (2, 3)
        );
    }
}

#[tokio::test]
async fn a_token_that_never_works_is_not_renewed_for_ever() {
    let (base, seen) = serve(|n, request| match request {
        r if r.contains("/gettoken?") => token(n),
        _ => json(r#"{"errcode":42001,"errmsg":"access_token expired"}"#),
    })
    .await;
    let client = client(&base);
    let error = client.send(&hello()).await.unwrap_err();
    assert_eq!(error.class(), Some(ErrorClass::Token));
    assert_eq!(
        (seen.count("/gettoken?"), seen.count("/message/send")),
        (2, 2)
    );
    for _ in 0..5 {
        client.send(&hello()).await.unwrap_err();
    }
    assert_eq!(
        (seen.count("/gettoken?"), seen.count("/message/send")),
        (2, 7),
        "calls that follow at once fetch nothing"
    );
}

#[tokio::test]
async fn a_wrong_secret_needs_an_admin_and_is_asked_once() {
    let (base, seen) =
        serve(|_, _| json(r#"{"errcode":40001,"errmsg":"invalid credential hunter2"}"#)).await;
    let client = client(&base);
    for _ in 0..5 {
        let error = client.send(&hello()).await.unwrap_err();
        assert!(matches!(error, Error::Token(_)));
        assert!(error.needs_admin() && !error.outcome_unknown() && !error.is_retryable());
        assert!(!format!("{error} {error:?} {client:?}").contains("hunter2"));
    }
    assert_eq!(
        seen.count("/gettoken?"),
        1,
        "WeCom blocks addresses that keep asking"
    );
}

#[tokio::test]
async fn a_hundred_calls_at_once_fetch_one_token() {
    let (base, seen) = serve(|n, request| match request {
        r if r.contains("/gettoken?") => token(n),
        _ => json(OK),
    })
    .await;
    let client = Client::builder("ww1", 1, "s")
        .api_base(base)
        .build()
        .unwrap();
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.send(&hello()).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(
        (seen.count("/gettoken?"), seen.count("/message/send")),
        (1, 100)
    );
}

#[tokio::test]
async fn a_body_is_raw_utf8_and_secrets_stay_in_the_query() {
    let (base, seen) = serve(|n, request| match request {
        r if r.contains("/gettoken?") => token(n),
        _ => json(OK),
    })
    .await;
    client(&base).send(&hello()).await.unwrap();
    let requests = seen.all();
    assert!(requests[0].starts_with("GET /cgi-bin/gettoken?corpid=ww1&corpsecret=hunter2 "));
    assert!(requests[1].starts_with("POST /cgi-bin/message/send?access_token=TOKEN-0 "));
    let (head, body) = requests[1].split_once("\r\n\r\n").unwrap();
    assert!(
        head.to_lowercase()
            .contains("content-type: application/json")
    );
    assert!(body.contains("你好") && !body.contains("\\u"), "{body}");
    assert!(!body.contains("TOKEN"));
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_a_refused_connection_is_not() {
    for (name, reply) in [
        ("cut", (|| Reply::Cut) as fn() -> Reply),
        ("hang", || Reply::Hang),
        ("502", || {
            Reply::Raw(response("502 Bad Gateway", "text/html", b"<html>"))
        }),
        ("html", || {
            Reply::Raw(response("200 OK", "text/html", b"<html>"))
        }),
        ("short", || {
            Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{}".to_vec())
        }),
    ] {
        let (base, _) = serve(move |n, request| match request {
            r if r.contains("/gettoken?") => token(n),
            _ => reply(),
        })
        .await;
        let error = client(&base).send(&hello()).await.unwrap_err();
        assert!(error.outcome_unknown(), "{name}: {error:?}");
        assert!(
            !format!("{error} {error:?}").contains("TOKEN"),
            "{name}: {error:?}"
        );
    }
    let free_port = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let transport =
        wecom::client::ReqwestTransport::new(Duration::from_secs(1), Duration::from_secs(1), None);
    let robot = wecom::group_robot::GroupRobot::with_transport(
        "KEY",
        &format!("http://{free_port}"),
        Arc::new(transport.unwrap()),
    );
    let message = wecom::group_robot::GroupMessage::text("hi").unwrap();
    let error = robot.unwrap().send(&message).await.unwrap_err();
    assert!(
        error.is_retryable() && !error.outcome_unknown(),
        "{error:?}"
    );
    assert!(!format!("{error} {error:?}").contains("KEY"));
}

#[tokio::test]
async fn a_lost_token_answer_leaves_the_call_unsent() {
    let (base, seen) = serve(|_, _| Reply::Cut).await;
    let error = client(&base).send(&hello()).await.unwrap_err();
    assert!(
        error.is_retryable() && !error.outcome_unknown(),
        "{error:?}"
    );
    assert_eq!(seen.count("/message/send"), 0);
}

#[tokio::test]
async fn redirects_are_not_followed_since_the_token_is_in_the_query() {
    let (base, seen) = serve(|n, request| match request {
        r if r.contains("/gettoken?") => token(n),
        _ => Reply::Raw(
            b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".to_vec(),
        ),
    })
    .await;
    let error = client(&base).send(&hello()).await.unwrap_err();
    assert!(matches!(error, Error::Status { status: 302 }));
    assert_eq!(seen.count("/elsewhere"), 0);
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let (base, _) = serve(|n, request| match request {
        r if r.contains("/gettoken?") => token(n),
        _ => Reply::Raw(response(
            "200 OK",
            "application/json",
            &vec![b' '; 17 << 20],
        )),
    })
    .await;
    let client = Client::builder("ww1", 1, "s")
        .api_base(base)
        .timeout(Duration::from_secs(20))
        .build();
    let error = client.unwrap().agent().await.unwrap_err();
    assert!(error.to_string().contains("larger than"), "{error}");
    assert!(!error.is_retryable(), "it would be as large again");
}

#[tokio::test]
async fn a_bad_url_will_not_get_better() {
    let error = client("http://[bad").agent().await.unwrap_err();
    assert!(
        !error.is_retryable() && !error.outcome_unknown(),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_upload_has_time_for_its_size() {
    let (base, _) = serve(|n, request| match request {
        r if r.contains("/gettoken?") => token(n),
        _ => Reply::Late(r#"{"errcode":0,"media_id":"m1"}"#),
    })
    .await;
    let client = client(&base);
    let upload = async |bytes| {
        let file = MediaFile::new("a.txt", "text/plain", vec![b' '; bytes]).unwrap();
        client.upload_media(MediaKind::File, &file).await
    };
    assert!(upload(1 << 20).await.is_ok(), "4 seconds more");
    assert!(upload(10).await.is_err(), "half a second and no more");
}

#[tokio::test]
async fn calls_go_through_the_proxy() {
    let (proxy, seen) = serve(|n, request| match request {
        r if r.contains("/gettoken?") => token(n),
        _ => json(OK),
    })
    .await;
    let client = Client::builder("ww1", 1, "s")
        .api_base("http://qyapi.example.invalid/prefix/")
        .proxy(proxy)
        .build()
        .unwrap();
    client.send(&hello()).await.unwrap();
    let requests = seen.all();
    assert!(
        requests[1].starts_with("POST http://qyapi.example.invalid/prefix/cgi-bin/message/send?"),
        "{}",
        requests[1]
    );
}
