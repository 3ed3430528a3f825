//! What the merchant calls, and what it is answered.

use chrono::TimeDelta;
use sandbox::wechat_pay::{APP_ID, NotPossible, RefundStatus, TradeState, TrustMode};
use sandbox::{Fault, FaultKind, Platform};
use serde_json::{Value, json};

use crate::merchant::{Merchant, ORDER_NO, Quirks, REFUND_NO, sign};

const NATIVE: &str = "/v3/pay/transactions/native";
const REFUNDS: &str = "/v3/refund/domestic/refunds";
const PAYER: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";

fn query() -> String {
    format!("/v3/pay/transactions/out-trade-no/{ORDER_NO}?mchid=1900000001")
}

#[tokio::test]
async fn an_order_is_created_paid_and_found() {
    let merchant = Merchant::start().await;
    let created = merchant.post(NATIVE, &merchant.order()).await;
    assert_eq!(created.status, 200);
    assert!(created.verifies());
    assert!(created.header("request-id").ends_with("-0"));
    let code = created.body()["code_url"].as_str().unwrap().to_owned();
    assert!(code.starts_with("weixin://wxpay/bizpayurl?pr="));

    let unpaid = merchant.get(&query()).await.body();
    assert_eq!(unpaid["trade_state"], "NOTPAY");
    assert_eq!(unpaid.get("transaction_id"), None);

    let pay = merchant.sandbox.wechat_pay();
    let order = pay.pay_by_code(&code).unwrap();
    assert_eq!(pay.pay(ORDER_NO).unwrap_err(), NotPossible::AlreadyPaid);
    let paid = merchant.get(&query()).await;
    assert!(paid.verifies());
    let paid = paid.body();
    assert_eq!(paid["trade_state"], "SUCCESS");
    assert_eq!(paid["amount"]["total"], 9_900);
    let id = paid["transaction_id"].as_str().unwrap();
    assert_eq!(id, order.payment.unwrap().transaction_id);
    assert!(id.len() == 28 && id.starts_with("4200"));
    let by_id = merchant
        .get(&format!("/v3/pay/transactions/id/{id}?mchid=1900000001"))
        .await;
    assert_eq!(by_id.body()["out_trade_no"], ORDER_NO);
    assert!(merchant.sandbox.violations().is_empty());
}

#[tokio::test]
async fn requests_that_are_not_signed_properly_are_refused() {
    let merchant = Merchant::start().await;
    let late = Quirks {
        clock_shift: -301,
        ..Quirks::default()
    };
    let early = Quirks {
        clock_shift: 310,
        ..Quirks::default()
    };
    let cases: &[(Quirks, u16, &str)] = &[
        (Quirks::without("Authorization"), 401, "SIGN_ERROR"),
        (late, 401, "SIGN_ERROR"),
        (early, 401, "SIGN_ERROR"),
        (Quirks::wrongly_signed(), 401, "SIGN_ERROR"),
        (Quirks::without("Accept"), 400, "PARAM_ERROR"),
        (Quirks::without("User-Agent"), 400, "PARAM_ERROR"),
        (Quirks::without("Content-Type"), 400, "PARAM_ERROR"),
    ];
    for (quirks, status, code) in cases {
        let body = merchant.order().to_string();
        let answered = merchant
            .call("POST", NATIVE, body, quirks.clone())
            .await
            .unwrap();
        assert_eq!(
            (answered.status, answered.code().as_str()),
            (*status, *code)
        );
        assert!(answered.verifies(), "errors are signed too");
    }
    assert!(merchant.sandbox.wechat_pay().orders().is_empty());
    assert_eq!(merchant.broken_rules().len(), cases.len());
}

#[tokio::test]
async fn a_wrong_signature_is_answered_with_what_the_server_saw() {
    let merchant = Merchant::start().await;
    let body = merchant.order().to_string();
    let quirks = Quirks::wrongly_signed();
    let detail = merchant
        .call("POST", NATIVE, body.clone(), quirks)
        .await
        .unwrap()
        .body();
    let seen = &detail["detail"]["sign_information"];
    assert_eq!(detail["detail"]["detail"]["issue"], "sign not match");
    assert_eq!(seen["url"], "/wechat-pay/v3/pay/transactions/native");
    let shown = seen["truncated_sign_message"].as_str().unwrap();
    assert!(shown.ends_with(&format!("\n{}\n", &body[..8])), "{shown}");
}

