//! Many refunds read together, for work on lists of them.

use std::collections::HashMap;

use crate::domain::{Fen, PaymentId, RefundId, Timestamp};
use crate::store::db::{Conn, run};
use crate::store::filter::{Conditions, bind_all};
use crate::store::{StoreError, StoreResult};

use super::case::CaseRow;
use super::row::RefundRow;
use super::{AMONG_HEAD, CASES_HEAD, COMMITTED_HEAD, Case, PROPOSED_HEAD, Refund, TABLE};

/// Rows that one statement asks for.
const AT_ONCE: usize = 500;

/// Money of a payment that is committed to one of its refunds: it may still be paid out, or was.
#[derive(Debug, Clone, Copy)]
pub struct CommittedAmount {
    pub payment_id: PaymentId,
    pub refund_id: RefundId,
    pub amount_fen: Fen,
}

/// Rows of a statement whose condition is a list of numbers, read in parts.
macro_rules! read_among {
    ($row:ty, $conn:expr, $head:expr, $column:literal, $ids:expr) => {{
        let mut rows: Vec<$row> = Vec::with_capacity($ids.len());
        for ids in $ids.chunks(AT_ONCE) {
            let mut conditions = Conditions::default();
            conditions.among($column, ids.iter().map(|id| id.0));
            // Only constants of ours make up the text; the numbers are bound.
            let sql = sqlx::AssertSqlSafe(conditions.statement($head, ""));
            let read: Vec<$row> =
                run!($conn, c => bind_all!(sqlx::query_as(sql), conditions).fetch_all(c).await)?;
            rows.extend(read);
        }
        rows
    }};
}

/// The refunds of a list, those that there are. A row that fits no state is an error of its own, so
/// that it does not hold up the others.
pub async fn by_ids(
    conn: &mut Conn,
    ids: &[RefundId],
) -> StoreResult<HashMap<RefundId, StoreResult<Refund>>> {
    let rows = read_among!(RefundRow, conn, AMONG_HEAD, "AND r.id", ids);
    let refunds = rows.into_iter();
    Ok(refunds.map(|row| (row.id(), row.try_into())).collect())
}

/// Every refund of the payments of a list, those that were replaced too. A row that fits no state is
/// an error of its own.
pub async fn of_payments(
    conn: &mut Conn,
    payments: &[PaymentId],
) -> StoreResult<Vec<(PaymentId, StoreResult<Refund>)>> {
    let rows = read_among!(RefundRow, conn, AMONG_HEAD, "AND r.payment_id", payments);
    let refunds = rows.into_iter();
    Ok(refunds
        .map(|row| (row.payment_id(), row.try_into()))
        .collect())
}

/// The facts behind refunds of the payments of a list, those that can be read. Who misses one asks
/// for it by itself, and learns what does not fit.
pub async fn cases_of_payments(
    conn: &mut Conn,
    payments: &[PaymentId],
) -> StoreResult<HashMap<PaymentId, Case>> {
    let rows = read_among!(CaseRow, conn, CASES_HEAD, "AND p.id", payments);
    let cases = rows.into_iter().filter_map(|row| Case::try_from(row).ok());
    Ok(cases.map(|case| (case.payment_id, case)).collect())
}

/// Since when each refund of a list waits for its decision, or waited for its last one: its last move
/// into `pending`, by whatever the proposal was refreshed since.
pub async fn proposed_at(
    conn: &mut Conn,
    ids: &[RefundId],
) -> StoreResult<HashMap<RefundId, Timestamp>> {
    let rows = read_among!((i64, i64), conn, PROPOSED_HEAD, "AND refund_id", ids);
    let rows = rows.into_iter();
    Ok(rows
        .map(|(refund, at)| (RefundId(refund), Timestamp::from_micros(at)))
        .collect())
}

/// The amounts that are committed to refunds of the payments of a list.
pub async fn committed_amounts(
    conn: &mut Conn,
    payments: &[PaymentId],
) -> StoreResult<Vec<CommittedAmount>> {
    let rows = read_among!(
        (i64, i64, i64),
        conn,
        COMMITTED_HEAD,
        "AND r.payment_id",
        payments
    );
    let amounts = rows.into_iter().map(|(payment, refund, amount)| {
        Ok(CommittedAmount {
            payment_id: PaymentId(payment),
            refund_id: RefundId(refund),
            amount_fen: Fen::new(amount).map_err(|_| StoreError::Inconsistent {
                table: TABLE,
                id: refund,
                what: "amount_fen".to_owned(),
            })?,
        })
    });
    amounts.collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::RefundStatus;

    use super::*;

    #[test]
    fn what_is_committed_is_what_the_domain_says() {
        let (_, committing) = COMMITTED_HEAD.split_once("IN (").unwrap();
        for status in RefundStatus::ALL {
            let is_named = committing.contains(&format!("'{status}'"));
            assert_eq!(is_named, status.commits_money(), "{status}");
        }
    }
}
