//! A member is judged by their own terms and from what is known of them alone: other dates, a row that
//! cannot be read, a sync that changes nothing and a match made by hand touch nobody else.

use campkeeper::domain::refund::{Change, Difference};
use campkeeper::domain::{MemberId, PlanetUserId, RefundFlag, RefundKind, RefundStatus};
use campkeeper::services::camps::advance_by_calendar;
use campkeeper::services::custody::watch;
use campkeeper::services::matching::match_by_hand;
use campkeeper::services::refund::{
    approve, approve_batch, build_due_lists, clear_of, propose_manual, reject, reopen, waive_posts,
};
use campkeeper::services::{Error, Refusal};
use chrono::TimeDelta;

use crate::on_both_engines;
use crate::rows;
use crate::stage::{
    CAMP, Cast, OVER_AT, Stage, account, admin, clear, coach, foreign_coach, order_no, other_admin,
    picked, super_admin,
};

/// Another complete sync of the camp, begun `after_us` microseconds after the first, with the same
/// ranking but for those whom `changed` gives other days.
async fn sync_again(stage: &Stage, id: i64, after_us: i64, changed: &[(i64, i64)]) {
    let again = rows::sync_again(id, OVER_AT + after_us);
    stage.db.add(again).await;
    for (who, days) in changed {
        let account = account(*who);
        stage
            .run(&format!(
                "UPDATE sync_ranking SET checked_in_days = {days} \
                 WHERE sync_id = {id} AND planet_user_id = {account}"
            ))
            .await;
    }
}

fn changes(outcome: Result<impl std::fmt::Debug, Error>) -> Vec<Change> {
    match outcome {
        Err(Error::Refused(Refusal::ProposalChanged { changes })) => changes,
        other => panic!("{other:?}"),
    }
}

async fn camp_status(stage: &Stage) -> String {
    let mut status = stage
        .texts("SELECT status FROM training_camp WHERE id = 1")
        .await;
    status.remove(0)
}

/// The roster knows the account of the nth member.
async fn known(stage: &Stage, number: i64) {
    let account = rows::in_roster(account(number), &format!("会员{number}"));
    stage.db.add(account).await;
}

