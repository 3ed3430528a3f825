//! A smart robot (智能机器人) in URL mode that thinks slowly: it streams its answer, asks with a card
//! and closes the card when somebody clicks.
//!
//! ```text
//! WECOM_TOKEN=… WECOM_AES_KEY=… WECOM_BOT_NAME=… \
//!     cargo run -p wecom --features axum --example smart_robot
//! ```
//!
//! The name is the robot's as it is shown: in groups its mention stands in the text. The robot's
//! callback address must lead to `http://127.0.0.1:8080/robot`. Say `card` to it.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example tells what it does"
)]

use std::env;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use wecom::axum::routes;
use wecom::card::{Button, ButtonInteraction, Card, RobotCard, TaskId};
use wecom::chat::{Answer, Door, Handler, Incoming};
use wecom::client::{ReqwestTransport, Transport};
use wecom::crypto::Keys;
use wecom::robot::{Body, Inbound, Push, Reply, ResponseUrl, Snapshot, Stream, Streams};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const STEP: Duration = Duration::from_secs(2);
const TO_BE_CONTINUED: &str = "（未完，稍后继续）";
const UNKNOWN_STREAM: &str = "这条回答已经结束。";

struct Robot {
    name: String,
    streams: Arc<Streams>,
    transport: Arc<dyn Transport>,
}

impl Handler for Robot {
    async fn handle(&self, incoming: &Incoming) -> Answer {
        let answer = match incoming {
            Incoming::Robot(inbound) => self.answer(incoming, inbound),
            _ => Ok(Answer::Nothing),
        };
        answer.unwrap_or_else(|error| {
            eprintln!("no answer: {error}");
            Answer::Nothing
        })
    }
}

impl Robot {
    fn answer(&self, incoming: &Incoming, inbound: &Inbound) -> Result<Answer, Failure> {
        if incoming.is_arrival() {
            return Ok(Answer::Text("你好！".to_owned()));
        }
        if let Some(click) = incoming.click() {
            return Ok(card(click.task_id, "已收到")?.into());
        }
        if let Body::Refresh { stream_id, .. } = &inbound.body {
            return Ok(Reply::Stream(self.snapshot(stream_id)?).into());
        }
        let bare = inbound.text_without_mention(&self.name);
        match bare.as_deref().or(incoming.text()) {
            Some("card") => {
                let card = card(&format!("task-{}", inbound.msg_id), "请选择")?;
                Ok(Reply::Card(RobotCard::new(card)?).into())
            }
            Some(text) => self.think(inbound, text),
            None => Ok(Answer::Nothing),
        }
    }

    /// Answers at once with an empty stream and goes on thinking; a message that is delivered again
    /// is answered with what there is of it.
    fn think(&self, inbound: &Inbound, text: &str) -> Result<Answer, Failure> {
        let id = inbound.msg_id.clone();
        let stream = Stream::start(id.as_str(), unix_now_s())?;
        if !self.streams.insert(stream, unix_now_s())? {
            return Ok(Reply::Stream(self.snapshot(&id)?).into());
        }
        let work = write_slowly(
            Arc::clone(&self.streams),
            Arc::clone(&self.transport),
            id.clone(),
            format!("你说：{text}"),
            inbound.response_url.clone(),
        );
        tokio::spawn(async move {
            if let Err(error) = work.await {
                eprintln!("answer broken off: {error}");
            }
        });
        Ok(Reply::Stream(Snapshot::running(id, "")?).into())
    }

    fn snapshot(&self, stream_id: &str) -> Result<Snapshot, Failure> {
        let now_s = unix_now_s();
        let polled = self.streams.with(stream_id, now_s, |stream| {
            stream.poll(now_s, TO_BE_CONTINUED)
        });
        match polled {
            Some(poll) => Ok(poll?.snapshot),
            // Without a visible end the client would go on asking.
            None => Ok(Snapshot::finished(stream_id, UNKNOWN_STREAM)?),
        }
    }
}

/// Stands for slow work: a word every two seconds. What comes too late goes to the response URL.
async fn write_slowly(
    streams: Arc<Streams>,
    transport: Arc<dyn Transport>,
    id: String,
    answer: String,
    response_url: Option<ResponseUrl>,
) -> Result<(), Failure> {
    let half: String = answer.chars().take(answer.chars().count() / 2).collect();
    streams
        .with(&id, unix_now_s(), |stream| stream.replace(half))
        .transpose()?;
    tokio::time::sleep(STEP).await;
    let cut_off = streams.with(&id, unix_now_s(), |stream| {
        stream.finish(answer.as_str()).map(|()| stream.is_cut_off())
    });
    let came_too_late = cut_off.transpose()?.unwrap_or(true);
    if let (true, Some(url)) = (came_too_late, response_url) {
        url.send(&*transport, &Push::markdown(answer)?).await?;
    }
    Ok(())
}

fn card(task_id: &str, title: &str) -> Result<Card, wecom::LimitError> {
    let button = Button::callback("好", "ok");
    ButtonInteraction::new(TaskId::new(task_id)?, title, button).build()
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    // A corp's own robot has an empty receiver.
    let keys = Keys::new(&env::var("WECOM_TOKEN")?, &env::var("WECOM_AES_KEY")?, "")?;
    let transport = ReqwestTransport::new(Duration::from_secs(10), Duration::from_secs(3), None)?;
    let robot = Robot {
        name: env::var("WECOM_BOT_NAME").unwrap_or_default(),
        streams: Arc::new(Streams::new(1000)),
        transport: Arc::new(transport),
    };
    let app = routes(
        "/robot",
        Door::robot(keys, robot),
        Arc::new(unix_now_s),
        |error| {
            eprintln!("{error}");
        },
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("listening on http://{}/robot", listener.local_addr()?);
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
