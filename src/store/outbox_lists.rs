//! Lists of messages to people.

use super::StoreResult;
use super::db::{Conn, run};
use super::filter::{Bind, Conditions};
use super::listing::{Key, ListSql, Order, listing};
use super::outbox::MessageStatus;

statements! {
    LIST_HEAD = "SELECT id, kind, channel, recipient, camp_id, body, status, attempts, \
                 COALESCE(retry_at, send_at) AS next_try_at, error, created_at, sent_at \
                 FROM notification_message WHERE id > 0";
    ONE = "SELECT id, kind, channel, recipient, camp_id, body, status, attempts, \
           COALESCE(retry_at, send_at) AS next_try_at, error, created_at, sent_at \
           FROM notification_message WHERE id = $1";
}

/// A message of the outbox, whatever became of it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ListedMessage {
    pub id: i64,
    pub kind: String,
    pub channel: String,
    pub recipient: String,
    pub camp_id: Option<i64>,
    /// The payload, in JSON.
    pub body: String,
    /// A word of [`MessageStatus`].
    pub status: String,
    pub attempts: i64,
    /// Microseconds.
    pub next_try_at: i64,
    /// Why it was not taken.
    pub error: Option<String>,
    /// Microseconds.
    pub created_at: i64,
    /// Microseconds.
    pub sent_at: Option<i64>,
}

/// One message.
pub async fn one(conn: &mut Conn, id: i64) -> StoreResult<Option<ListedMessage>> {
    Ok(run!(conn, c => sqlx::query_as(ONE).bind(id).fetch_optional(c).await)?)
}

/// The messages that a list shows, newest first; nothing set shows all.
#[derive(Debug, Clone, Copy, Default)]
pub struct MessageFilter {
    pub status: Option<MessageStatus>,
}

listing!(MessageFilter => ListedMessage);

impl ListSql for MessageFilter {
    type Row = ListedMessage;
    type Item = ListedMessage;

    const SELECT: &'static str = LIST_HEAD;
    const FROM: &'static str = "FROM notification_message WHERE id > 0";
    const ID: &'static str = "id";
    const ORDER: Order = Order::Descending(&["id"]);

    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        if let Some(status) = self.status {
            let status = Bind::Text(status.as_str().to_owned());
            conditions.value("AND status = ", status, "");
        }
        conditions
    }

    fn key(row: &ListedMessage) -> Key {
        Key(vec![Bind::Number(row.id)])
    }

    fn read(row: ListedMessage) -> StoreResult<ListedMessage> {
        Ok(row)
    }
}
