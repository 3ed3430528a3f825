//! The refund list: who is on it, what is flagged, and what a second build changes.

use campkeeper::domain::{MemberId, PaymentId, PlanetUserId, RefundFlag, RefundKind, RefundStatus};
use campkeeper::services::custody::watch;
use campkeeper::services::matching::match_by_hand;
use campkeeper::services::refund::{
    self, approve, build_due_lists, build_list, clear_of, propose_flagged, reject, run_due,
};
use campkeeper::services::{Error, Refusal, camps};
use campkeeper::store::refunds::Filter;
use campkeeper::store::{Note, PageRequest};
use chrono::TimeDelta;
use sandbox::wechat_pay::RefundOutcome;

use crate::on_both_engines;
use crate::rows;
use crate::stage::{
    CAMP, Cast, OVER_AT, Stage, account, admin, clear, coach, foreign_coach, order_no, other_admin,
    super_admin,
};

on_both_engines! {
    async fn who_is_matched_after_the_list_is_owed_their_deposit_too(db) {
        let late = Cast { match_status: "pending", ..clear(2) };
        let stage = Stage::set(db, &[clear(1), late]).await;
        // Nobody yet: the account is known, but not as this member.
        stage.run("UPDATE camp_member SET planet_user_id = NULL WHERE id = 2").await;
        stage.run("UPDATE payment_record SET bind_status = 'manual_required' WHERE id = 2").await;
        stage.build().await;
        let id = stage.approved(1).await;
        run_due(&stage.ctx).await.unwrap();
        stage.finish(&stage.of(1).await, RefundOutcome::Success);
        stage.pass(TimeDelta::minutes(1));
        run_due(&stage.ctx).await.unwrap();
        assert_eq!(stage.path(id).await.last().unwrap(), "success");
        let status = || stage.texts("SELECT status FROM training_camp WHERE id = 1");
        camps::advance_by_calendar(&stage.ctx).await.unwrap();
        assert_eq!(status().await, ["settling"], "somebody's deposit is still here");

        stage.db.add(rows::in_roster(account(2), "会员2")).await;
        let who = PlanetUserId(account(2));
        match_by_hand(&stage.ctx, &admin(), MemberId(2), who, None).await.unwrap();
        camps::advance_by_calendar(&stage.ctx).await.unwrap();
        assert_eq!(status().await, ["settling"], "they are owed it");
        build_due_lists(&stage.ctx).await.unwrap();
        assert_eq!(stage.status(2).await, RefundStatus::Pending);
        let before = stage.notices().await;
        build_due_lists(&stage.ctx).await.unwrap();
        assert_eq!(stage.notices().await, before, "nothing new is nothing to tell");

        reject(&stage.ctx, &admin(), stage.of(2).await.id, "代打卡").await.unwrap();
        camps::advance_by_calendar(&stage.ctx).await.unwrap();
        assert_eq!(status().await, ["settling"], "they may object to it");
        stage.pass(TimeDelta::days(8));
        assert_eq!(watch(&stage.ctx).await.unwrap().kept, 1);
        camps::advance_by_calendar(&stage.ctx).await.unwrap();
        assert_eq!(status().await, ["archived"]);
    }

    async fn a_row_that_fits_no_state_holds_up_nobody_else(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.build().await;
        stage.run("UPDATE refund_record SET attempts = 1 WHERE payment_id = 1").await;
        stage.run(&format!(
            "UPDATE sync_ranking SET checked_in_days = 7 WHERE planet_user_id = {}", account(2)
        )).await;
        let built = stage.build().await;
        assert_eq!((built.unreadable, built.refreshed, built.added), (1, 1, 0));
        assert_eq!(stage.of(2).await.proposal.checked_in_days, 7);
        let Err(Error::PartlyDone(figures)) = build_due_lists(&stage.ctx).await else {
            panic!("the camp is named among those that failed")
        };
        assert_eq!(figures["failedCamps"], serde_json::json!([CAMP.0]));
    }

    async fn everybody_eligible_is_listed_with_what_is_to_be_looked_at(db) {
        use RefundFlag::{Contested, DaysDisagree, Grace, LowConfidence};
        let stage = Stage::set(db, &[
            clear(1),
            Cast { ranking_days: 6, post_days: 6, ..clear(2) },
            Cast { post_days: 7, ..clear(3) },
            Cast { confidence: 79, ..clear(4) },
            Cast { match_status: "pending", ..clear(5) },
            Cast { match_status: "pending", ..clear(5) },
            Cast { ranking_days: 5, post_days: 5, ..clear(7) },
        ]).await;
        let built = stage.build().await;
        assert_eq!((built.added, built.not_eligible), (6, 1));
        assert_eq!((built.clear.count, built.clear.sum_fen.get()), (1, 9900));
        assert_eq!((built.to_look_at.count, built.to_look_at.sum_fen.get()), (5, 49_500));
        let expected = [
            vec![],
            vec![Grace],
            vec![DaysDisagree],
            vec![LowConfidence],
            vec![LowConfidence, Contested],
            vec![LowConfidence, Contested],
        ];
        for (payment, flags) in (1..).zip(expected) {
            assert_eq!(stage.of(payment).await.proposal.flags, flags, "{payment}");
        }
        assert_eq!(stage.texts("SELECT status FROM training_camp WHERE id = 1").await, ["settling"]);
        assert_eq!(stage.notices().await, ["refund_list_ready"]);
        let one_click = clear_of(&stage.ctx, &admin(), CAMP, 0).await.unwrap();
        let ids: Vec<_> = one_click.iter().map(|picked| picked.id).collect();
        assert_eq!(ids, [stage.of(1).await.id], "neither grace nor doubt is in the one-click list");
        stage.assert_in_order().await;
    }

    async fn a_second_build_changes_only_what_waits_and_has_changed(db) {
        let stage = Stage::set(db, &[clear(1), clear(2), clear(3), clear(4)]).await;
        stage.build().await;
        let again = stage.build().await;
        assert_eq!((again.added, again.refreshed, again.withdrawn), (0, 0, 0));
        assert_eq!(stage.notices().await.len(), 1, "nothing new is not told");

        let decided = stage.of(1).await;
        approve(&stage.ctx, &admin(), decided.id, None).await.unwrap();
        refund::reject(&stage.ctx, &admin(), stage.of(2).await.id, "代打卡").await.unwrap();
        let shown = stage.of(3).await;
        stage.run("UPDATE sync_ranking SET checked_in_days = 9 WHERE sync_id = 1").await;
        stage.run("UPDATE sync_ranking SET checked_in_days = 2 WHERE planet_user_id = 300000000000004").await;
        let built = stage.build().await;
        assert_eq!((built.added, built.refreshed, built.withdrawn), (0, 1, 1));
        let refreshed = stage.of(3).await;
        assert_ne!(refreshed.proposal_hash, shown.proposal_hash);
        assert_eq!(refreshed.proposal.checked_in_days, 9);
        assert_eq!(stage.of(1).await.proposal_hash, decided.proposal_hash);
        assert_eq!(stage.status(2).await, RefundStatus::Rejected);
        assert!(stage.of(4).await.was_withdrawn_by_system());

        // The facts support the fourth again: what the system took back comes back by itself.
        stage.run("UPDATE sync_ranking SET checked_in_days = 7 WHERE planet_user_id = 300000000000004").await;
        assert_eq!(stage.build().await.added, 1);
        assert_eq!(stage.status(4).await, RefundStatus::Pending);
        assert_eq!(stage.status(2).await, RefundStatus::Rejected, "a person's no stays");
    }

    async fn no_list_before_a_complete_sync_after_the_end(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        for (started_at, pointer) in [(OVER_AT - 1, "1"), (OVER_AT, "NULL")] {
            stage.run(&format!("UPDATE sync_run SET started_at = {started_at}")).await;
            stage.run(&format!("UPDATE training_camp SET current_sync_id = {pointer} WHERE id = 1")).await;
            let built = build_list(&stage.ctx, None, CAMP).await;
            assert!(matches!(built, Err(Error::Refused(Refusal::WrongState(_)))), "{built:?}");
        }
        assert_eq!(stage.texts("SELECT status FROM training_camp WHERE id = 1").await, ["ended"]);
        stage.run("UPDATE training_camp SET current_sync_id = 1 WHERE id = 1").await;
        let coach_elsewhere = build_list(&stage.ctx, Some(&foreign_coach()), CAMP).await;
        assert!(matches!(coach_elsewhere, Err(Error::Forbidden(_))));
        build_list(&stage.ctx, Some(&coach()), CAMP).await.unwrap();
        // The other camp has ended too; nobody has paid for it.
        let due = refund::build_due_lists(&stage.ctx).await.unwrap();
        assert_eq!((due.built, due.waiting), (2, 0), "and the list that was built is looked at again");
        stage.run("UPDATE training_camp SET status = 'ongoing'").await;
        assert!(build_list(&stage.ctx, None, CAMP).await.is_err());
    }

    async fn the_order_s_own_rules_judge(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.run("UPDATE training_camp SET required_days = 10, grace_days = 0 WHERE id = 1").await;
        assert_eq!(stage.build().await.clear.count, 1);
        assert_eq!(stage.of(1).await.proposal.terms.unwrap().required_days, 7);
    }

    async fn a_flagged_payment_is_proposed_once(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        let foreign = rows::unknown_order(50, "someone-elses", 123);
        stage.db.add(foreign.paid_at(OVER_AT)).await;
        for (payment, expected) in [(50, true), (50, false), (1, false)] {
            let ctx = stage.ctx.clone();
            let proposed = stage.db.write(move |tx| Box::pin(async move {
                let note = Note::new("wechat_pay", "payment confirmed", ctx.now());
                propose_flagged(&ctx, tx, PaymentId(payment), &note).await
            })).await.unwrap();
            assert_eq!(proposed.is_some(), expected);
        }
        let refund = stage.of(50).await;
        assert_eq!(refund.proposal.kind, RefundKind::UnknownOrder);
        assert_eq!((refund.camp_id, refund.member_id), (None, None));
        // What belongs to no camp is for those who may everywhere.
        let by_coach = approve(&stage.ctx, &coach(), refund.id, None).await;
        assert!(matches!(by_coach, Err(Error::Forbidden(_))));
        approve(&stage.ctx, &admin(), refund.id, None).await.unwrap();
    }

    async fn who_proposes_against_the_judgement_does_not_approve(db) {
        let stage = Stage::set(db, &[Cast { ranking_days: 1, post_days: 1, ..clear(1) }, clear(2)]).await;
        stage.build().await;
        let no_reason = refund::propose_manual(&stage.ctx, &admin(), &order_no(1), "  ").await;
        assert!(matches!(no_reason, Err(Error::Invalid(_))));
        let by_coach = refund::propose_manual(&stage.ctx, &coach(), &order_no(1), "住院").await;
        assert!(matches!(by_coach, Err(Error::Forbidden(_))));
        let manual = refund::propose_manual(&stage.ctx, &admin(), &order_no(1), "住院").await.unwrap();
        assert_eq!((manual.proposal.kind, manual.eligible), (RefundKind::Manual, false));
        let twice = refund::propose_manual(&stage.ctx, &admin(), &order_no(1), "住院").await;
        assert!(matches!(twice, Err(Error::Refused(Refusal::Duplicate(_)))));
        let own = approve(&stage.ctx, &admin(), manual.id, None).await;
        assert!(matches!(own, Err(Error::Refused(Refusal::NeedsSecondApprover))));
        assert!(clear_of(&stage.ctx, &admin(), CAMP, 0).await.unwrap().iter().all(|p| p.id != manual.id));
        approve(&stage.ctx, &other_admin(), manual.id, None).await.unwrap();

        refund::reject(&stage.ctx, &admin(), stage.of(2).await.id, "先不退").await.unwrap();
        let reason = "本人申请提前退";
        let manual = refund::propose_manual(&stage.ctx, &super_admin(), &order_no(2), reason).await.unwrap();
        approve(&stage.ctx, &super_admin(), manual.id, None).await.unwrap();
    }

    async fn lists_are_filtered_and_narrowed(db) {
        let stage = Stage::set(db, &[clear(1), Cast { confidence: 60, ..clear(2) }, clear(3)]).await;
        stage.build().await;
        refund::reject(&stage.ctx, &admin(), stage.of(3).await.id, "代打卡").await.unwrap();
        let count = async |actor, filter| {
            refund::page(&stage.ctx, &actor, filter, PageRequest::new(1, 20).unwrap()).await.unwrap().total
        };
        let all = Filter::default;
        assert_eq!(count(admin(), all()).await, 3);
        assert_eq!(count(coach(), all()).await, 3);
        assert_eq!(count(foreign_coach(), all()).await, 0);
        assert_eq!(count(admin(), Filter { status: Some(RefundStatus::Rejected), ..all() }).await, 1);
        assert_eq!(count(admin(), Filter { min_confidence: Some(80), ..all() }).await, 2);
        for (flag, some) in [(RefundFlag::LowConfidence, 1), (RefundFlag::Grace, 0)] {
            assert_eq!(count(admin(), Filter { flag: Some(flag), ..all() }).await, some);
        }
        for (min_fen, max_fen, some) in [(Some(9900), Some(9900), 3), (Some(9901), None, 0), (None, Some(9899), 0)] {
            assert_eq!(count(admin(), Filter { min_fen, max_fen, ..all() }).await, some);
        }
        assert_eq!(count(admin(), Filter { text: Some("员2".into()), ..all() }).await, 1);
        assert_eq!(count(admin(), Filter { text: Some("%".into()), ..all() }).await, 0);
        assert_eq!(count(admin(), Filter { text: Some(order_no(1)), ..all() }).await, 1);
        let refund_no = stage.of(2).await.refund_no.to_string();
        assert_eq!(count(admin(), Filter { text: Some(refund_no), ..all() }).await, 1);
        assert_eq!(count(admin(), Filter { text: Some("rfd_".into()), ..all() }).await, 0);
        let (noon, later) = (stage.ctx.now(), stage.ctx.now().plus(TimeDelta::seconds(1)));
        assert_eq!(count(admin(), Filter { from: Some(noon), until: Some(later), ..all() }).await, 3);
        assert_eq!(count(admin(), Filter { from: Some(later), ..all() }).await, 0);
        let page = refund::page(&stage.ctx, &admin(), all(), PageRequest::new(2, 2).unwrap()).await.unwrap();
        assert_eq!((page.rows.good.len(), page.total), (1, 3));
        let detail = refund::one(&stage.ctx, &coach(), stage.of(3).await.id).await.unwrap();
        assert_eq!(detail.evidence.post_days.len(), 8);
        assert!(detail.evidence.is_current);
        let steps: Vec<_> = detail.timeline.iter().map(|row| row.to_status.as_str()).collect();
        assert_eq!(steps, ["pending", "rejected"]);
        assert_eq!(detail.timeline[1].reason, "代打卡");
    }
}
