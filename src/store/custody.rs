//! The payments whose money is here, with what their next step follows from.

use crate::domain::promise::Promise;
use crate::domain::{BindStatus, CampId, MemberId, PaymentId, Timestamp, UserId};

use super::bundle::Statement;
use super::db::{Conn, run};
use super::filter::{Bind, Conditions};
use super::listing::{Key, ListSql, Order, listing};
use super::payments::PromiseColumns;
use super::{StoreError, StoreResult, Tx};

const TABLE: &str = "payment_record";

statements! {
    LIST_HEAD = "SELECT p.id, p.order_no, p.camp_id, p.member_id, p.paid_at, p.bind_status, \
                 p.bind_deadline, p.refused_at, p.promise_list_by, p.promise_decision_by, \
                 p.promise_money_days, (SELECT MIN(w.created_at) FROM appeal w \
                 WHERE w.payment_id = p.id AND w.status = 'open') AS objected_at \
                 FROM payment_record p \
                 WHERE p.rested_at IS NULL AND p.transaction_id IS NOT NULL AND p.paid_fen > 0";
    OF_CAMP_REMAIN = "SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE camp_id = $1 \
                      AND rested_at IS NULL AND transaction_id IS NOT NULL AND paid_fen > 0";
    OVERDUE = "SELECT payment_id, what, until, seen_at, level FROM overdue_step";
    KEEP_OVERDUE = "INSERT INTO overdue_step (payment_id, what, until, seen_at, level) \
                    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (payment_id) DO UPDATE \
                    SET what = excluded.what, until = excluded.until, \
                    seen_at = excluded.seen_at, level = excluded.level";
    DROP_OVERDUE = "DELETE FROM overdue_step WHERE payment_id = $1";
    SLOW_REFUNDS = "SELECT r.camp_id, r.refund_no FROM refund_record r \
                    WHERE r.status = 'processing' AND NOT EXISTS \
                    (SELECT 1 FROM refund_status_log l WHERE l.refund_id = r.id \
                    AND l.to_status = 'processing' AND l.created_at > $1) \
                    ORDER BY (SELECT MAX(l.created_at) FROM refund_status_log l \
                    WHERE l.refund_id = r.id AND l.to_status = 'processing'), r.id";
}

/// The payments in custody that a list shows, the oldest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct CustodyFilter {
    pub camp_id: Option<CampId>,
    pub payment_id: Option<PaymentId>,
    /// Only of the camps that this person leads.
    pub staffed_by: Option<UserId>,
}

/// A payment whose money is here.
#[derive(Debug, Clone)]
pub struct InCustody {
    pub payment_id: PaymentId,
    pub order_no: String,
    pub camp_id: Option<CampId>,
    pub member_id: Option<MemberId>,
    pub paid_at: Timestamp,
    /// The member has not bound yet, and may until the deadline.
    pub may_bind: bool,
    pub bind_deadline: Option<Timestamp>,
    /// Since when the list says that the days do not suffice.
    pub refused_at: Option<Timestamp>,
    /// Since when an objection to what became of it waits for its answer.
    pub objected_at: Option<Timestamp>,
    pub promise: Option<Promise>,
}

#[derive(sqlx::FromRow)]
pub(super) struct CustodyRow {
    id: i64,
    order_no: String,
    camp_id: Option<i64>,
    member_id: Option<i64>,
    paid_at: Option<i64>,
    bind_status: String,
    bind_deadline: Option<i64>,
    refused_at: Option<i64>,
    objected_at: Option<i64>,
    #[sqlx(flatten)]
    promise: PromiseColumns,
}

/// A step whose date has passed, as it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverdueStep {
    pub payment_id: PaymentId,
    /// The word of what it waits for.
    pub what: String,
    pub until: Timestamp,
    pub seen_at: Timestamp,
    /// The highest level that it was told to.
    pub level: i64,
}