#[tokio::test]
async fn habits_that_go_unpunished_are_noted() {
    let merchant = Merchant::start().await;
    let without_serial = Quirks::without("Wechatpay-Serial");
    let answered = merchant
        .call("GET", &query(), String::new(), without_serial)
        .await
        .unwrap();
    assert_eq!(answered.code(), "ORDER_NOT_EXIST");
    assert_eq!(merchant.broken_rules().len(), 1);
    let same_nonce = Quirks {
        nonce: Some("0123456789abcdef"),
        ..Quirks::default()
    };
    for _ in 0..2 {
        merchant
            .call("GET", &query(), String::new(), same_nonce.clone())
            .await
            .unwrap();
    }
    assert_eq!(merchant.broken_rules().len(), 2);
}

#[tokio::test]
async fn a_number_can_be_posted_again_with_equal_parameters_only() {
    let merchant = Merchant::start().await;
    let first = merchant.post(NATIVE, &merchant.order()).await.body();
    let second = merchant.post(NATIVE, &merchant.order()).await.body();
    assert_ne!(first["code_url"], second["code_url"]);
    assert!(merchant.sandbox.violations().is_empty());
    let mut dearer = merchant.order();
    dearer["amount"]["total"] = json!(9_901);
    let refused = merchant.post(NATIVE, &dearer).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (400, "INVALID_REQUEST")
    );
    assert!(refused.header("request-id").ends_with("-268498688"));
    assert_eq!(merchant.broken_rules().len(), 1);
}

#[tokio::test]
async fn bodies_are_checked_field_by_field() {
    let merchant = Merchant::start().await;
    let cases = [
        (
            "/v3/pay/transactions/native",
            "payer",
            json!({"openid": "o1"}),
            "PARAM_ERROR",
        ),
        (
            "/v3/pay/transactions/jsapi",
            "description",
            json!("押金"),
            "PARAM_ERROR",
        ),
        (
            "/v3/pay/transactions/h5",
            "description",
            json!("押金"),
            "PARAM_ERROR",
        ),
        (
            "/v3/pay/transactions/native",
            "description",
            json!("押金🎉"),
            "PARAM_ERROR",
        ),
        (
            "/v3/pay/transactions/native",
            "appid",
            json!("wx0000000000000000"),
            "APPID_MCHID_NOT_MATCH",
        ),
        (
            "/v3/pay/transactions/native",
            "mchid",
            json!("1900000002"),
            "PARAM_ERROR",
        ),
    ];
    for (path, field, value, code) in cases {
        let mut body = merchant.order();
        body[field] = value;
        let answered = merchant.post(path, &body).await;
        assert_eq!(
            (answered.status, answered.code().as_str()),
            (400, code),
            "{path} {body}"
        );
    }
    assert_eq!(merchant.broken_rules().len(), 6);
}

#[tokio::test]
async fn closing_is_silent_and_a_paid_order_stays_open() {
    let merchant = Merchant::start().await;
    let close = format!("/v3/pay/transactions/out-trade-no/{ORDER_NO}/close");
    let body = json!({"mchid": "1900000001"});
    let unknown = merchant.post(&close, &body).await;
    assert_eq!((unknown.status, unknown.raw.as_str()), (204, ""));
    assert!(unknown.verifies());
    merchant.post(NATIVE, &merchant.order()).await;
    assert_eq!(merchant.post(&close, &body).await.status, 204);
    assert_eq!(merchant.get(&query()).await.body()["trade_state"], "CLOSED");
    assert_eq!(
        merchant.post(NATIVE, &merchant.order()).await.code(),
        "ORDER_CLOSED"
    );
    let pay = merchant.sandbox.wechat_pay();
    assert_eq!(pay.pay(ORDER_NO).unwrap_err(), NotPossible::Closed);

    let late = sandbox::wechat_pay::PayOptions {
        even_if_closed: true,
        ..Default::default()
    };
    pay.pay_with(ORDER_NO, late).unwrap();
    let refused = merchant.post(&close, &body).await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        merchant.get(&query()).await.body()["trade_state"],
        "SUCCESS"
    );
    assert!(merchant.sandbox.violations().is_empty());
}

#[tokio::test]
async fn an_order_closes_itself_when_its_time_is_over() {
    let merchant = Merchant::start().await;
    let mut order = merchant.order();
    let expiry = merchant.sandbox.clock().now() + TimeDelta::minutes(30);
    order["time_expire"] = json!(expiry.to_rfc3339());
    merchant.post(NATIVE, &order).await;
    merchant.sandbox.clock().advance(TimeDelta::minutes(29));
    assert_eq!(merchant.get(&query()).await.body()["trade_state"], "NOTPAY");
    merchant.sandbox.clock().advance(TimeDelta::minutes(2));
    assert_eq!(merchant.get(&query()).await.body()["trade_state"], "CLOSED");
}

