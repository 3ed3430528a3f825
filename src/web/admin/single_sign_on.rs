//! Signing in by who one is in WeCom: inside it at once, elsewhere by a code to scan.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use axum_extra::extract::cookie::SameSite;
use minijinja::HtmlEscape;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::services::Context;
use crate::services::staff::single_sign_on::{self, Begun, Ended, Page, SIGN_IN_WITHIN};
use crate::web::auth::{CallerIp, STAFF_COOKIE};
use crate::web::cookie::OurCookie;
use crate::web::plain_page::plain_page;
use crate::web::returning::{found, platform_of, returned};
use crate::web::{Query, WebResult, WebState};

const FAILED: &str = include_str!("../../../message-templates/page_staff_sign_in_failed.html");
const OUTSIDER: &str = include_str!("../../../message-templates/page_staff_outsider.html");
const STRANGER: &str = include_str!("../../../message-templates/page_staff_stranger.html");

/// What a browser is known by that has begun a sign-in. Lax: it comes back from WeCom.
const SIGN_IN_COOKIE: OurCookie = OurCookie {
    name: "ck_staff_sign_in",
    same_site: SameSite::Lax,
    lives: Some(Duration::from_secs(
        SIGN_IN_WITHIN.num_seconds().unsigned_abs(),
    )),
};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(begin))
        .routes(routes!(finish))
}

#[derive(Deserialize)]
struct SignIn {
    #[serde(default = "home")]
    redirect: String,
}

fn home() -> String {
    "/admin/".to_owned()
}

/// Sends the browser to WeCom, which asks who it is: inside WeCom without a question.
#[utoipa::path(
    get, path = "/api/auth/wecom", tag = "staff",
    params(("redirect" = Option<String>, Query, description = "Where to go afterwards: /admin/…")),
    responses(
        (status = 302, description = "to WeCom"),
        (status = 422, description = "invalid_input", body = crate::web::ProblemBody),
        (status = 503, description = "not_configured", body = crate::web::ProblemBody)
    )
)]
async fn begin(
    State(ctx): State<Context>,
    headers: HeaderMap,
    Query(query): Query<SignIn>,
) -> WebResult<Response> {
    let browser = SIGN_IN_COOKIE.read(&ctx, &headers);
    let (page, redirect) = (page_for(&headers), &query.redirect);
    let begun = single_sign_on::begin(&ctx, page, redirect, browser.as_deref()).await?;
    sent_off(&ctx, &begun)
}

/// Where WeCom sends the browser back to. Whatever comes back, the person who stands there gets a
/// page: the one they wanted, WeCom's once more, or one that says what to do.
#[utoipa::path(
    get, path = "/api/auth/wecom/callback", tag = "staff",
    params(("code" = Option<String>, Query), ("state" = Option<String>, Query)),
    responses(
        (status = 302, description = "to the page asked for, with the console's cookie; or to WeCom again"),
        (status = 400, description = "a page with a button that begins anew"),
        (status = 403, description = "a page for who has no account")
    )
)]
async fn finish(
    State(ctx): State<Context>,
    CallerIp(ip): CallerIp,
    headers: HeaderMap,
    uri: Uri,
) -> WebResult<Response> {
    let returned = returned(&uri, SIGN_IN_COOKIE.read(&ctx, &headers));
    match single_sign_on::finish(&ctx, page_for(&headers), &returned, ip).await? {
        Ended::SignedIn(login, redirect) => {
            let cookie = STAFF_COOKIE.set(&ctx, login.token.expose_secret())?;
            let mut response = found(&redirect, Some(cookie));
            // Good once, and not for the next who sits down here.
            let spent = SIGN_IN_COOKIE.remove(&ctx)?;
            response.headers_mut().append(header::SET_COOKIE, spent);
            Ok(response)
        }
        Ended::Stranger(userid) => Ok(stranger(userid.as_deref())),
        Ended::Anew(begun) => sent_off(&ctx, &begun),
        Ended::Failed(redirect) => Ok(try_again(&redirect)),
    }
}

fn page_for(headers: &HeaderMap) -> Page {
    match platform_of(headers) {
        "browser" => Page::Scan,
        _ => Page::Authorize,
    }
}

fn sent_off(ctx: &Context, begun: &Begun) -> WebResult<Response> {
    let cookie: HeaderValue = SIGN_IN_COOKIE.set(ctx, &begun.browser)?;
    Ok(found(&begun.authorize_url, Some(cookie)))
}

/// The page for a browser that has come back twice without being signed in.
fn try_again(redirect: &str) -> Response {
    let redirect: String = form_urlencoded::byte_serialize(redirect.as_bytes()).collect();
    let text = FAILED.replace("{{redirect}}", &redirect);
    plain_page(StatusCode::BAD_REQUEST, &text)
}

/// The page for somebody whose WeCom account is linked to none of ours, or who is not of the corp.
fn stranger(userid: Option<&str>) -> Response {
    let text = match userid {
        Some(userid) => STRANGER.replace("{{userid}}", &HtmlEscape(userid).to_string()),
        None => OUTSIDER.to_owned(),
    };
    plain_page(StatusCode::FORBIDDEN, &text)
}
