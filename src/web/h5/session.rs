//! Who a browser is: the session of its cookie, and the access token of one order.

use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::Response;
use axum_extra::extract::cookie::SameSite;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::services::session::{self, NewSession};
use crate::services::sign_in::{self, Begun, Ended, SIGN_IN_WITHIN};
use crate::services::{Context, Refusal};
use crate::store::sessions::Session;

use super::super::cookie::OurCookie;
use super::super::plain_page::plain_page;
pub(super) use super::super::returning::platform_of;
use super::super::returning::{found, returned};
use super::super::{Answer, Envelope, Problem, Query, WebResult, WebState};

const SIGN_IN_FAILED: &str = include_str!("../../../message-templates/page_sign_in_failed.html");

/// The cookie of a session; the session itself may end earlier. Lax: it must come along when WeCom
/// sends the browser back to us.
pub(in crate::web) const COOKIE: OurCookie = OurCookie {
    name: "ck_session",
    same_site: SameSite::Lax,
    lives: Some(Duration::from_secs(180 * 24 * 3600)),
};
/// What a browser is known by that has begun a sign-in.
const SIGN_IN_COOKIE: OurCookie = OurCookie {
    name: "ck_sign_in",
    same_site: SameSite::Lax,
    lives: Some(Duration::from_secs(
        SIGN_IN_WITHIN.num_seconds().unsigned_abs(),
    )),
};
/// The header of an access token.
const ACCESS_TOKEN: &str = "x-access-token";

/// The session of the request's cookie, if it has a good one.
pub(super) struct MaybeSession(pub(super) Option<Session>);

/// The access token that the request shows; whether it is good, the service says.
pub(super) struct AccessToken(pub(super) String);

impl FromRequestParts<WebState> for MaybeSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Problem> {
        let ctx = state.context();
        let Some(cookie) = COOKIE.read(&ctx, &parts.headers) else {
            return Ok(Self(None));
        };
        Ok(Self(session::load(&ctx, &cookie).await?))
    }
}

impl FromRequestParts<WebState> for AccessToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &WebState) -> Result<Self, Problem> {
        let token = parts
            .headers
            .get(ACCESS_TOKEN)
            .and_then(|value| value.to_str().ok());
        match token {
            Some(token) => Ok(Self(token.to_owned())),
            None => Err(crate::services::Error::from(Refusal::TokenInvalid).into()),
        }
    }
}

/// `Set-Cookie` for a new session.
pub(super) fn set_cookie(ctx: &Context, fresh: &NewSession) -> WebResult<HeaderValue> {
    COOKIE.set(ctx, &fresh.cookie)
}

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(begin_sign_in))
        .routes(routes!(finish_sign_in))
        .routes(routes!(js_config))
}

#[derive(Deserialize)]
struct SignIn {
    #[serde(default = "home")]
    redirect: String,
}

fn home() -> String {
    "/h5/".to_owned()
}

/// Sends the browser to WeCom's page that asks who it is.
#[utoipa::path(
    get, path = "/api/h5/auth/wecom", tag = "member",
    params(("redirect" = Option<String>, Query, description = "Where to go afterwards: /h5/…")),
    responses((status = 302, description = "to the authorize page"))
)]
async fn begin_sign_in(
    State(ctx): State<Context>,
    headers: HeaderMap,
    Query(query): Query<SignIn>,
) -> WebResult<Response> {
    let browser = SIGN_IN_COOKIE.read(&ctx, &headers);
    let begun = sign_in::begin(&ctx, &query.redirect, browser.as_deref()).await?;
    sent_off(&ctx, &begun)
}

fn sent_off(ctx: &Context, begun: &Begun) -> WebResult<Response> {
    let cookie = SIGN_IN_COOKIE.set(ctx, &begun.browser)?;
    Ok(found(&begun.authorize_url, Some(cookie)))
}

/// Where WeCom sends the browser back to. Whatever comes back, the person who stands there gets a
/// page: the one they wanted, WeCom's once more, or ours with a button.
#[utoipa::path(
    get, path = "/api/h5/auth/callback", tag = "member",
    params(("code" = Option<String>, Query), ("state" = Option<String>, Query)),
    responses(
        (status = 302, description = "to the page asked for, with ck_session; or to WeCom again"),
        (status = 400, description = "a page with a button that begins anew")
    )
)]
async fn finish_sign_in(
    State(ctx): State<Context>,
    MaybeSession(present): MaybeSession,
    headers: HeaderMap,
    uri: Uri,
) -> WebResult<Response> {
    let returned = returned(&uri, SIGN_IN_COOKIE.read(&ctx, &headers));
    match sign_in::finish(&ctx, &returned, present).await? {
        Ended::SignedIn(fresh, redirect) => Ok(found(&redirect, Some(set_cookie(&ctx, &fresh)?))),
        Ended::Before(redirect) => Ok(found(&redirect, None)),
        Ended::Anew(begun) => sent_off(&ctx, &begun),
        Ended::Failed(redirect) => Ok(try_again(&redirect)),
    }
}

/// The page for a browser that has come back twice without being signed in.
fn try_again(redirect: &str) -> Response {
    let redirect: String = form_urlencoded::byte_serialize(redirect.as_bytes()).collect();
    plain_page(
        StatusCode::BAD_REQUEST,
        &SIGN_IN_FAILED.replace("{{redirect}}", &redirect),
    )
}

#[derive(Deserialize)]
struct Page {
    url: String,
}

/// What a page inside WeCom needs to call its client.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct JsConfigView {
    corp_id: String,
    agent_id: i64,
    timestamp: i64,
    nonce_str: String,
    config_signature: String,
    agent_config_signature: String,
}

/// Signs a page's address for WeCom's client.
#[utoipa::path(
    get, path = "/api/h5/js-config", tag = "member", params(("url" = String, Query)),
    responses((status = 200, body = Envelope<JsConfigView>))
)]
async fn js_config(
    State(ctx): State<Context>,
    Query(page): Query<Page>,
) -> WebResult<Answer<JsConfigView>> {
    let config = session::js_config(&ctx, &page.url).await?;
    Ok(Answer(JsConfigView {
        corp_id: ctx.settings.corp_id.clone(),
        agent_id: ctx.settings.agent_id,
        timestamp: config.timestamp,
        nonce_str: config.nonce,
        config_signature: config.config_signature,
        agent_config_signature: config.agent_config_signature,
    }))
}
