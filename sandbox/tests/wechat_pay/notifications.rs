//! What the merchant is notified of.

use std::collections::HashSet;

use sandbox::wechat_pay::{NotPossible, NoticeKind, PUBLIC_KEY_ID, RefundOutcome, TrustMode};
use sandbox::{Fault, FaultKind, Platform};
use serde_json::{Value, json};

use crate::merchant::{Merchant, ORDER_NO, REFUND_NO};

const REFUNDS: &str = "/v3/refund/domestic/refunds";

fn named(name: &str, with: Value) -> Fault {
    Fault::named(Platform::WechatPay, name, with)
}

#[tokio::test]
async fn a_payment_is_notified_once_when_it_is_taken() {
    let merchant = Merchant::start().await;
    merchant.have_paid_order().await;
    let received = merchant.inbox.received();
    assert_eq!(received.len(), 1);
    assert!(received[0].verified);
    let envelope = &received[0].envelope;
    assert_eq!(envelope["event_type"], "TRANSACTION.SUCCESS");
    assert_eq!(envelope["resource"]["original_type"], "transaction");
    let resource = received[0].resource();
    assert_eq!(resource["out_trade_no"], ORDER_NO);
    assert_eq!(resource["trade_state"], "SUCCESS");
    assert_eq!(resource["amount"]["total"], 9_900);
    assert!(merchant.sandbox.violations().is_empty());
}

#[tokio::test]
async fn a_refused_notification_comes_again_with_the_same_id_and_a_fresh_signature() {
    let merchant = Merchant::start().await;
    merchant.inbox.reply_next(&[500, 302, 503]);
    merchant.have_paid_order().await;
    let received = merchant.inbox.received();
    assert_eq!(received.len(), 4);
    assert!(received.iter().all(|one| one.verified));
    let ids: HashSet<_> = received
        .iter()
        .map(|one| one.envelope["id"].to_string())
        .collect();
    let signatures: HashSet<_> = received.iter().map(|one| one.signature.clone()).collect();
    assert_eq!((ids.len(), signatures.len()), (1, 4));
    let accepted: Vec<bool> = merchant
        .sandbox
        .wechat_pay()
        .deliveries()
        .iter()
        .map(|sent| sent.accepted)
        .collect();
    assert_eq!(accepted, [false, false, false, true]);
}

#[tokio::test]
async fn the_end_of_a_refund_is_notified() {
    let cases = [
        (Value::Null, "REFUND.SUCCESS", "SUCCESS"),
        (
            json!({"outcome": "ABNORMAL"}),
            "REFUND.ABNORMAL",
            "ABNORMAL",
        ),
        (json!({"outcome": "CLOSED"}), "REFUND.CLOSED", "CLOSED"),
    ];
    for (outcome, event, status) in cases {
        let merchant = Merchant::start().await;
        merchant.have_paid_order().await;
        if !outcome.is_null() {
            merchant
                .sandbox
                .faults()
                .add(named("refund_outcome", outcome));
        }
        let accepted = merchant.post(REFUNDS, &merchant.refund()).await;
        assert_eq!(accepted.body()["status"], "PROCESSING");
        merchant.quiet().await;
        let last = merchant.inbox.received().pop().unwrap();
        assert_eq!(last.envelope["event_type"], event);
        let resource = last.resource();
        assert_eq!(resource["refund_status"], status);
        assert_eq!(resource.get("status"), None);
        assert_eq!(resource.get("success_time").is_some(), status == "SUCCESS");
    }
}

#[tokio::test]
async fn an_abnormal_refund_may_still_succeed_and_a_closed_one_may_not() {
    let merchant = Merchant::start().await;
    merchant.have_paid_order().await;
    merchant
        .sandbox
        .faults()
        .add(named("refund_outcome", json!({"outcome": "ABNORMAL"})));
    merchant.post(REFUNDS, &merchant.refund()).await;
    merchant.quiet().await;
    let pay = merchant.sandbox.wechat_pay();
    pay.finish_refund(REFUND_NO, RefundOutcome::Success)
        .unwrap();
    let again = pay.finish_refund(REFUND_NO, RefundOutcome::Closed);
    assert_eq!(again.unwrap_err(), NotPossible::RefundEnded);
    merchant.quiet().await;
    assert_eq!(merchant.inbox.received().len(), 3);
}