#[tokio::test]
async fn a_refund_is_executed_once_however_often_it_is_posted() {
    let merchant = Merchant::start().await;
    merchant.have_paid_order().await;
    let pay = merchant.sandbox.wechat_pay();
    for _ in 0..3 {
        let accepted = merchant.post(REFUNDS, &merchant.refund()).await;
        assert_eq!(accepted.status, 200, "{}", accepted.raw);
        assert!(accepted.verifies());
        assert_eq!(accepted.body()["amount"]["refund"], 9_900);
        assert_eq!(pay.order(ORDER_NO).unwrap().state, TradeState::Refund);
    }
    merchant.quiet().await;
    let refunds = pay.refunds();
    assert_eq!(refunds.len(), 1);
    assert_eq!((refunds[0].posts, refunds[0].executions), (3, 1));
    let found = merchant.get(&format!("{REFUNDS}/{REFUND_NO}")).await.body();
    assert_eq!(found["status"], "SUCCESS");
    assert!(found["success_time"].as_str().unwrap().ends_with("+08:00"));
    let totals = pay.totals();
    assert_eq!(
        (totals.paid_fen, totals.refunded_fen, totals.balance_fen),
        (9_900, 9_900, 0)
    );
    assert!(merchant.sandbox.violations().is_empty());
}

