//! Answers every text with the same text, in an application's chat and a smart robot's alike.
//!
//! ```text
//! WECOM_TOKEN=… WECOM_AES_KEY=… WECOM_CORP_ID=ww… \
//!     cargo run -p wecom --features axum --example echo_bot
//! ```
//!
//! The application's callback address must lead to `http://127.0.0.1:8080/callback`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example tells what it does"
)]

use std::env;
use std::sync::Arc;
use std::time::SystemTime;

use wecom::axum::routes;
use wecom::chat::{Answer, Door, Handler, Incoming};
use wecom::crypto::Keys;
use wecom::limit::fit_bytes;
use wecom::reply::MAX_TEXT_BYTES;

struct Echo;

impl Handler for Echo {
    async fn handle(&self, incoming: &Incoming) -> Answer {
        if incoming.is_arrival() {
            return Answer::Text("你好，说点什么吧。".to_owned());
        }
        match incoming.text() {
            Some(text) => Answer::Text(fit_bytes(&format!("你说：{text}"), MAX_TEXT_BYTES)),
            None => Answer::Nothing,
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let keys = Keys::new(
        &env::var("WECOM_TOKEN")?,
        &env::var("WECOM_AES_KEY")?,
        &env::var("WECOM_CORP_ID")?,
    )?;
    let app = routes(
        "/callback",
        Door::app(keys, Echo),
        Arc::new(unix_now_s),
        |error| {
            eprintln!("{error}");
        },
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("listening on http://{}/callback", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "an example has no clock handed in"
)]
fn unix_now_s() -> i64 {
    let since_1970 = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    since_1970.as_secs().cast_signed()
}
