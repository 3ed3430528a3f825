//! Access tokens of the member pages: made from the order, so that they are the same at every
//! reading; only their hash is kept.

use aws_lc_rs::digest::{SHA256, digest};
use uuid::Builder;

use crate::domain::{PaymentId, Timestamp};
use crate::store::payments::Payment;
use crate::store::{Conn, Keyring, MAC_BYTES, Tx, payments, sessions};

use super::{Context, Error, Refusal, Result};

const PREFIX: &str = "tk_";
const PURPOSE: &str = "access token";

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
/// keys are rotated. None once the key of its token is gone.
pub(super) async fn present(
    conn: &mut Conn,
    keys: &Keyring,
    payment: &Payment,
) -> Result<Option<String>> {
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
/// `token_invalid`, or `token_expired` seven days after the camp's end.
pub async fn payment(ctx: &Context, token: &str) -> Result<Payment> {
    let mut conn = ctx.db.read().await?;
    let known = sessions::access_token(&mut conn, &hash(token)).await?;
    let (id, expires_at): (PaymentId, _) = known.ok_or(Refusal::TokenInvalid)?;
    if expires_at <= ctx.now() {
        return Err(Refusal::TokenExpired.into());
    }
    let payment = payments::by_id(&mut conn, id).await?;
    payment.ok_or_else(|| Error::Invariant(format!("access token of no payment {id}")))
}
