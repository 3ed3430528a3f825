//! Lists of the audit.

use crate::domain::Timestamp;

use super::StoreResult;
use super::audit::Row;
use super::filter::{Bind, Conditions};
use super::listing::{Key, ListSql, Order, listing};

statements! {
    LIST_HEAD = "SELECT seq, actor_id, actor_name, role, action, object_type, object_id, details, \
                 channel, ip, created_at, mac FROM operation_log WHERE seq > 0";
}

/// The rows of the audit that a list shows, newest first; nothing set shows all.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// The account, or the name it had.
    pub actor: Option<String>,
    /// What was done: `refund.approve`.
    pub action: Option<String>,
    pub from: Option<Timestamp>,
    pub before: Option<Timestamp>,
    /// Part of the details, or the whole id of the object.
    pub text: Option<String>,
}

listing!(AuditFilter => Row);

impl ListSql for AuditFilter {
    type Row = Row;
    type Item = Row;

    const SELECT: &'static str = LIST_HEAD;
    const FROM: &'static str = "FROM operation_log WHERE seq > 0";
    const ID: &'static str = "seq";
    const ORDER: Order = Order::Descending(&["seq"]);

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
            conditions.holds("OR LOWER(details) LIKE ", text, ")");
        }
        conditions
    }

    fn key(row: &Row) -> Key {
        Key(vec![Bind::Number(row.seq)])
    }

    fn read(row: Row) -> StoreResult<Row> {
        Ok(row)
    }
}
