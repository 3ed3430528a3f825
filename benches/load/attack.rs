//! The product under attack: what people and platforms still get of it, and what it costs in
//! memory. Everything at once, from addresses of the loopback network that are not the caller's:
//! connections that say nothing, bodies without their last byte, readers who do not read, sign-ins
//! by the hundred of which half hang up, pictures and sheets that unfold to hundreds of megabytes.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::bombs;
use super::callbacks;
use super::database::Engine;
use super::drive::Request;
use super::product::{Binary, Product};

const IDLE: usize = 1_045;
const OPEN_BODIES: usize = 1_500;
const UNSIGNED_BYTES: usize = 255 * 1024;
const PLAUSIBLE_BYTES: usize = 63 * 1024;
const READERS: usize = 400;
const SIGN_INS: usize = 200;
const BOMBS: usize = 4;
/// Health checks and callbacks are sent so often.
const CHECK_EVERY: Duration = Duration::from_millis(50);
const CALLBACK_EVERY: Duration = Duration::from_millis(200);
/// An attacker who was hung up on comes back after so long.
const BACK_AFTER: Duration = Duration::from_millis(200);
const OWN: Ipv4Addr = Ipv4Addr::LOCALHOST;

const HEALTH_P99: Duration = Duration::from_millis(200);
const SLOWEST_CALLBACK: Duration = Duration::from_secs(1);
const PEAK_MEGABYTES: u64 = 250;

/// Attacks a fresh product for so long, and prints how it did.
pub(crate) fn run(binary: &Binary, lasting: Duration) {
    let database = Engine::Sqlite.fresh();
    binary.migrate(&database);
    let password = "a long enough password of staff";
    binary.add_super_admin(&database, password);
    database.add_orders(super::payments::Claims::None, 1);
    // Before anything runs: it takes its time.
    let bombs = [
        ("/api/admin/uploads", "a.png", bombs::picture()),
        (
            "/api/admin/roster/import?dryRun=true",
            "a.xlsx",
            bombs::sheet(),
        ),
    ];
    rlimit::increase_nofile_limit(16_384).expect("the bench may have files, too");
    let mut product = Product::start(binary, &database);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let seen = runtime.block_on(async {
        let target = product.address;
        let token = sign_in(target, password).await;
        let poster = upload_poster(target, &token).await;
        database.show_poster(poster).await;
        let attack = attack(target, &token, poster, bombs);
        let watch = watch(target, lasting);
        tokio::select! { () = attack => unreachable_end(), seen = watch => seen }
    });
    // Connections of the attack end with their tasks.
    runtime.shutdown_background();
    let peak = product.peak_megabytes();
    product.stop();
    print(&seen, peak, lasting);
}

fn unreachable_end() -> Seen {
    panic!("an attack has no end of its own")
}

/// What callers have met.
struct Seen {
    health: Vec<Duration>,
    callbacks: Vec<Duration>,
    failed: usize,
}

fn print(seen: &Seen, peak: u64, lasting: Duration) {
    let mut health = seen.health.clone();
    health.sort_unstable();
    let p99 = health[(health.len() - 1) * 99 / 100];
    let slowest = seen.callbacks.iter().max().copied().unwrap_or_default();
    let mark = |is_held: bool| if is_held { "held" } else { "NOT HELD" };
    println!("\nunder attack for {} s:", lasting.as_secs());
    println!(
        "  health p99          {:>7.1} ms of {} (limit {} ms): {}",
        p99.as_secs_f64() * 1e3,
        health.len(),
        HEALTH_P99.as_millis(),
        mark(p99 <= HEALTH_P99)
    );
    println!(
        "  slowest callback    {:>7.1} ms of {} (limit {} ms): {}",
        slowest.as_secs_f64() * 1e3,
        seen.callbacks.len(),
        SLOWEST_CALLBACK.as_millis(),
        mark(slowest <= SLOWEST_CALLBACK)
    );
    println!(
        "  peak memory         {peak:>7} MB (limit {PEAK_MEGABYTES} MB): {}",
        mark(peak < PEAK_MEGABYTES)
    );
    println!("  checks and callbacks without an answer: {}", seen.failed);
}

