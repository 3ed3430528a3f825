//! The cashier: the page on which the payer of the stand-in pays or thinks better of it.
//!
//! One page for all channels: an H5 order's `h5_url` opens it, the phone opens it for a scanned
//! code or for the parameters of `getBrandWCPayRequest`, whose signature is checked here
//! (wechat-pay-v3 §4.2).

use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::records::{NotPossible, PayOptions, TradeState};
use super::requests::is_openid;
use super::{Order, WechatPay, numbers};

const PAGE: &str = include_str!("cashier.html");
/// Remembers who sits in front of the browser: one person, one openid.
const PAYER_COOKIE: &str = "sandbox_payer";
/// What the page tells the window that opened it, after paying or leaving.
const SCRIPT: &str = r#"<script>
for (const other of [window.opener, window.parent !== window ? window.parent : null]) {
  if (other) other.postMessage({ source: "sandbox-cashier", result: "{{result}}" }, "*");
}
</script>"#;

/// The routes under `/wechat-pay/cashier`.
pub(super) fn routes() -> Router<WechatPay> {
    Router::new()
        .route("/h5", get(open_h5))
        .route("/native", get(open_native))
        .route("/jsapi", get(open_jsapi))
        .route("/pay", post(pay))
        .route("/cancel", post(cancel))
}

/// `h5_url` as the stand-in made it, with what the merchant may append.
#[derive(Deserialize)]
struct H5Link {
    prepay_id: String,
    redirect_url: Option<String>,
    payer: Option<String>,
}

async fn open_h5(
    State(wechat): State<WechatPay>,
    headers: HeaderMap,
    Query(link): Query<H5Link>,
) -> Response {
    let visit = Visit {
        redirect_url: link.redirect_url,
        payer: link.payer,
    };
    wechat.cashier_page(&link.prepay_id, visit, &headers)
}

/// A scanned code.
#[derive(Deserialize)]
struct NativeLink {
    code_url: String,
    redirect_url: Option<String>,
    payer: Option<String>,
}

async fn open_native(
    State(wechat): State<WechatPay>,
    headers: HeaderMap,
    Query(link): Query<NativeLink>,
) -> Response {
    let visit = Visit {
        redirect_url: link.redirect_url,
        payer: link.payer,
    };
    wechat.cashier_page(&link.code_url, visit, &headers)
}

/// The six parameters of `getBrandWCPayRequest`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PayParams {
    app_id: String,
    time_stamp: String,
    nonce_str: String,
    package: String,
    sign_type: String,
    pay_sign: String,
    #[serde(rename = "redirect_url")]
    redirect_url: Option<String>,
}

async fn open_jsapi(
    State(wechat): State<WechatPay>,
    headers: HeaderMap,
    Query(params): Query<PayParams>,
) -> Response {
    match wechat.checked_prepay_id(&params) {
        Ok(prepay_id) => {
            let visit = Visit {
                redirect_url: params.redirect_url,
                payer: None,
            };
            wechat.cashier_page(&prepay_id, visit, &headers)
        }
        Err(problem) => {
            wechat.note(
                "getBrandWCPayRequest",
                "the pay parameters are signed and complete",
                problem,
            );
            message_page(StatusCode::BAD_REQUEST, problem, "fail")
        }
    }
}

/// What the page's form sends.
#[derive(Deserialize)]
struct Choice {
    out_trade_no: String,
    payer: Option<String>,
    redirect_url: Option<String>,
}

async fn pay(State(wechat): State<WechatPay>, Form(choice): Form<Choice>) -> Response {
    let options = PayOptions {
        openid: choice.payer,
        ..PayOptions::default()
    };
    match wechat.pay_with(&choice.out_trade_no, options) {
        Ok(_) => leave("支付成功", "ok", choice.redirect_url.as_deref()),
        Err(reason) => refused_page(reason),
    }
}

async fn cancel(Form(choice): Form<Choice>) -> Response {
    leave("已取消支付", "cancel", choice.redirect_url.as_deref())
}

/// Who came, and where to go afterwards.
struct Visit {
    redirect_url: Option<String>,
    payer: Option<String>,
}

impl WechatPay {
    fn cashier_page(&self, handle: &str, visit: Visit, headers: &HeaderMap) -> Response {
        let order = match self.number_behind(handle) {
            Ok(number) => self.order(&number),
            Err(reason) => return refused_page(reason),
        };
        let Some(order) = order else {
            return refused_page(NotPossible::Unknown);
        };
        match order.state {
            TradeState::NotPay => {}
            TradeState::Closed => return refused_page(NotPossible::Closed),
            TradeState::Success | TradeState::Refund => {
                return refused_page(NotPossible::AlreadyPaid);
            }
        }
        let named = visit.payer.filter(|payer| is_openid(payer));
        let payer = named
            .or_else(|| payer_of(headers))
            .unwrap_or_else(numbers::openid);
        let content = checkout(&order, &payer, visit.redirect_url.as_deref());
        let cookie = format!("{PAYER_COOKIE}={payer}; Path=/wechat-pay; HttpOnly; SameSite=Lax");
        ([(header::SET_COOKIE, cookie)], page(&content, "")).into_response()
    }

