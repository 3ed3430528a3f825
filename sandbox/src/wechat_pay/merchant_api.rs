//! The calls a merchant makes, behind the gate (wechat-pay-v3 §2.4, §4, §5, §7.1).

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::json;

use super::WechatPay;
use super::answer::{Answer, Refusal};
use super::gateway::Call;
use super::keys::{MERCHANT_ID, PLATFORM_CERTIFICATE_PEM, PLATFORM_SERIAL};
use super::numbers;
use super::records::{Order, RefundOutcome, RefundStatus, TradeState};
use super::requests::{
    Channel, OrderRequest, RefundRequest, is_out_refund_no, is_out_trade_no, parse_close,
};
use super::settings::TrustMode;
use super::wire;

/// The routes under `/v3`.
pub(super) fn routes() -> Router<WechatPay> {
    Router::new()
        .route("/v3/pay/transactions/jsapi", post(create_jsapi))
        .route("/v3/pay/transactions/native", post(create_native))
        .route("/v3/pay/transactions/h5", post(create_h5))
        .route(
            "/v3/pay/transactions/out-trade-no/{number}",
            get(query_by_number),
        )
        .route("/v3/pay/transactions/id/{id}", get(query_by_transaction))
        .route(
            "/v3/pay/transactions/out-trade-no/{number}/close",
            post(close),
        )
        .route("/v3/refund/domestic/refunds", post(refund))
        .route("/v3/refund/domestic/refunds/{number}", get(query_refund))
        .route("/v3/certificates", get(certificates))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_path)
}

async fn create_jsapi(State(pay): State<WechatPay>, call: Call) -> Response {
    pay.respond(&call, || pay.create(Channel::Jsapi, &call))
}

async fn create_native(State(pay): State<WechatPay>, call: Call) -> Response {
    pay.respond(&call, || pay.create(Channel::Native, &call))
}

async fn create_h5(State(pay): State<WechatPay>, call: Call) -> Response {
    pay.respond(&call, || pay.create(Channel::H5, &call))
}

async fn query_by_number(
    State(pay): State<WechatPay>,
    Path(number): Path<String>,
    call: Call,
) -> Response {
    pay.respond(&call, || {
        check_number(&number, is_out_trade_no, 6..=32)?;
        pay.query(&call, |pay| pay.order(&number))
    })
}

async fn query_by_transaction(
    State(pay): State<WechatPay>,
    Path(id): Path<String>,
    call: Call,
) -> Response {
    pay.respond(&call, || {
        let now = pay.world().clock.now();
        pay.query(&call, |pay| pay.ledger().order_of_transaction(&id, now))
    })
}

async fn close(State(pay): State<WechatPay>, Path(number): Path<String>, call: Call) -> Response {
    pay.respond(&call, || {
        check_number(&number, is_out_trade_no, 6..=32)?;
        check_merchant(&parse_close(&call.body)?)?;
        let now = pay.world().clock.now();
        pay.ledger().close(&number, now)?;
        Ok(Answer::empty())
    })
}

async fn refund(State(pay): State<WechatPay>, call: Call) -> Response {
    pay.respond(&call, || pay.within_limits(|| pay.accept_refund(&call)))
}

async fn query_refund(
    State(pay): State<WechatPay>,
    Path(number): Path<String>,
    call: Call,
) -> Response {
    pay.respond(&call, || {
        check_number(&number, is_out_refund_no, 1..=64)?;
        let mut refund = pay.refund(&number).ok_or_else(|| {
            Refusal::business(404, "RESOURCE_NOT_EXISTS", "退款单不存在", 268_512_771)
        })?;
        if pay.call_fault(&call, "stale_query").is_some() {
            refund.status = RefundStatus::Processing;
            refund.succeeded_at = None;
        }
        Ok(Answer::ok(wire::refund(&refund)))
    })
}

async fn certificates(State(pay): State<WechatPay>, call: Call) -> Response {
    pay.respond(&call, || pay.certificates())
}

async fn unknown_path(State(pay): State<WechatPay>, call: Call) -> Response {
    pay.respond(&call, || {
        Err(
            Refusal::business(404, "NOT_FOUND", "请求的接口不存在", 268_435_462)
                .breaking("only documented paths and methods"),
        )
    })
}

