//! Lists of the audit.

use crate::domain::Timestamp;

use super::StoreResult;
use super::audit::Row;
use super::db::{Conn, run};
use super::filter::{Bind, Conditions, bind_all};

statements! {
    LIST_HEAD = "SELECT seq, actor_id, actor_name, role, action, object_type, object_id, details, \
                 channel, ip, created_at, mac FROM operation_log WHERE seq > 0";
    COUNT_HEAD = "SELECT CAST(COUNT(*) AS BIGINT) FROM operation_log WHERE seq > 0";
}

/// Which rows of the audit are listed.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// The account, or the name it had.
    pub actor: Option<String>,
    /// What was done: `refund.approve`.
    pub action: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub before: Option<Timestamp>,
    /// Part of the details, or the whole id of the object.
    pub text: Option<String>,
}

impl AuditFilter {
    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        if let Some(actor) = &self.actor {
            match actor.parse::<i64>() {
                Ok(id) => conditions.value("AND actor_id = ", Bind::Number(id), ""),
                Err(_) => conditions.value("AND actor_name = ", Bind::Text(actor.clone()), ""),
            }
        }
        if let Some(action) = &self.action {
            conditions.value("AND action = ", Bind::Text(action.clone()), "");
        }
        if let Some(from) = self.from {
            conditions.value("AND created_at >= ", Bind::Number(from.micros()), "");
        }
        if let Some(before) = self.before {
            conditions.value("AND created_at < ", Bind::Number(before.micros()), "");
        }
        if let Some(text) = &self.text {
            conditions.value("AND (object_id = ", Bind::Text(text.clone()), "");
            conditions.holds("OR details LIKE ", text, ")");
        }
        conditions
    }
}

/// A page of the rows that a filter lets through, newest first, and how many there are.
pub async fn list(
    conn: &mut Conn,
    filter: &AuditFilter,
    limit: i64,
    offset: i64,
) -> StoreResult<(Vec<Row>, i64)> {
    let conditions = filter.conditions();
    let tail = format!("ORDER BY seq DESC LIMIT {limit} OFFSET {offset}");
    // Only constants and numbers of ours make up the text; what people typed is bound.
    let page = sqlx::AssertSqlSafe(conditions.statement(LIST_HEAD, &tail));
    let count = sqlx::AssertSqlSafe(conditions.statement(COUNT_HEAD, ""));
    let (total,): (i64,) =
        run!(conn, c => bind_all!(sqlx::query_as(count), conditions).fetch_one(c).await)?;
    let rows = run!(conn, c => bind_all!(sqlx::query_as(page), conditions).fetch_all(c).await)?;
    Ok((rows, total))
}