    /// Checks what the page of the merchant hands to `getBrandWCPayRequest`.
    fn checked_prepay_id(&self, params: &PayParams) -> Result<String, &'static str> {
        if params.sign_type != "RSA" {
            return Err("signType 必须为 RSA");
        }
        if params.time_stamp.is_empty() || !params.time_stamp.bytes().all(|b| b.is_ascii_digit()) {
            return Err("timeStamp 必须为秒级时间戳");
        }
        let prepay_id = params
            .package
            .strip_prefix("prepay_id=")
            .ok_or("package 必须为 prepay_id=…")?;
        let text = format!(
            "{}\n{}\n{}\n{}\n",
            params.app_id, params.time_stamp, params.nonce_str, params.package
        );
        if !self
            .keys()
            .merchant_signed(text.as_bytes(), &params.pay_sign)
        {
            return Err("支付验证签名失败");
        }
        let number = self
            .number_behind(prepay_id)
            .map_err(|_unknown| "预支付单不存在或已失效")?;
        match self.order(&number) {
            Some(order) if order.app_id == params.app_id => Ok(prepay_id.to_owned()),
            _ => Err("appId 与下单时不一致"),
        }
    }
}

fn checkout(order: &Order, payer: &str, redirect_url: Option<&str>) -> String {
    let hidden = |name: &str, value: &str| {
        format!(
            r#"<input type="hidden" name="{name}" value="{}">"#,
            escaped(value)
        )
    };
    let redirect = redirect_url
        .map(|url| hidden("redirect_url", url))
        .unwrap_or_default();
    let number = hidden("out_trade_no", &order.out_trade_no);
    let payer = hidden("payer", payer);
    format!(
        r#"<div class="merchant">沙箱商户</div>
<div class="amount"><small>¥</small>{}</div>
<dl>
<div><dt>商品</dt><dd>{}</dd></div>
<div><dt>收款方</dt><dd>沙箱商户</dd></div>
<div><dt>订单号</dt><dd>{}</dd></div>
</dl>
<div class="actions">
<form method="post" action="/wechat-pay/cashier/pay">{number}{payer}{redirect}<button>立即支付</button></form>
<form method="post" action="/wechat-pay/cashier/cancel">{number}{redirect}<button class="quiet">取消</button></form>
</div>"#,
        yuan(order.total_fen),
        escaped(&order.description),
        escaped(&order.out_trade_no),
    )
}

/// Back to the merchant's page if it gave one, else a page that says what happened.
fn leave(message: &'static str, result: &str, redirect_url: Option<&str>) -> Response {
    match redirect_url.filter(|url| is_web_address(url)) {
        Some(url) => Redirect::to(url).into_response(),
        None => message_page(StatusCode::OK, message, result),
    }
}

fn refused_page(reason: NotPossible) -> Response {
    let message = match reason {
        NotPossible::AlreadyPaid => "该订单已支付",
        NotPossible::Closed => "订单已关闭",
        NotPossible::HandleExpired => "支付链接已失效，请返回重新发起支付",
        _ => "订单不存在",
    };
    message_page(StatusCode::CONFLICT, message, "fail")
}

fn message_page(status: StatusCode, message: &str, result: &str) -> Response {
    let content = format!(
        r#"<div class="message" role="status">{}</div>"#,
        escaped(message)
    );
    (
        status,
        page(&content, &SCRIPT.replace("{{result}}", result)),
    )
        .into_response()
}

fn page(content: &str, script: &str) -> Html<String> {
    Html(
        PAGE.replace("{{script}}", script)
            .replace("{{content}}", content),
    )
}

fn payer_of(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    cookies
        .split(';')
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == PAYER_COOKIE)
        .map(|(_, payer)| payer.to_owned())
        .filter(|payer| is_openid(payer))
}

fn is_web_address(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('{', "&#123;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_texts_as_the_payer_reads_them() {
        assert_eq!(yuan(9_905), "99.05");
        assert_eq!(yuan(7), "0.07");
        assert_eq!(
            escaped(r#"<b> & "{{script}}""#),
            "&lt;b&gt; &amp; &quot;&#123;&#123;script}}&quot;"
        );
    }

    #[test]
    fn the_payer_cookie_is_found_among_others_and_not_trusted_blindly() {
        let with = |cookie: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, cookie.parse().unwrap());
            payer_of(&headers)
        };
        assert_eq!(
            with("a=1; sandbox_payer=oAbc-_1"),
            Some("oAbc-_1".to_owned())
        );
        assert_eq!(with("a=1"), None);
        assert_eq!(with("sandbox_payer=o<script>"), None);
    }
}