/// The steps that were seen to be overdue.
pub async fn overdue(conn: &mut Conn) -> StoreResult<Vec<OverdueStep>> {
    let rows: Vec<(i64, String, i64, i64, i64)> =
        run!(conn, c => sqlx::query_as(OVERDUE).fetch_all(c).await)?;
    let typed = |(payment, what, until, seen_at, level)| OverdueStep {
        payment_id: PaymentId(payment),
        what,
        until: Timestamp::from_micros(until),
        seen_at: Timestamp::from_micros(seen_at),
        level,
    };
    Ok(rows.into_iter().map(typed).collect())
}

/// Keeps an overdue step in the place of what was kept of its payment.
pub fn keep_overdue(tx: &mut Tx, step: &OverdueStep) {
    tx.put_off(
        Statement::new(KEEP_OVERDUE)
            .bind(step.payment_id.0)
            .bind(&step.what)
            .bind(step.until.micros())
            .bind(step.seen_at.micros())
            .bind(step.level),
    );
}

/// Forgets the overdue step of a payment.
pub fn drop_overdue(tx: &mut Tx, payment: PaymentId) {
    tx.put_off(Statement::new(DROP_OVERDUE).bind(payment.0));
}

/// True while money of a camp's payments is here.
pub async fn any_of_camp(conn: &mut Conn, camp: CampId) -> StoreResult<bool> {
    let (count,): (i64,) =
        run!(conn, c => sqlx::query_as(OF_CAMP_REMAIN).bind(camp.0).fetch_one(c).await)?;
    Ok(count > 0)
}

/// The numbers of refunds that have been under way at WeChat Pay since before `since`, with their
/// camps.
pub async fn slow_refunds(
    conn: &mut Conn,
    since: Timestamp,
) -> StoreResult<Vec<(Option<CampId>, String)>> {
    let rows: Vec<(Option<i64>, String)> = run!(conn, c => sqlx::query_as(SLOW_REFUNDS)
        .bind(since.micros())
        .fetch_all(c)
        .await)?;
    let typed = |(camp, number): (Option<i64>, String)| (camp.map(CampId), number);
    Ok(rows.into_iter().map(typed).collect())
}

listing!(CustodyFilter => InCustody);

impl ListSql for CustodyFilter {
    type Row = CustodyRow;
    type Item = InCustody;

    const SELECT: &'static str = LIST_HEAD;
    const FROM: &'static str = "FROM payment_record p WHERE p.rested_at IS NULL \
                                AND p.transaction_id IS NOT NULL AND p.paid_fen > 0";
    const ID: &'static str = "p.id";
    const ORDER: Order = Order::Ascending(&["p.id"]);

    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        if let Some(camp) = self.camp_id {
            conditions.value("AND p.camp_id = ", Bind::Number(camp.0), "");
        }
        if let Some(payment) = self.payment_id {
            conditions.value("AND p.id = ", Bind::Number(payment.0), "");
        }
        if let Some(user) = self.staffed_by {
            conditions.staffed_by("AND p.camp_id", user);
        }
        conditions
    }

    fn key(row: &CustodyRow) -> Key {
        Key(vec![Bind::Number(row.id)])
    }

    fn read(row: CustodyRow) -> StoreResult<InCustody> {
        let bad = |what: &str| StoreError::Inconsistent {
            table: TABLE,
            id: row.id,
            what: what.to_owned(),
        };
        Ok(InCustody {
            payment_id: PaymentId(row.id),
            camp_id: row.camp_id.map(CampId),
            member_id: row.member_id.map(MemberId),
            paid_at: row
                .paid_at
                .map(Timestamp::from_micros)
                .ok_or_else(|| bad("paid_at"))?,
            may_bind: row.member_id.is_some() && row.bind_status == BindStatus::Pending.as_str(),
            bind_deadline: row.bind_deadline.map(Timestamp::from_micros),
            refused_at: row.refused_at.map(Timestamp::from_micros),
            objected_at: row.objected_at.map(Timestamp::from_micros),
            promise: row.promise.read().map_err(bad)?,
            order_no: row.order_no,
        })
    }
}
