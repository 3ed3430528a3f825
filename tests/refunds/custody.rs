//! Custody: whatever is here has a next step, is kept when a refusal is final, and is told of when
//! its date passes.

use campkeeper::domain::custody::Turn;
use campkeeper::domain::{MemberId, PaymentId, RefundStatus};
use campkeeper::services::custody::{self, CustodyQuery, Held, outlook_of, watch};
use campkeeper::services::refund::{
    apply_refund_notice, approve, propose_manual, reject, reopen, run_due,
};
use campkeeper::services::{camps, matching};
use campkeeper::store::PageRequest;
use chrono::TimeDelta;
use sandbox::wechat_pay::RefundOutcome;

use campkeeper::platforms::wechat_pay::RefundStatus as Said;

use crate::on_both_engines;
use crate::rows;
use crate::stage::{
    CAMP, Cast, Stage, account, admin, clear, coach, foreign_coach, order_no, other_admin,
};

/// A member whose days do not suffice.
const fn short(account: i64) -> Cast {
    Cast {
        ranking_days: 2,
        post_days: 2,
        ..clear(account)
    }
}

impl Stage {
    async fn custody(&self, query: CustodyQuery) -> Vec<Held> {
        let page = PageRequest::new(1, 100).unwrap();
        let page = custody::list(&self.ctx, &admin(), query, page)
            .await
            .unwrap();
        assert_eq!(usize::try_from(page.total).unwrap(), page.rows.good.len());
        page.rows.good
    }

    /// What the nth payment waits for, and whether that is overdue; none once nothing is here.
    async fn next(&self, payment: i64) -> Option<(String, bool)> {
        let held = self.custody(CustodyQuery::default()).await;
        let held = held
            .into_iter()
            .find(|held| held.payment.payment_id == PaymentId(payment))?;
        Some((held.next.what.to_string(), held.is_overdue(self.ctx.now())))
    }

    async fn what(&self, payment: i64) -> String {
        self.next(payment)
            .await
            .map_or_else(|| "nothing".to_owned(), |(what, _)| what)
    }

    async fn told(&self, kind: &str) -> usize {
        self.notices()
            .await
            .iter()
            .filter(|told| *told == kind)
            .count()
    }

    async fn camp_status(&self) -> String {
        let sql = format!("SELECT status FROM training_camp WHERE id = {CAMP}");
        self.texts(&sql).await.remove(0)
    }
}

