//! Deciding: whoever comes second learns who was first, and what changed is shown anew.

use campkeeper::domain::{MemberId, RefundId, RefundStatus};
use campkeeper::services::matching::unmatch;
use campkeeper::services::refund::{
    Picked, Skipped, approve, approve_batch, dry_run, outcomes, reject, reject_batch, reopen,
    run_due, undo,
};
use campkeeper::services::{Error, Refusal, Settings};
use campkeeper::store::StoreError;
use chrono::TimeDelta;
use std::sync::Arc;

use crate::on_both_engines;
use crate::rows;
use crate::stage::{
    Cast, OVER_AT, Stage, account, admin, clear, coach, foreign_coach, other_admin, picked,
    second_coach, settings,
};

fn is_changed<T: std::fmt::Debug>(outcome: &Result<T, Error>) -> bool {
    matches!(
        outcome,
        Err(Error::Refused(Refusal::ProposalChanged { .. }))
    )
}

on_both_engines! {
    async fn two_admins_at_once_decide_once_and_both_learn_who(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.build().await;
        let id = stage.of(1).await.id;
        let (one, two) = (admin(), other_admin());
        let (first, second) = tokio::join!(
            approve(&stage.ctx, &one, id, None),
            approve(&stage.ctx, &two, id, None),
        );
        let (winner, loser) = match (first, second) {
            (Ok(_), Err(error)) => ("王管理", error),
            (Err(error), Ok(_)) => ("李管理", error),
            both => panic!("{both:?}"),
        };
        let Error::Refused(Refusal::AlreadyDecided { by, at, status }) = loser else {
            panic!("{loser:?}");
        };
        assert_eq!((by.as_str(), at, status.as_str()), (winner, stage.ctx.now(), "approved"));
        assert_eq!(stage.path(id).await, ["pending", "approved"]);
        stage.assert_in_order().await;
    }

    async fn a_match_is_not_undone_under_an_approval(db) {
        let cast: Vec<Cast> = (1..=12).map(clear).collect();
        let stage = Stage::set(db, &cast).await;
        stage.build().await;
        let (one, two) = (admin(), other_admin());
        for payment in 1..=12 {
            let id = stage.of(payment).await.id;
            let (approved, undone) = tokio::join!(
                approve(&stage.ctx, &one, id, None),
                unmatch(&stage.ctx, &two, MemberId(payment)),
            );
            let kept = stage.texts(&format!(
                "SELECT match_status FROM camp_member WHERE id = {payment}"
            )).await;
            match (approved, undone) {
                (Ok(_), Err(Error::Refused(Refusal::WrongState(_)))) => assert_eq!(kept, ["matched"]),
                (Err(Error::Refused(Refusal::ProposalChanged { .. })), Ok(_)) => assert_eq!(kept, ["pending"]),
                both => panic!("{both:?}"),
            }
        }
    }

    async fn a_click_replayed_does_nothing(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.build().await;
        let shown = stage.of(1).await;
        let hash = Some(shown.proposal_hash.as_str());
        approve(&stage.ctx, &admin(), shown.id, hash).await.unwrap();
        for _ in 0..3 {
            stage.clock.advance(TimeDelta::seconds(1));
            let again = approve(&stage.ctx, &admin(), shown.id, hash).await;
            assert!(matches!(again, Err(Error::Refused(Refusal::AlreadyDecided { .. }))));
            let no = reject(&stage.ctx, &other_admin(), shown.id, "不行").await;
            assert!(matches!(no, Err(Error::Refused(Refusal::AlreadyDecided { .. }))));
        }
        assert_eq!(stage.path(shown.id).await, ["pending", "approved"]);
    }

    async fn what_changed_since_it_was_shown_is_refused_and_shown_anew(db) {
        let newer = rows::script((
            rows::sync(2, OVER_AT + 1),
            rows::ranked(account(1), "", 9).sync_id(2),
            "UPDATE training_camp SET current_sync_id = 2 WHERE id = 1".to_owned(),
        ));
        let changes = [
            "UPDATE sync_ranking SET checked_in_days = 10 WHERE sync_id = 1",
            "UPDATE camp_member SET confidence = 79",
            "UPDATE camp_member SET confidence = 100",
            &newer,
        ];
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.build().await;
        for change in changes {
            let shown = stage.of(1).await;
            stage.run(change).await;
            let dry = dry_run(&stage.ctx, &admin(), &[picked(&shown)]).await.unwrap();
            assert_eq!((dry.approvable.len(), dry.skipped.len()), (0, 1), "{change}");
            let refused = approve(&stage.ctx, &admin(), shown.id, Some(&shown.proposal_hash)).await;
            assert!(is_changed(&refused), "{change}: {refused:?}");
            let anew = stage.of(1).await;
            assert_eq!(anew.status(), RefundStatus::Pending);
            assert_ne!(anew.proposal_hash, shown.proposal_hash, "{change}");
            // The old picture stays refused although the new one holds.
            let stale = approve(&stage.ctx, &admin(), shown.id, Some(&shown.proposal_hash)).await;
            assert!(is_changed(&stale), "{change}");
        }
        let shown = stage.of(1).await;
        approve(&stage.ctx, &admin(), shown.id, Some(&shown.proposal_hash)).await.unwrap();
    }

    async fn a_sync_that_takes_the_days_away_takes_the_proposal_back(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.build().await;
        let shown = stage.of(1).await;
        stage.run("UPDATE sync_ranking SET checked_in_days = 3 WHERE sync_id = 1").await;
        assert!(is_changed(&approve(&stage.ctx, &admin(), shown.id, None).await));
        assert!(stage.of(1).await.was_withdrawn_by_system());
        assert!(is_changed(&approve(&stage.ctx, &admin(), shown.id, None).await));
        let reopened = reopen(&stage.ctx, &admin(), shown.id, None).await;
        assert!(matches!(reopened, Err(Error::Refused(Refusal::WrongState(_)))));
    }

    async fn an_approval_is_withdrawn_until_its_window_closes(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.build().await;
        let id = stage.of(1).await.id;
        assert!(matches!(
            undo(&stage.ctx, &admin(), id).await,
            Err(Error::Refused(Refusal::WrongState(_)))
        ));
        approve(&stage.ctx, &admin(), id, None).await.unwrap();
        stage.pass(TimeDelta::seconds(59));
        run_due(&stage.ctx).await.unwrap();
        let withdrawn = undo(&stage.ctx, &other_admin(), id).await.unwrap();
        assert_eq!((withdrawn.status(), withdrawn.state.decision()), (RefundStatus::Pending, None));
        stage.pass(TimeDelta::seconds(120));
        run_due(&stage.ctx).await.unwrap();
        assert!(stage.sandbox.wechat_pay().refunds().is_empty(), "withdrawn money stays");

        approve(&stage.ctx, &admin(), id, None).await.unwrap();
        stage.pass(TimeDelta::seconds(60));
        let late = undo(&stage.ctx, &admin(), id).await;
        assert!(matches!(late, Err(Error::Refused(Refusal::UndoOver))), "{late:?}");
        stage.assert_in_order().await;
    }

    async fn undo_and_the_runner_never_both_win(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.build().await;
        let id = stage.of(1).await.id;
        approve(&stage.ctx, &admin(), id, None).await.unwrap();
        stage.pass(TimeDelta::microseconds(59_999_999));
        let actor = admin();
        let (undone, ran, _) = tokio::join!(
            undo(&stage.ctx, &actor, id),
            run_due(&stage.ctx),
            async { stage.pass(TimeDelta::seconds(1)) },
        );
        ran.unwrap();
        run_due(&stage.ctx).await.unwrap();
        let sent = stage.sandbox.wechat_pay().refunds().len();
        match undone {
            Ok(_) => assert_eq!((stage.status(1).await, sent), (RefundStatus::Pending, 0)),
            Err(Error::Refused(Refusal::UndoOver)) => {
                assert_eq!((stage.status(1).await, sent), (RefundStatus::Processing, 1));
            }
            Err(error) => panic!("{error:?}"),
        }
    }

    async fn a_batch_approves_exactly_what_was_shown(db) {
        let stage = Stage::set(db, &[clear(1), clear(2), clear(3), Cast { confidence: 60, ..clear(4) }]).await;
        stage.build().await;
        let mut list = Vec::new();
        for payment in 1..=4 {
            list.push(picked(&stage.of(payment).await));
        }
        approve(&stage.ctx, &other_admin(), list[1].id, None).await.unwrap();
        stage.run("UPDATE sync_ranking SET checked_in_days = 9 WHERE planet_user_id = 300000000000003").await;
        list.push(Picked { id: RefundId(999), hash: None });
        let dry = dry_run(&stage.ctx, &admin(), &list).await.unwrap();
        assert_eq!((dry.approvable.len(), dry.sum_fen.get(), dry.skipped.len()), (2, 19_800, 3));
        assert_eq!(stage.status(1).await, RefundStatus::Pending, "a dry run writes nothing");
        let batch = approve_batch(&stage.ctx, &admin(), &list).await.unwrap();
        assert_eq!(batch.approved, dry.approvable);
        assert_eq!(batch.sum_fen, dry.sum_fen);
        assert_eq!(batch.undo_until, Some(stage.ctx.now().plus(TimeDelta::seconds(60))));
        assert!(matches!(batch.skipped[0].error, Error::Refused(Refusal::AlreadyDecided { .. })));
        assert!(matches!(batch.skipped[1].error, Error::Refused(Refusal::ProposalChanged { .. })));
        assert!(matches!(batch.skipped[2].error, Error::NotFound));
        let again = approve_batch(&stage.ctx, &admin(), &list[..2]).await.unwrap();
        assert_eq!((again.approved.len(), again.skipped.len()), (0, 2));
        let nothing = approve_batch(&stage.ctx, &foreign_coach(), &list[2..3]).await.unwrap();
        assert!(matches!(nothing.skipped[0].error, Error::Forbidden(_)));
        stage.assert_in_order().await;
    }

    async fn two_batches_at_once_approve_each_refund_once(db) {
        let cast: Vec<Cast> = (1..=12).map(clear).collect();
        let stage = Stage::set(db, &cast).await;
        stage.build().await;
        let mut list = Vec::new();
        for payment in 1..=12 {
            list.push(picked(&stage.of(payment).await));
        }
        let (one, two) = (admin(), coach());
        let (first, second) = tokio::join!(
            approve_batch(&stage.ctx, &one, &list),
            approve_batch(&stage.ctx, &two, &list),
        );
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_eq!(first.approved.len() + second.approved.len(), 12);
        assert_eq!(first.sum_fen.get() + second.sum_fen.get(), 12 * 9900);
        let logs = stage.texts("SELECT to_status FROM refund_status_log WHERE to_status = 'approved'").await;
        assert_eq!(logs.len(), 12);
        stage.assert_in_order().await;
    }

    async fn a_payment_that_cannot_be_read_holds_up_only_itself(db) {
        let stage = Stage::set(db, &[clear(1), clear(2), clear(3)]).await;
        stage.run("UPDATE payment_record SET start_date = 'broken' WHERE id = 1").await;
        let built = stage.build().await;
        assert_eq!((built.added, built.unreadable), (2, 1));
        let list = [picked(&stage.of(2).await), picked(&stage.of(3).await)];
        stage.run("UPDATE payment_record SET start_date = 'broken' WHERE id = 2").await;

        let dry = dry_run(&stage.ctx, &admin(), &list).await.unwrap();
        assert_eq!((dry.approvable, dry.skipped.len()), (vec![list[1].id], 1));
        let batch = approve_batch(&stage.ctx, &admin(), &list).await.unwrap();
        assert_eq!(batch.approved, [list[1].id]);
        assert!(
            matches!(&batch.skipped[0], Skipped { id, error: Error::Store(_) } if *id == list[0].id)
        );
    }

    async fn what_cannot_be_read_is_skipped_and_the_others_rejected(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.build().await;
        let ids = [stage.of(1).await.id, stage.of(2).await.id];
        stage.run("UPDATE refund_record SET attempts = 1 WHERE payment_id = 1").await;
        let done = reject_batch(&stage.ctx, &admin(), &ids, "代打卡").await.unwrap();
        assert_eq!((done.rejected, done.skipped.len()), (vec![ids[1]], 1));
    }

    async fn rejecting_needs_a_reason_and_can_be_taken_back(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.build().await;
        let (id, other) = (stage.of(1).await.id, stage.of(2).await.id);
        assert!(matches!(reject(&stage.ctx, &admin(), id, " ").await, Err(Error::Invalid(_))));
        let done = reject_batch(&stage.ctx, &coach(), &[id, other, id], "代打卡").await.unwrap();
        assert_eq!((done.rejected, done.skipped.len()), (vec![id, other], 1));
        assert!(matches!(
            approve(&stage.ctx, &admin(), id, None).await,
            Err(Error::Refused(Refusal::AlreadyDecided { status, .. })) if status == "rejected"
        ));
        let reopened = reopen(&stage.ctx, &admin(), id, None).await.unwrap();
        assert_eq!(reopened.status(), RefundStatus::Pending);
        approve(&stage.ctx, &admin(), id, Some(&reopened.proposal_hash)).await.unwrap();
        assert_eq!(stage.path(id).await, ["pending", "rejected", "pending", "approved"]);
    }

    async fn large_amounts_need_two_people_not_both_of_the_camp(db) {
        let mut stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.ctx.settings = Arc::new(Settings { second_approver_over_fen: 9899, ..settings() });
        stage.build().await;
        let id = stage.of(1).await.id;
        let first = approve(&stage.ctx, &coach(), id, None).await.unwrap();
        assert_eq!((first.status(), first.state.undo_until()), (RefundStatus::AwaitingSecond, None));
        for same_side in [coach(), second_coach()] {
            let refused = approve(&stage.ctx, &same_side, id, None).await;
            assert!(matches!(refused, Err(Error::Refused(Refusal::NeedsSecondApprover))));
        }
        stage.pass(TimeDelta::seconds(61));
        run_due(&stage.ctx).await.unwrap();
        assert!(stage.sandbox.wechat_pay().refunds().is_empty());
        let second = approve(&stage.ctx, &admin(), id, None).await.unwrap();
        assert_eq!(second.status(), RefundStatus::Approved);

        // Facts that change between the two begin anew.
        let id = stage.of(2).await.id;
        approve(&stage.ctx, &admin(), id, None).await.unwrap();
        stage.run("UPDATE sync_ranking SET checked_in_days = 9 WHERE planet_user_id = 300000000000002").await;
        assert!(is_changed(&approve(&stage.ctx, &other_admin(), id, None).await));
        let anew = approve(&stage.ctx, &admin(), id, None).await.unwrap();
        assert_eq!(anew.status(), RefundStatus::AwaitingSecond);
        assert_eq!(
            stage.path(id).await,
            ["pending", "awaiting_second", "rejected", "pending", "awaiting_second"]
        );
    }

    async fn never_more_than_was_paid_nor_after_a_year(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.build().await;
        // An earlier refund of the same payment, replaced in its turn, has paid one fen.
        let earlier = rows::refund("rfd_1", 1, "o").camp_id(None).kind("manual").status("success");
        stage.db.add(earlier.amount_fen(1).attempts(1).replaced_by("rfd_2")).await;
        let id = stage.texts("SELECT CAST(id AS TEXT) FROM refund_record WHERE payment_id = 1 AND status = 'pending'").await;
        let id = RefundId(id[0].parse().unwrap());
        let refused = approve(&stage.ctx, &admin(), id, None).await;
        assert!(matches!(refused, Err(Error::Refused(Refusal::WrongState(_)))), "{refused:?}");
        stage.clock.advance(TimeDelta::days(366));
        let refused = approve(&stage.ctx, &admin(), stage.of(2).await.id, None).await;
        assert!(matches!(refused, Err(Error::Refused(Refusal::WrongState(_)))), "{refused:?}");
    }

    async fn an_edited_row_moves_no_money(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        let id = stage.approved(1).await;
        stage.approved(2).await;
        stage.run("UPDATE refund_record SET amount_fen = 5000 WHERE payment_id = 1").await;
        assert_eq!(run_due(&stage.ctx).await.unwrap().under_way, 1);
        assert!(matches!(undo(&stage.ctx, &admin(), id).await, Err(Error::Store(_))));
        let sent = stage.sandbox.wechat_pay().refunds();
        assert_eq!(sent.len(), 1, "the other one goes its way");
        assert_eq!(sent[0].out_trade_no, crate::stage::order_no(2));
    }

    async fn a_row_that_fits_no_state_is_skipped_by_name_and_the_others_are_approved(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.build().await;
        let (bad, good) = (stage.of(1).await, stage.of(2).await);
        stage.run("UPDATE refund_record SET attempts = 1 WHERE payment_id = 1").await;
        let list = [picked(&bad), picked(&good)];
        let dry = dry_run(&stage.ctx, &admin(), &list).await.unwrap();
        let done = approve_batch(&stage.ctx, &admin(), &list).await.unwrap();
        assert_eq!((dry.approvable, done.approved), (vec![good.id], vec![good.id]));
        for skipped in dry.skipped.into_iter().chain(done.skipped) {
            assert_eq!(skipped.id, bad.id);
            let Error::Store(StoreError::Inconsistent { table, id, what }) = skipped.error else {
                panic!("{:?}", skipped.error)
            };
            assert_eq!((table, id, what.as_str()), ("refund_record", bad.id.0, "sent without an approval"));
        }
        let counted = outcomes(&stage.ctx, &[bad.id, good.id]).await.unwrap();
        assert_eq!((counted.failed, counted.under_way), (1, 1), "it needs a person");
    }

    async fn a_list_that_names_one_twice_decides_it_once(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.build().await;
        let (first, second) = (stage.of(1).await, stage.of(2).await);
        stage.run("UPDATE sync_ranking SET checked_in_days = 9 WHERE planet_user_id = 300000000000002").await;
        let list = [picked(&first), picked(&second), picked(&first), picked(&second)];
        let dry = dry_run(&stage.ctx, &admin(), &list[..2]).await.unwrap();
        assert_eq!((dry.approvable, dry.skipped.len()), (vec![first.id], 1));
        let batch = approve_batch(&stage.ctx, &coach(), &list).await.unwrap();
        assert_eq!(batch.approved, [first.id]);
        assert_eq!(batch.sum_fen, first.proposal.amount_fen);
        assert_eq!(batch.skipped.len(), 3);
        let ids = [second.id, first.id, second.id, RefundId(999)];
        let rejected = reject_batch(&stage.ctx, &admin(), &ids, "代打卡").await.unwrap();
        assert_eq!(rejected.rejected, [second.id]);
        assert_eq!(rejected.skipped.len(), 3);
        assert_eq!(stage.status(1).await, RefundStatus::Approved);
        assert_eq!(stage.status(2).await, RefundStatus::Rejected);
        stage.assert_in_order().await;
    }
}
