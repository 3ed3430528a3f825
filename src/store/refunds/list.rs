//! The list of refunds as staff filter it.

use crate::domain::{CampId, Fen, RefundStatus, Timestamp, UserId};
use crate::store::db::{Conn, run};
use crate::store::filter::{Bind, Conditions, bind_all};
use crate::store::{StoreError, StoreResult};

use super::Refund;
use super::row::RefundRow;
use super::{COUNT_HEAD, IDS_HEAD, LIST_HEAD};

/// What every order number of ours begins with, and every refund number.
const ORDER_PREFIX: &str = "ord_";
const REFUND_PREFIX: &str = "rfd_";

/// Which refunds to list; nothing set lists all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In this status.
    pub status: Option<RefundStatus>,
    /// Of this camp.
    pub camp: Option<CampId>,
    /// At least this sure.
    pub min_confidence: Option<i64>,
    /// Only those that one click may approve.
    pub only_clear: bool,
    /// Order or refund number, or part of a nickname.
    pub text: Option<String>,
    /// Proposed at or after.
    pub from: Option<Timestamp>,
    /// Proposed before.
    pub until: Option<Timestamp>,
    /// Only of the camps that this person leads or serves.
    pub staffed_by: Option<UserId>,
}

/// A refund with its member's names.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The refund.
    pub refund: Refund,
    /// 星球昵称, of the member or else as the order claims it; empty where neither is known.
    pub planet_nickname: String,
    /// 微信昵称, likewise.
    pub wechat_nickname: String,
    /// What was to be paid; none for an order that we do not know.
    pub due: Option<Fen>,
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    refund: RefundRow,
    planet_nickname: Option<String>,
    wechat_nickname: Option<String>,
    due_fen: Option<i64>,
}

impl Filter {
    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        if let Some(status) = self.status {
            let word = status.as_str().to_owned();
            conditions.value("AND r.status = ", Bind::Text(word), "");
        }
        if let Some(camp) = self.camp {
            conditions.value("AND r.camp_id = ", Bind::Number(camp.0), "");
        }
        if let Some(least) = self.min_confidence {
            conditions.value("AND r.confidence >= ", Bind::Number(least), "");
        }
        if self.only_clear {
            conditions.fixed("AND r.is_clear");
        }
        if let Some(from) = self.from {
            conditions.value("AND r.created_at >= ", Bind::Number(from.micros()), "");
        }
        if let Some(until) = self.until {
            conditions.value("AND r.created_at < ", Bind::Number(until.micros()), "");
        }
        if let Some(user) = self.staffed_by {
            conditions.staffed_by("AND r.camp_id", user);
        }
        if let Some(text) = self.text.as_deref().map(str::trim) {
            search(&mut conditions, text);
        }
        conditions
    }
}

/// Numbers of ours are looked up as they are, anything else among the members' names.
fn search(conditions: &mut Conditions, text: &str) {
    let number = || Bind::Text(text.to_owned());
    if text.starts_with(ORDER_PREFIX) {
        conditions.value("AND r.order_no = ", number(), "");
    } else if text.starts_with(REFUND_PREFIX) {
        conditions.value("AND r.refund_no = ", number(), "");
    } else if !text.is_empty() {
        let before = "AND r.member_id IN (SELECT id FROM camp_member WHERE names_folded LIKE ";
        conditions.contains(before, text, ")");
    }
}

/// One page of the list, newest first, and how many there are in all.
pub async fn list(
    conn: &mut Conn,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> StoreResult<(Vec<Listed>, i64)> {
    let conditions = filter.conditions();
    // Only constants of ours make up the text; what people typed is bound.
    let count = sqlx::AssertSqlSafe(conditions.statement(COUNT_HEAD, ""));
    let (total,): (i64,) =
        run!(conn, c => bind_all!(sqlx::query_as(count), conditions).fetch_one(c).await)?;
    Ok((page(conn, &conditions, limit, offset).await?, total))
}

/// The newest of the list, where nobody asks how many there are.
pub async fn newest(conn: &mut Conn, filter: &Filter, limit: i64) -> StoreResult<Vec<Listed>> {
    page(conn, &filter.conditions(), limit, 0).await
}

async fn page(
    conn: &mut Conn,
    conditions: &Conditions,
    limit: i64,
    offset: i64,
) -> StoreResult<Vec<Listed>> {
    // Indices alone choose the page; only its own rows, which are wide, are read whole.
    let tail = format!("ORDER BY r.id DESC LIMIT {limit} OFFSET {offset}");
    let chosen = conditions.statement(IDS_HEAD, &tail);
    // Only constants and numbers of ours make up the text; what people typed is bound.
    let page = format!("{LIST_HEAD} AND r.id IN ({chosen}) ORDER BY r.id DESC");
    let page = sqlx::AssertSqlSafe(page);
    let rows: Vec<ListedRow> =
        run!(conn, c => bind_all!(sqlx::query_as(page), conditions).fetch_all(c).await)?;
    let listed = rows.into_iter().map(|row| {
        let refund: Refund = row.refund.try_into()?;
        let bad = |_| StoreError::Inconsistent {
            table: "payment_record",
            id: refund.payment_id.0,
            what: "amount_fen".to_owned(),
        };
        Ok(Listed {
            due: row.due_fen.map(Fen::new).transpose().map_err(bad)?,
            refund,
            planet_nickname: row.planet_nickname.unwrap_or_default(),
            wechat_nickname: row.wechat_nickname.unwrap_or_default(),
        })
    });
    listed.collect()
}
