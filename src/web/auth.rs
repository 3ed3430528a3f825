//! Who makes a staff request: a bearer token, or the console's cookie together with a header that
//! no foreign page can send.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum_extra::extract::CookieJar;

use crate::domain::UserId;
use crate::domain::staff::Actor;
use crate::services::staff::{self, SignedIn};
use crate::services::{Context, Refusal};

use super::WebState;
use super::caller::CallerAddress;
use super::error::Problem;

/// The console's cookie.
pub const STAFF_COOKIE: &str = "ck_staff";
const REQUESTED_WITH: &str = "x-requested-with";
const OUR_PAGES: &str = "campkeeper";

/// A signed-in member of staff, as services want them. Every staff handler takes one.
#[derive(Debug)]
pub struct Staff(pub Actor);

/// A signed-in member of staff with their account and session.
#[derive(Debug)]
pub struct StaffSession(pub SignedIn);

/// The address of the caller as the audit keeps it.
#[derive(Debug)]
pub struct CallerIp(pub Option<String>);

impl FromRequestParts<WebState> for StaffSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Problem> {
        let token = token_of(&parts.headers)
            .ok_or(crate::services::Error::from(Refusal::Unauthenticated))?;
        let CallerIp(ip) = CallerIp::from_request_parts(parts, state).await?;
        Ok(Self(
            staff::authenticate(&state.context(), &token, ip).await?,
        ))
    }
}

impl FromRequestParts<WebState> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Problem> {
        let StaffSession(signed_in) = StaffSession::from_request_parts(parts, state).await?;
        Ok(Self(signed_in.actor))
    }
}

impl FromRequestParts<WebState> for CallerIp {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &WebState) -> Result<Self, Problem> {
        let address = parts.extensions.get::<CallerAddress>();
        let ip = address.and_then(|address| address.0);
        Ok(Self(ip.map(|ip| ip.to_string())))
    }
}

/// Whom the request's token names, if we have signed it; good for counting only.
pub(super) fn claimed_user(ctx: &Context, headers: &HeaderMap) -> Option<UserId> {
    staff::claimed_user(ctx, &token_of(headers)?)
}

fn token_of(headers: &HeaderMap) -> Option<String> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| token.trim().to_owned());
    }
    let from_our_pages = headers
        .get(REQUESTED_WITH)
        .is_some_and(|value| value.as_bytes() == OUR_PAGES.as_bytes());
    let jar = CookieJar::from_headers(headers);
    let cookie = jar.get(STAFF_COOKIE).filter(|_| from_our_pages)?;
    Some(cookie.value().to_owned())
}