/// Asks for health and sends callbacks, each over a connection of its own.
async fn watch(target: SocketAddr, lasting: Duration) -> Seen {
    let until = Instant::now() + lasting;
    let health = async {
        let request = b"GET /api/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let (mut took, mut failed) = (Vec::new(), 0);
        while Instant::now() < until {
            // Nobody asks so often, so that they are many.
            let from = Ipv4Addr::new(127, 1, 0, (took.len() % 200) as u8 + 1);
            match timed(from, target, request, "200").await {
                Ok(one) => took.push(one),
                Err(_) => failed += 1,
            }
            tokio::time::sleep(CHECK_EVERY).await;
        }
        (took, failed)
    };
    let callbacks = async {
        let count = lasting.as_millis() / CALLBACK_EVERY.as_millis() + 1;
        let requests = callbacks::sealed(usize::try_from(count).expect("a count"));
        let (mut took, mut failed) = (Vec::new(), 0);
        for Request { bytes, expected } in &requests {
            if Instant::now() >= until {
                break;
            }
            match timed(OWN, target, bytes, expected).await {
                Ok(one) => took.push(one),
                Err(_) => failed += 1,
            }
            tokio::time::sleep(CALLBACK_EVERY).await;
        }
        (took, failed)
    };
    let ((health, unwell), (callbacks, lost)) = tokio::join!(health, callbacks);
    assert!(!health.is_empty(), "not one health check was answered");
    Seen {
        health,
        callbacks,
        failed: unwell + lost,
    }
}

/// How long a request takes from the connection to its answer.
async fn timed(
    from: Ipv4Addr,
    target: SocketAddr,
    request: &[u8],
    status: &str,
) -> io::Result<Duration> {
    let began = Instant::now();
    let asked = async {
        let mut stream = connect(from, target).await?;
        stream.write_all(request).await?;
        let mut answer = [0; 512];
        let read = stream.read(&mut answer).await?;
        let head = String::from_utf8_lossy(&answer[..read]).into_owned();
        match head.split(' ').nth(1) {
            Some(told) if told == status => Ok(()),
            _ => Err(io::Error::other(head)),
        }
    };
    let answered = tokio::time::timeout(Duration::from_secs(10), asked).await;
    answered.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
    Ok(began.elapsed())
}

async fn connect(from: Ipv4Addr, target: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    socket.connect(target).await
}

/// Sends a request, and waits for the beginning of its answer.
async fn knock(from: Ipv4Addr, target: SocketAddr, wanted: &[u8]) -> io::Result<()> {
    let mut stream = connect(from, target).await?;
    stream.write_all(wanted).await?;
    stream.read(&mut [0; 1024]).await.map(drop)
}

fn wrong_sign_in(place: usize) -> Vec<u8> {
    let body = json!({"username": format!("user{place}"), "password": "wrong"}).to_string();
    let json = [("Content-Type", "application/json")];
    Request::post("/api/auth/login", &json, &body, "401").bytes
}

/// All attacks at once; it never ends.
async fn attack(target: SocketAddr, token: &str, poster: i64, bombs: [(&str, &str, Vec<u8>); 2]) {
    let filler = Bytes::from(vec![b'x'; UNSIGNED_BYTES]);
    let poster_wanted = format!("GET /files/{poster} HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..IDLE {
        let from = Ipv4Addr::new(127, 0, 0, 2);
        all.spawn(again(move || {
            open_body(from, target, String::new(), Bytes::new())
        }));
    }
    for place in 0..OPEN_BODIES {
        let (from, filler) = (
            Ipv4Addr::new(127, 0, 0, 3 + (place % 2) as u8),
            filler.clone(),
        );
        all.spawn(again(move || {
            let (head, length) = head_of_body(place);
            let filler = filler.slice(..length - 1);
            open_body(from, target, head, filler)
        }));
    }
    for _ in 0..READERS {
        let (from, wanted) = (
            Ipv4Addr::new(127, 0, 0, 5),
            Arc::from(poster_wanted.as_bytes()),
        );
        all.spawn(again(move || {
            hang_on(from, target, Arc::clone(&wanted), Duration::from_secs(90))
        }));
    }
    for place in 0..SIGN_INS {
        let wanted: Arc<[u8]> = wrong_sign_in(place).into();
        let from = Ipv4Addr::new(127, 2, 0, place as u8);
        let hangs_up = place.is_multiple_of(2);
        all.spawn(again(move || {
            let wanted = Arc::clone(&wanted);
            async move {
                if hangs_up {
                    hang_on(from, target, wanted, Duration::from_millis(50)).await
                } else {
                    knock(from, target, &wanted).await
                }
            }
        }));
    }
    for (path, name, bytes) in bombs {
        let form: Arc<[u8]> = form(path, token, name, &bytes).into();
        for _ in 0..BOMBS {
            let form = Arc::clone(&form);
            let from = Ipv4Addr::new(127, 0, 0, 7);
            all.spawn(again(move || {
                let form = Arc::clone(&form);
                async move { knock(from, target, &form).await }
            }));
        }
    }
    while all.join_next().await.is_some() {}
}

