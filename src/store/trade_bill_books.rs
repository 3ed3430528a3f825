//! The books as they are held against a bill: what was paid, and which refunds WeChat Pay has
//! accepted, by the states and by the ledger.

use chrono::{Days, NaiveDate};

use crate::domain::Timestamp;
use crate::domain::trade_bill::{Entry, Subject};

use super::StoreResult;
use super::bundle::Statement;
use super::db::Conn;

/// Payments with what the ledger has of them.
macro_rules! select_payment {
    ($tail:literal) => {
        concat!(
            "SELECT p.order_no, p.transaction_id, COALESCE(p.paid_fen, 0) AS amount_fen, ",
            "p.paid_at, (SELECT l.amount_fen FROM ledger_transfer l ",
            "WHERE l.id = 'pay:' || p.transaction_id) AS posted_fen FROM payment_record p ",
            "WHERE p.transaction_id IS NOT NULL ",
            "AND p.status IN ('paid', 'refunding', 'refunded') ",
            $tail
        )
    };
}

/// Refunds with what the ledger has of them: what is reserved for one is pending until it ends.
macro_rules! select_refund {
    ($tail:literal) => {
        concat!(
            "SELECT r.order_no, r.refund_no, r.amount_fen, a.wechat_created_at AS accepted_at, ",
            "(SELECT MAX(l.amount_fen) FROM ledger_transfer l ",
            "WHERE l.payment_id = r.payment_id AND l.refund_id = r.id ",
            "AND l.kind IN ('plain', 'pending', 'post')) AS posted_fen ",
            $tail
        )
    };
}

statements! {
    FIRST_ORDER_AT = "SELECT MIN(CASE WHEN paid_at < created_at THEN paid_at ELSE created_at END) \
                      FROM payment_record";
    PAYMENTS_OF_DAY = select_payment!(
        "AND p.paid_at >= $1 AND p.paid_at < $2 ORDER BY p.paid_at, p.id"
    );
    PAYMENTS_LIKE = select_payment!("AND (p.transaction_id = $1 OR p.order_no = $2) ORDER BY p.id");
    REFUNDS_OF_DAY = select_refund!(
        "FROM refund_attempt a JOIN refund_record r ON r.id = a.refund_id \
         WHERE a.wechat_created_at >= $1 AND a.wechat_created_at < $2 ORDER BY a.id"
    );
    /// WeChat Pay has told its number of a refund that it has accepted; when, it may not have told.
    REFUND_LIKE = select_refund!(
        "FROM refund_record r LEFT JOIN refund_attempt a ON a.refund_id = r.id \
         AND a.wechat_created_at IS NOT NULL \
         WHERE r.refund_no = $1 AND r.wechat_refund_id IS NOT NULL LIMIT 1"
    );
    /// Money that went back under a number that is not ours.
    FOREIGN_REFUND = "SELECT p.order_no, CAST($1 AS TEXT) AS refund_no, l.amount_fen, \
                      CAST(NULL AS BIGINT) AS accepted_at, l.amount_fen AS posted_fen \
                      FROM ledger_transfer l JOIN payment_record p ON p.id = l.payment_id \
                      WHERE l.id = 'success:' || $1 AND l.refund_id IS NULL";
}

#[derive(sqlx::FromRow)]
struct PaymentRow {
    order_no: String,
    transaction_id: String,
    amount_fen: i64,
    paid_at: Option<i64>,
    posted_fen: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct RefundRow {
    order_no: String,
    refund_no: String,
    amount_fen: i64,
    accepted_at: Option<i64>,
    posted_fen: Option<i64>,
}

impl From<PaymentRow> for Entry {
    fn from(row: PaymentRow) -> Self {
        Self {
            subject: Subject::Payment(row.transaction_id),
            order_no: row.order_no,
            amount_fen: row.amount_fen,
            at: row.paid_at.map(Timestamp::from_micros),
            // Another currency is no fen, and has no transfer.
            is_posted: row.posted_fen.unwrap_or_default() == row.amount_fen,
        }
    }
}

impl From<RefundRow> for Entry {
    fn from(row: RefundRow) -> Self {
        Self {
            subject: Subject::Refund(row.refund_no),
            order_no: row.order_no,
            amount_fen: row.amount_fen,
            at: row.accepted_at.map(Timestamp::from_micros),
            is_posted: row.posted_fen == Some(row.amount_fen),
        }
    }
}

/// The moment of the first payment that ever came in.
pub async fn first_order_at(conn: &mut Conn) -> StoreResult<Option<Timestamp>> {
    let first: Option<(Option<i64>,)> = conn.ask_one(Statement::new(FIRST_ORDER_AT)).await?;
    Ok(first.and_then(|(at,)| at).map(Timestamp::from_micros))
}

/// What the books have of a Shanghai day.
pub async fn entries_of(conn: &mut Conn, day: NaiveDate) -> StoreResult<Vec<Entry>> {
    let day_after = day.checked_add_days(Days::new(1)).unwrap_or(day);
    let of_day = |sql| {
        Statement::new(sql)
            .bind(Timestamp::start_of_day(day).micros())
            .bind(Timestamp::start_of_day(day_after).micros())
    };
    let payments: Vec<PaymentRow> = conn.ask_all(of_day(PAYMENTS_OF_DAY)).await?;
    let refunds: Vec<RefundRow> = conn.ask_all(of_day(REFUNDS_OF_DAY)).await?;
    let payments = payments.into_iter().map(Entry::from);
    Ok(payments
        .chain(refunds.into_iter().map(Entry::from))
        .collect())
}

/// What the books have, on whatever day, under the numbers of a row of a bill.
pub async fn entries_like(conn: &mut Conn, row: &Entry) -> StoreResult<Vec<Entry>> {
    match &row.subject {
        Subject::Payment(transaction_id) => {
            let like = Statement::new(PAYMENTS_LIKE).bind(transaction_id);
            let rows: Vec<PaymentRow> = conn.ask_all(like.bind(&row.order_no)).await?;
            Ok(rows.into_iter().map(Entry::from).collect())
        }
        Subject::Refund(refund_no) => {
            for sql in [REFUND_LIKE, FOREIGN_REFUND] {
                let like = Statement::new(sql).bind(refund_no);
                let found: Option<RefundRow> = conn.ask_one(like).await?;
                if let Some(found) = found {
                    return Ok(vec![found.into()]);
                }
            }
            Ok(Vec::new())
        }
        Subject::Line(_) => Ok(Vec::new()),
    }
}