#[tokio::test]
async fn spoiled_notifications_come_first_and_must_be_refused() {
    for name in [
        "probe_notification",
        "probe_notification_not_base64",
        "wrong_serial_notification",
        "stale_notification",
        "tampered_notification",
        "unsigned_notification",
    ] {
        let merchant = Merchant::start().await;
        merchant.sandbox.faults().add(named(name, Value::Null));
        merchant.have_paid_order().await;
        let verified: Vec<bool> = merchant
            .inbox
            .received()
            .iter()
            .map(|one| one.verified)
            .collect();
        assert_eq!(verified, [false, true], "{name}");
        assert!(merchant.sandbox.violations().is_empty());
    }
    let merchant = Merchant::start().await;
    merchant.inbox.believe_all();
    merchant
        .sandbox
        .faults()
        .add(named("probe_notification", Value::Null));
    merchant.have_paid_order().await;
    assert_eq!(
        merchant.broken_rules().len(),
        1,
        "who answers 2xx to a probe does not verify"
    );
}

#[tokio::test]
async fn lost_doubled_and_concurrent_notifications() {
    let merchant = Merchant::start().await;
    merchant
        .sandbox
        .faults()
        .add(named("lost_notification", Value::Null));
    merchant.have_paid_order().await;
    assert!(merchant.inbox.received().is_empty());

    let pay = merchant.sandbox.wechat_pay();
    let statuses = pay
        .redeliver(NoticeKind::Payment, ORDER_NO, 20, true)
        .await
        .unwrap();
    assert_eq!(statuses, vec![Some(204); 20]);
    assert_eq!(merchant.inbox.received().len(), 20);
    let unknown = pay.redeliver(NoticeKind::Refund, ORDER_NO, 1, false).await;
    assert_eq!(unknown.unwrap_err(), NotPossible::NothingToNotify);

    let mut fault = named("concurrent_notification", json!({"copies": 5}));
    fault.path_prefix = "notify/refund".to_owned();
    merchant.sandbox.faults().add(fault);
    merchant.post(REFUNDS, &merchant.refund()).await;
    merchant.quiet().await;
    assert_eq!(merchant.inbox.received().len(), 25);
}

#[tokio::test]
async fn a_held_notification_comes_after_the_next_one() {
    let merchant = Merchant::start().await;
    merchant
        .sandbox
        .faults()
        .add(named("held_notification", Value::Null));
    merchant.have_paid_order().await;
    merchant.post(REFUNDS, &merchant.refund()).await;
    merchant.quiet().await;
    let events: Vec<_> = merchant
        .inbox
        .received()
        .iter()
        .map(|one| one.envelope["event_type"].clone())
        .collect();
    assert_eq!(events, ["REFUND.SUCCESS", "TRANSACTION.SUCCESS"]);
}

#[tokio::test]
async fn on_the_way_between_two_keys_notifications_come_under_both() {
    let merchant = Merchant::start().await;
    merchant
        .sandbox
        .wechat_pay()
        .set_trust(TrustMode::Migrating);
    merchant.inbox.reply_next(&[500, 500, 500]);
    merchant.have_paid_order().await;
    let serials: HashSet<String> = merchant
        .inbox
        .received()
        .iter()
        .map(|one| one.serial.clone())
        .collect();
    let both = [PUBLIC_KEY_ID, sandbox::wechat_pay::PLATFORM_SERIAL].map(str::to_owned);
    assert_eq!(serials, HashSet::from(both));
}

#[tokio::test]
async fn a_payment_nobody_ordered_is_notified_like_any_other() {
    let merchant = Merchant::start().await;
    let pay = merchant.sandbox.wechat_pay();
    pay.pay_foreign_order("ord_of_somebody_else", 1, &merchant.inbox.url)
        .unwrap();
    merchant.quiet().await;
    assert_eq!(
        merchant.inbox.received()[0].resource()["out_trade_no"],
        "ord_of_somebody_else"
    );
}

#[tokio::test]
async fn a_delayed_answer_may_be_overtaken_by_the_notification() {
    let merchant = Merchant::start().await;
    merchant.have_paid_order().await;
    let late = FaultKind::LateAnswer { ms: 500 };
    merchant
        .sandbox
        .faults()
        .add(Fault::new(Platform::WechatPay, "v3/refund", late));
    let body = merchant.refund();
    let call = merchant.post(REFUNDS, &body);
    let watch = async {
        while merchant.inbox.received().len() < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let (answered, ()) = tokio::join!(call, watch);
    assert_eq!(answered.body()["status"], "PROCESSING");
}