#[tokio::test]
async fn refunds_keep_to_the_rules() {
    let merchant = Merchant::start().await;
    // More calls fail here within a second than a merchant may have.
    merchant.sandbox.wechat_pay().set_frequency_limited(false);
    let unpaid = merchant.post(REFUNDS, &merchant.refund()).await;
    assert_eq!(
        (unpaid.status, unpaid.code().as_str()),
        (404, "RESOURCE_NOT_EXISTS")
    );
    let unknown = merchant.get(&format!("{REFUNDS}/{REFUND_NO}")).await;
    assert_eq!(
        (unknown.status, unknown.code().as_str()),
        (404, "RESOURCE_NOT_EXISTS")
    );
    merchant.have_paid_order().await;

    let with = |pointer: &str, value: Value| {
        let mut body = merchant.refund();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let wrong_total = merchant
        .post(REFUNDS, &with("/amount/total", json!(9_901)))
        .await;
    assert_eq!(wrong_total.code(), "INVALID_REQUEST");
    let half = with("/amount/refund", json!(4_950));
    assert_eq!(merchant.post(REFUNDS, &half).await.status, 200);
    let other_amount = merchant.post(REFUNDS, &merchant.refund()).await;
    assert_eq!(other_amount.code(), "INVALID_REQUEST");
    let mut second = half.clone();
    second["out_refund_no"] = json!("rfd_second");
    let too_soon = merchant.post(REFUNDS, &second).await;
    assert_eq!(
        (too_soon.status, too_soon.code().as_str()),
        (429, "FREQUENCY_LIMITED")
    );
    merchant.sandbox.clock().advance(TimeDelta::seconds(61));
    let mut too_much = second.clone();
    too_much["amount"]["refund"] = json!(4_951);
    assert_eq!(
        merchant.post(REFUNDS, &too_much).await.code(),
        "INVALID_REQUEST"
    );
    merchant.sandbox.wechat_pay().set_balance(4_949);
    let poor = merchant.post(REFUNDS, &second).await;
    assert_eq!((poor.status, poor.code().as_str()), (403, "NOT_ENOUGH"));
    second["funds_account"] = json!("AVAILABLE");
    let still_poor = merchant.post(REFUNDS, &second).await;
    assert_eq!(still_poor.code(), "NOT_ENOUGH", "each account has its own");
    let available = sandbox::wechat_pay::FundsAccount::Available;
    merchant.sandbox.wechat_pay().top_up(available, 4_950);
    let paid = merchant.post(REFUNDS, &second).await;
    assert_eq!(
        (paid.status, &paid.body()["funds_account"]),
        (200, &json!("AVAILABLE"))
    );
    let totals = merchant.sandbox.wechat_pay().totals();
    assert_eq!((totals.balance_fen, totals.available_fen), (4_949, 0));
    merchant.sandbox.clock().advance(TimeDelta::days(366));
    let mut late = second.clone();
    late["out_refund_no"] = json!("rfd_third");
    assert_eq!(
        merchant.post(REFUNDS, &late).await.code(),
        "INVALID_REQUEST"
    );
    assert_eq!(
        merchant.broken_rules().len(),
        5,
        "{:?}",
        merchant.broken_rules()
    );
}

#[tokio::test]
async fn a_cut_after_the_effect_leaves_the_effect() {
    let merchant = Merchant::start().await;
    merchant.have_paid_order().await;
    let faults = merchant.sandbox.faults();
    faults.add(Fault::new(
        Platform::WechatPay,
        "v3/refund",
        FaultKind::CutAfter,
    ));
    let body = merchant.refund().to_string();
    let cut = merchant
        .call("POST", REFUNDS, body, Quirks::default())
        .await;
    assert!(cut.is_err());
    merchant.quiet().await;
    let refund = merchant.sandbox.wechat_pay().refund(REFUND_NO).unwrap();
    assert_eq!(refund.status, RefundStatus::Success);
}

#[tokio::test]
async fn errors_come_with_or_without_the_effect() {
    let merchant = Merchant::start().await;
    merchant.have_paid_order().await;
    let faults = merchant.sandbox.faults();
    let api_error = FaultKind::ApiError {
        code: "SYSTEM_ERROR".to_owned(),
        message: String::new(),
    };
    faults.add(Fault::new(Platform::WechatPay, "v3/refund", api_error));
    let not_done = merchant.post(REFUNDS, &merchant.refund()).await;
    assert_eq!(
        (not_done.status, not_done.code().as_str()),
        (500, "SYSTEM_ERROR")
    );
    assert!(merchant.sandbox.wechat_pay().refunds().is_empty());

    faults.add(Fault::named(
        Platform::WechatPay,
        "executed_error",
        Value::Null,
    ));
    let done = merchant.post(REFUNDS, &merchant.refund()).await;
    assert_eq!((done.status, done.code().as_str()), (500, "SYSTEM_ERROR"));
    assert_eq!(merchant.sandbox.wechat_pay().refunds().len(), 1);
    assert!(merchant.sandbox.violations().is_empty());
}

#[tokio::test]
async fn spoiled_answers_do_not_verify() {
    let merchant = Merchant::start().await;
    merchant.have_paid_order().await;
    for name in [
        "probe_response",
        "probe_response_not_base64",
        "wrong_serial_response",
        "stale_response",
        "tampered_response",
        "unsigned_response",
    ] {
        merchant
            .sandbox
            .faults()
            .add(Fault::named(Platform::WechatPay, name, Value::Null));
        let answered = merchant.get(&query()).await;
        assert_eq!(answered.status, 200);
        assert!(!answered.verifies(), "{name}");
        assert!(merchant.get(&query()).await.verifies(), "after {name}");
    }
    merchant.sandbox.faults().add(Fault::named(
        Platform::WechatPay,
        "stale_query",
        Value::Null,
    ));
    assert_eq!(merchant.get(&query()).await.body()["trade_state"], "NOTPAY");
}

#[tokio::test]
async fn certificates_are_for_merchants_who_use_them() {
    let merchant = Merchant::start().await;
    let refused = merchant.get("/v3/certificates").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (404, "RESOURCE_NOT_EXISTS")
    );
    merchant
        .sandbox
        .wechat_pay()
        .set_trust(TrustMode::Certificates);
    let list = merchant.get("/v3/certificates").await;
    assert_eq!(
        list.header("wechatpay-serial"),
        sandbox::wechat_pay::PLATFORM_SERIAL
    );
    let entry = &list.body()["data"][0];
    assert_eq!(entry["serial_no"], sandbox::wechat_pay::PLATFORM_SERIAL);
    assert_eq!(
        entry["encrypt_certificate"]["associated_data"],
        "certificate"
    );
}

