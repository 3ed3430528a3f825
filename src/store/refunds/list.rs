//! The list of refunds as staff filter it.

use crate::domain::{CampId, Fen, RefundStatus, Timestamp, UserId};
use crate::store::db::{Conn, run};
use crate::store::members::folded;
use crate::store::{StoreError, StoreResult};

use super::Refund;
use super::row::{RefundRow, refund_columns};

const FROM: &str = " FROM refund_record r JOIN payment_record p ON p.id = r.payment_id \
     LEFT JOIN camp_member m ON m.id = r.member_id WHERE 1 = 1";
const COUNT: &str = "SELECT CAST(COUNT(*) AS BIGINT)";
const PAGE: &str = concat!(
    "SELECT ",
    refund_columns!(),
    // A payment that made no member has the names that its order claims.
    ", COALESCE(m.planet_nickname, p.claimed_nickname) AS planet_nickname, ",
    "COALESCE(m.wechat_nickname, p.wechat_nickname) AS wechat_nickname, ",
    "CASE WHEN p.camp_id IS NULL THEN NULL ELSE p.amount_fen END AS due_fen"
);

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

enum Value {
    Number(i64),
    Text(String),
}

/// Conditions with the values of their numbered places.
#[derive(Default)]
struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    /// Adds ` AND before$nafter`.
    fn add(&mut self, before: &str, value: Value, after: &str) {
        self.values.push(value);
        let place = self.values.len();
        self.sql.push_str(&format!(" AND {before}${place}{after}"));
    }

    fn of(filter: &Filter) -> Self {
        let mut all = Self::default();
        if let Some(status) = filter.status {
            all.add("r.status = ", Value::Text(status.to_string()), "");
        }
        if let Some(camp) = filter.camp {
            all.add("r.camp_id = ", Value::Number(camp.0), "");
        }
        if let Some(least) = filter.min_confidence {
            all.add("r.confidence >= ", Value::Number(least), "");
        }
        if filter.only_clear {
            all.sql.push_str(" AND r.is_clear");
        }
        if let Some(from) = filter.from {
            all.add("r.created_at >= ", Value::Number(from.micros()), "");
        }
        if let Some(until) = filter.until {
            all.add("r.created_at < ", Value::Number(until.micros()), "");
        }
        if let Some(user) = filter.staffed_by {
            let camps = "r.camp_id IN (SELECT camp_id FROM camp_member_relation WHERE user_id = ";
            all.add(camps, Value::Number(user.0), ")");
        }
        if let Some(text) = filter
            .text
            .as_deref()
            .map(str::trim)
            .filter(|t| !t.is_empty())
        {
            all.add("(r.order_no = ", Value::Text(text.to_owned()), "");
            let exact = all.values.len();
            all.values.push(Value::Text(like(text)));
            let part = all.values.len();
            all.sql.push_str(&format!(
                " OR r.refund_no = ${exact} OR m.names_folded LIKE ${part} ESCAPE '!')"
            ));
        }
        all
    }
}

/// A pattern that finds the folded text anywhere, its own wildcards taken literally.
fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in folded(text).chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// One page of the list, newest first, and how many there are in all.
pub async fn list(
    conn: &mut Conn,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> StoreResult<(Vec<Listed>, i64)> {
    let conditions = Conditions::of(filter);
    let count = format!("{COUNT}{FROM}{}", conditions.sql);
    let (total,): (i64,) = run!(conn, c => {
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(count));
        for value in &conditions.values {
            query = match value {
                Value::Number(number) => query.bind(*number),
                Value::Text(text) => query.bind(text.clone()),
            };
        }
        query.fetch_one(c).await
    })?;
    let places = conditions.values.len();
    let page = format!(
        "{PAGE}{FROM}{} ORDER BY r.id DESC LIMIT ${} OFFSET ${}",
        conditions.sql,
        places + 1,
        places + 2,
    );
    let rows: Vec<ListedRow> = run!(conn, c => {
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(page));
        for value in &conditions.values {
            query = match value {
                Value::Number(number) => query.bind(*number),
                Value::Text(text) => query.bind(text.clone()),
            };
        }
        query.bind(limit).bind(offset).fetch_all(c).await
    })?;
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
    Ok((listed.collect::<StoreResult<_>>()?, total))
}
