//! When the money went back: WeChat Pay's word, whatever our two clocks show.

use campkeeper::domain::Clock as _;
use campkeeper::platforms::wechat_pay::RefundStatus as Said;
use campkeeper::services::refund::{apply_refund_notice, run_due};
use chrono::TimeDelta;

use crate::on_both_engines;
use crate::stage::{Stage, clear};

on_both_engines! {
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
