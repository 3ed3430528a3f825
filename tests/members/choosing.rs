//! What the match card decides: once, by whoever is first, and only what nobody has decided.

use campkeeper::domain::{BindMethod, BindStatus, MatchStatus, MemberId, PlanetUserId, Role};
use campkeeper::services::matching::{
    Choice, choose, match_by_hand, smart_match, unmatch, waiting, was_looked_at, withdraw,
};
use campkeeper::services::{Error, Refusal, members};

use crate::on_both_engines;
use crate::world::{CAMP, World, actor, admin, known_in_wechat_as, typed};

const MING: PlanetUserId = PlanetUserId(54_231_919_143_797);
const COCO: PlanetUserId = PlanetUserId(81_179_376_462_529);

/// Two accounts, and a member whom the machine gave up.
async fn with_a_question(world: &World) -> MemberId {
    world.account(MING.0, 4805, "小明同学", "明").await;
    world.account(COCO.0, 12, "Coco", "").await;
    let member = world
        .enroll(CAMP, "payer", known_in_wechat_as("小明同学"))
        .await;
    world.expire_bindings().await;
    smart_match(&world.ctx).await.unwrap();
    member
}

fn coach() -> campkeeper::domain::staff::Actor {
    let mut coach = actor(2, Role::Coach);
    coach.name = "周教练".to_owned();
    coach
}

async fn in_question(world: &World) -> Vec<MemberId> {
    let waiting = waiting(&world.ctx, &admin(), CAMP).await.unwrap();
    waiting.iter().map(|member| member.id).collect()
}

