//! Tokens of staff: a JWT signed with a key of ours that names a session.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use crate::domain::{Timestamp, UserId};

use super::super::{Context, Error, Refusal, Result};

/// The derived key of these tokens.
const PURPOSE: &str = "staff token";
const DATA: &[u8] = b"HS256";

/// The claims of a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Claims {
    /// The account.
    pub(super) sub: String,
    /// The session.
    pub(super) jti: String,
    /// Unix seconds.
    pub(super) iat: i64,
    /// Unix seconds.
    pub(super) exp: i64,
}

impl Claims {
    pub(super) fn user(&self) -> Result<UserId> {
        self.sub
            .parse()
            .map(UserId)
            .map_err(|_| Refusal::TokenInvalid.into())
    }
}

pub(super) fn sign(ctx: &Context, claims: &Claims) -> Result<String> {
    let key = EncodingKey::from_secret(&ctx.keys().mac(PURPOSE, DATA));
    encode(&Header::new(Algorithm::HS256), claims, &key)
        .map_err(|_| Error::Crypto("a token could not be signed"))
}

/// Reads a token that we have signed and whose time is not over. Whether its session still is,
/// the store knows.
pub(super) fn read(ctx: &Context, token: &str) -> Result<Claims> {
    let mut rules = Validation::new(Algorithm::HS256);
    // The library would ask the system's clock; ours is handed in.
    rules.validate_exp = false;
    rules.required_spec_claims.clear();
    let claims = ctx
        .keys()
        .macs(PURPOSE, DATA)
        .find_map(|(_, key)| decode::<Claims>(token, &DecodingKey::from_secret(&key), &rules).ok())
        .ok_or(Refusal::TokenInvalid)?
        .claims;
    if claims.exp <= ctx.wall_now().secs() {
        return Err(Refusal::TokenExpired.into());
    }
    Ok(claims)
}

/// Whom a token names, if we have signed it; the store is not asked. Good for counting only.
#[must_use]
pub fn claimed_user(ctx: &Context, token: &str) -> Option<UserId> {
    read(ctx, token).and_then(|claims| claims.user()).ok()
}

/// Until when a token is good, as it says.
pub(super) const fn expires_at(claims: &Claims) -> Timestamp {
    Timestamp::from_micros(claims.exp.saturating_mul(1_000_000))
}
