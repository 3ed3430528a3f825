//! Lists of what is told to people.

use super::StoreResult;
use super::db::{Conn, run};
use super::filter::{Bind, Conditions, bind_all};
use super::outbox::MessageStatus;

statements! {
    LIST_HEAD = "SELECT id, kind, channel, recipient, camp_id, body, status, attempts, \
                 COALESCE(retry_at, send_at) AS next_try_at, error, created_at, sent_at \
                 FROM notification_message WHERE id > 0";
    COUNT_HEAD = "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message WHERE id > 0";
}

/// A message of the outbox, whatever became of it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ListedMessage {
    /// Its row.
    pub id: i64,
    /// What it tells.
    pub kind: String,
    /// The way.
    pub channel: String,
    /// To whom.
    pub recipient: String,
    /// The camp it is about.
    pub camp_id: Option<i64>,
    /// JSON: what its template is filled with.
    pub body: String,
    /// A word of [`MessageStatus`].
    pub status: String,
    /// Tries so far.
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

/// A page of the messages, newest first, and how many there are.
pub async fn list(
    conn: &mut Conn,
    status: Option<MessageStatus>,
    limit: i64,
    offset: i64,
) -> StoreResult<(Vec<ListedMessage>, i64)> {
    let mut conditions = Conditions::default();
    if let Some(status) = status {
        let status = Bind::Text(status.as_str().to_owned());
        conditions.value("AND status = ", status, "");
    }
    let tail = format!("ORDER BY id DESC LIMIT {limit} OFFSET {offset}");
    // Only constants and numbers of ours make up the text; the status is bound.
    let page = sqlx::AssertSqlSafe(conditions.statement(LIST_HEAD, &tail));
    let count = sqlx::AssertSqlSafe(conditions.statement(COUNT_HEAD, ""));
    let (total,): (i64,) =
        run!(conn, c => bind_all!(sqlx::query_as(count), conditions).fetch_one(c).await)?;
    let rows = run!(conn, c => bind_all!(sqlx::query_as(page), conditions).fetch_all(c).await)?;
    Ok((rows, total))
}
