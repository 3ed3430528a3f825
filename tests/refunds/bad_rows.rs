//! A row that fits no state holds up only itself, wherever rows are read together, and its job says
//! that it is there (cases M7).

use campkeeper::domain::{AppealKind, RefundStatus};
use campkeeper::platforms::wechat_pay::RefundStatus as Said;
use campkeeper::services::appeals;
use campkeeper::services::refund::{apply_refund_notice, outcomes, reject, run_due};
use campkeeper::services::{Error, bind, reconcile};
use campkeeper::store::PageRequest;
use campkeeper::store::appeals::AppealFilter;

use crate::on_both_engines;
use crate::rows;
use crate::stage::{OVER_AT, Stage, admin, clear, order_no};

on_both_engines! {
    async fn an_order_that_cannot_be_read_keeps_no_payment_from_being_found(db) {
        let stage = Stage::set(db, &[]).await;
        for id in [60, 61] {
            let order = rows::open_order(id).expires_at(OVER_AT).next_query_at(0);
            stage.db.add(order).await;
            stage.pay_at_peer(&order_no(id), 9900);
        }
        stage.run("UPDATE payment_record SET channel = 'pigeon' WHERE id = 60").await;
        let Err(Error::PartlyDone(figures)) = reconcile::unpaid(&stage.ctx).await else {
            panic!("somebody has to mend the row");
        };
        assert_eq!((&figures["paid"], &figures["unreadable"]), (&1.into(), &1.into()), "{figures}");
        let statuses = "SELECT status FROM payment_record ORDER BY id";
        assert_eq!(stage.texts(statuses).await, ["created", "paid"]);
    }

    async fn a_binding_that_cannot_be_read_keeps_no_other_from_expiring(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.run("UPDATE payment_record SET bind_status = 'pending', bind_deadline = 1").await;
        stage.run("UPDATE payment_record SET flag = 'odd' WHERE id = 1").await;
        let Err(Error::PartlyDone(figures)) = bind::expire(&stage.ctx).await else {
            panic!("somebody has to mend the row");
        };
        assert_eq!((&figures["expired"], &figures["unreadable"]), (&1.into(), &1.into()), "{figures}");
        let bindings = "SELECT bind_status FROM payment_record ORDER BY id";
        assert_eq!(stage.texts(bindings).await, ["pending", "expired"]);
    }

    async fn a_refund_that_cannot_be_read_hides_no_objection(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.build().await;
        for payment in [1, 2] {
            reject(&stage.ctx, &admin(), stage.of(payment).await.id, "代打卡").await.unwrap();
            stage.object(payment, AppealKind::Rejection, None).await.unwrap();
        }
        stage.run("UPDATE refund_record SET status = 'lost' WHERE payment_id = 1").await;
        let request = PageRequest::new(1, 20).unwrap();
        let page = appeals::page(&stage.ctx, &admin(), AppealFilter::default(), request).await.unwrap();
        let named: Vec<_> = page.rows.good.iter().map(|shown| shown.evidence.rejected.is_some()).collect();
        assert_eq!(named, [true, false], "the newest first");
    }

    async fn what_wechat_pay_says_is_recorded_though_a_name_cannot_be_read(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        let ids = [stage.approved(1).await, stage.approved(2).await];
        run_due(&stage.ctx).await.unwrap();
        stage.run("UPDATE camp_member SET match_status = 'lost'").await;
        for (payment, said, then) in [
            (1, Said::Abnormal, RefundStatus::ManualRequired),
            (2, Said::Success, RefundStatus::Success),
        ] {
            let refund = stage.of(payment).await;
            apply_refund_notice(&stage.ctx, &stage.notice(&refund, said)).await.unwrap();
            assert_eq!(stage.status(payment).await, then);
        }
        let told = stage.notices().await;
        for kind in ["refund_failed", "refund_done"] {
            assert!(told.contains(&kind.to_owned()), "{kind}: {told:?}");
        }
        let summary = outcomes(&stage.ctx, &ids).await.unwrap();
        assert_eq!((summary.succeeded, summary.failed), (1, 1));
        assert_eq!(summary.failures.len(), 1);
        assert!(!summary.failures[0].name.is_empty(), "the account names them");
    }
}
