//! Two who claim one account: both wait for a person, unless a person has decided already.

use campkeeper::domain::{BindMethod, BindStatus, MatchStatus, MemberId, PlanetUserId};
use campkeeper::services::matching::{
    Choice, candidates, choose, match_by_hand, match_camp, waiting,
};
use campkeeper::services::members;

use crate::on_both_engines;
use crate::rows::refund_in;
use crate::world::{CAMP, World, admin, known_in_wechat_as, typed};

const MING: i64 = 54_231_919_143_797;

async fn status(world: &World, id: MemberId) -> MatchStatus {
    world.member(id).await.match_status
}

/// Everybody told of a contest: who, and whether a person had decided.
async fn told(world: &World) -> Vec<String> {
    let body =
        "SELECT recipient || ' ' || body FROM notification_message WHERE kind = 'match_contested'";
    world.texts(body).await
}

on_both_engines! {
    async fn who_proves_it_makes_both_doubtful(db) {
        let world = World::new(db).await;
        world.account(MING, 4805, "小明同学", "明").await;
        let first = world.enroll(CAMP, "a", typed("4805", "小明同学")).await;
        assert_eq!(status(&world, first).await, MatchStatus::Matched);
        let second = world.enroll(CAMP, "b", known_in_wechat_as("明")).await;
        world.bind(second, typed("4805", "小明同学")).await;
        for member in [first, second] {
            let doubtful = world.member(member).await;
            assert_eq!(doubtful.match_status, MatchStatus::Pending);
            let reason = doubtful.identity.reasons.last().unwrap();
            assert_eq!(reason, "同一星球账号有多人认领，待人工确认");
        }
        match_camp(&world.ctx, CAMP).await.unwrap();
        assert_eq!(status(&world, first).await, MatchStatus::Pending, "not for the machine");
        let told = told(&world).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("coach ") && told[0].contains("\"given\":false"), "{told:?}");
        let asked: Vec<MemberId> = waiting(&world.ctx, &admin(), CAMP)
            .await
            .unwrap()
            .iter()
            .map(|member| member.id)
            .collect();
        assert_eq!(asked, [first, second]);
    }

    async fn what_a_person_decided_is_not_doubted_by_a_newcomer(db) {
        let world = World::new(db).await;
        world.account(MING, 4805, "小明同学", "明").await;
        let decided = world.enroll(CAMP, "a", known_in_wechat_as("明")).await;
        match_by_hand(&world.ctx, &admin(), decided, PlanetUserId(MING), None).await.unwrap();
        let newcomer = world.enroll(CAMP, "b", known_in_wechat_as("路人")).await;
        world.bind(newcomer, typed("4805", "小明同学")).await;

        assert_eq!(status(&world, decided).await, MatchStatus::Matched);
        let bound = (BindStatus::Completed, Some(BindMethod::Manual));
        assert_eq!(world.binding(decided).await, bound);
        let waits = world.member(newcomer).await;
        assert_eq!(waits.match_status, MatchStatus::Pending);
        let reason = waits.identity.reasons.last().unwrap();
        assert_eq!(reason, "此星球账号已由人工确认给另一位成员");
        match_camp(&world.ctx, CAMP).await.unwrap();
        assert_eq!(status(&world, newcomer).await, MatchStatus::Pending);
        let told = told(&world).await;
        assert!(told[0].contains("\"given\":true") && told[0].contains("写作营"), "{told:?}");

        // A third one is told of too.
        let third = world.enroll(CAMP, "c", known_in_wechat_as("又一位")).await;
        world.bind(third, typed("4805", "小明同学")).await;
        assert_eq!(self::told(&world).await.len(), 2);
        assert_eq!(status(&world, decided).await, MatchStatus::Matched);
    }

    async fn a_contest_is_told_by_the_name_of_the_account(db) {
        let world = World::new(db).await;
        world.account(MING, 4805, "小明同学", "明").await;
        world.enroll(CAMP, "a", typed("4805", "小明同学")).await;
        // They go by another name of their own.
        world.execute("UPDATE camp_member SET planet_nickname = '小石头'").await;
        let second = world.enroll(CAMP, "b", known_in_wechat_as("明")).await;
        world.bind(second, typed("4805", "小明同学")).await;
        let told = told(&world).await;
        assert!(told[0].contains("小明同学") && told[0].contains(&MING.to_string()), "{told:?}");
        assert!(!told[0].contains("小石头"), "{told:?}");
    }

    async fn whoever_decides_a_contest_is_told_of_it(db) {
        let world = World::new(db).await;
        world.account(MING, 4805, "小明同学", "明").await;
        let first = world.enroll(CAMP, "a", typed("4805", "小明同学")).await;
        let second = world.enroll(CAMP, "b", known_in_wechat_as("明")).await;
        world.bind(second, typed("4805", "小明同学")).await;
        for member in [first, second] {
            let found = candidates(&world.ctx, &admin(), member).await.unwrap();
            assert_eq!(found[0].planet_user_id, PlanetUserId(MING));
            assert!(found[0].score < 80 && found[0].is_doubtful, "{found:?}");
            let told = &found[0].reasons;
            assert!(told.contains(&"另有1笔付款指向此账号".to_owned()), "{told:?}");
        }
    }

    async fn an_id_that_another_member_typed_is_contested_whatever_their_name(db) {
        let world = World::new(db).await;
        world.account(MING, 4805, "小明同学", "明").await;
        world.account(12, 12, "Coco", "").await;
        let rightful = world.enroll(CAMP, "a", typed("4805", "小明同学")).await;
        // The id of the one, and the name of another.
        let copied = world.enroll(CAMP, "b", known_in_wechat_as("谁")).await;
        world.bind(copied, typed("4805", "Coco")).await;
        assert_eq!(status(&world, rightful).await, MatchStatus::Pending);
        let found = candidates(&world.ctx, &admin(), rightful).await.unwrap();
        assert!(found[0].is_doubtful && found[0].score < 80, "{found:?}");
        assert!(found[0].reasons.iter().any(|reason| reason.contains("笔付款指向")), "{found:?}");
    }

    async fn two_who_bear_one_name_are_told_apart_by_a_person(db) {
        let world = World::new(db).await;
        world.account(MING, 4805, "小明同学", "").await;
        let member = world.enroll(CAMP, "a", known_in_wechat_as("小明同学")).await;
        let alone = candidates(&world.ctx, &admin(), member).await.unwrap();
        assert!(!alone[0].is_doubtful, "{alone:?}");
        world.enroll(CAMP, "b", known_in_wechat_as("小明同学")).await;
        let contested = candidates(&world.ctx, &admin(), member).await.unwrap();
        assert!(contested[0].is_doubtful, "{contested:?}");
    }

    async fn a_match_that_a_refund_rests_on_is_not_doubted(db) {
        let world = World::new(db).await;
        world.account(MING, 4805, "小明同学", "明").await;
        let first = world.enroll(CAMP, "a", typed("4805", "小明同学")).await;
        world.propose_refund(first).await;
        let back = format!("UPDATE payment_record SET status = 'refunded' WHERE member_id = {first}");
        let refund = |status| format!("UPDATE refund_record SET {}", refund_in(status));
        let decided = [refund("approved"), refund("closed"), back];
        for (number, decided) in decided.into_iter().enumerate() {
            world.execute(&decided).await;
            let payer = format!("newcomer-{number}");
            let newcomer = world.enroll(CAMP, &payer, known_in_wechat_as("路人")).await;
            world.bind(newcomer, typed("4805", "小明同学")).await;
            assert_eq!(status(&world, first).await, MatchStatus::Matched);
            let waits = world.member(newcomer).await;
            assert_eq!(waits.match_status, MatchStatus::Pending);
            let reason = waits.identity.reasons.last().unwrap();
            assert_eq!(reason, "此星球账号的押金已批准退给另一位成员");
            let told = told(&world).await;
            assert!(told.last().unwrap().contains("\"refunding\":true"), "{told:?}");
            // Only the order decides the last time round.
            world.execute(&refund("pending")).await;
        }
    }

    async fn who_was_found_not_to_be_them_contests_nobody(db) {
        let world = World::new(db).await;
        world.account(MING, 4805, "小明同学", "明").await;
        let rightful = world.enroll(CAMP, "a", typed("4805", "小明同学")).await;
        let other = world.enroll(CAMP, "b", known_in_wechat_as("谁")).await;
        world.bind(other, typed("4805", "小明同学")).await;
        choose(&world.ctx, &admin(), other, Choice::NoneOfThese).await.unwrap();
        assert_eq!(world.member(other).await.identity.planet_user_id, None);
        assert_eq!(world.payment(other).await.claim.planet_id.as_deref(), Some("4805"), "kept");
        let found = candidates(&world.ctx, &admin(), rightful).await.unwrap();
        assert!(!found[0].is_doubtful, "{found:?}");
        assert_eq!(match_camp(&world.ctx, CAMP).await.unwrap().confirmed, 1);
        assert_eq!(status(&world, rightful).await, MatchStatus::Matched);
        assert_eq!(status(&world, other).await, MatchStatus::Failed);
    }

    async fn the_history_says_who_was_bound_and_why_it_was_doubted(db) {
        let world = World::new(db).await;
        world.account(MING, 4805, "小明同学", "明").await;
        let first = world.enroll(CAMP, "a", known_in_wechat_as("明")).await;
        world.bind(first, typed("4805", "小明同学")).await;
        let second = world.enroll(CAMP, "b", known_in_wechat_as("谁")).await;
        world.bind(second, typed("4805", "小明同学")).await;
        let told = async |member, what: &str| -> Vec<String> {
            let (_, history) = members::with_history(&world.ctx, &admin(), member).await.unwrap();
            let events = history.iter().filter(|event| event.what == what);
            events
                .skip(1)
                .map(|event| format!("{} {} {}", event.to_status, event.operator, event.reason))
                .collect()
        };
        assert_eq!(told(first, "match").await, [
            "matched member 认定为“小明同学”（54231919143797），编号与昵称和名册一致",
            "pending system 存疑“小明同学”（54231919143797），同一星球账号有多人认领，待人工确认",
        ]);
        assert_eq!(told(second, "binding").await, [
            "completed member 自称“小明同学”（54231919143797），编号与昵称和名册一致，\
             同一星球账号有多人认领，待人工确认",
        ]);
    }
}
