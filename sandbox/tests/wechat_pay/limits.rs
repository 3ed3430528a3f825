//! How much and how often a merchant may ask.

use futures::future::join_all;
use serde_json::json;

use crate::merchant::{Merchant, Quirks};

const REFUNDS: &str = "/v3/refund/domestic/refunds";

#[tokio::test]
async fn refunds_that_keep_failing_have_to_wait() {
    let merchant = Merchant::start().await;
    // Nobody has paid this order: all of them fail, many at once.
    let body = merchant.refund();
    let mut limited = 0;
    for _ in 0..10 {
        let calls = (0..20).map(|_| merchant.post(REFUNDS, &body));
        for refused in join_all(calls).await {
            if refused.status == 429 {
                assert_eq!(refused.code(), "FREQUENCY_LIMITED");
                assert!(refused.verifies());
                limited += 1;
            } else {
                assert_eq!(refused.status, 404);
            }
        }
        if limited > 0 {
            break;
        }
    }
    let rules = merchant.broken_rules();
    let broken = rules
        .iter()
        .filter(|rule| *rule == "150 refunds a second, 6 if they fail");
    assert!(limited > 0 && broken.count() == limited, "{rules:?}");

    let url = format!(
        "{}/control/wechat-pay/frequency-limit",
        merchant.sandbox.base_url()
    );
    let off = json!({"isLimited": false});
    reqwest::Client::new()
        .post(url)
        .json(&off)
        .send()
        .await
        .unwrap();
    for _ in 0..10 {
        let refused = merchant.post(REFUNDS, &merchant.refund()).await;
        assert_eq!(refused.status, 404);
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_in_the_platforms_words() {
    let merchant = Merchant::start().await;
    let mut order = merchant.order();
    order["attach"] = json!("a".repeat(70_000));
    let refused = merchant
        .call(
            "POST",
            "/v3/pay/transactions/native",
            order.to_string(),
            Quirks::default(),
        )
        .await
        .unwrap();
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (400, "PARAM_ERROR")
    );
    assert!(refused.verifies());
    assert_eq!(merchant.broken_rules(), ["a body of at most 64 KB"]);
}
