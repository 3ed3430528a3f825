//! Many refunds read together, for work on lists of them.

use std::collections::HashMap;

use crate::domain::{Fen, PaymentId, RefundId};
use crate::store::db::{Conn, run};
use crate::store::filter::{Conditions, bind_all};
use crate::store::{StoreError, StoreResult};

use super::case::CaseRow;
use super::row::RefundRow;
use super::{AMONG_HEAD, CASES_HEAD, CLAIMED_HEAD, Case, Refund, TABLE};

/// Rows that one statement asks for.
const AT_ONCE: usize = 500;

/// What a refund may still pay out of its payment, or has paid out.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// The payment.
    pub payment_id: PaymentId,
    /// The refund.
    pub refund_id: RefundId,
    /// How much.
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

/// The refunds of a list, those that there are.
pub async fn by_ids(conn: &mut Conn, ids: &[RefundId]) -> StoreResult<HashMap<RefundId, Refund>> {
    let rows = read_among!(RefundRow, conn, AMONG_HEAD, "AND r.id", ids);
    let refunds = rows.into_iter().map(|row| {
        let refund = Refund::try_from(row)?;
        Ok((refund.id, refund))
    });
    refunds.collect()
}

/// What refunds of the payments of a list rest on.
pub async fn cases_of_payments(
    conn: &mut Conn,
    payments: &[PaymentId],
) -> StoreResult<HashMap<PaymentId, Case>> {
    let rows = read_among!(CaseRow, conn, CASES_HEAD, "AND p.id", payments);
    let cases = rows.into_iter().map(|row| {
        let case = Case::try_from(row)?;
        Ok((case.payment_id, case))
    });
    cases.collect()
}

/// What refunds claim of the payments of a list.
pub async fn claims_of_payments(
    conn: &mut Conn,
    payments: &[PaymentId],
) -> StoreResult<Vec<Claim>> {
    let rows = read_among!(
        (i64, i64, i64),
        conn,
        CLAIMED_HEAD,
        "AND r.payment_id",
        payments
    );
    let claims = rows.into_iter().map(|(payment, refund, amount)| {
        Ok(Claim {
            payment_id: PaymentId(payment),
            refund_id: RefundId(refund),
            amount_fen: Fen::new(amount).map_err(|_| StoreError::Inconsistent {
                table: TABLE,
                id: refund,
                what: "amount_fen".to_owned(),
            })?,
        })
    });
    claims.collect()
}

#[cfg(test)]
mod tests {
    use crate::domain::RefundStatus;

    use super::*;

    #[test]
    fn claims_are_those_of_the_domain() {
        let (_, claiming) = CLAIMED_HEAD.split_once("IN (").unwrap();
        for status in RefundStatus::ALL {
            let is_named = claiming.contains(&format!("'{status}'"));
            assert_eq!(is_named, status.claims_money(), "{status}");
        }
    }
}
