//! Other rules for a camp that is over: who would flip, and what is proposed for them.

use campkeeper::domain::eligibility::Judgement;
use campkeeper::domain::refund::RefundKind;
use campkeeper::domain::{Fen, MemberId, RefundStatus};
use campkeeper::services::refund::{
    OtherRules, approve, close_payment, propose_goodwill, propose_manual, run_due, what_if,
};
use campkeeper::services::{Error, Refusal, WrongState};
use chrono::TimeDelta;

use crate::on_both_engines;
use crate::stage::{
    CAMP, Cast, Stage, admin, clear, closing, coach, foreign_coach, order_no, other_admin,
};

/// One day more may be missing.
const KINDER: OtherRules = OtherRules {
    required_days: None,
    grace_days: Some(2),
};

const fn with_days(account: i64, days: i64) -> Cast {
    Cast {
        ranking_days: days,
        post_days: days,
        ..clear(account)
    }
}

on_both_engines! {
    async fn it_says_who_would_flip_and_changes_nothing(db) {
        let stage = Stage::set(db, &[clear(1), with_days(2, 5), with_days(3, 2)]).await;
        stage.build().await;
        let seen = what_if(&stage.ctx, &coach(), CAMP, KINDER).await.unwrap();
        assert_eq!((seen.eligible, seen.would_be_eligible), (1, 2));
        assert_eq!(seen.sum_fen, Fen::new(9900).unwrap());
        let [flip] = &seen.flips[..] else { panic!("{:?}", seen.flips) };
        assert_eq!((flip.member, &*flip.name), (MemberId(2), "会员2"));
        assert_eq!((flip.from, flip.to), (Judgement::NotEligible, Judgement::ByGrace));

        // The other way round those flip who would lose it.
        let stricter = OtherRules { required_days: Some(9), grace_days: Some(0) };
        let seen = what_if(&stage.ctx, &admin(), CAMP, stricter).await.unwrap();
        assert_eq!((seen.eligible, seen.would_be_eligible, seen.flips.len()), (1, 0, 1));
        assert_eq!(stage.texts("SELECT status FROM refund_record").await, ["pending"]);

        let refused = what_if(&stage.ctx, &foreign_coach(), CAMP, KINDER).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        for rules in [
            OtherRules::default(),
            OtherRules { required_days: Some(0), grace_days: None },
            OtherRules { required_days: Some(11), grace_days: None },
            OtherRules { required_days: Some(3), grace_days: Some(4) },
        ] {
            let refused = what_if(&stage.ctx, &admin(), CAMP, rules).await;
            assert!(matches!(refused, Err(Error::Invalid(_))), "{rules:?}");
        }
    }

    async fn who_would_flip_is_proposed_once_and_somebody_else_approves(db) {
        let stage = Stage::set(db, &[clear(1), with_days(2, 5), with_days(3, 5)]).await;
        stage.build().await;
        propose_manual(&stage.ctx, &other_admin(), &order_no(3), "已经商量好").await.unwrap();
        let done = propose_goodwill(&stage.ctx, &admin(), CAMP, KINDER, "台风停电").await.unwrap();
        assert_eq!(done.proposed, 1);
        let [(member, error)] = &done.skipped[..] else { panic!("{:?}", done.skipped) };
        assert_eq!(*member, MemberId(3));
        assert!(matches!(error, Error::Refused(Refusal::Duplicate(_))), "{error:?}");
        let refund = stage.of(2).await;
        assert_eq!((refund.proposal.kind, refund.status()), (RefundKind::Manual, RefundStatus::Pending));
        assert_eq!(refund.proposal.reason, "按善意退还：台风停电");

        let again = propose_goodwill(&stage.ctx, &admin(), CAMP, KINDER, "台风停电").await.unwrap();
        assert_eq!((again.proposed, again.skipped.len()), (0, 2), "never twice");
        let own = approve(&stage.ctx, &admin(), refund.id, None).await;
        assert!(matches!(own, Err(Error::Refused(Refusal::NeedsSecondApprover))), "{own:?}");
        approve(&stage.ctx, &other_admin(), refund.id, None).await.unwrap();
        stage.clock.advance(TimeDelta::seconds(60));
        assert_eq!(run_due(&stage.ctx).await.unwrap().under_way, 1);
        assert_eq!(stage.returned_fen(2), 0, "on its way");
        stage.assert_in_order().await;
    }

    async fn only_whose_days_they_surely_are_is_proposed_by_the_list(db) {
        let unsure = |account| Cast { match_status: "pending", ..with_days(account, 5) };
        let stage = Stage::set(db, &[unsure(1), with_days(2, 5), unsure(2), with_days(4, 5), with_days(5, 5)]).await;
        stage.build().await;
        // Given back by another way: it is not here any more.
        close_payment(&stage.ctx, &other_admin(), &order_no(5), closing(9900)).await.unwrap();
        let seen = what_if(&stage.ctx, &admin(), CAMP, KINDER).await.unwrap();
        let flips: Vec<_> = seen.flips.iter().map(|flip| flip.member.0).collect();
        assert_eq!((flips, seen.sum_fen.get()), (vec![1, 2, 3, 4], 4 * 9900));
        let done = propose_goodwill(&stage.ctx, &admin(), CAMP, KINDER, "台风停电").await.unwrap();
        let skipped: Vec<_> = done.skipped.iter().map(|(member, _)| member.0).collect();
        assert_eq!((done.proposed, skipped), (1, vec![1, 2, 3]));
        for (_, error) in &done.skipped {
            let contested = Refusal::from(WrongState::IdentityContested);
            assert!(matches!(error, Error::Refused(refusal) if *refusal == contested), "{error:?}");
        }
        propose_manual(&stage.ctx, &admin(), &order_no(1), "已经核实").await.unwrap();
        stage.assert_in_order().await;
    }

    async fn nobody_is_proposed_before_the_end_or_by_who_may_not(db) {
        let stage = Stage::set(db, &[with_days(1, 5)]).await;
        let refused = propose_goodwill(&stage.ctx, &coach(), CAMP, KINDER, "台风").await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        let refused = propose_goodwill(&stage.ctx, &admin(), CAMP, KINDER, " ").await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        let long = "字".repeat(200);
        let refused = propose_goodwill(&stage.ctx, &admin(), CAMP, KINDER, &long).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "with its heading it is too long");
        stage.run("UPDATE training_camp SET status = 'ongoing' WHERE id = 1").await;
        let refused = propose_goodwill(&stage.ctx, &admin(), CAMP, KINDER, "台风").await;
        assert!(matches!(refused, Err(Error::Refused(Refusal::WrongState(_)))), "{refused:?}");
        assert_eq!(stage.texts("SELECT status FROM refund_record").await, [""; 0]);
    }
}
