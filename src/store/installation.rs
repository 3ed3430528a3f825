//! What the database says of the installation itself: whether it is up to date, and what has come in.

use super::StoreResult;
use super::db::{Conn, run};

statements! {
    APPLIED = "SELECT CAST(COUNT(*) AS BIGINT) FROM _sqlx_migrations";
    HAS_INBOUND = "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT id FROM inbound_event \
                   WHERE source = $1 LIMIT 1) seen";
    NEWEST_PAID = "SELECT order_no FROM payment_record WHERE status IN ('paid', 'refunding', 'refunded') \
                   AND transaction_id IS NOT NULL ORDER BY id DESC LIMIT 1";
}

/// How many migrations have been applied.
pub async fn applied_migrations(conn: &mut Conn) -> StoreResult<i64> {
    let (count,): (i64,) = run!(conn, c => sqlx::query_as(APPLIED).fetch_one(c).await)?;
    Ok(count)
}

/// Whether anything has come in from a platform that is still kept.
pub async fn has_inbound(conn: &mut Conn, source: &str) -> StoreResult<bool> {
    let (count,): (i64,) =
        run!(conn, c => sqlx::query_as(HAS_INBOUND).bind(source).fetch_one(c).await)?;
    Ok(count > 0)
}

/// The number of the newest order that was paid: WeChat Pay knows it.
pub async fn newest_paid_order(conn: &mut Conn) -> StoreResult<Option<String>> {
    let row: Option<(String,)> =
        run!(conn, c => sqlx::query_as(NEWEST_PAID).fetch_optional(c).await)?;
    Ok(row.map(|(order_no,)| order_no))
}
