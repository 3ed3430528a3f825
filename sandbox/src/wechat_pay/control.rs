//! What people may do to the stand-in, under `/control/wechat-pay`.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    BillFault, Delivery, FundsAccount, NotPossible, NoticeKind, Order, Pacing, PayOptions, Refund,
    RefundOutcome, Totals, TradeState, TrustMode, WechatPay,
};
use crate::control::{Outcome, Refused, refused};

/// GET: `orders`, `pending` (unpaid orders), `refunds`, `totals`, `notifications`. POST: `pay`,
/// `pay-foreign`, `finish-refund`, `redeliver`, `balance`, `top-up`, `trust`, `pacing`, `bind-app`,
/// `know-openid`, `frequency-limit`, `bill`.
pub(super) fn routes() -> Router<WechatPay> {
    Router::new()
        .route("/orders", get(orders))
        .route("/pending", get(pending))
        .route("/refunds", get(refunds))
        .route("/totals", get(totals))
        .route("/notifications", get(notifications))
        .route("/pay", post(pay))
        .route("/pay-foreign", post(pay_foreign))
        .route("/finish-refund", post(finish_refund))
        .route("/redeliver", post(redeliver))
        .route("/balance", post(balance))
        .route("/top-up", post(top_up))
        .route("/trust", post(trust))
        .route("/pacing", post(pacing))
        .route("/bind-app", post(bind_app))
        .route("/know-openid", post(know_openid))
        .route("/frequency-limit", post(frequency_limit))
        .route("/bill", post(bill))
}

fn not_possible(reason: NotPossible) -> Refused {
    let status = match reason {
        NotPossible::Unknown | NotPossible::NothingToNotify => StatusCode::NOT_FOUND,
        _ => StatusCode::CONFLICT,
    };
    refused(status, reason.to_string())
}

async fn orders(State(wechat): State<WechatPay>) -> Json<Vec<Order>> {
    Json(wechat.orders())
}

async fn pending(State(wechat): State<WechatPay>) -> Json<Vec<Value>> {
    let unpaid = wechat
        .orders()
        .into_iter()
        .filter(|order| order.state == TradeState::NotPay);
    let shown = unpaid.map(|order| {
        json!({
            "outTradeNo": order.out_trade_no,
            "channel": order.channel,
            "description": order.description,
            "amountFen": order.total_fen,
            "codeUrl": order.code_url,
            "h5Url": order.h5_url,
            "prepayId": order.prepay_id,
            "createdAt": order.created_at,
        })
    });
    Json(shown.collect())
}

async fn refunds(State(wechat): State<WechatPay>) -> Json<Vec<Refund>> {
    Json(wechat.refunds())
}

async fn totals(State(wechat): State<WechatPay>) -> Json<Totals> {
    Json(wechat.totals())
}

async fn notifications(State(wechat): State<WechatPay>) -> Json<Vec<Delivery>> {
    Json(wechat.deliveries())
}

/// Who pays what.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Pay {
    out_trade_no: Option<String>,
    code_url: Option<String>,
    openid: Option<String>,
    total_fen: Option<i64>,
    #[serde(default)]
    even_if_closed: bool,
    #[serde(default)]
    even_if_paid: bool,
}

async fn pay(State(wechat): State<WechatPay>, Json(pay): Json<Pay>) -> Outcome<Order> {
    let number = match (pay.out_trade_no, pay.code_url) {
        (Some(number), _) => number,
        (None, Some(code)) => wechat.number_behind(&code).map_err(not_possible)?,
        (None, None) => return Err(not_possible(NotPossible::Unknown)),
    };
    let options = PayOptions {
        openid: pay.openid,
        total_fen: pay.total_fen,
        even_if_closed: pay.even_if_closed,
        even_if_paid: pay.even_if_paid,
    };
    wechat
        .pay_with(&number, options)
        .map(Json)
        .map_err(not_possible)
}

/// A payment nobody ordered.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PayForeign {
    out_trade_no: String,
    total_fen: i64,
    notify_url: String,
}

