//! What platforms tell us. One file per platform; each answers its routes, and they are added
//! here. Answers are what the platform expects, not our envelope, and nothing is counted by the
//! rate limit below `/api/webhook/`, since everything there is signed.

mod wechat_pay;
mod wecom;

use axum::Router;
use axum::middleware::from_fn;

use crate::platforms::measured::Platform;

use super::WebState;
use super::measured::count_callback;

pub(super) fn routes() -> Router<WebState> {
    let pay = Platform::WechatPay.as_str();
    let wecom = Platform::Wecom.as_str();
    Router::new()
        .merge(wechat_pay::routes().layer(from_fn(move |request, next| {
            count_callback(pay, request, next)
        })))
        .merge(wecom::routes().layer(from_fn(move |request, next| {
            count_callback(wecom, request, next)
        })))
}
