//! Two who claim one account: both wait for a person, unless a person has decided already.

use campkeeper::domain::{BindMethod, BindStatus, MatchStatus, MemberId, PlanetUserId};
use campkeeper::services::matching::{match_by_hand, match_camp, waiting};

use crate::on_both_engines;
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
}
