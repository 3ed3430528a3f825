//! What orders and refunds say about money, to be compared with the ledger.

use std::collections::HashMap;

use crate::domain::ledger::ByStates;
use crate::domain::refund::RefundState;
use crate::domain::{CampId, OrderStatus, PaymentId, UnknownWord};

use super::db::{Conn, run};
use super::filter::{Conditions, bind_all};
use super::refunds::{self, Refund};
use super::{StoreError, StoreResult};

const TABLE: &str = "payment_record";

statements! {
    CHUNK = "SELECT id, order_no, camp_id, status, transaction_id, \
             COALESCE(paid_fen, 0) AS paid_fen FROM payment_record WHERE id > $1 \
             ORDER BY id LIMIT $2";
    AMONG_HEAD = "SELECT id, order_no, camp_id, status, transaction_id, \
                  COALESCE(paid_fen, 0) AS paid_fen FROM payment_record WHERE TRUE";
}

/// A payment with what its order and its refunds say about its money.
#[derive(Debug)]
pub struct BookedPayment {
    pub payment_id: PaymentId,
    pub order_no: String,
    pub camp_id: Option<CampId>,
    /// It was paid in another currency, of which there are no fen.
    pub is_foreign: bool,
    /// An error where a row fits no state.
    pub states: StoreResult<ByStates>,
}

#[derive(sqlx::FromRow)]
struct PaymentRow {
    id: i64,
    order_no: String,
    camp_id: Option<i64>,
    status: String,
    transaction_id: Option<String>,
    paid_fen: i64,
}

/// Reads at most `limit` payments behind one.
pub async fn chunk(
    conn: &mut Conn,
    after: PaymentId,
    limit: i64,
) -> StoreResult<Vec<BookedPayment>> {
    let rows: Vec<PaymentRow> = run!(conn, c => sqlx::query_as(CHUNK)
        .bind(after.0)
        .bind(limit)
        .fetch_all(c)
        .await)?;
    with_refunds(conn, rows).await
}

/// Reads the payments of a list.
pub async fn among(conn: &mut Conn, payments: &[PaymentId]) -> StoreResult<Vec<BookedPayment>> {
    let mut conditions = Conditions::default();
    conditions.among("AND id", payments.iter().map(|id| id.0));
    // Only constants of ours make up the text; the numbers are bound.
    let sql = sqlx::AssertSqlSafe(conditions.statement(AMONG_HEAD, "ORDER BY id"));
    let rows: Vec<PaymentRow> =
        run!(conn, c => bind_all!(sqlx::query_as(sql), conditions).fetch_all(c).await)?;
    with_refunds(conn, rows).await
}

async fn with_refunds(conn: &mut Conn, rows: Vec<PaymentRow>) -> StoreResult<Vec<BookedPayment>> {
    let payments: Vec<PaymentId> = rows.iter().map(|row| PaymentId(row.id)).collect();
    let mut of_payment: HashMap<PaymentId, Vec<StoreResult<Refund>>> = HashMap::new();
    for (payment, refund) in refunds::of_payments(conn, &payments).await? {
        of_payment.entry(payment).or_default().push(refund);
    }
    let booked = rows.into_iter().map(|row| {
        let refunds = of_payment.remove(&PaymentId(row.id)).unwrap_or_default();
        BookedPayment {
            payment_id: PaymentId(row.id),
            camp_id: row.camp_id.map(CampId),
            is_foreign: row.transaction_id.is_some() && row.paid_fen == 0,
            states: by_states(&row, refunds),
            order_no: row.order_no,
        }
    });
    Ok(booked.collect())
}

fn by_states(row: &PaymentRow, refunds: Vec<StoreResult<Refund>>) -> StoreResult<ByStates> {
    let status: Result<OrderStatus, UnknownWord> = row.status.parse();
    let status = status.map_err(|unknown| StoreError::Inconsistent {
        table: TABLE,
        id: row.id,
        what: unknown.to_string(),
    })?;
    let mut states = ByStates {
        paid: row.paid_fen,
        is_gone: status == OrderStatus::Refunded,
        ..ByStates::default()
    };
    for refund in refunds {
        let refund = refund?;
        let amount = refund.proposal.amount_fen.get();
        match &refund.state {
            RefundState::Success { .. } => states.returned += amount,
            state if state.reserves_money() => states.reserved += amount,
            state => states.is_settled_outside |= state.is_settled_outside(),
        }
    }
    Ok(states)
}
