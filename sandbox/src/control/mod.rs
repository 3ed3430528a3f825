//! The control API: what the phone page and people with curl do to the sandbox.

mod errors;
mod robot;
mod wecom;

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    middleware,
    response::IntoResponse,
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use self::errors::{Outcome, Refused, refused};
use crate::{
    faults::Fault,
    violations::Violation,
    wechat_pay::{self, WechatPay},
    wecom::Wecom,
    world::World,
    zsxq::{self, Zsxq},
};

/// The description of this API, written by hand.
const OPENAPI: &str = include_str!("openapi.json");
/// Where dates as JSON has them end.
const LAST_YEAR: i32 = 9999;

/// Everything the control API may touch.
#[derive(Clone)]
struct Control {
    world: World,
    wecom: Wecom,
    wechat_pay: WechatPay,
    zsxq: Zsxq,
}

/// The routes behind `/control`.
pub(crate) fn router(world: &World, wecom: &Wecom, wechat_pay: &WechatPay, zsxq: &Zsxq) -> Router {
    let control = Control {
        world: world.clone(),
        wecom: wecom.clone(),
        wechat_pay: wechat_pay.clone(),
        zsxq: zsxq.clone(),
    };
    Router::new()
        .route("/openapi.json", get(openapi))
        .route("/campkeeper.toml", get(settings))
        .route("/clock", get(clock).post(move_clock))
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/violations", get(violations).delete(clear_violations))
        .route("/app", get(app).post(set_app))
        .with_state(control)
        .nest("/wecom", self::wecom::router(wecom.clone()))
        .nest("/wecom/robot", robot::router(wecom.clone()))
        .nest(
            "/wechat-pay",
            wechat_pay::control_router(wechat_pay.clone()),
        )
        .nest("/zsxq", zsxq::control_router(zsxq.clone()))
        .fallback(errors::unknown_path)
        .layer(middleware::map_response(errors::in_one_shape))
}

/// The settings of a matching `campkeeper.toml`. What an application does with its own files and
/// keys is its affair; the suggestions here make a copied file start at once.
pub(crate) fn campkeeper_toml(
    world: &World,
    wecom: &Wecom,
    wechat_pay: &WechatPay,
    zsxq: &Zsxq,
) -> String {
    let app_url = world
        .app_url()
        .unwrap_or_else(|| "http://127.0.0.1:8080".to_owned());
    let listen = app_url
        .split_once("://")
        .map_or(app_url.as_str(), |(_, listen)| listen);
    let master_key = STANDARD.encode(rand::random::<[u8; 32]>());
    format!(
        "# Settings that match the sandbox at {}. The master key is new in every copy:\n\
         # keep the first one with the database it has encrypted.\n\
         [server]\nlisten = \"{listen}\"\npublic_url = \"{app_url}\"\n\n\
         [security]\nmaster_key = \"{master_key}\"\n\n{}\n{}\n{}",
        world.base_url(),
        wecom.settings(),
        wechat_pay.settings(),
        zsxq.settings()
    )
}

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}

async fn settings(State(control): State<Control>) -> String {
    campkeeper_toml(
        &control.world,
        &control.wecom,
        &control.wechat_pay,
        &control.zsxq,
    )
}

async fn clock(State(control): State<Control>) -> Json<Value> {
    let clock = &control.world.clock;
    Json(json!({
        "now": clock.now(),
        "wallNow": clock.wall_now(),
        "offsetSeconds": clock.offset().num_seconds(),
    }))
}

/// A step in seconds, or an instant to jump to.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClockMove {
    advance_seconds: Option<i64>,
    set_to: Option<DateTime<Utc>>,
}

async fn move_clock(State(control): State<Control>, Json(step): Json<ClockMove>) -> Outcome<Value> {
    let business = &control.world.clock;
    let is_a_date = |instant: DateTime<Utc>| (0..=LAST_YEAR).contains(&instant.year());
    match (step.set_to, step.advance_seconds) {
        (Some(instant), None) if is_a_date(instant) => business.set(instant),
        (None, Some(seconds)) => {
            let step = TimeDelta::try_seconds(seconds).filter(|step| {
                let there = business.now().checked_add_signed(*step);
                there.is_some_and(is_a_date)
            });
            let too_far = || refused(StatusCode::UNPROCESSABLE_ENTITY, "too far for a date");
            business.advance(step.ok_or_else(too_far)?);
        }
        _ => {
            let rule = "either advanceSeconds or setTo, a date before the year 10000";
            return Err(refused(StatusCode::UNPROCESSABLE_ENTITY, rule));
        }
    }
    Ok(clock(State(control)).await)
}

async fn faults(State(control): State<Control>) -> Json<Vec<Fault>> {
    Json(control.world.faults.pending())
}

async fn add_fault(
    State(control): State<Control>,
    Json(fault): Json<Fault>,
) -> Outcome<Vec<Fault>> {
    let faults = &control.world.faults;
    faults
        .order(fault)
        .map_err(|unknown| refused(StatusCode::UNPROCESSABLE_ENTITY, unknown.to_string()))?;
    Ok(Json(faults.pending()))
}

async fn clear_faults(State(control): State<Control>) -> Json<Vec<Fault>> {
    control.world.faults.clear();
    Json(Vec::new())
}

async fn violations(State(control): State<Control>) -> Json<Vec<Violation>> {
    Json(control.world.violations.all())
}

async fn clear_violations(State(control): State<Control>) -> Json<Vec<Violation>> {
    control.world.violations.clear();
    Json(Vec::new())
}

/// Where the application is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct App {
    url: String,
}

async fn app(State(control): State<Control>) -> Json<Value> {
    Json(json!({"url": control.world.app_url()}))
}

async fn set_app(State(control): State<Control>, Json(app): Json<App>) -> Json<Value> {
    control.world.set_app_url(Some(app.url));
    Json(json!({"url": control.world.app_url()}))
}
