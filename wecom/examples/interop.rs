//! Our side of `scripts/interop-wecom.sh`, which holds this crate against `@wecom/crypto` (npm)
//! and `wechatpy` (PyPI).
//!
//! `interop seal CORP_ID` prints sealed messages, one JSON object a line; `interop open CORP_ID`
//! reads what a peer sealed from standard input, and fails at the first that does not open to the
//! message it names.

#![expect(
    clippy::print_stdout,
    reason = "standard output is the interface to the script"
)]

use std::io::{self, BufRead as _};

use serde::{Deserialize, Serialize};
use wecom::callback::{Envelope, Freshness};
use wecom::crypto::Keys;

type Failure = Box<dyn std::error::Error>;

const TOKEN: &str = "QDG6eK";
/// The key of the official sample, whose last character has bits that a strict decoder refuses.
const AES_KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
/// Every length up to here, so that every length of padding comes twice.
const LONGEST_BYTES: usize = 70;

/// What travels between the peers.
#[derive(Serialize, Deserialize)]
struct Sealed {
    token: String,
    aes_key: String,
    receive_id: String,
    message: String,
    #[serde(flatten)]
    envelope: Envelope,
    #[serde(default)]
    request_xml: String,
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let mode = arguments.next().unwrap_or_default();
    let receive_id = arguments.next().unwrap_or_default();
    match mode.as_str() {
        "seal" => seal(&receive_id),
        "open" => open(&receive_id),
        _ => Err("usage: interop seal|open [CORP_ID]".into()),
    }
}

fn seal(receive_id: &str) -> Result<(), Failure> {
    let keys = Keys::new(TOKEN, AES_KEY, receive_id)?;
    let texts = ["中文 ]]> & <b>", "{\"msgid\":\"m-1\"}", "家庭 👨‍👩‍👧‍👦"].map(str::to_owned);
    let messages = (1..=LONGEST_BYTES)
        .map(|length| "x".repeat(length))
        .chain(texts);
    for (index, message) in (0..).zip(messages) {
        let nonce = format!("nonce{index}");
        let sealed_at_s = 1_767_225_600 + index;
        let envelope = Envelope::seal(
            &keys,
            message.as_bytes(),
            sealed_at_s,
            &nonce,
            rand::random(),
        )?;
        let sealed = Sealed {
            token: TOKEN.to_owned(),
            aes_key: AES_KEY.to_owned(),
            receive_id: receive_id.to_owned(),
            message,
            request_xml: envelope.to_request_xml(receive_id, Some(1_000_002)),
            envelope,
        };
        println!("{}", serde_json::to_string(&sealed)?);
    }
    Ok(())
}

fn open(receive_id: &str) -> Result<(), Failure> {
    let mut n_opened = 0;
    for line in io::stdin().lock().lines() {
        let sealed: Sealed = serde_json::from_str(&line?)?;
        let keys = Keys::new(&sealed.token, &sealed.aes_key, receive_id)?;
        let message = sealed.envelope.decrypt(&keys, Freshness::any())?;
        if message != sealed.message.as_bytes() {
            return Err(format!("opened to something else: {}", sealed.message).into());
        }
        n_opened += 1;
    }
    if n_opened < LONGEST_BYTES {
        return Err(format!("the peer sealed only {n_opened} messages").into());
    }
    println!("opened {n_opened} messages of the peer");
    Ok(())
}
