//! Alarms reach somebody, or it is seen that they did not.

use std::sync::{Arc, Mutex};

use campkeeper::domain::{Message, Recipients};
use campkeeper::platforms::wechat_pay::RefundStatus as Said;
use campkeeper::services::alarms::{DatabaseWatch, tell_job_failed};
use campkeeper::services::chat::{Chat, ShownTemplate};
use campkeeper::services::deliver::Delivered;
use campkeeper::services::inbox::Worked;
use campkeeper::services::refund::{apply_refund_notice, run_due};
use campkeeper::services::{Error, Result, Settings, health};
use chrono::TimeDelta;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use sandbox::wechat_pay::RefundOutcome;
use serde_json::json;

use crate::on_both_engines;
use crate::stage::{Stage, clear, settings};

/// A chat that remembers whom it told what past the outbox.
#[derive(Default)]
struct Heard(Mutex<Vec<(Recipients, Message)>>);

impl Heard {
    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Chat for Heard {
    fn work_inbox(&self) -> BoxFuture<'_, Result<Worked>> {
        async { Err(Error::NotConfigured("wecom")) }.boxed()
    }

    fn send_outbox(&self) -> BoxFuture<'_, Result<Delivered>> {
        async { Err(Error::NotConfigured("wecom")) }.boxed()
    }

    fn tell_directly(&self, to: Recipients, content: Message) -> BoxFuture<'_, Result<()>> {
        self.0.lock().unwrap().push((to, content));
        async { Ok(()) }.boxed()
    }

    fn templates(&self) -> Vec<ShownTemplate> {
        Vec::new()
    }
}

impl Stage {
    fn tell_nobody_in_particular(&mut self) {
        self.ctx.settings = Arc::new(Settings {
            recipients: vec![],
            ..settings()
        });
    }

    /// WeChat Pay tells of money that is in no book of ours.
    async fn alarm(&self, number: &str) {
        let mut foreign = self.notice(&self.of(1).await, Said::Success);
        number.clone_into(&mut foreign.out_refund_no);
        foreign.out_trade_no = "somebody-elses".to_owned();
        apply_refund_notice(&self.ctx, &foreign).await.unwrap();
    }

    async fn outbox(&self) -> Vec<String> {
        let sql = "SELECT kind || ' ' || status || ' ' || recipient FROM notification_message \
                   WHERE kind = 'refund_unexpected' ORDER BY id";
        self.texts(sql).await
    }
}

on_both_engines! {
    async fn without_recipients_the_super_admins_hear_of_it_and_else_health_does(db) {
        let mut stage = Stage::set(db, &[clear(1)]).await;
        stage.build().await;
        stage.tell_nobody_in_particular();
        stage.alarm("by-hand-1").await;
        assert_eq!(stage.outbox().await, ["refund_unexpected failed "]);
        assert!(health::check(&stage.ctx).await.unwrap().undelivered > 0);
        stage.run("UPDATE system_user SET wecom_userid = 'zhouzong' WHERE id = 6").await;
        stage.alarm("by-hand-2").await;
        assert_eq!(stage.outbox().await[1], "refund_unexpected pending zhouzong");
        stage.pass(TimeDelta::days(8));
        assert_eq!(health::check(&stage.ctx).await.unwrap().undelivered, 0, "a week old");
    }

    async fn a_job_that_fails_is_told_once_a_day(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        let broken = Error::Invariant("broken".to_owned());
        let partial = Error::PartlyDone(json!({"failedCamps": [1]}));
        let different = Error::PartlyDone(json!({"different": 1}));
        for _ in 0..2 {
            tell_job_failed(&stage.ctx, "advance-camps", &partial).await.unwrap();
            tell_job_failed(&stage.ctx, "watch", &broken).await.unwrap();
            // What disagrees was told by the audit itself.
            tell_job_failed(&stage.ctx, "audit-books", &different).await.unwrap();
        }
        assert_eq!(stage.notices().await, ["job_failed", "job_failed"]);
        stage.pass(TimeDelta::days(1));
        tell_job_failed(&stage.ctx, "watch", &broken).await.unwrap();
        assert_eq!(stage.notices().await.len(), 3);
    }

    async fn a_database_that_is_gone_is_told_directly_and_once(db) {
        let stage = Stage::set(db, &[]).await;
        let (mut watch, chat) = (DatabaseWatch::default(), Heard::default());
        watch.look(&stage.ctx, &chat).await;
        stage.ctx.db.close().await;
        for (minutes, told) in [(0, 0), (4, 0), (1, 1), (1, 1)] {
            stage.pass(TimeDelta::minutes(minutes));
            watch.look(&stage.ctx, &chat).await;
            assert_eq!(chat.count(), told, "{minutes} minutes later");
        }
        let heard = chat.0.lock().unwrap();
        assert_eq!(heard[0].0, Recipients::one("WangGuanLi"));
        assert!(matches!(heard[0].1, Message::DatabaseSilent(_)));
    }

    async fn whoever_paid_as_a_member_of_the_corp_is_told_themselves(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.run("UPDATE payment_record SET wecom_userid = 'xiaoming' WHERE id = 1").await;
        for payment in [1, 2] {
            stage.approved(payment).await;
        }
        run_due(&stage.ctx).await.unwrap();
        for payment in [1, 2] {
            stage.finish(&stage.of(payment).await, RefundOutcome::Success);
        }
        stage.pass(TimeDelta::minutes(1));
        run_due(&stage.ctx).await.unwrap();
        let told = stage.texts(
            "SELECT recipient FROM notification_message WHERE kind = 'deposit_returned'"
        ).await;
        assert_eq!(told, ["xiaoming"]);
    }
}
