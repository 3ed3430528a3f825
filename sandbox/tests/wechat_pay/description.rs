//! The WeChat Pay part of the control API is as its description says.

use sandbox::wechat_pay::{APP_ID, MERCHANT_ID};
use serde_json::json;

use crate::{
    described::Described,
    merchant::{Merchant, ORDER_NO, REFUND_NO},
};

const REFUNDS: &str = "/v3/refund/domestic/refunds";

#[tokio::test]
async fn what_payers_do_goes_in_and_out_as_described() {
    let merchant = Merchant::start().await;
    let api = Described::of(merchant.sandbox.base_url()).await;
    let pacing = json!({"ladderSecondMs": 1, "refundTakesMs": null});
    api.post("wechat-pay/pacing", pacing).await;
    let order = merchant.order();
    merchant.post("/v3/pay/transactions/native", &order).await;
    let pending = api.get("wechat-pay/pending").await;
    let code = json!({"codeUrl": pending[0]["codeUrl"]});
    assert_eq!(
        api.post("wechat-pay/pay", code.clone()).await["state"],
        "SUCCESS"
    );
    assert_eq!(api.refused("wechat-pay/pay", code).await, 409);
    assert_eq!(api.refused("wechat-pay/pay", json!({})).await, 404);
    merchant.quiet().await;

    api.post("wechat-pay/balance", json!({"balanceFen": 9_900}))
        .await;
    api.post(
        "wechat-pay/balance",
        json!({"balanceFen": 0, "account": "AVAILABLE"}),
    )
    .await;
    let paid_in = json!({"fen": 5, "account": "AVAILABLE"});
    let totals = api.post("wechat-pay/top-up", paid_in).await;
    assert_eq!(
        (&totals["balanceFen"], &totals["availableFen"]),
        (&json!(9_900), &json!(5))
    );
    merchant.post(REFUNDS, &merchant.refund()).await;
    let done = json!({"outRefundNo": REFUND_NO, "outcome": "SUCCESS"});
    api.post("wechat-pay/finish-refund", done.clone()).await;
    assert_eq!(api.refused("wechat-pay/finish-refund", done).await, 409);
    let foreign =
        json!({"outTradeNo": "foreign_01", "totalFen": 1, "notifyUrl": order["notify_url"]});
    api.post("wechat-pay/pay-foreign", foreign).await;
    merchant.quiet().await;
    let again = json!({"kind": "payment", "subject": ORDER_NO, "times": 2, "concurrent": true});
    assert_eq!(
        api.post("wechat-pay/redeliver", again).await,
        json!([204, 204])
    );
    for path in ["orders", "refunds", "totals", "notifications"] {
        let shown = api.get(&format!("wechat-pay/{path}")).await;
        assert_ne!(shown, json!([]), "{path}");
    }

    for (path, body) in [
        ("trust", json!({"mode": "certificates"})),
        ("bind-app", json!({"appId": "wx0000000000000000"})),
        ("know-openid", json!({"appId": APP_ID, "openid": "oNew"})),
        ("frequency-limit", json!({"isLimited": false})),
        (
            "bill",
            json!({"date": "2026-11-29", "faults": [
                {"kind": "late", "until": "2026-11-30T12:00:00+08:00"},
                {"kind": "forged", "outTradeNo": ORDER_NO, "amountFen": 1},
                {"kind": "missing", "number": ORDER_NO},
            ]}),
        ),
    ] {
        api.post(&format!("wechat-pay/{path}"), body).await;
    }
    let stray = json!({"date": "2026-11-29", "faults": [{"kind": "missing", "day": 1}]});
    assert_eq!(api.refused("wechat-pay/bill", stray).await, 422);
    let unread = json!({"mode": MERCHANT_ID});
    assert_eq!(api.refused("wechat-pay/trust", unread).await, 422);
    let missing = api.not_done(|path| path.starts_with("/control/wechat-pay/"));
    assert_eq!(missing, [""; 0]);
}
