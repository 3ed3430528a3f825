//! One callback address: request in, sealed response out.

use std::time::Duration;

use super::{Answer, Handler, Incoming};
use crate::callback::{self, Freshness, OpenError, Query, Verified};
use crate::card::{Card, RobotCard};
use crate::crypto::{CryptoError, Keys};
use crate::limit::LimitError;
use crate::robot::{self, ReplyError, Snapshot};
use crate::{event, reply};

/// Ages of callbacks that are accepted unless said otherwise: re-deliveries may be as old as the
/// first delivery, and a day forgives a clock that is wrong.
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(86_400);

/// A callback address with its keys and what answers behind it.
#[derive(Debug)]
pub struct Door<H> {
    keys: Keys,
    kind: Kind,
    max_age: Duration,
    handler: H,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    App,
    Robot,
}

/// A response to the platform, always with status 200.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// Value of `Content-Type`.
    pub content_type: &'static str,
    /// The body; empty to say nothing.
    pub body: Vec<u8>,
}

/// The reason a request got no ordinary response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DoorError {
    /// The request was refused; the handler was not asked.
    #[error("the request was refused: {0}")]
    Refused(#[from] OpenError),
    /// The handler answered a robot in a way that it cannot be answered.
    #[error("the answer cannot be given: {0}")]
    Answer(#[from] ReplyError),
    /// The handler gave an application's reply to a robot or the other way round.
    #[error("the answer belongs to the other kind of chat")]
    OtherChat,
}

impl DoorError {
    /// The HTTP status to answer with, with an empty body (wecom-app §1.3).
    ///
    /// A request that was let in is answered 200 even if its answer cannot be given: a failure
    /// would only make the platform deliver it again, to the same end.
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused(OpenError::Crypto(CryptoError::Signature)) => 403,
            Self::Refused(OpenError::TooLarge) => 413,
            Self::Refused(_) => 400,
            Self::Answer(_) | Self::OtherChat => 200,
        }
    }
}

impl From<LimitError> for DoorError {
    fn from(error: LimitError) -> Self {
        Self::Answer(ReplyError::Limit(error))
    }
}

impl From<CryptoError> for DoorError {
    fn from(error: CryptoError) -> Self {
        Self::Answer(ReplyError::Crypto(error))
    }
}

impl<H: Handler> Door<H> {
    /// The address of an application; the keys name its CorpID.
    pub fn app(keys: Keys, handler: H) -> Self {
        Self {
            keys,
            kind: Kind::App,
            max_age: DEFAULT_MAX_AGE,
            handler,
        }
    }

    /// The address of a smart robot; the keys name an empty receiver.
    pub fn robot(keys: Keys, handler: H) -> Self {
        Self {
            keys,
            kind: Kind::Robot,
            max_age: DEFAULT_MAX_AGE,
            handler,
        }
    }

    /// Refuses callbacks older than this instead of a day.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// Answers the GET that verifies the address. `raw_query` is still percent-encoded.
    ///
    /// # Errors
    /// [`DoorError::Refused`]
    pub fn verify(&self, raw_query: &str, now_unix_s: i64) -> Result<Response, DoorError> {
        let query = Query::parse(raw_query).map_err(OpenError::from)?;
        let body = callback::verify_url(&self.keys, &query, self.freshness(now_unix_s))?;
        Ok(Response {
            content_type: "text/plain",
            body,
        })
    }

    /// Answers a POST. `raw_query` is still percent-encoded; `random` must be fresh.
    ///
    /// # Errors
    /// [`DoorError`]; answer with its [`status`](DoorError::status) and an empty body.
    pub async fn receive(
        &self,
        raw_query: &str,
        body: &[u8],
        now_unix_s: i64,
        random: [u8; 16],
    ) -> Result<Response, DoorError> {
        let query = Query::parse(raw_query).map_err(OpenError::from)?;
        let freshness = self.freshness(now_unix_s);
        let incoming = match self.kind {
            Kind::App => Incoming::App(Box::new(callback::open(
                &self.keys, &query, body, freshness,
            )?)),
            Kind::Robot => {
                Incoming::Robot(Box::new(robot::open(&self.keys, &query, body, freshness)?))
            }
        };
        let answer = self.handler.handle(&incoming).await;
        let seal = Seal {
            keys: &self.keys,
            now_unix_s,
            nonce: &query.nonce,
            random,
        };
        match &incoming {
            Incoming::App(inbound) => seal.for_app(answer, inbound),
            Incoming::Robot(inbound) => seal.for_robot(answer, inbound),
        }
    }

    fn freshness(&self, now_unix_s: i64) -> Freshness {
        Freshness::within(now_unix_s, self.max_age)
    }
}

/// The material for sealing an answer.
struct Seal<'a> {
    keys: &'a Keys,
    now_unix_s: i64,
    nonce: &'a str,
    random: [u8; 16],
}

impl Seal<'_> {
    fn for_app(
        self,
        answer: Answer,
        inbound: &Verified<event::Inbound>,
    ) -> Result<Response, DoorError> {
        let reply = match answer {
            Answer::Nothing => {
                return Ok(Response {
                    content_type: "text/xml",
                    body: Vec::new(),
                });
            }
            Answer::Text(text) => reply::Reply::text(text)?,
            Answer::UpdateCard(card) => reply::Reply::update_card(card.into_replacement())?,
            Answer::App(reply) => reply,
            Answer::Robot(_) => return Err(DoorError::OtherChat),
        };
        let body = reply.seal(self.keys, inbound, self.now_unix_s, self.nonce, self.random)?;
        Ok(Response {
            content_type: "text/xml",
            body: body.into_bytes(),
        })
    }

    fn for_robot(
        self,
        answer: Answer,
        inbound: &Verified<robot::Inbound>,
    ) -> Result<Response, DoorError> {
        let content_type = "application/json";
        let reply = match answer {
            Answer::Nothing => {
                return Ok(Response {
                    content_type,
                    body: Vec::new(),
                });
            }
            Answer::Text(text) => robot_text(text, inbound)?,
            Answer::UpdateCard(card) => robot_update(*card)?,
            Answer::Robot(reply) => *reply,
            Answer::App(_) => return Err(DoorError::OtherChat),
        };
        let body = reply.seal(self.keys, inbound, self.now_unix_s, self.nonce, self.random)?;
        Ok(Response {
            content_type,
            body: body.into_bytes(),
        })
    }
}

/// A welcome takes plain text; a message takes a stream only, here one that is complete at once.
fn robot_text(text: String, inbound: &robot::Inbound) -> Result<robot::Reply, LimitError> {
    Ok(match &inbound.body {
        robot::Body::Event(robot::Event::EnterChat) => robot::Reply::Welcome(text),
        robot::Body::Refresh { stream_id } => {
            robot::Reply::Stream(Snapshot::finished(stream_id.as_str(), text)?)
        }
        _ => robot::Reply::Stream(Snapshot::finished(inbound.msg_id.as_str(), text)?),
    })
}

fn robot_update(card: Card) -> Result<robot::Reply, LimitError> {
    Ok(robot::Reply::UpdateCard {
        card: RobotCard::new(card)?,
        user_ids: Vec::new(),
    })
}
