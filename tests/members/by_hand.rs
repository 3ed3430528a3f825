//! What people decide about who a member is: it stands, it shows, and it can be taken back.

use campkeeper::domain::{BindMethod, BindStatus, MatchStatus, MemberId, PlanetUserId, Role};
use campkeeper::services::matching::{candidates, match_by_hand, smart_match, unmatch};
use campkeeper::services::{Duplicate, Error, Refusal};

use crate::on_both_engines;
use crate::rows::refund_in;
use crate::world::{CAMP, OTHER_CAMP, World, actor, admin, known_in_wechat_as, typed};

const MING: PlanetUserId = PlanetUserId(54_231_919_143_797);
const COCO: PlanetUserId = PlanetUserId(81_179_376_462_529);

/// Two accounts, and their days in the camp.
async fn with_roster(world: &World) {
    world.account(MING.0, 4805, "小明同学", "明").await;
    world.account(COCO.0, 12, "Coco", "").await;
    world.ranked(CAMP, MING.0, 3).await;
    world.ranked(CAMP, COCO.0, 7).await;
}

async fn refusal(world: &World, member: MemberId, account: PlanetUserId) -> Error {
    match_by_hand(&world.ctx, &admin(), member, account, None)
        .await
        .unwrap_err()
}

on_both_engines! {
    async fn staff_match_whom_the_machine_could_not(db) {
        let world = World::new(db).await;
        with_roster(&world).await;
        let member = world.enroll(CAMP, "payer", known_in_wechat_as("谁也不是")).await;
        world.expire_bindings().await;
        smart_match(&world.ctx).await.unwrap();

        let remark = Some(" 电话确认 ".to_owned());
        let known = match_by_hand(&world.ctx, &actor(2, Role::Coach), member, COCO, remark)
            .await
            .unwrap();
        assert_eq!(known.match_status, MatchStatus::Matched);
        assert_eq!(known.identity.planet_user_id, Some(COCO));
        assert_eq!(known.identity.planet_nickname, "Coco");
        assert_eq!(known.identity.wechat_nickname, "谁也不是");
        assert_eq!(known.identity.confidence, 100);
        assert_eq!(known.identity.reasons, ["王老师人工确认"]);
        assert_eq!((known.checked_in_days, known.eligible), (7, true));
        let bound = (BindStatus::Completed, Some(BindMethod::Manual));
        assert_eq!(world.binding(member).await, bound);
        assert_eq!(
            world.bind_history(member).await,
            ["pending → expired", "expired → manual_required", "manual_required → completed"]
        );
        let audited = world
            .texts("SELECT action || ' ' || object_id || ' ' || details FROM operation_log")
            .await;
        assert_eq!(
            audited,
            [format!(
                "member.match {member} {{\"campId\":1,\"from\":null,\"note\":\"电话确认\",\
                 \"to\":\"{COCO}\"}}"
            )]
        );
        assert!(world.audit_is_intact().await);
        let again = match_by_hand(&world.ctx, &admin(), member, COCO, None).await;
        assert_eq!(again.unwrap().identity, known.identity);
        assert_eq!(world.texts("SELECT action FROM operation_log").await.len(), 1);
    }

    async fn a_correction_keeps_the_history(db) {
        let world = World::new(db).await;
        with_roster(&world).await;
        let member = world.enroll(CAMP, "payer", typed("4805", "小明同学")).await;
        assert_eq!(world.member(member).await.match_status, MatchStatus::Matched);
        let known = match_by_hand(&world.ctx, &admin(), member, COCO, None).await.unwrap();
        assert_eq!(known.identity.planet_user_id, Some(COCO));
        assert_eq!(known.checked_in_days, 7);
        assert_eq!(
            world.match_history(member).await,
            ["matched → pending (王老师)", "pending → matched (王老师)"]
        );
        assert_eq!(
            world.bind_history(member).await,
            [
                "pending → completed",
                "completed → manual_required",
                "manual_required → completed"
            ]
        );
    }

    async fn an_account_of_another_member_is_refused_with_their_name(db) {
        let world = World::new(db).await;
        with_roster(&world).await;
        let holder = world.enroll(CAMP, "ming", typed("4805", "小明同学")).await;
        let other = world.enroll(CAMP, "payer", known_in_wechat_as("明")).await;
        let Error::Refused(Refusal::Duplicate(of)) = refusal(&world, other, MING).await else {
            panic!("a duplicate");
        };
        let holder = Duplicate::Match { nickname: "小明同学".to_owned(), member: holder.0 };
        assert_eq!(of, holder);
        assert_eq!(world.member(other).await.match_status, MatchStatus::Pending);
        // The same account may be somebody's in another camp.
        let elsewhere = world.enroll(OTHER_CAMP, "x", known_in_wechat_as("x")).await;
        match_by_hand(&world.ctx, &admin(), elsewhere, MING, None).await.unwrap();
    }

    async fn the_others_who_claim_the_account_learn_why_they_wait(db) {
        let world = World::new(db).await;
        let owner = world.enroll(CAMP, "a", typed(&MING.to_string(), "小明同学")).await;
        let other = world.enroll(CAMP, "b", typed(&MING.to_string(), "小明")).await;
        with_roster(&world).await;
        match_by_hand(&world.ctx, &admin(), owner, MING, None).await.unwrap();
        let waiting = world.member(other).await;
        assert_eq!(waiting.match_status, MatchStatus::Pending);
        let reason = waiting.identity.reasons.last().unwrap();
        assert_eq!(reason, "此星球账号已由人工确认给另一位成员");
        smart_match(&world.ctx).await.unwrap();
        assert_eq!(world.member(other).await.match_status, MatchStatus::Pending);
    }

    async fn an_undone_match_leaves_nothing_but_what_was_typed(db) {
        let world = World::new(db).await;
        with_roster(&world).await;
        let member = world.enroll(CAMP, "payer", typed("12", "coco")).await;
        let undone = unmatch(&world.ctx, &admin(), member).await.unwrap();
        assert_eq!(undone.match_status, MatchStatus::Pending);
        assert_eq!(undone.identity.planet_user_id, None);
        assert_eq!(undone.identity.planet_nickname, "coco");
        assert_eq!((undone.identity.confidence, undone.identity.reasons.len()), (0, 0));
        assert_eq!((undone.checked_in_days, undone.eligible), (0, false));
        assert_eq!(world.binding(member).await, (BindStatus::ManualRequired, None));
        let actions = world.texts("SELECT action FROM operation_log").await;
        assert_eq!(actions, ["member.unmatch"]);
        let again = unmatch(&world.ctx, &admin(), member).await;
        assert!(matches!(again, Err(Error::Refused(Refusal::WrongState(_)))));
    }

    async fn coaches_decide_in_their_camps_and_volunteers_nowhere(db) {
        let world = World::new(db).await;
        with_roster(&world).await;
        let here = world.enroll(CAMP, "a", known_in_wechat_as("a")).await;
        let there = world.enroll(OTHER_CAMP, "b", known_in_wechat_as("b")).await;
        for (who, member) in [(actor(2, Role::Coach), there), (actor(3, Role::Volunteer), here)] {
            let refused = match_by_hand(&world.ctx, &who, member, COCO, None).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))));
            let refused = candidates(&world.ctx, &who, member).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))));
        }
        match_by_hand(&world.ctx, &actor(2, Role::Coach), here, COCO, None).await.unwrap();
    }

    async fn nothing_changes_once_a_refund_rests_on_it(db) {
        let world = World::new(db).await;
        with_roster(&world).await;
        let member = world.enroll(CAMP, "payer", typed("12", "Coco")).await;
        world.propose_refund(member).await;
        unmatch(&world.ctx, &admin(), member).await.unwrap();
        match_by_hand(&world.ctx, &admin(), member, COCO, None).await.unwrap();
        // What was given back by hand rests on it too, although the order is paid and claims nothing.
        for status in ["approved", "manual_required", "closed"] {
            world.execute(&format!("UPDATE refund_record SET {}", refund_in(status))).await;
            let refused = unmatch(&world.ctx, &admin(), member).await;
            assert!(matches!(refused, Err(Error::Refused(Refusal::WrongState(_)))), "{status}");
            let refused = refusal(&world, member, MING).await;
            assert!(matches!(refused, Error::Refused(Refusal::WrongState(_))), "{status}");
        }
    }

    async fn an_account_that_nobody_knows_is_refused(db) {
        let world = World::new(db).await;
        with_roster(&world).await;
        let member = world.enroll(CAMP, "payer", known_in_wechat_as("a")).await;
        // 4805 is a member number, not an account.
        for account in [PlanetUserId(1), PlanetUserId(4805)] {
            assert!(matches!(refusal(&world, member, account).await, Error::Invalid(_)));
        }
        let long = Some("很".repeat(201));
        let refused = match_by_hand(&world.ctx, &admin(), member, COCO, long).await;
        assert!(matches!(refused, Err(Error::Invalid(_))));
    }

    async fn suggestions_come_best_first_with_reasons(db) {
        let world = World::new(db).await;
        with_roster(&world).await;
        for n in 0..12 {
            world.account(90_000_000_000 + n, 100 + n, &format!("小明{n}"), "").await;
        }
        world.enroll(CAMP, "coco", typed("12", "Coco")).await;
        let member = world.enroll(CAMP, "payer", typed("54231919143779", "小明同学")).await;
        let suggested = candidates(&world.ctx, &admin(), member).await.unwrap();
        assert!(suggested.len() <= 9);
        assert_eq!(suggested[0].planet_user_id, MING);
        assert_eq!(suggested[0].planet_nickname, "小明同学");
        assert_eq!(suggested[0].reasons, ["星球ID相邻两位颠倒", "昵称相同"]);
        assert!(suggested.windows(2).all(|pair| pair[0].score >= pair[1].score));
        let taken = world.enroll(CAMP, "coco2", typed("12", "路人甲")).await;
        let suggested = candidates(&world.ctx, &admin(), taken).await.unwrap();
        let reasons = &suggested[0].reasons;
        assert_eq!(suggested[0].planet_user_id, COCO);
        assert!(reasons.iter().any(|reason| reason == "此账号已绑定他人"), "{reasons:?}");
    }
}
