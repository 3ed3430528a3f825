//! Access tokens of the member pages: made from the order, so that they are the same at every
//! reading; only their hash is kept.

use aws_lc_rs::digest::{SHA256, digest};
use uuid::Builder;

use crate::domain::PaymentId;
use crate::store::payments::Payment;
use crate::store::{Keyring, payments, sessions};

use super::{Context, Error, Refusal, Result};

const PREFIX: &str = "tk_";
const PURPOSE: &str = "access token";

/// The access token of an order: `tk_` and a UUID that only we can make.
#[must_use]
pub fn of(keys: &Keyring, order_no: &str) -> String {
    let mac = keys.mac(PURPOSE, order_no.as_bytes());
    let bytes = std::array::from_fn(|place| mac[place]);
    format!("{PREFIX}{}", Builder::from_random_bytes(bytes).into_uuid())
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
