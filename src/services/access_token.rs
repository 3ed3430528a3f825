//! Access tokens of the member pages: made from the order, so that they are the same at every
//! reading; only their hash is kept.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::TimeDelta;
use uuid::Builder;

use crate::domain::{PaymentId, Timestamp};
use crate::store::payments::Payment;
use crate::store::{Conn, Keyring, MAC_BYTES, Tx, payments, sessions};

use super::{Context, Error, Refusal, Result};

const PREFIX: &str = "tk_";
const PURPOSE: &str = "access token";
/// How long a token lives after its money came to rest.
const AFTER_REST: TimeDelta = TimeDelta::days(30);

/// Makes the access token of an order under the present key: `tk_` and a UUID that only we can
/// make.
#[must_use]
pub fn of(keys: &Keyring, order_no: &str) -> String {
    from_mac(&keys.mac(PURPOSE, order_no.as_bytes()))
}

fn from_mac(mac: &[u8; MAC_BYTES]) -> String {
    let bytes = std::array::from_fn(|place| mac[place]);
    format!("{PREFIX}{}", Builder::from_random_bytes(bytes).into_uuid())
}

/// Gives a payment its token under the present key.
pub(super) fn add(
    tx: &mut Tx,
    keys: &Keyring,
    payment: PaymentId,
    order_no: &str,
    expires_at: Timestamp,
    now: Timestamp,
) {
    let (hash, key) = (hash(&of(keys, order_no)), keys.present_id());
    sessions::add_access_token(tx, &hash, payment, key, expires_at, now);
}

/// Makes the token that a payment has: under the present key, or under the one before it until the
/// keys are rotated. None once its time is over, or the key of its token is gone.
pub(super) async fn present(
    conn: &mut Conn,
    keys: &Keyring,
    payment: &Payment,
    now: Timestamp,
) -> Result<Option<String>> {
    let until = sessions::token_until(conn, payment.id).await?;
    if until.is_none_or(|until| is_over(payment, until, now)) {
        return Ok(None);
    }
    let known = sessions::token_keys(conn, payment.id).await?;
    let mut macs = keys.macs(PURPOSE, payment.order_no.as_bytes());
    let found = macs.find(|(key, _)| known.iter().any(|known| known == key));
    Ok(found.map(|(_, mac)| from_mac(&mac)))
}

/// What is kept of a token, or of anything else that only its holder may know.
#[must_use]
pub fn hash(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}

/// The payment that a token was given for.
///
/// # Errors
/// `token_invalid`, or `token_expired` seven days after the camp's end and 30 days after the money
/// came to rest.
pub async fn payment(ctx: &Context, token: &str) -> Result<Payment> {
    let mut conn = ctx.db.read().await?;
    let known = sessions::access_token(&mut conn, &hash(token)).await?;
    let (id, expires_at): (PaymentId, _) = known.ok_or(Refusal::TokenInvalid)?;
    let payment = payments::by_id(&mut conn, id).await?;
    let payment =
        payment.ok_or_else(|| Error::Invariant(format!("access token of no payment {id}")))?;
    if is_over(&payment, expires_at, ctx.now()) {
        return Err(Refusal::TokenExpired.into());
    }
    Ok(payment)
}

/// A token lives until `until`, which is seven days after the end, and as long as its money is here
/// or came to rest less than 30 days ago: whoever waits for money can see where it is.
fn is_over(payment: &Payment, until: Timestamp, now: Timestamp) -> bool {
    let has_rested = payment
        .rested_at
        .is_some_and(|at| at.plus(AFTER_REST) <= now);
    until <= now && has_rested
}
