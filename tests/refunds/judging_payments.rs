//! Flagged payments that a person accepts as the deposit, or keeps.

use campkeeper::catalogue::{Refusal, WrongState};
use campkeeper::domain::{OrderFlag, PaymentId, RefundStatus};
use campkeeper::services::Error;
use campkeeper::services::judge_payment::{accept, keep};
use campkeeper::services::refund::{
    approve, close_payment, propose_flagged, propose_manual, run_due, undo,
};
use campkeeper::store::payments::OPENID;
use campkeeper::store::{Note, payments};

use chrono::TimeDelta;
use sandbox::wechat_pay::RefundOutcome;

use crate::on_both_engines;
use crate::rows;
use crate::stage::{
    Cast, OVER_AT, Stage, account, admin, clear, closing, coach, order_no, other_admin,
};

impl Stage {
    /// The payments have this payer.
    async fn paid_by(&self, openid: &str, payments: &str) {
        let keys = self.ctx.keys();
        let hex = |bytes: &[u8]| {
            bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        };
        let sealed = hex(&keys.seal(OPENID, openid.as_bytes()).unwrap().0);
        let mac = hex(&keys.kept_mac(OPENID, openid.as_bytes()));
        self.run(&format!(
            "UPDATE payment_record SET openid = BYTES'{sealed}', openid_mac = BYTES'{mac}' \
             WHERE id IN ({payments})"
        ))
        .await;
    }

    /// The payment with the number 9, of 98 yuan in place of 99, and its proposal.
    async fn wrong_amount(&self, claimed: i64) {
        let name = format!("会员{claimed}");
        let wrong = rows::payment(9)
            .flag("wrong_amount")
            .paid_fen(9800)
            .paid_at(OVER_AT - 864_000_000_000)
            .claimed_planet_id(account(claimed).to_string())
            .claimed_nickname(&name)
            .bind_status("pending");
        let known = rows::in_roster(account(claimed), &name);
        self.db.add((wrong, known)).await;
        let ctx = self.ctx.clone();
        let note = Note::new("wechat_pay", "payment confirmed", ctx.now());
        let proposed = self.ctx.db.write(move |tx| {
            Box::pin(async move { propose_flagged(&ctx, tx, PaymentId(9), &note).await })
        });
        proposed.await.unwrap().unwrap();
    }
}

