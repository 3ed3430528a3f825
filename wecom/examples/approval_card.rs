//! Sends an approval card and closes it for everybody when somebody decides.
//!
//! ```text
//! WECOM_API=https://qyapi.weixin.qq.com WECOM_CORP_ID=ww… WECOM_AGENT_ID=1000002 \
//! WECOM_SECRET=… WECOM_TOKEN=… WECOM_AES_KEY=… WECOM_TO=li.lei \
//!     cargo run -p wecom --example approval_card
//! ```
//!
//! The application's callback address must lead to `http://127.0.0.1:8080/callback`.

#![expect(clippy::print_stdout, reason = "an example tells what it does")]

use std::{
    collections::HashSet,
    env,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::Bytes,
    extract::{RawQuery, State},
    http::StatusCode,
    routing::get,
};
use wecom::{
    Client, LimitError,
    callback::{self, Freshness, OpenError, Query},
    card::{Button, ButtonInteraction, ButtonStyle, Card, Choice, Row, Select, TaskId},
    crypto::Keys,
    event::{Body, CardClick, Event},
    message::{CardAudience, CardUpdate, Content, Message, Recipients},
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Desk {
    keys: Keys,
    client: Client,
    /// Deliveries already handled: WeCom repeats a callback up to three times.
    seen: Mutex<HashSet<String>>,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let corp_id = env::var("WECOM_CORP_ID")?;
    let agent_id = env::var("WECOM_AGENT_ID")?.parse()?;
    let keys = Keys::new(
        &env::var("WECOM_TOKEN")?,
        &env::var("WECOM_AES_KEY")?,
        &corp_id,
    )?;
    let api = env::var("WECOM_API").unwrap_or_else(|_| wecom::client::API_BASE.to_owned());
    let client = Client::builder(corp_id, agent_id, env::var("WECOM_SECRET")?)
        .api_base(api)
        .build()?;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    let recipients = Recipients::user(env::var("WECOM_TO")?)?;
    let message = Message::new(recipients, Content::card(request_card()?)?)
        .suppress_duplicates(Duration::from_secs(600))?;
    let sent = client.send(&message).await?;
    println!("sent; not reached: {:?}", sent.invalid_users);

    let desk = Arc::new(Desk {
        keys,
        client,
        seen: Mutex::default(),
    });
    let app = Router::new()
        .route("/callback", get(verify).post(receive))
        .with_state(desk);
    Ok(axum::serve(listener, app).await?)
}

/// The card that asks. Its buttons come back as events with their keys.
fn request_card() -> Result<Card, LimitError> {
    let cover = [Choice::new("wang", "Wang"), Choice::new("zhao", "Zhao")];
    let id = format!("leave-{}", unix_seconds());
    ButtonInteraction::new(
        TaskId::new(id)?,
        "Leave request",
        Button::callback("Approve", "approve").style(ButtonStyle::One),
    )
    .button(Button::callback("Reject", "reject").style(ButtonStyle::Two))
    .desc("Two days, family visit")
    .row(Row::text("From", "Han"))
    .select(
        Select::new("cover", cover)
            .title("Cover by")
            .selected("wang"),
    )
    .build()
}

async fn verify(
    State(desk): State<Arc<Desk>>,
    RawQuery(query): RawQuery,
) -> Result<Vec<u8>, StatusCode> {
    let open =
        |query: &str| callback::verify_url(&desk.keys, &Query::parse(query)?, Freshness::any());
    open(&query.unwrap_or_default()).map_err(|_: OpenError| StatusCode::FORBIDDEN)
}

/// Answers at once and works afterwards: WeCom waits five seconds, then sends again.
async fn receive(
    State(desk): State<Arc<Desk>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> StatusCode {
    let day = Freshness::within(unix_seconds(), Duration::from_secs(86_400));
    let open = |query: &str| callback::open(&desk.keys, &Query::parse(query)?, &body, day);
    let Ok(inbound) = open(&query.unwrap_or_default()) else {
        return StatusCode::FORBIDDEN;
    };
    let is_new = {
        let mut seen = desk.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(inbound.dedupe_key())
    };
    if is_new {
        tokio::spawn(async move {
            let inbound = inbound.into_inner();
            if let Body::Event(Event::TemplateCard(click)) = &inbound.body
                && let Err(error) = close(&desk.client, click, &inbound.from_user).await
            {
                println!("not closed: {error}");
            }
        });
    }
    StatusCode::OK
}

/// Greys the buttons for all who have the card. The click's response code is good for one update.
async fn close(client: &Client, click: &CardClick, by: &str) -> Result<(), Failure> {
    let verb = if click.key == "approve" {
        "Approved"
    } else {
        "Rejected"
    };
    let cover = click
        .selected("cover")
        .first()
        .map_or("nobody", String::as_str);
    println!("{verb} by {by}, cover: {cover}");
    let text = format!("{verb} by {by}");
    if let Some(code) = &click.response_code {
        let update = CardUpdate::button(code, CardAudience::all(), text)?;
        client.update_card(&update).await?;
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "an example's main is where the clock is read"
)]
fn unix_seconds() -> i64 {
    let age = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(age.as_secs()).unwrap_or(i64::MAX)
}
