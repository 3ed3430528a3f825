//! Answers every text with the same text. The README shows this file.
//!
//! ```text
//! WECOM_TOKEN=… WECOM_AES_KEY=… WECOM_CORP_ID=ww… \
//!     cargo run -p wecom --features axum --example echo_bot
//! ```
//!
//! The application's callback address must lead to `http://127.0.0.1:8080/callback`.

use std::{env::var, sync::Arc, time::SystemTime};

use wecom::axum::routes;
use wecom::chat::{Answer, Door, Handler, Incoming};
use wecom::{crypto::Keys, limit::fit_bytes};

struct Echo;

impl Handler for Echo {
    async fn handle(&self, incoming: &Incoming) -> Answer {
        match incoming.text() {
            Some(text) => Answer::Text(fit_bytes(&format!("你说：{text}"), 2048)),
            None if incoming.is_arrival() => Answer::Text("你好！".into()),
            None => Answer::Nothing,
        }
    }
}

fn unix_seconds() -> i64 {
    let age = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    age.as_secs().cast_signed()
}

pub(crate) fn bot(keys: Keys) -> axum::Router {
    let door = Door::app(keys, Echo); // or Door::robot: the same handler serves a smart robot
    let log = |error: &_| eprintln!("{error}");
    routes("/callback", door, Arc::new(unix_seconds), log)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [token, key, corp] = ["WECOM_TOKEN", "WECOM_AES_KEY", "WECOM_CORP_ID"].map(var);
    let keys = Keys::new(&token?, &key?, &corp?)?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    Ok(axum::serve(listener, bot(keys)).await?)
}
