//! A merchant whose only keys of WeChat Pay are platform certificates.

use std::time::Duration;

use campkeeper::store::Engine;
use sandbox::wechat_pay::{NoticeKind, TrustMode};

use crate::app::TestApp;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notification_is_believed_before_any_call_of_ours() {
    let test = TestApp::start_trusting(TrustMode::Certificates, Engine::Sqlite, &[]).await;
    let notify = format!("{}/api/webhook/wechat/payment", test.url);
    let pay = test.sandbox.wechat_pay();
    // Of another application: believed, and therefore recorded.
    pay.pay_foreign_order("somebody_elses_1", 500, &notify)
        .unwrap();
    let mut answers = Vec::new();
    for _ in 0..50 {
        answers = pay
            .redeliver(NoticeKind::Payment, "somebody_elses_1", 1, false)
            .await
            .unwrap();
        if answers == [Some(204)] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(answers, [Some(204)], "401 while no certificate is held");
    test.finish().await;
}
