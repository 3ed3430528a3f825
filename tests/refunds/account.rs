//! One planet account brings back one deposit.

use campkeeper::domain::{MemberId, PlanetUserId, RefundStatus};
use campkeeper::services::matching::match_by_hand;
use campkeeper::services::refund::{approve, approve_batch, close, dry_run, propose_manual, undo};
use campkeeper::services::{Error, Refusal, WrongState};

use futures::FutureExt as _;
use std::panic::AssertUnwindSafe;

use crate::on_both_engines;
use crate::rows::{self, refund_in};
use crate::stage::{
    Cast, Stage, account, admin, clear, closing, order_no, other_admin, picked, super_admin,
};

fn is_contested<T: std::fmt::Debug>(outcome: &Result<T, Error>) -> bool {
    matches!(
        outcome,
        Err(Error::Refused(Refusal::WrongState(
            WrongState::IdentityContested
        )))
    )
}

fn is_duplicate<T: std::fmt::Debug>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::Refused(Refusal::Duplicate(_))))
}

/// Two whom nobody has matched and who do not doubt each other, of one account.
const fn twins() -> [Cast; 2] {
    let twin = Cast {
        match_status: "failed",
        ..clear(5)
    };
    [twin, twin]
}

async fn in_roster(stage: &Stage, number: i64) {
    let account = rows::in_roster(account(number), "石头");
    stage.db.add(account).await;
}

on_both_engines! {
    async fn a_contested_account_pays_nobody_until_a_person_has_said_whose_it_is(db) {
        let claims = Cast { match_status: "pending", ..clear(5) };
        let stage = Stage::set(db, &[claims, claims, clear(3)]).await;
        in_roster(&stage, 5).await;
        stage.build().await;
        let (one, other) = (stage.of(1).await, stage.of(2).await);
        for refund in [&one, &other] {
            let refused = approve(&stage.ctx, &admin(), refund.id, Some(&refund.proposal_hash)).await;
            assert!(is_contested(&refused), "{refused:?}");
        }
        let list = [picked(&one), picked(&other), picked(&stage.of(3).await)];
        let dry = dry_run(&stage.ctx, &admin(), &list).await.unwrap();
        assert_eq!((dry.approvable.len(), dry.sum_fen.get()), (1, 9900));
        let batch = approve_batch(&stage.ctx, &admin(), &list).await.unwrap();
        assert_eq!(batch.approved, [stage.of(3).await.id]);
        assert_eq!(batch.skipped.len(), 2);

        match_by_hand(&stage.ctx, &admin(), MemberId(1), PlanetUserId(account(5)), None).await.unwrap();
        stage.build().await;
        let given = stage.of(1).await;
        assert!(given.proposal.is_clear(), "{:?}", given.proposal.flags);
        let refused = approve(&stage.ctx, &admin(), other.id, None).await;
        assert!(is_contested(&refused), "{refused:?}");
        approve(&stage.ctx, &admin(), given.id, Some(&given.proposal_hash)).await.unwrap();
        let refused = approve(&stage.ctx, &admin(), other.id, None).await;
        assert!(is_duplicate(&refused), "{refused:?}");
        stage.assert_in_order().await;
    }

    async fn two_approvals_at_once_for_one_account_let_one_deposit_go(db) {
        let stage = Stage::set(db, &twins()).await;
        stage.build().await;
        let (first, second) = (stage.of(1).await.id, stage.of(2).await.id);
        let (one, two) = (admin(), other_admin());
        let (one, two) = tokio::join!(
            approve(&stage.ctx, &one, first, None),
            approve(&stage.ctx, &two, second, None),
        );
        let refused = match (one, two) {
            (Ok(_), refused) | (refused, Ok(_)) => refused,
            both => panic!("{both:?}"),
        };
        assert!(is_duplicate(&refused), "{refused:?}");
        let approved = stage.texts("SELECT order_no FROM refund_record WHERE status = 'approved'").await;
        assert_eq!(approved.len(), 1);
        stage.assert_in_order().await;
    }

    async fn a_list_of_both_lets_one_go_and_what_is_withdrawn_gives_the_other_way(db) {
        let stage = Stage::set(db, &twins()).await;
        stage.build().await;
        let (one, other) = (stage.of(1).await, stage.of(2).await);
        let list = [picked(&one), picked(&other)];
        let batch = approve_batch(&stage.ctx, &admin(), &list).await.unwrap();
        assert_eq!(batch.approved, [one.id]);
        assert!(is_duplicate(&Err::<(), _>(batch.skipped.into_iter().next().unwrap().error)));
        undo(&stage.ctx, &admin(), one.id).await.unwrap();
        approve(&stage.ctx, &admin(), other.id, None).await.unwrap();

        // Whatever becomes of it, by hand too, the account has served.
        for status in ["awaiting_second", "processing", "failed", "success", "manual_required"] {
            let set = refund_in(status);
            stage.run(&format!("UPDATE refund_record SET {set} WHERE payment_id = 2")).await;
            let refused = approve(&stage.ctx, &admin(), one.id, None).await;
            assert!(is_duplicate(&refused), "{status}: {refused:?}");
        }
        close(&stage.ctx, &admin(), other.id, closing(9900)).await.unwrap();
        let refused = approve(&stage.ctx, &admin(), one.id, None).await;
        assert!(is_duplicate(&refused), "{refused:?}");
    }

    async fn what_a_person_proposes_does_not_rest_on_the_account(db) {
        let stage = Stage::set(db, &twins()).await;
        stage.approved(1).await;
        stage.run("DELETE FROM refund_status_log WHERE refund_id IN \
                   (SELECT id FROM refund_record WHERE payment_id = 2)").await;
        stage.run("DELETE FROM refund_proposal WHERE refund_id IN \
                   (SELECT id FROM refund_record WHERE payment_id = 2)").await;
        stage.run("DELETE FROM refund_record WHERE payment_id = 2").await;
        propose_manual(&stage.ctx, &admin(), &order_no(2), "填错了编号，协商退回").await.unwrap();
        let by_hand = stage.of(2).await;
        approve(&stage.ctx, &super_admin(), by_hand.id, None).await.unwrap();
        assert_eq!(stage.status(2).await, RefundStatus::Approved);
    }

    async fn the_database_has_the_last_word(db) {
        let stage = Stage::set(db, &twins()).await;
        stage.build().await;
        let approved = |payment| format!(
            "UPDATE refund_record SET status = 'approved' WHERE payment_id = {payment}"
        );
        stage.run(&approved(1)).await;
        let second = AssertUnwindSafe(stage.run(&approved(2))).catch_unwind().await;
        assert!(second.is_err(), "past the service too");
    }
}