on_both_engines! {
    async fn who_comes_second_learns_who_was_first(db) {
        let world = World::new(db).await;
        let member = with_a_question(&world).await;
        assert_eq!(in_question(&world).await, [member]);
        let known = choose(&world.ctx, &coach(), member, Choice::Account(MING)).await.unwrap();
        assert_eq!(known.identity.planet_user_id, Some(MING));
        assert_eq!(world.binding(member).await, (BindStatus::Completed, Some(BindMethod::Manual)));
        assert!(in_question(&world).await.is_empty());
        for choice in [Choice::Account(MING), Choice::Account(COCO), Choice::NoneOfThese] {
            let late = choose(&world.ctx, &admin(), member, choice).await;
            let Err(Error::Refused(Refusal::AlreadyDecided { by, .. })) = late else {
                panic!("{late:?}");
            };
            assert_eq!(by, "周教练");
        }
        // The same click once more, after a crash, is no second decision.
        choose(&world.ctx, &coach(), member, Choice::Account(MING)).await.unwrap();
        assert_eq!(world.texts("SELECT action FROM operation_log").await, ["member.match"]);
    }

    async fn none_of_these_leaves_the_member_to_people(db) {
        let world = World::new(db).await;
        with_a_question(&world).await;
        let member = world.enroll(CAMP, "b", typed("54231919143797", "谁")).await;
        for _ in 0..2 {
            choose(&world.ctx, &coach(), member, Choice::NoneOfThese).await.unwrap();
        }
        let left = world.member(member).await;
        assert!(was_looked_at(&left));
        assert_eq!(left.match_status, MatchStatus::Failed);
        assert_eq!(left.identity.reasons.last().unwrap(), "周教练看过候选，都不是");
        assert_eq!(world.binding(member).await.0, BindStatus::ManualRequired);
        assert_eq!(in_question(&world).await.last(), Some(&member), "asked about last from now on");
        world.account(MING.0, 4805, "谁", "").await;
        smart_match(&world.ctx).await.unwrap();
        assert_eq!(world.member(member).await.match_status, MatchStatus::Failed);
        assert_eq!(world.texts("SELECT action FROM operation_log").await, ["member.none_of_these"]);
        match_by_hand(&world.ctx, &admin(), member, COCO, None).await.unwrap();
    }

    async fn who_may_still_bind_by_themselves_stays_as_they_are(db) {
        let world = World::new(db).await;
        world.account(MING.0, 4805, "小明同学", "明").await;
        let [binds, never] = [
            world.enroll(CAMP, "a", known_in_wechat_as("小明同学")).await,
            world.enroll(CAMP, "b", known_in_wechat_as("小明同学")).await,
        ];
        for member in [binds, never] {
            let left = choose(&world.ctx, &coach(), member, Choice::NoneOfThese).await.unwrap();
            assert_eq!(left.match_status, MatchStatus::Pending);
            assert!(was_looked_at(&left));
            assert_eq!(world.binding(member).await.0, BindStatus::Pending);
        }
        world.bind(binds, typed("4805", "小明同学")).await;
        assert_eq!(world.member(binds).await.match_status, MatchStatus::Matched);
        world.expire_bindings().await;
        assert_eq!(smart_match(&world.ctx).await.unwrap().for_people, 1);
        let left = world.member(never).await;
        assert_eq!(left.match_status, MatchStatus::Failed);
        assert!(was_looked_at(&left), "{left:?}");
        assert_eq!(world.binding(never).await.0, BindStatus::ManualRequired);
        assert_eq!(in_question(&world).await, [never]);
    }

    async fn a_machine_that_was_first_is_not_called_by_its_name(db) {
        let world = World::new(db).await;
        world.account(MING.0, 4805, "小明同学", "明").await;
        let by_machine = world.enroll(CAMP, "a", known_in_wechat_as("谁")).await;
        world.bind(by_machine, typed("4805", "谁")).await;
        world.account(MING.0, 4805, "谁", "明").await;
        assert_eq!(smart_match(&world.ctx).await.unwrap().confirmed, 1);
        world.account(COCO.0, 12, "Coco", "").await;
        let by_themselves = world.enroll(CAMP, "b", known_in_wechat_as("谁")).await;
        world.bind(by_themselves, typed("12", "Coco")).await;
        for (member, who) in [(by_machine, "系统自动匹配"), (by_themselves, "会员本人")] {
            let late = choose(&world.ctx, &coach(), member, Choice::NoneOfThese).await;
            let Err(Error::Refused(Refusal::AlreadyDecided { by, .. })) = late else {
                panic!("{late:?}");
            };
            assert_eq!(by, who);
        }
    }

    async fn a_choice_is_withdrawn_while_it_still_stands(db) {
        let world = World::new(db).await;
        let member = with_a_question(&world).await;
        choose(&world.ctx, &coach(), member, Choice::Account(MING)).await.unwrap();
        let undone = withdraw(&world.ctx, &coach(), member, MING).await.unwrap();
        assert_eq!(undone.match_status, MatchStatus::Pending);
        assert_eq!(in_question(&world).await, [member]);
        withdraw(&world.ctx, &coach(), member, MING).await.unwrap();
        match_by_hand(&world.ctx, &admin(), member, COCO, None).await.unwrap();
        let late = withdraw(&world.ctx, &coach(), member, MING).await;
        assert!(matches!(late, Err(Error::Refused(Refusal::WrongState(_)))), "{late:?}");
        assert_eq!(world.member(member).await.identity.planet_user_id, Some(COCO));
    }

    async fn the_history_tells_who_said_what_and_when(db) {
        let world = World::new(db).await;
        let member = with_a_question(&world).await;
        choose(&world.ctx, &coach(), member, Choice::Account(COCO)).await.unwrap();
        unmatch(&world.ctx, &admin(), member).await.unwrap();
        let (shown, history) =
            members::with_history(&world.ctx, &admin(), member).await.unwrap();
        assert_eq!(shown.id, member);
        let told: Vec<String> = history
            .iter()
            .filter(|event| event.what == "match")
            .map(|event| format!("{} {} {}", event.to_status, event.operator, event.reason))
            .collect();
        assert_eq!(told[0], "pending wechat_pay payment confirmed");
        assert!(told[1].starts_with("failed smart-match 匹配度 "), "{told:?}");
        assert_eq!(told[2..], [
            "matched 周教练 认定为“Coco”（81179376462529）".to_owned(),
            "pending 王老师 撤销匹配“Coco”（81179376462529）".to_owned(),
        ]);
        assert_eq!(history.iter().filter(|event| event.what == "binding").count(), 5);
        let outsider = actor(9, Role::Coach);
        let refused = members::with_history(&world.ctx, &outsider, member).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
    }

    async fn a_volunteer_may_not_choose_and_an_account_given_away_is_refused(db) {
        let world = World::new(db).await;
        let member = with_a_question(&world).await;
        let refused = choose(&world.ctx, &actor(3, Role::Volunteer), member, Choice::NoneOfThese).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
        let holder = world.enroll(CAMP, "coco", typed("12", "Coco")).await;
        assert_eq!(world.member(holder).await.match_status, MatchStatus::Matched);
        let refused = choose(&world.ctx, &coach(), member, Choice::Account(COCO)).await;
        assert!(matches!(refused, Err(Error::Refused(Refusal::Duplicate(_)))));
    }

    async fn who_shares_a_name_with_who_was_first_is_somebody_else(db) {
        let world = World::new(db).await;
        let member = with_a_question(&world).await;
        let namesake = actor(2, Role::Coach);
        assert_eq!(namesake.name, admin().name);
        choose(&world.ctx, &namesake, member, Choice::Account(MING)).await.unwrap();
        let late = choose(&world.ctx, &admin(), member, Choice::Account(MING)).await;
        assert!(matches!(late, Err(Error::Refused(Refusal::AlreadyDecided { .. }))), "{late:?}");
        choose(&world.ctx, &namesake, member, Choice::Account(MING)).await.unwrap();
        let logged = "SELECT DISTINCT CAST(operator_id AS TEXT) FROM member_status_log \
                      WHERE operator_id IS NOT NULL";
        assert_eq!(world.texts(logged).await, ["2"]);
    }

    async fn a_reason_that_ends_like_a_decision_is_none(db) {
        let world = World::new(db).await;
        let member = with_a_question(&world).await;
        world.execute(&format!(
            "UPDATE camp_member SET match_reasons = '[\"王老师看过候选，都不是\"]' WHERE id = {member}"
        )).await;
        assert!(!was_looked_at(&world.member(member).await));
        choose(&world.ctx, &coach(), member, Choice::NoneOfThese).await.unwrap();
        world.execute(&format!("UPDATE camp_member SET match_reasons = '[]' WHERE id = {member}")).await;
        let left = world.member(member).await;
        assert_eq!((was_looked_at(&left), left.identity.looked_at_by), (true, Some(coach().user_id)));
    }
}
