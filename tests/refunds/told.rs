//! What members are told, and when the money went back: WeChat Pay's word, whatever our two clocks
//! show.

use std::sync::Arc;

use campkeeper::domain::{AppealKind, Clock as _};
use campkeeper::platforms::wechat_pay::RefundStatus as Said;
use campkeeper::services::appeals::{Verdict, answer};
use campkeeper::services::refund::{apply_refund_notice, reject, run_due};
use campkeeper::services::{Settings, reminders};
use chrono::TimeDelta;

use crate::on_both_engines;
use crate::stage::{Cast, Stage, admin, clear, other_admin, settings};

on_both_engines! {
    async fn the_application_writes_to_members_only_where_it_is_to(db) {
        let short = Cast { ranking_days: 2, post_days: 2, ..clear(3) };
        let mut stage = Stage::set(db, &[clear(1), clear(2), short]).await;
        stage.run("UPDATE payment_record SET wecom_userid = 'XuQing'").await;
        let to_payer = "SELECT kind FROM notification_message WHERE recipient LIKE '%xuqing%' ORDER BY id";
        for (app_messages, payment, told) in [
            (false, 1, &[][..]),
            (true, 2, &["refund_rejected", "appeal_answered", "not_joined"][..]),
        ] {
            stage.ctx.settings = Arc::new(Settings { app_messages, ..settings() });
            stage.build().await;
            reject(&stage.ctx, &admin(), stage.of(payment).await.id, "代打卡").await.unwrap();
            let made = stage.object(payment, AppealKind::Rejection, None).await.unwrap();
            answer(&stage.ctx, &other_admin(), made.id, Verdict::Refuse, "维持").await.unwrap();
            // A camp that runs, and of whose members one has paid two days ago.
            let two_days_ago = stage.clock.now().minus(TimeDelta::days(2)).micros();
            stage.run("UPDATE training_camp SET status = 'ongoing' WHERE id = 1").await;
            stage.run(&format!("UPDATE payment_record SET paid_at = {two_days_ago} WHERE id = {payment}")).await;
            stage.run(&format!("UPDATE camp_member SET joined_at = CASE WHEN id = {payment} THEN NULL ELSE 1 END")).await;
            reminders::remind(&stage.ctx).await.unwrap();
            stage.run("UPDATE training_camp SET status = 'settling' WHERE id = 1").await;
            assert_eq!(stage.texts(to_payer).await, told, "{app_messages}");
        }
    }

    async fn a_refund_is_as_old_as_wechat_pay_says(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        run_due(&stage.ctx).await.unwrap();
        // Business time was moved back: the wall is a month ahead of it.
        stage.wall.advance(TimeDelta::days(30));
        let went_back = stage.clock.now().minus(TimeDelta::seconds(5));
        let refund = stage.of(1).await;
        let mut notice = stage.notice(&refund, Said::Success);
        notice.success_time = Some(went_back.shanghai().to_utc());
        apply_refund_notice(&stage.ctx, &notice).await.unwrap();
        assert_eq!(stage.of(1).await.state.refunded_at(), Some(went_back));
    }
}