async fn pay_foreign(
    State(wechat): State<WechatPay>,
    Json(order): Json<PayForeign>,
) -> Outcome<Order> {
    wechat
        .pay_foreign_order(&order.out_trade_no, order.total_fen, &order.notify_url)
        .map(Json)
        .map_err(not_possible)
}

/// How a refund ends.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Finish {
    out_refund_no: String,
    outcome: RefundOutcome,
}

async fn finish_refund(
    State(wechat): State<WechatPay>,
    Json(finish): Json<Finish>,
) -> Outcome<Refund> {
    wechat
        .finish_refund(&finish.out_refund_no, finish.outcome)
        .map(Json)
        .map_err(not_possible)
}

/// What is sent again, and how.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Redeliver {
    kind: NoticeKind,
    subject: String,
    #[serde(default = "once")]
    times: u16,
    #[serde(default)]
    concurrent: bool,
}

fn once() -> u16 {
    1
}

async fn redeliver(
    State(wechat): State<WechatPay>,
    Json(again): Json<Redeliver>,
) -> Outcome<Vec<Option<u16>>> {
    wechat
        .redeliver(
            again.kind,
            &again.subject,
            usize::from(again.times),
            again.concurrent,
        )
        .await
        .map(Json)
        .map_err(not_possible)
}

/// What refunds can be taken from; `UNSETTLED` unless another account is named.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Balance {
    balance_fen: i64,
    #[serde(default)]
    account: FundsAccount,
}

async fn balance(State(wechat): State<WechatPay>, Json(set): Json<Balance>) -> Json<Totals> {
    wechat.set_balance_of(set.account, set.balance_fen);
    Json(wechat.totals())
}

/// What is paid in; to `UNSETTLED` unless another account is named.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TopUp {
    fen: u32,
    #[serde(default)]
    account: FundsAccount,
}

async fn top_up(State(wechat): State<WechatPay>, Json(paid): Json<TopUp>) -> Json<Totals> {
    wechat.top_up(paid.account, paid.fen.into());
    Json(wechat.totals())
}

/// The keys trusted from now on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trust {
    mode: TrustMode,
}

async fn trust(State(wechat): State<WechatPay>, Json(set): Json<Trust>) -> StatusCode {
    wechat.set_trust(set.mode);
    StatusCode::NO_CONTENT
}

/// Times in milliseconds; a refund without a time waits for `finish-refund`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SetPacing {
    ladder_second_ms: u64,
    refund_takes_ms: Option<u64>,
}

async fn pacing(State(wechat): State<WechatPay>, Json(set): Json<SetPacing>) -> StatusCode {
    wechat.set_pacing(Pacing {
        ladder_second: Duration::from_millis(set.ladder_second_ms),
        refund_takes: set.refund_takes_ms.map(Duration::from_millis),
    });
    StatusCode::NO_CONTENT
}

/// An application to bind.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BindApp {
    app_id: String,
}

async fn bind_app(State(wechat): State<WechatPay>, Json(bind): Json<BindApp>) -> StatusCode {
    wechat.bind_app(bind.app_id);
    StatusCode::NO_CONTENT
}

/// Somebody who may pay in an application.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KnowOpenid {
    app_id: String,
    openid: String,
}

async fn know_openid(State(wechat): State<WechatPay>, Json(know): Json<KnowOpenid>) -> StatusCode {
    wechat.know_openid(know.app_id, know.openid);
    StatusCode::NO_CONTENT
}

/// Whether refunds that come too fast are refused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FrequencyLimit {
    is_limited: bool,
}

async fn frequency_limit(
    State(wechat): State<WechatPay>,
    Json(set): Json<FrequencyLimit>,
) -> StatusCode {
    wechat.set_frequency_limited(set.is_limited);
    StatusCode::NO_CONTENT
}

/// What is wrong with the bill of a Beijing day; nothing mends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bill {
    date: NaiveDate,
    faults: Vec<BillFault>,
}

async fn bill(State(wechat): State<WechatPay>, Json(set): Json<Bill>) -> StatusCode {
    wechat.set_bill_faults(set.date, set.faults);
    StatusCode::NO_CONTENT
}
