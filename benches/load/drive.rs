//! Sends requests over kept connections and measures what they cost the product.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::product::{Cost, Product};

/// A whole HTTP/1.1 request, and the status that it is to be answered with.
pub(crate) struct Request {
    pub(crate) bytes: Vec<u8>,
    pub(crate) expected: &'static str,
}

/// How fast requests are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Each when its time comes, whether or not those before it have been answered.
    PerSecond(u32),
    /// Each as soon as a connection is free.
    FlatOut,
}

/// What a run has cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    pub p50: Duration,
    pub p99: Duration,
    pub(crate) cpu_per_request: Duration,
    pub(crate) switches_per_request: f64,
}

impl Request {
    /// A POST with these headers beside the usual ones.
    pub(crate) fn post(
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
        expected: &'static str,
    ) -> Self {
        let mut text = format!(
            "POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.push_str(body);
        Self {
            bytes: text.into_bytes(),
            expected,
        }
    }
}

/// Sends every request once; panics at the first answer that is not the expected one.
pub(crate) fn send(
    product: &Product,
    requests: Vec<Request>,
    pace: Pace,
    connections: usize,
) -> Measured {
    let (next, latencies) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let address = product.address;
    let before = product.cost();
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let own = send_some(address, &requests, pace, &next, began);
                latencies.lock().expect("no panic").extend(own);
            });
        }
    });
    let took = began.elapsed();
    // What is worked off after the answer belongs to the request too.
    std::thread::sleep(Duration::from_millis(300));
    let cost = product.cost() - before;
    measured(
        requests.len(),
        took,
        cost,
        latencies.into_inner().expect("no panic"),
    )
}

fn measured(count: usize, took: Duration, cost: Cost, mut latencies: Vec<Duration>) -> Measured {
    latencies.sort_unstable();
    let percentile = |percent: usize| latencies[(latencies.len() - 1) * percent / 100];
    Measured {
        per_second: count as f64 / took.as_secs_f64(),
        p50: percentile(50),
        p99: percentile(99),
        cpu_per_request: cost.cpu / u32::try_from(count).expect("not that many"),
        switches_per_request: cost.switches as f64 / count as f64,
    }
}

/// Takes requests until none is left; how long each took.
fn send_some(
    address: SocketAddr,
    requests: &[Request],
    pace: Pace,
    next: &AtomicUsize,
    began: Instant,
) -> Vec<Duration> {
    let stream = TcpStream::connect(address).expect("the product listens");
    stream.set_nodelay(true).expect("a socket option");
    let mut answers = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut stream = stream;
    let mut latencies = Vec::new();
    loop {
        let place = next.fetch_add(1, Ordering::Relaxed);
        let Some(request) = requests.get(place) else {
            return latencies;
        };
        let due = match pace {
            Pace::FlatOut => Instant::now(),
            Pace::PerSecond(rate) => {
                let due = began + Duration::from_secs(1) * place as u32 / rate;
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                due
            }
        };
        stream.write_all(&request.bytes).expect("it is taken");
        let status = read_answer(&mut answers);
        assert_eq!(status, request.expected, "request {place}");
        latencies.push(due.elapsed());
    }
}

/// Reads one answer to its end: its status.
fn read_answer(answers: &mut BufReader<TcpStream>) -> String {
    let (mut status, mut length) = (String::new(), 0);
    let mut line = String::new();
    loop {
        line.clear();
        let read = answers.read_line(&mut line).expect("an answer");
        assert!(read > 0, "the product has closed a connection");
        let text = line.trim_end();
        if text.is_empty() {
            break;
        }
        if status.is_empty() {
            status = text.split(' ').nth(1).unwrap_or_default().to_owned();
        } else if let Some((name, value)) = text.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    answers.read_exact(&mut body).expect("a whole body");
    status
}