impl WechatPay {
    fn create(&self, channel: Channel, call: &Call) -> Result<Answer, Refusal> {
        let request = OrderRequest::parse(channel, &call.body)?;
        check_merchant(&request.mchid)?;
        if !self.is_bound(&request.app_id) {
            return Err(Refusal::business(
                400,
                "APPID_MCHID_NOT_MATCH",
                "appid和mch_id不匹配，请检查后再试",
                268_445_527,
            )
            .breaking("the appid is bound to the merchant"));
        }
        if let Some(openid) = &request.openid
            && !self.may_pay(&request.app_id, openid)
        {
            return Err(Refusal::ordered("OPENID_MISMATCH", "appid和openid不匹配")
                .breaking("the openid belongs to the appid"));
        }
        let now = self.world().clock.now();
        let mut ledger = self.ledger();
        let order = ledger.place(request, now)?;
        let prepay_id = numbers::prepay_id(now);
        let (answer, handle) = match channel {
            Channel::Jsapi => (json!({"prepay_id": prepay_id}), prepay_id),
            Channel::Native => {
                let code_url = numbers::code_url();
                (json!({"code_url": code_url}), code_url)
            }
            Channel::H5 => {
                let base = self.world().base_url();
                let package = numbers::alphanumeric(10);
                let h5_url =
                    format!("{base}/wechat-pay/cashier/h5?prepay_id={prepay_id}&package={package}");
                (json!({"h5_url": h5_url}), prepay_id)
            }
        };
        ledger.hand_out(handle, &order, &answer, now);
        Ok(Answer::ok(answer))
    }

    fn query(
        &self,
        call: &Call,
        find: impl FnOnce(&Self) -> Option<Order>,
    ) -> Result<Answer, Refusal> {
        check_merchant(call.only_query("mchid")?)?;
        let mut order = find(self)
            .ok_or_else(|| Refusal::business(404, "ORDER_NOT_EXIST", "订单不存在", 268_512_771))?;
        let is_paid = order.payment.is_some();
        if is_paid && self.call_fault(call, "stale_query").is_some() {
            order.state = TradeState::NotPay;
            order.payment = None;
        }
        Ok(Answer::ok(wire::order(&order)))
    }

    fn accept_refund(&self, call: &Call) -> Result<Answer, Refusal> {
        let request = RefundRequest::parse(&call.body)?;
        let now = self.world().clock.now();
        let (refund, is_new) = self.ledger().refund(request, now)?;
        if is_new {
            self.end_refund_later(&refund.out_refund_no);
        }
        Ok(Answer::ok(wire::refund(&refund)))
    }

    /// Ends the refund after the time that refunds take here, as the fault `refund_outcome` says.
    fn end_refund_later(&self, out_refund_no: &str) {
        let outcome = self.refund_fault().map_or(RefundOutcome::Success, |with| {
            let wanted = with.get("outcome").cloned().unwrap_or_default();
            serde_json::from_value(wanted).unwrap_or(RefundOutcome::Abnormal)
        });
        let Some(delay) = self.pacing().refund_takes else {
            return;
        };
        let pay = self.clone();
        let out_refund_no = out_refund_no.to_owned();
        let under_way = self.count_under_way();
        self.runtime().spawn(async move {
            tokio::time::sleep(delay).await;
            if let Err(ended) = pay.finish_refund(&out_refund_no, outcome) {
                tracing::debug!(%out_refund_no, %ended, "the refund was finished by hand before");
            }
            drop(under_way);
        });
    }

    fn certificates(&self) -> Result<Answer, Refusal> {
        if self.trust() == TrustMode::PublicKey {
            return Err(Refusal::business(
                404,
                "RESOURCE_NOT_EXISTS",
                "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。可查看指引",
                268_512_771,
            )
            .breaking("a merchant in public-key mode does not ask for certificates"));
        }
        let nonce = numbers::alphanumeric(12);
        let ciphertext = self
            .keys()
            .seal(&nonce, "certificate", PLATFORM_CERTIFICATE_PEM)
            .map_err(|_unusable| Refusal::ordered("SYSTEM_ERROR", ""))?;
        Ok(Answer::ok(json!({"data": [{
            "serial_no": PLATFORM_SERIAL,
            "effective_time": "2025-01-01T08:00:00+08:00",
            "expire_time": "2045-01-01T08:00:00+08:00",
            "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM",
                "nonce": nonce,
                "associated_data": "certificate",
                "ciphertext": ciphertext,
            },
        }]})))
    }
}

fn check_merchant(mchid: &str) -> Result<(), Refusal> {
    if mchid == MERCHANT_ID {
        return Ok(());
    }
    Err(Refusal::param(
        "mchid equals the one of Authorization",
        "商户号与签名的商户号不一致",
        json!({"field": "/mchid", "value": mchid}),
    ))
}

fn check_number(
    number: &str,
    is_allowed: fn(&str) -> bool,
    length: std::ops::RangeInclusive<usize>,
) -> Result<(), Refusal> {
    if length.contains(&number.len()) && is_allowed(number) {
        return Ok(());
    }
    Err(Refusal::param(
        "numbers have their documented form",
        "参数错误：商户单号",
        json!({"location": "path", "value": number}),
    ))
}