on_both_engines! {
    async fn a_deposit_has_a_next_step_from_the_list_to_the_money(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        assert_eq!(stage.what(1).await, "list");
        stage.build().await;
        assert_eq!(stage.what(1).await, "decide");
        let id = stage.of(1).await.id;
        approve(&stage.ctx, &admin(), id, None).await.unwrap();
        assert_eq!(stage.what(1).await, "undo");
        let held = &stage.custody(CustodyQuery::default()).await[0];
        assert_eq!((held.amount.get(), held.account), (9900, "reserved"));
        stage.pass(TimeDelta::seconds(61));
        assert_eq!(stage.what(1).await, "wechat");
        run_due(&stage.ctx).await.unwrap();
        assert_eq!(stage.what(1).await, "wechat");
        let abnormal = stage.notice(&stage.of(1).await, Said::Abnormal);
        apply_refund_notice(&stage.ctx, &abnormal).await.unwrap();
        assert_eq!(stage.next(1).await, Some(("manual".to_owned(), false)));
        stage.pass(TimeDelta::days(1));
        assert_eq!(stage.next(1).await, Some(("manual".to_owned(), true)), "the promise is broken");
        let success = stage.notice(&stage.of(1).await, Said::Success);
        apply_refund_notice(&stage.ctx, &success).await.unwrap();
        assert_eq!(stage.next(1).await, None);
    }

    async fn each_waits_for_something_else_and_coaches_see_their_camps(db) {
        let unknown = Cast { match_status: "pending", ..short(2) };
        let stage = Stage::set(db, &[short(1), unknown, clear(3), clear(4)]).await;
        stage.run("UPDATE payment_record SET end_date = '2026-02-10' WHERE id = 3").await;
        stage.run("UPDATE payment_record SET bind_status = 'pending', bind_deadline = 4102444800000000 WHERE id = 4").await;
        stage.build().await;
        for (payment, what) in [(1, "object"), (2, "match"), (3, "evidence")] {
            assert_eq!(stage.what(payment).await, what, "{payment}");
        }
        let of = |who| CustodyQuery { who: Some(who), ..CustodyQuery::default() };
        for (who, count) in [(Turn::Member, 1), (Turn::Planet, 1), (Turn::Wechat, 0)] {
            assert_eq!(stage.custody(of(who)).await.len(), count, "{who}");
        }
        let page = || PageRequest::new(1, 2).unwrap();
        let all = CustodyQuery::default();
        let seen = custody::list(&stage.ctx, &coach(), all, page()).await.unwrap();
        assert_eq!((seen.total, seen.rows.good.len()), (4, 2));
        let seen = custody::list(&stage.ctx, &foreign_coach(), all, page()).await.unwrap();
        assert_eq!(seen.total, 0);
        // A row that cannot be read is somebody's turn too.
        stage.run("UPDATE refund_record SET status = 'lost' WHERE payment_id = 4").await;
        stage.run("UPDATE camp_member SET match_status = 'lost' WHERE id = 3").await;
        for payment in [3, 4] {
            assert_eq!(stage.what(payment).await, "manual", "{payment}");
        }
    }

    async fn a_refusal_that_is_final_is_kept_and_comes_back_when_somebody_means_well(db) {
        let stage = Stage::set(db, &[short(1), clear(2)]).await;
        stage.build().await;
        reject(&stage.ctx, &admin(), stage.of(2).await.id, "代打卡").await.unwrap();
        stage.pass(TimeDelta::hours(71));
        assert_eq!(watch(&stage.ctx).await.unwrap().kept, 0, "they may still object");
        let shown = outlook_of(&stage.ctx, PaymentId(1)).await.unwrap();
        let verdict = shown.verdict.unwrap();
        assert!(!verdict.eligible);
        assert_eq!(verdict.appeal_until, shown.next.map(|next| next.until));
        stage.pass(TimeDelta::hours(2));
        assert_eq!(watch(&stage.ctx).await.unwrap().kept, 1, "not eligible and past its appeal");
        assert_eq!(stage.posted(1).await, [format!("plain held kept 9900 keep:{}:1", order_no(1))]);
        assert_eq!(stage.what(1).await, "nothing");
        assert_eq!(stage.what(2).await, "object");
        stage.pass(TimeDelta::days(5));
        assert_eq!(watch(&stage.ctx).await.unwrap().kept, 1, "rejected and seven days over");
        assert_eq!(watch(&stage.ctx).await.unwrap().kept, 0);
        stage.assert_in_order().await;
        camps::advance_by_calendar(&stage.ctx).await.unwrap();
        assert_eq!(stage.camp_status().await, "archived");

        propose_manual(&stage.ctx, &admin(), &order_no(1), "按善意退还").await.unwrap();
        assert_eq!(stage.balance(1, "held").await, 9900);
        approve(&stage.ctx, &other_admin(), stage.of(1).await.id, None).await.unwrap();
        assert_eq!(stage.what(2).await, "nothing");
        let rejected = stage.of(2).await.id;
        reopen(&stage.ctx, &admin(), rejected, Some("再看一次")).await.unwrap();
        assert_eq!(stage.what(2).await, "decide");
        approve(&stage.ctx, &admin(), rejected, None).await.unwrap();
        stage.pass(TimeDelta::minutes(2));
        run_due(&stage.ctx).await.unwrap();
        for payment in [1, 2] {
            stage.finish(&stage.of(payment).await, RefundOutcome::Success);
        }
        stage.pass(TimeDelta::minutes(2));
        run_due(&stage.ctx).await.unwrap();
        for payment in [1, 2] {
            stage.assert_refunded_once(payment).await;
        }
    }

    async fn a_camp_is_put_away_only_when_nothing_of_it_is_here_and_can_be_reopened(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        stage.pass(TimeDelta::days(61));
        camps::advance_by_calendar(&stage.ctx).await.unwrap();
        assert_eq!(stage.camp_status().await, "settling", "never with money inside");
        assert_eq!(stage.told("camp_lingers").await, 1);
        run_due(&stage.ctx).await.unwrap();
        stage.finish(&stage.of(1).await, RefundOutcome::Success);
        stage.pass(TimeDelta::minutes(2));
        run_due(&stage.ctx).await.unwrap();
        let early = camps::reopen(&stage.ctx, &admin(), CAMP, "还有一位没退").await;
        assert!(early.is_err(), "it is not put away");
        camps::advance_by_calendar(&stage.ctx).await.unwrap();
        assert_eq!(stage.camp_status().await, "archived");
        assert!(camps::reopen(&stage.ctx, &coach(), CAMP, "还有一位没退").await.is_err());
        assert!(camps::reopen(&stage.ctx, &admin(), CAMP, " ").await.is_err());
        camps::reopen(&stage.ctx, &admin(), CAMP, "还有一位没退").await.unwrap();
        assert_eq!(stage.camp_status().await, "settling");
        stage.pass(TimeDelta::days(6));
        camps::advance_by_calendar(&stage.ctx).await.unwrap();
        assert_eq!(stage.camp_status().await, "settling", "it stays open for seven days");
        stage.pass(TimeDelta::days(1));
        camps::advance_by_calendar(&stage.ctx).await.unwrap();
        assert_eq!(stage.camp_status().await, "archived");
        stage.assert_in_order().await;
    }

    async fn what_is_overdue_is_told_once_and_then_to_those_above(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.build().await;
        watch(&stage.ctx).await.unwrap();
        assert_eq!(stage.told("overdue_steps").await, 0);
        // Decided by the 13th, as was promised at its payment.
        stage.run("UPDATE payment_record SET promise_list_by = '2026-01-12', promise_decision_by = '2026-01-13', promise_money_days = 1").await;
        stage.pass(TimeDelta::hours(61));
        for (told, later) in [(1, 1), (2, 24), (3, 24), (3, 24)] {
            for _ in 0..2 {
                assert_eq!(watch(&stage.ctx).await.unwrap().overdue, 2);
                assert_eq!(stage.told("overdue_steps").await, told, "after {later} hours");
            }
            stage.pass(TimeDelta::hours(24));
        }
        let bodies = stage.texts("SELECT body FROM notification_message WHERE kind = 'overdue_steps' ORDER BY id").await;
        assert!(bodies[0].contains(r#""what":"decide","count":2"#), "{bodies:?}");
    }

    async fn a_proposal_that_is_refreshed_is_due_when_it_was(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.build().await;
        stage.run("UPDATE payment_record SET promise_list_by = '2026-01-12', promise_decision_by = '2026-01-13', promise_money_days = 1").await;
        stage.pass(TimeDelta::hours(61));
        assert_eq!(stage.next(1).await, Some(("decide".to_owned(), true)));
        let before = stage.of(1).await;
        stage.run("UPDATE sync_ranking SET checked_in_days = 7").await;
        stage.build().await;
        assert_ne!(stage.of(1).await.proposal_hash, before.proposal_hash);
        assert_eq!(stage.next(1).await, Some(("decide".to_owned(), true)));
        // Whoever was rejected and reopened is decided anew.
        let id = stage.of(1).await.id;
        reject(&stage.ctx, &admin(), id, "没有打满").await.unwrap();
        reopen(&stage.ctx, &admin(), id, Some("看错了")).await.unwrap();
        assert_eq!(stage.next(1).await, Some(("decide".to_owned(), false)));
    }

    async fn wechat_pay_is_asked_after_when_it_takes_three_days(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        for payment in [1, 2] {
            stage.approved(payment).await;
        }
        run_due(&stage.ctx).await.unwrap();
        stage.pass(TimeDelta::hours(71));
        watch(&stage.ctx).await.unwrap();
        assert_eq!(stage.told("refunds_slow").await, 0);
        stage.pass(TimeDelta::hours(2));
        for _ in 0..2 {
            watch(&stage.ctx).await.unwrap();
        }
        assert_eq!(stage.told("refunds_slow").await, 1, "one message for both, once");
        assert_eq!(stage.status(1).await, RefundStatus::Processing);
    }

    async fn the_end_of_wechat_pays_year_is_told_twice(db) {
        let unknown = Cast { match_status: "pending", ..clear(1) };
        let stage = Stage::set(db, &[unknown]).await;
        for (days, told) in [(290, 0), (5, 1), (1, 1), (28, 1), (1, 2), (1, 2)] {
            stage.pass(TimeDelta::days(days));
            watch(&stage.ctx).await.unwrap();
            assert_eq!(stage.told("year_ends").await, told, "{days}");
        }
    }

    async fn what_is_matched_late_is_judged_before_it_is_kept(db) {
        let unknown = Cast { match_status: "pending", ranking_days: 2, post_days: 2, ..clear(1) };
        let stage = Stage::set(db, &[unknown]).await;
        stage.db.add(rows::in_roster(account(1), "会员1")).await;
        stage.build().await;
        stage.pass(TimeDelta::days(30));
        assert_eq!(watch(&stage.ctx).await.unwrap().kept, 0);
        let who = campkeeper::domain::PlanetUserId(account(1));
        matching::match_by_hand(&stage.ctx, &admin(), MemberId(1), who, None).await.unwrap();
        assert_eq!(watch(&stage.ctx).await.unwrap().kept, 0, "they have just been told");
        assert_eq!(stage.what(1).await, "object");
        stage.pass(TimeDelta::hours(73));
        assert_eq!(watch(&stage.ctx).await.unwrap().kept, 1);
    }

    async fn the_sum_to_have_ready_is_foretold_day_by_day(db) {
        // The second one's own terms still run: they have no day yet, and can have seven.
        let later = Cast { ranking_days: 0, post_days: 0, ..clear(2) };
        let stage = Stage::set(db, &[clear(1), later]).await;
        stage.run(
            "UPDATE payment_record SET end_date = '2026-01-20', promise_list_by = '2026-01-22', \
             promise_decision_by = '2026-01-23', promise_money_days = 1 WHERE id = 2"
        ).await;
        stage.build().await;
        let days = custody::forecast(&stage.ctx, &admin(), None).await.unwrap();
        let sums: Vec<(String, i64, i64)> = days
            .iter()
            .filter(|day| day.most.get() > 0)
            .map(|day| (day.date.to_string(), day.least.get(), day.most.get()))
            .collect();
        let expected = [("2026-01-11", 9900, 9900), ("2026-01-24", 0, 9900)];
        assert_eq!(sums, expected.map(|(day, least, most)| (day.to_owned(), least, most)));
        assert_eq!(days.len(), 14);
    }
}