on_both_engines! {
    async fn a_flagged_payment_that_is_accepted_is_a_deposit_like_any_other(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.wrong_amount(9).await;
        assert!(matches!(
            accept(&stage.ctx, &coach(), &order_no(9), "差一元，算报名").await,
            Err(Error::Forbidden(_))
        ));
        stage.run("UPDATE payment_record SET wecom_userid = 'xiaoming' WHERE id = 9").await;
        accept(&stage.ctx, &admin(), "4200000000000000000000000009", "差一元，算报名").await.unwrap();
        let told = "SELECT recipient || body FROM notification_message WHERE kind = 'enrolled'";
        let told = stage.texts(told).await;
        assert_eq!(told.len(), 1, "a member of the corp hears that they are in");
        assert!(told[0].starts_with("xiaoming") && told[0].contains("9800"), "{told:?}");
        assert_eq!(stage.status(9).await, RefundStatus::Rejected);
        assert_eq!(stage.posted(9).await, [format!("plain suspense held 9800 accept:{}:1", order_no(9))]);
        let payment = payments::by_id(&mut stage.db.read().await.unwrap(), PaymentId(9)).await.unwrap().unwrap();
        assert_eq!(payment.flag, None);
        assert!(payment.member_id.is_some());
        let again = accept(&stage.ctx, &admin(), &order_no(9), "差一元，算报名").await;
        assert!(matches!(again, Err(Error::Refused(Refusal::WrongState(WrongState::NotFlagged)))), "{again:?}");
        stage.assert_in_order().await;
        // It is judged by its days, and what was paid goes back.
        stage.db.add(rows::ranked(account(9), "会员9", 8)).await;
        stage.build().await;
        let refund = stage.of(9).await;
        assert_eq!((refund.status(), refund.proposal.amount_fen.get()), (RefundStatus::Pending, 9800));
    }

    async fn neither_payer_nor_account_gets_a_second_place(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.wrong_amount(1).await;
        let taken = accept(&stage.ctx, &admin(), &order_no(9), "算报名").await;
        assert!(matches!(taken, Err(Error::Refused(Refusal::Duplicate(_)))), "{taken:?}");
        stage.run("UPDATE payment_record SET claimed_planet_id = NULL, claimed_nickname = NULL WHERE id = 9").await;
        stage.paid_by("oPayer2", "2, 9").await;
        let taken = accept(&stage.ctx, &admin(), &order_no(9), "算报名").await;
        assert!(matches!(taken, Err(Error::Refused(Refusal::AlreadyEnrolled { .. }))), "{taken:?}");
        assert_eq!(stage.posted(9).await, [""; 0]);
        let payment = payments::by_id(&mut stage.db.read().await.unwrap(), PaymentId(9)).await.unwrap().unwrap();
        assert_eq!(payment.flag, Some(OrderFlag::WrongAmount));
    }

    async fn what_nobody_can_be_found_for_is_kept_unless_it_is_on_its_way(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.wrong_amount(9).await;
        let known = keep(&stage.ctx, &admin(), &order_no(1), "找不到本人").await;
        assert!(matches!(known, Err(Error::Refused(Refusal::WrongState(WrongState::Identified)))), "{known:?}");
        let proposed = stage.of(9).await.id;
        approve(&stage.ctx, &admin(), proposed, None).await.unwrap();
        let under_way = keep(&stage.ctx, &admin(), &order_no(9), "找不到本人").await;
        assert!(matches!(under_way, Err(Error::Refused(Refusal::AlreadyDecided { .. }))), "{under_way:?}");
        undo(&stage.ctx, &admin(), proposed).await.unwrap();
        keep(&stage.ctx, &admin(), &order_no(9), "找不到本人").await.unwrap();
        let kept = format!("plain suspense kept 9800 keep:{}:1", order_no(9));
        assert_eq!(stage.posted(9).await.last(), Some(&kept));
        let again = keep(&stage.ctx, &admin(), &order_no(9), "找不到本人").await;
        assert!(matches!(again, Err(Error::Refused(Refusal::WrongState(WrongState::NothingToKeep)))), "{again:?}");
        let refused = approve(&stage.ctx, &admin(), stage.of(9).await.id, None).await;
        assert!(refused.is_err(), "the no stands");
        stage.assert_in_order().await;
    }

    async fn an_account_is_free_again_after_anything_but_its_deposit(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.paid_by("oPayer1", "1").await;
        // Refunded by hand before the end: they may pay again, from another phone or the same.
        propose_manual(&stage.ctx, &admin(), &order_no(1), "提前离营").await.unwrap();
        approve(&stage.ctx, &other_admin(), stage.of(1).await.id, None).await.unwrap();
        stage.pass(TimeDelta::minutes(2));
        run_due(&stage.ctx).await.unwrap();
        stage.finish(&stage.of(1).await, RefundOutcome::Success);
        stage.pass(TimeDelta::minutes(2));
        run_due(&stage.ctx).await.unwrap();
        stage.wrong_amount(1).await;
        stage.paid_by("oPayer1", "9").await;
        accept(&stage.ctx, &admin(), &order_no(9), "重新报名").await.unwrap();
        stage.build().await;
        let refund = stage.of(9).await;
        assert_eq!((refund.proposal.rivals, refund.status()), (0, RefundStatus::Pending));
        approve(&stage.ctx, &admin(), refund.id, None).await.unwrap();
        stage.assert_in_order().await;
    }

    async fn what_was_settled_outside_uses_an_account_up_only_if_it_was_earned(db) {
        let short = Cast { ranking_days: 2, post_days: 2, ..clear(1) };
        let stage = Stage::set(db, &[short, clear(2)]).await;
        for payment in [1, 2] {
            close_payment(&stage.ctx, &admin(), &order_no(payment), closing(9900)).await.unwrap();
        }
        let released = stage.texts(
            "SELECT CAST(id AS TEXT) FROM camp_member WHERE released_at IS NOT NULL ORDER BY id"
        ).await;
        assert_eq!(released, ["1"]);
    }
}
