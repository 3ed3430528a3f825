//! Verify + decrypt and the full round trip, beside `wecom-crypto` 0.1.9, on one core.
//!
//! `cargo bench -p wecom --bench callback`; with `-- --check` it fails if a target is missed.
//! The two take turns in short rounds and the best round of each counts, so that the ratio holds
//! on a machine that has other work to do.
//!
//! Reading XML with quick-xml costs the round trip, which reads two documents, 1.0 µs of its 3.6: with
//! a reader made for these documents alone the ratio was 1.10 instead of 0.77 (`wecom-crypto` reads
//! neither here). A callback that comes over HTTP takes far longer, and a reader that others use and
//! mend is worth it.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "a bench stops at the first surprise, and prints ratios"
)]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use wecom::callback::{self, Envelope, Freshness, Query};
use wecom::crypto::Keys;
use wecom::event::{Body, Content};
use wecom_crypto::{Agent, Source};

const TOKEN: &str = "QDG6eK";
const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const CORP: &str = "ww0123456789abcdef";
const MESSAGE_BYTES: usize = 300;
const NOW_S: i64 = 1_767_225_600;
const ROUNDS: usize = 300;
const CALLS_PER_ROUND: u32 = 500;
/// Least speed relative to `wecom-crypto`: verify + decrypt, then the round trip.
const TARGETS: [f64; 2] = [1.1, 0.7];

fn main() -> ExitCode {
    let request = Request::new();
    let keys = Keys::new(TOKEN, KEY, CORP).expect("the keys are well-formed");
    let agent = Agent::new(TOKEN, KEY);
    let decrypt = race(
        || black_box(verify_and_decrypt(&keys, black_box(&request))),
        || black_box(their_verify_and_decrypt(&agent, black_box(&request))),
    );
    let round_trip = race(
        || black_box(answer(&keys, black_box(&request))),
        || black_box(their_answer(&agent, black_box(&request))),
    );
    let mut all_met = true;
    for (name, [ours, theirs], target) in [
        ("verify + decrypt", decrypt, TARGETS[0]),
        (
            "round trip (theirs without inner XML)",
            round_trip,
            TARGETS[1],
        ),
    ] {
        let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
        all_met &= ratio >= target;
        println!(
            "{name}: wecom {:.0}/s, wecom-crypto {:.0}/s, ratio {ratio:.2} (target {target:.1})",
            rate(ours),
            rate(theirs)
        );
    }
    let must_meet = std::env::args().any(|argument| argument == "--check");
    if must_meet && !all_met {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// A text message as the platform sends it: query and outer XML.
struct Request {
    query: String,
    envelope: Envelope,
    body: String,
}

impl Request {
    fn new() -> Self {
        let inner = |content: &str| {
            format!(
                "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[li.lei]]>\
                 </FromUserName><CreateTime>{NOW_S}</CreateTime><MsgType><![CDATA[text]]></MsgType>\
                 <Content><![CDATA[{content}]]></Content><MsgId>7301245890123456789</MsgId>\
                 <AgentID>1000002</AgentID></xml>"
            )
        };
        let inner = inner(&"x".repeat(MESSAGE_BYTES - inner("").len()));
        assert_eq!(inner.len(), MESSAGE_BYTES);
        let keys = Keys::new(TOKEN, KEY, CORP).expect("the keys are well-formed");
        let envelope = Envelope::seal(&keys, inner.as_bytes(), NOW_S, "1372623149", [7; 16])
            .expect("a short message can be sealed");
        Self {
            query: envelope.to_query(),
            body: envelope.to_request_xml(CORP, Some(1_000_002)),
            envelope,
        }
    }
}

fn verify_and_decrypt(keys: &Keys, request: &Request) -> Vec<u8> {
    request
        .envelope
        .decrypt(keys, Freshness::any())
        .expect("our own envelope opens")
}

fn their_verify_and_decrypt(agent: &Agent, request: &Request) -> Source {
    let Envelope {
        encrypt,
        msg_signature,
        timestamp,
        nonce,
        ..
    } = &request.envelope;
    let signature = agent.generate_signature(&[timestamp, nonce, encrypt]);
    assert_eq!(&signature, msg_signature);
    agent.decrypt(encrypt).expect("our own envelope opens")
}

/// Query and outer XML in, inner XML parsed, an encrypted reply as outer XML out.
fn answer(keys: &Keys, request: &Request) -> String {
    let query = Query::parse(&request.query).expect("our own query parses");
    let day = Freshness::within(NOW_S, Duration::from_secs(86_400));
    let inbound =
        callback::open(keys, &query, request.body.as_bytes(), day).expect("our own envelope opens");
    let Body::Message(message) = &inbound.body else {
        panic!("not a message")
    };
    let Content::Text(text) = &message.content else {
        panic!("not a text")
    };
    Envelope::seal(
        keys,
        reply_xml(text).as_bytes(),
        NOW_S,
        &query.nonce,
        rand::random(),
    )
    .expect("a short message can be sealed")
    .to_reply_xml()
}

/// The same without parsing the inner XML, finding the ciphertext by the cheapest means there is.
fn their_answer(agent: &Agent, request: &Request) -> String {
    let [mut msg_signature, mut timestamp, mut nonce] = [""; 3];
    for pair in request.query.split('&') {
        match pair.split_once('=') {
            Some(("msg_signature", value)) => msg_signature = value,
            Some(("timestamp", value)) => timestamp = value,
            Some(("nonce", value)) => nonce = value,
            _ => {}
        }
    }
    let (_, rest) = request
        .body
        .split_once("<Encrypt><![CDATA[")
        .expect("it has a ciphertext");
    let (encrypt, _) = rest
        .split_once("]]></Encrypt>")
        .expect("it has a ciphertext");
    assert_eq!(
        agent.generate_signature(&[timestamp, nonce, encrypt]),
        msg_signature
    );
    let received = agent.decrypt(encrypt).expect("our own envelope opens");
    let content = received
        .text
        .get(188..188 + 73)
        .expect("the message is long enough");
    let source = Source {
        text: reply_xml(content),
        receive_id: received.receive_id,
    };
    let encrypt = agent.encrypt(&source);
    let timestamp = NOW_S.to_string();
    let signature = agent.generate_signature(&[&timestamp, nonce, &encrypt]);
    format!(
        "<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt><MsgSignature><![CDATA[{signature}]]>\
         </MsgSignature><TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
    )
}

fn reply_xml(content: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[li.lei]]></ToUserName><FromUserName><![CDATA[{CORP}]]>\
         </FromUserName><CreateTime>{NOW_S}</CreateTime><MsgType><![CDATA[text]]></MsgType>\
         <Content><![CDATA[{content}]]></Content></xml>"
    )
}

/// The best time per call of each, taking turns.
fn race<A, B>(mut ours: impl FnMut() -> A, mut theirs: impl FnMut() -> B) -> [Duration; 2] {
    let mut best = [Duration::MAX; 2];
    for _ in 0..ROUNDS {
        best[0] = best[0].min(round(&mut ours));
        best[1] = best[1].min(round(&mut theirs));
    }
    best
}

fn round<T>(call: &mut impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    for _ in 0..CALLS_PER_ROUND {
        call();
    }
    start.elapsed() / CALLS_PER_ROUND
}

fn rate(per_call: Duration) -> f64 {
    1.0 / per_call.as_secs_f64()
}