on_both_engines! {
    async fn a_sync_that_changes_nothing_leaves_every_approval_good(db) {
        let stage = Stage::set(db, &[clear(1), clear(2), clear(3)]).await;
        stage.build().await;
        let mut shown = Vec::new();
        for payment in 1..=3 {
            shown.push(stage.of(payment).await);
        }
        sync_again(&stage, 2, 1, &[]).await;
        let list = [picked(&shown[0]), picked(&shown[1])];
        let batch = approve_batch(&stage.ctx, &admin(), &list).await.unwrap();
        assert_eq!((batch.approved.len(), batch.skipped.len()), (2, 0), "{:?}", batch.skipped);
        // A list that is built meanwhile notes where it was read from, and changes nothing else.
        let built = stage.build().await;
        assert_eq!((built.added, built.refreshed, built.withdrawn), (0, 0, 0));
        let anew = stage.of(3).await;
        assert_eq!(anew.proposal_hash, shown[2].proposal_hash);
        assert_eq!(anew.provenance.sync_id.map(|id| id.0), Some(2));
        let hash = Some(shown[2].proposal_hash.as_str());
        approve(&stage.ctx, &coach(), shown[2].id, hash).await.unwrap();
        stage.assert_in_order().await;
    }

    async fn what_changed_is_named_and_who_did_it(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.build().await;
        let (days, who) = (stage.of(1).await, stage.of(2).await);
        sync_again(&stage, 2, 1, &[(1, 9)]).await;
        let refused = approve(&stage.ctx, &admin(), days.id, Some(&days.proposal_hash)).await;
        let expected = [
            (Difference::Days { from: 8, to: 9 }, None),
            (Difference::Raised { flag: RefundFlag::DaysDisagree }, None),
        ];
        let expected = expected.map(|(difference, by)| Change { difference, by });
        assert_eq!(changes(refused), expected);
        // Whoever comes back with it later is told the same, though it was shown anew meanwhile.
        stage.build().await;
        let late = approve(&stage.ctx, &coach(), days.id, Some(&days.proposal_hash)).await;
        assert_eq!(changes(late), expected);

        known(&stage, 7).await;
        let account = PlanetUserId(account(7));
        match_by_hand(&stage.ctx, &coach(), MemberId(2), account, None).await.unwrap();
        let refused = approve(&stage.ctx, &admin(), who.id, Some(&who.proposal_hash)).await;
        let told = changes(refused);
        let moved = told.iter().find(|change| {
            matches!(change.difference, Difference::Account { to: Some(to), .. } if to == account)
        });
        assert_eq!(moved.unwrap().by.as_deref(), Some("赵教练"), "{told:?}");
        let not_owed = told.iter().any(|change| change.difference == Difference::NotOwed);
        assert!(not_owed, "that account has no days: {told:?}");
        let never_shown = approve(&stage.ctx, &admin(), days.id, Some("deadbeef")).await;
        assert_eq!(changes(never_shown), []);
    }

    async fn who_has_other_dates_waits_alone(db) {
        let stage = Stage::set(db, &[clear(1), clear(2), clear(3)]).await;
        stage.run("UPDATE payment_record SET end_date = '2026-01-31' WHERE id = 2").await;
        let built = stage.build().await;
        assert_eq!((built.added, built.waiting, built.not_eligible), (2, 1, 0));
        assert_eq!(camp_status(&stage).await, "settling");
        assert_eq!(clear_of(&stage.ctx, &admin(), CAMP, 0).await.unwrap().len(), 2);
        assert!(stage.texts("SELECT 'x' FROM refund_record WHERE payment_id = 2").await.is_empty());

        // Their own last day is over, and a ranking and the posts are read after it.
        sync_again(&stage, 2, 21 * 86_400_000_000, &[]).await;
        let due = build_due_lists(&stage.ctx).await.unwrap();
        assert_eq!(due.built, 2);
        let own = stage.of(2).await;
        assert_eq!(own.proposal.flags, [RefundFlag::DaysDisagree], "never clear");
        assert_eq!(own.proposal.checked_in_days, 8, "of the posts within their own dates");
        assert_eq!(stage.status(1).await, RefundStatus::Pending);
    }

    async fn the_posts_count_for_who_has_dates_of_their_own(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.run("UPDATE payment_record SET start_date = '2026-01-03' WHERE id = 2").await;
        stage.build().await;
        let own = stage.of(2).await;
        assert_eq!((own.proposal.checked_in_days, own.eligible), (6, true));
        assert_eq!(own.proposal.flags, [RefundFlag::Grace, RefundFlag::DaysDisagree]);
        assert!(stage.of(1).await.proposal.is_clear());
    }

    async fn one_row_that_cannot_be_read_holds_up_nobody_else(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.run("UPDATE payment_record SET flag = 'odd' WHERE id = 1").await;
        let built = stage.build().await;
        assert_eq!((built.added, built.unreadable), (1, 1));
        assert_eq!(camp_status(&stage).await, "settling");
        let other = picked(&stage.of(2).await);
        let batch = approve_batch(&stage.ctx, &admin(), &[other]).await.unwrap();
        assert_eq!(batch.approved.len(), 1);
        let Err(Error::PartlyDone(_)) = build_due_lists(&stage.ctx).await else {
            panic!("the camp is named")
        };
    }

    async fn a_list_goes_on_past_a_payment_that_cannot_be_read_any_more(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.build().await;
        let list = [picked(&stage.of(1).await), picked(&stage.of(2).await)];
        stage.run("UPDATE payment_record SET flag = 'odd' WHERE id = 1").await;
        let batch = approve_batch(&stage.ctx, &admin(), &list).await.unwrap();
        assert_eq!(batch.approved, [list[1].id]);
        assert!(matches!(batch.skipped[0].error, Error::Store(_)), "{:?}", batch.skipped);
    }

    async fn a_match_made_by_hand_brings_its_proposal_in_the_same_breath(db) {
        let late = Cast { match_status: "pending", ..clear(2) };
        let rival = Cast { match_status: "pending", ..clear(2) };
        let stage = Stage::set(db, &[clear(1), late, rival]).await;
        stage.run("UPDATE payment_record SET bind_status = 'manual_required' WHERE id > 1").await;
        known(&stage, 2).await;
        let built = stage.build().await;
        assert_eq!(built.to_look_at.count, 2);
        let contested = [RefundFlag::LowConfidence, RefundFlag::Contested];
        assert_eq!(stage.of(2).await.proposal.flags, contested);

        let account = PlanetUserId(account(2));
        match_by_hand(&stage.ctx, &admin(), MemberId(2), account, None).await.unwrap();
        let matched = stage.of(2).await;
        assert!(matched.proposal.is_clear(), "{:?}", matched.proposal.flags);
        let hash = Some(matched.proposal_hash.as_str());
        approve(&stage.ctx, &coach(), matched.id, hash).await.unwrap();
        assert_eq!(stage.of(3).await.proposal.flags, contested, "whose it is not");
        stage.assert_in_order().await;
    }

    async fn who_was_nobody_is_listed_by_the_match_itself(db) {
        let late = Cast { match_status: "pending", ..clear(2) };
        let stage = Stage::set(db, &[clear(1), late]).await;
        stage.run("UPDATE camp_member SET planet_user_id = NULL WHERE id = 2").await;
        stage.run("UPDATE payment_record SET bind_status = 'manual_required' WHERE id = 2").await;
        known(&stage, 2).await;
        let account = PlanetUserId(account(2));
        assert_eq!(stage.build().await.added, 1);
        match_by_hand(&stage.ctx, &admin(), MemberId(2), account, None).await.unwrap();
        assert_eq!(stage.status(2).await, RefundStatus::Pending);
        assert_eq!(clear_of(&stage.ctx, &admin(), CAMP, 80).await.unwrap().len(), 2);
    }

    async fn after_a_true_no_the_deposit_is_judged_and_never_clear(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        let manual = propose_manual(&stage.ctx, &super_admin(), &order_no(1), "提前离营").await;
        let manual = manual.unwrap();
        reject(&stage.ctx, &admin(), manual.id, "等结营再算").await.unwrap();
        let built = stage.build().await;
        assert_eq!((built.added, built.clear.count, built.to_look_at.count), (1, 0, 1));
        let judged = stage.of(1).await;
        assert_eq!(judged.proposal.kind, RefundKind::Deposit);
        assert_eq!(judged.proposal.flags, [RefundFlag::RejectedBefore]);
        assert_eq!(judged.rejected_before.as_deref(), Some("等结营再算"));
        assert_eq!(judged.proposal.reason, "", "what was said for the other is not said for it");
        assert!(clear_of(&stage.ctx, &admin(), CAMP, 0).await.unwrap().is_empty());
        assert_eq!(stage.build().await.refreshed, 0);
        let hash = Some(judged.proposal_hash.as_str());
        approve(&stage.ctx, &admin(), judged.id, hash).await.unwrap();
    }

    async fn a_no_that_was_taken_back_is_none(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        let manual = propose_manual(&stage.ctx, &super_admin(), &order_no(1), "提前离营").await;
        let manual = manual.unwrap();
        reject(&stage.ctx, &admin(), manual.id, "点错了").await.unwrap();
        let reopened = reopen(&stage.ctx, &admin(), manual.id, None).await.unwrap();
        assert_eq!((reopened.proposal.kind, reopened.rejected_before), (RefundKind::Manual, None));
        assert!(reopened.proposal.flags.is_empty(), "{:?}", reopened.proposal.flags);
        assert_eq!(reopened.proposal.reason, "提前离营");
    }

    async fn a_camp_without_posts_is_one_question_to_a_person(db) {
        let unread = |number| Cast { post_days: 0, ..clear(number) };
        let by_grace = Cast { ranking_days: 6, ..unread(3) };
        let stage = Stage::set(db, &[unread(1), unread(2), by_grace]).await;
        stage.run("UPDATE training_camp SET posts_sync_id = NULL WHERE id = 1").await;
        let built = stage.build().await;
        assert_eq!((built.clear.count, built.to_look_at.count), (0, 3));
        assert_eq!(stage.of(1).await.proposal.flags, [RefundFlag::PostsMissing]);

        let foreign = waive_posts(&stage.ctx, &foreign_coach(), CAMP, "帖子读不到").await;
        assert!(matches!(foreign, Err(Error::Forbidden(_))));
        let built = waive_posts(&stage.ctx, &coach(), CAMP, "帖子读不到").await.unwrap();
        assert_eq!((built.clear.count, built.to_look_at.count), (2, 1));
        assert_eq!(stage.of(3).await.proposal.flags, [RefundFlag::Grace], "grace is looked at");
        let said = "SELECT actor_name FROM operation_log WHERE action = 'refund.waive_posts'";
        waive_posts(&stage.ctx, &admin(), CAMP, "再说一次").await.unwrap();
        assert_eq!(stage.texts(said).await, ["赵教练"], "it is said once");

        // Posts are read after all: they count again.
        stage.run("UPDATE training_camp SET posts_sync_id = 1 WHERE id = 1").await;
        stage.build().await;
        assert_eq!(stage.of(1).await.proposal.flags, [RefundFlag::DaysDisagree]);
        let late = waive_posts(&stage.ctx, &admin(), CAMP, "帖子读不到").await;
        assert!(matches!(late, Err(Error::Refused(Refusal::WrongState(_)))));
    }

    async fn what_a_person_attests_judges_and_is_never_clear(db) {
        let short = Cast { ranking_days: 4, post_days: 4, ..clear(1) };
        let stage = Stage::set(db, &[short, clear(2)]).await;
        stage.build().await;
        let attested = rows::Attested::default().member_id(1).days(7).reason("星球漏记");
        stage.db.add(attested.stated_at(OVER_AT)).await;
        assert_eq!(stage.build().await.added, 1);
        let attested = stage.of(1).await;
        assert_eq!(attested.proposal.checked_in_days, 7);
        assert_eq!(attested.proposal.flags, [RefundFlag::Attested]);
        let now = stage.ctx.now().micros();
        stage.run(&format!("UPDATE stated_days SET days = 6, stated_at = {now}")).await;
        let hash = Some(attested.proposal_hash.as_str());
        let told = changes(approve(&stage.ctx, &other_admin(), attested.id, hash).await);
        let expected = Difference::Days { from: 7, to: 6 };
        assert_eq!(told[0], Change { difference: expected, by: Some("王管理".to_owned()) });
    }

    async fn nothing_is_put_away_while_it_may_be_owed(db) {
        let none = Cast { ranking_days: 2, post_days: 2, ..clear(1) };
        let stage = Stage::set(db, &[none]).await;
        stage.build().await;
        advance_by_calendar(&stage.ctx).await.unwrap();
        assert_eq!(camp_status(&stage).await, "settling", "they may still object");
        stage.run("UPDATE payment_record SET end_date = '2026-03-31'").await;
        stage.pass(TimeDelta::days(61));
        for _ in 0..2 {
            advance_by_calendar(&stage.ctx).await.unwrap();
        }
        assert_eq!(camp_status(&stage).await, "settling", "nobody knows yet");
        assert_eq!(stage.notices().await, ["nobody_qualifies", "camp_lingers"]);
        stage.run("UPDATE payment_record SET end_date = '2026-01-10'").await;
        advance_by_calendar(&stage.ctx).await.unwrap();
        assert_eq!(camp_status(&stage).await, "settling", "their money is here");
        assert_eq!(watch(&stage.ctx).await.unwrap().kept, 1);
        advance_by_calendar(&stage.ctx).await.unwrap();
        assert_eq!(camp_status(&stage).await, "archived");
    }

    async fn that_nobody_qualifies_is_told_once(db) {
        let none = |number| Cast { ranking_days: 2, post_days: 2, ..clear(number) };
        let stage = Stage::set(db, &[none(1), none(2)]).await;
        stage.build().await;
        stage.build().await;
        assert_eq!(stage.notices().await, ["nobody_qualifies"]);
    }

    async fn a_list_that_cannot_be_built_is_told_once(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.run("UPDATE training_camp SET current_sync_id = NULL").await;
        for _ in 0..2 {
            let due = build_due_lists(&stage.ctx).await.unwrap();
            assert_eq!((due.built, due.waiting), (1, 1));
        }
        assert_eq!(stage.notices().await, ["list_waits"]);
        assert_eq!(camp_status(&stage).await, "ended");
    }
}
