//! Orders and refunds as WeChat Pay writes them (wechat-pay-v3 §5, §6, §7).

use serde_json::{Map, Value, json};

use super::keys::MERCHANT_ID;
use super::numbers::beijing;
use super::records::{Order, Refund, TradeState};

/// The answer to an order query, and the sealed resource of a payment notification.
pub(super) fn order(order: &Order) -> Value {
    let (state, description) = match order.state {
        TradeState::NotPay => ("NOTPAY", "订单未支付"),
        TradeState::Success => ("SUCCESS", "支付成功"),
        TradeState::Refund => ("REFUND", "订单发生过退款，退款详情请查询退款单"),
        TradeState::Closed => ("CLOSED", "订单已关闭"),
    };
    let mut fields = Map::from_iter([
        ("appid".to_owned(), json!(order.app_id)),
        ("mchid".to_owned(), json!(MERCHANT_ID)),
        ("out_trade_no".to_owned(), json!(order.out_trade_no)),
        ("trade_state".to_owned(), json!(state)),
        ("trade_state_desc".to_owned(), json!(description)),
    ]);
    // Everything below is absent from orders that were never paid.
    if let Some(payment) = &order.payment {
        fields.extend([
            ("transaction_id".to_owned(), json!(payment.transaction_id)),
            ("trade_type".to_owned(), json!(order.channel.trade_type())),
            ("bank_type".to_owned(), json!("OTHERS")),
            ("success_time".to_owned(), json!(beijing(payment.paid_at))),
            ("payer".to_owned(), json!({"openid": payment.openid})),
            (
                "amount".to_owned(),
                json!({
                    "total": payment.total_fen, "payer_total": payment.total_fen,
                    "currency": "CNY", "payer_currency": "CNY",
                }),
            ),
            ("promotion_detail".to_owned(), json!([])),
        ]);
        if let Some(attach) = &order.attach {
            fields.insert("attach".to_owned(), json!(attach));
        }
    }
    Value::Object(fields)
}

/// The answer to a refund request and to a refund query.
pub(super) fn refund(refund: &Refund) -> Value {
    let mut answer = json!({
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "transaction_id": refund.transaction_id,
        "out_trade_no": refund.out_trade_no,
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": beijing(refund.accepted_at),
        "status": refund.status.as_str(),
        "funds_account": refund.funds_account.as_str(),
        "amount": {
            "total": refund.total_fen, "refund": refund.refund_fen, "from": [],
            "payer_total": refund.total_fen, "payer_refund": refund.refund_fen,
            "settlement_refund": refund.refund_fen, "settlement_total": refund.total_fen,
            "discount_refund": 0, "currency": "CNY", "refund_fee": 0,
        },
        "promotion_detail": [],
    });
    put_success_time(&mut answer, refund);
    answer
}

/// The sealed resource of a refund notification: other keys than the refund object's (§7.3).
pub(super) fn refund_resource(refund: &Refund) -> Value {
    let mut resource = json!({
        "mchid": MERCHANT_ID,
        "out_trade_no": refund.out_trade_no,
        "transaction_id": refund.transaction_id,
        "out_refund_no": refund.out_refund_no,
        "refund_id": refund.refund_id,
        "refund_status": refund.status.as_str(),
        "user_received_account": "支付用户零钱",
        "amount": {
            "total": refund.total_fen, "refund": refund.refund_fen,
            "payer_total": refund.total_fen, "payer_refund": refund.refund_fen,
        },
    });
    put_success_time(&mut resource, refund);
    resource
}

fn put_success_time(value: &mut Value, refund: &Refund) {
    if let (Some(time), Some(fields)) = (refund.succeeded_at, value.as_object_mut()) {
        fields.insert("success_time".to_owned(), json!(beijing(time)));
    }
}