#[tokio::test]
async fn the_cashier_takes_h5_and_jsapi_payers() {
    let merchant = Merchant::start().await;
    let browser = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let base = merchant.sandbox.base_url();
    let mut order = merchant.order();
    order["scene_info"] = json!({"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}});
    let created = merchant
        .post("/v3/pay/transactions/h5", &order)
        .await
        .body();
    let h5_url = format!(
        "{}&redirect_url=http%3A%2F%2F127.0.0.1%2Fh5%2Fdone",
        created["h5_url"].as_str().unwrap()
    );
    let page = browser
        .get(&h5_url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for shown in ["立即支付", "取消", "99.00", "写作营押金", ORDER_NO] {
        assert!(page.contains(shown), "{shown}");
    }
    let form = [
        ("out_trade_no", ORDER_NO),
        ("redirect_url", "http://127.0.0.1/h5/done"),
    ];
    let pay = format!("{base}/wechat-pay/cashier/pay");
    let gone = browser.post(&pay).form(&form).send().await.unwrap();
    assert_eq!(gone.headers()["location"], "http://127.0.0.1/h5/done");
    assert_eq!(
        merchant.sandbox.wechat_pay().order(ORDER_NO).unwrap().state,
        TradeState::Success
    );

    let number = "ord_jsapi_000001";
    let mut order = merchant.order();
    order["out_trade_no"] = json!(number);
    order["payer"] = json!({"openid": PAYER});
    merchant.sandbox.wechat_pay().know_openid(APP_ID, PAYER);
    let created = merchant
        .post("/v3/pay/transactions/jsapi", &order)
        .await
        .body();
    let package = format!("prepay_id={}", created["prepay_id"].as_str().unwrap());
    let pay_sign = sign(&format!("{APP_ID}\n1760000000\nn1\n{package}\n"));
    let mut params = vec![
        ("appId", APP_ID),
        ("timeStamp", "1760000000"),
        ("nonceStr", "n1"),
        ("package", package.as_str()),
        ("signType", "RSA"),
        ("paySign", pay_sign.as_str()),
    ];
    let jsapi = format!("{base}/wechat-pay/cashier/jsapi");
    let page = browser.get(&jsapi).query(&params).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(merchant.sandbox.violations().is_empty());
    params[2].1 = "n2";
    let page = browser.get(&jsapi).query(&params).send().await.unwrap();
    assert_eq!(page.status(), 400);
    assert_eq!(merchant.broken_rules().len(), 1);
}

const BILL: &str = "/v3/bill/tradebill";
const DAY_MS: i64 = 86_400_000;

/// The path behind the mount that an announced bill is to be fetched from.
fn download_path(announced: &Value) -> String {
    let url = announced["download_url"].as_str().unwrap();
    url.split_once("/wechat-pay").unwrap().1.to_owned()
}

#[tokio::test]
async fn the_bill_of_a_day_has_what_was_processed() {
    let merchant = Merchant::start().await;
    merchant.have_paid_order().await;
    merchant.post(REFUNDS, &merchant.refund()).await;
    merchant.quiet().await;
    let clock = merchant.sandbox.clock().clone();
    let day = (clock.now() + chrono::TimeDelta::hours(8)).date_naive();
    let asked = format!("{BILL}?bill_date={day}&bill_type=ALL");
    assert_eq!(merchant.get(&asked).await.code(), "NO_STATEMENT_EXIST");
    // The day after is over, too, and its bill is made at ten in the morning, whatever time it is here.
    clock.advance(chrono::TimeDelta::milliseconds(3 * DAY_MS));
    let announced = merchant.get(&asked).await;
    assert!(announced.verifies());
    let file = merchant.get(&download_path(&announced.body())).await;
    assert_eq!(file.status, 200);
    assert!(!file.headers.contains_key("wechatpay-signature"));
    let lines: Vec<&str> = file.raw.trim_end().split("\r\n").collect();
    assert!(lines[0].starts_with("\u{feff}交易时间,"));
    let cells = |line: usize| lines[line].split(",`").collect::<Vec<_>>();
    assert_eq!((cells(1).len(), cells(2).len()), (27, 27));
    assert_eq!(
        (cells(1)[6], cells(1)[9], cells(1)[24]),
        (ORDER_NO, "SUCCESS", "99.00")
    );
    assert_eq!(
        (cells(2)[15], cells(2)[9], cells(2)[25]),
        (REFUND_NO, "REFUND", "99.00")
    );
    assert_eq!(lines[4], "`2.0,`99.00,`99.00,`0.0,`0.00,`99.00,`99.00");
    // Without a trade on it, and before what is kept, there is no bill.
    for other in ["2020-01-01", &day.succ_opt().unwrap().to_string()] {
        let none = merchant.get(&format!("{BILL}?bill_date={other}")).await;
        assert_eq!(none.code(), "NO_STATEMENT_EXIST", "{other}");
    }
    assert!(merchant.broken_rules().is_empty());
    for wrong in [
        "",
        "?bill_date=yesterday",
        "?bill_date=2026-11-29&tar_type=ZIP",
        "?day=1",
    ] {
        let refused = merchant.get(&format!("{BILL}{wrong}")).await;
        assert_eq!(refused.code(), "PARAM_ERROR", "{wrong}");
    }
}