/// Does it again and again, whatever comes of it.
async fn again<F: Future<Output = io::Result<()>>>(attack: impl Fn() -> F) {
    loop {
        // Being hung up on is what is hoped for.
        let _ = attack().await;
        tokio::time::sleep(BACK_AFTER).await;
    }
}

/// The head of a body whose last byte never comes, and how long it says that it is.
fn head_of_body(place: usize) -> (String, usize) {
    if place.is_multiple_of(2) {
        let head = format!(
            "POST /api/webhook/wechat/payment HTTP/1.1\r\nHost: x\r\n\
             Content-Length: {UNSIGNED_BYTES}\r\n\r\n"
        );
        return (head, UNSIGNED_BYTES);
    }
    // Looks like WeCom's as far as anybody can see before the body.
    let now = chrono::Utc::now().timestamp();
    let head = format!(
        "POST /api/webhook/wecom/app?msg_signature={place:040x}&timestamp={now}&nonce=1 HTTP/1.1\r\n\
         Host: x\r\nContent-Length: {PLAUSIBLE_BYTES}\r\n\r\n"
    );
    (head, PLAUSIBLE_BYTES)
}

/// Says something and waits until it is hung up on.
async fn open_body(
    from: Ipv4Addr,
    target: SocketAddr,
    head: String,
    body: Bytes,
) -> io::Result<()> {
    let mut stream = connect(from, target).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body).await?;
    while stream.read(&mut [0; 1024]).await? > 0 {}
    Ok(())
}

/// Asks for something and does not read it.
async fn hang_on(
    from: Ipv4Addr,
    target: SocketAddr,
    wanted: Arc<[u8]>,
    lasting: Duration,
) -> io::Result<()> {
    let mut stream = connect(from, target).await?;
    stream.write_all(&wanted).await?;
    tokio::time::sleep(lasting).await;
    Ok(())
}

async fn sign_in(target: SocketAddr, password: &str) -> String {
    let body = json!({"username": "admin", "password": password}).to_string();
    let headers = [
        ("Content-Type", "application/json"),
        ("Connection", "close"),
    ];
    let request = Request::post("/api/auth/login", &headers, &body, "200");
    let answer = ask(target, &request.bytes).await;
    let token = answer["data"]["token"].as_str();
    token.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

async fn upload_poster(target: SocketAddr, token: &str) -> i64 {
    let form = form("/api/admin/uploads", token, "poster.png", &bombs::poster());
    let answer = ask(target, &form).await;
    let id = answer["data"]["id"].as_i64();
    id.unwrap_or_else(|| panic!("{answer}"))
}

/// A form with a file, over a connection that ends with it.
fn form(path: &str, token: &str, name: &str, file: &[u8]) -> Vec<u8> {
    let begin = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    let end = "\r\n--edge--\r\n";
    let length = begin.len() + file.len() + end.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: multipart/form-data; boundary=edge\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), begin.as_bytes(), file, end.as_bytes()].concat()
}

async fn ask(target: SocketAddr, request: &[u8]) -> Value {
    let mut stream = connect(OWN, target).await.expect("the product listens");
    stream.write_all(request).await.expect("it is taken");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (_, body) = text.split_once("\r\n\r\n").expect("a whole answer");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {text}"))
}
