//! Who makes a staff request: a bearer token, or the console's cookie together with a header that
//! no foreign page can send.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum_extra::extract::cookie::SameSite;

use crate::domain::UserId;
use crate::domain::staff::Actor;
use crate::services::staff::{self, SignedIn};
use crate::services::{Context, Refusal};

use super::WebState;
use super::caller::CallerAddress;
use super::cookie::OurCookie;
use super::error::Problem;

/// The console's cookie.
pub(super) const STAFF_COOKIE: OurCookie = OurCookie {
    name: "ck_staff",
    same_site: SameSite::Strict,
    lives: None,
};
const REQUESTED_WITH: &str = "x-requested-with";
const OUR_PAGES: &str = "campkeeper";

/// A signed-in member of staff, as services want them. Every staff handler takes one.
#[derive(Debug)]
pub struct Staff(pub Actor);

/// A signed-in member of staff with their account and session.
#[derive(Debug)]
pub struct StaffSession(pub SignedIn);

/// The same, also for who has to change their password before anything else.
#[derive(Debug)]
pub struct NewcomerSession(pub SignedIn);

/// The address of the caller as the audit keeps it.
#[derive(Debug)]
pub struct CallerIp(pub Option<String>);

impl FromRequestParts<WebState> for NewcomerSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Problem> {
        let ctx = state.context();
        let token = token_of(&ctx, &parts.headers)
            .ok_or(crate::services::Error::from(Refusal::Unauthenticated))?;
        let CallerIp(ip) = CallerIp::from_request_parts(parts, state).await?;
        Ok(Self(staff::authenticate(&ctx, &token, ip).await?))
    }
}

impl FromRequestParts<WebState> for StaffSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Problem> {
        let NewcomerSession(who) = NewcomerSession::from_request_parts(parts, state).await?;
        Ok(Self(who.at_work()?))
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
    staff::claimed_user(ctx, &token_of(ctx, headers)?)
}

fn token_of(ctx: &Context, headers: &HeaderMap) -> Option<String> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| token.trim().to_owned());
    }
    let from_our_pages = headers
        .get(REQUESTED_WITH)
        .is_some_and(|value| value.as_bytes() == OUR_PAGES.as_bytes());
    if from_our_pages {
        STAFF_COOKIE.read(ctx, headers)
    } else {
        None
    }
}
