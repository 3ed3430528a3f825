//! The smart match decides what is sure, leaves the rest to people, and does nothing twice.

use campkeeper::domain::{BindMethod, BindStatus, MatchStatus, PlanetUserId};
use campkeeper::services::matching::{Summary, match_by_hand, smart_match, unmatch};

use crate::on_both_engines;
use crate::world::{CAMP, OTHER_CAMP, World, admin, known_in_wechat_as, typed};

const MING: i64 = 54_231_919_143_797;
const COCO: i64 = 81_179_376_462_529;

async fn run(world: &World) -> Summary {
    smart_match(&world.ctx).await.unwrap()
}

on_both_engines! {
    async fn an_expired_binding_is_completed_on_an_earlier_one_and_a_name(db) {
        let world = World::new(db).await;
        world.account(MING, 4805, "小明同学", "明").await;
        world.enroll(OTHER_CAMP, "payer", typed("4805", "小明同学")).await;
        world.ranked(CAMP, MING, 6).await;
        let member = world.enroll(CAMP, "payer", known_in_wechat_as("明")).await;
        assert_eq!(run(&world).await, Summary::default(), "seven days are theirs");
        world.expire_bindings().await;

        let summary = run(&world).await;
        assert_eq!((summary.matched, summary.for_people), (1, 0));
        let known = world.member(member).await;
        assert_eq!(known.match_status, MatchStatus::Matched);
        assert_eq!(known.identity.planet_user_id, Some(PlanetUserId(MING)));
        assert_eq!(known.identity.planet_nickname, "小明同学");
        assert!(known.identity.confidence >= 80, "{:?}", known.identity);
        assert_eq!(known.identity.reasons[0], "往期绑定过此账号");
        assert_eq!((known.checked_in_days, known.eligible), (6, true));
        let bound = (BindStatus::Completed, Some(BindMethod::SmartMatch));
        assert_eq!(world.binding(member).await, bound);
        assert_eq!(world.match_history(member).await, ["pending → matched (smart-match)"]);
        assert_eq!(
            world.bind_history(member).await,
            ["pending → expired", "expired → completed"]
        );
        assert_eq!(run(&world).await, Summary::default(), "nothing is left to do");
    }

    async fn a_name_alone_is_a_question_for_people(db) {
        let world = World::new(db).await;
        world.account(MING, 4805, "小明同学", "明").await;
        let member = world.enroll(CAMP, "payer", known_in_wechat_as("小明同学")).await;
        world.expire_bindings().await;

        assert_eq!(run(&world).await.for_people, 1);
        let asked = world.member(member).await;
        assert_eq!(asked.match_status, MatchStatus::Failed);
        assert_eq!(asked.identity.planet_user_id, None);
        assert!(asked.identity.confidence < 80);
        assert_eq!(asked.identity.reasons[0], "可能是“小明同学”（54231919143797）");
        assert!(asked.identity.reasons.iter().any(|reason| reason.starts_with("仅凭名字")));
        assert_eq!(world.binding(member).await, (BindStatus::ManualRequired, None));
        assert_eq!(world.match_history(member).await, ["pending → failed (smart-match)"]);
        assert_eq!(run(&world).await, Summary::default());
    }

    async fn who_has_told_a_name_waits_for_the_first_sync(db) {
        let world = World::new(db).await;
        let named = world.enroll(CAMP, "a", known_in_wechat_as("小明同学")).await;
        let nameless = world.enroll(CAMP, "b", known_in_wechat_as("")).await;
        world.expire_bindings().await;
        assert_eq!(run(&world).await.for_people, 1, "nothing will ever speak for the nameless");
        assert_eq!(world.binding(nameless).await.0, BindStatus::ManualRequired);
        assert_eq!(world.binding(named).await.0, BindStatus::Expired);
        world.ranked(CAMP, COCO, 3).await;
        assert_eq!(run(&world).await.for_people, 1);
        assert_eq!(world.binding(named).await.0, BindStatus::ManualRequired);
    }

    async fn a_claim_is_confirmed_once_the_planet_knows_it_even_by_an_earlier_name(db) {
        let world = World::new(db).await;
        let member = world.enroll(CAMP, "payer", typed("54231919143797", "小明同学")).await;
        assert_eq!(run(&world).await.confirmed, 0, "nobody knows that account");
        assert_eq!(world.member(member).await.match_status, MatchStatus::Pending);

        world.account(MING, 4805, "小明同学", "").await;
        world.account(MING, 4805, "明哥", "").await;
        assert_eq!(run(&world).await.confirmed, 1);
        let known = world.member(member).await;
        assert_eq!(known.match_status, MatchStatus::Matched);
        assert_eq!(known.identity.planet_nickname, "明哥");
        assert_eq!(known.identity.reasons, ["星球ID相同", "昵称与曾用名相同"]);
        let bound = (BindStatus::Completed, Some(BindMethod::UserFill));
        assert_eq!(world.binding(member).await, bound);
    }

    async fn two_who_claim_one_account_are_left_to_people(db) {
        let world = World::new(db).await;
        let claims = [typed("54231919143797", "小明同学"), typed("54231919143797", "路人甲")];
        let mut members = Vec::new();
        for (payer, claim) in ["a", "b"].into_iter().zip(claims) {
            members.push(world.enroll(CAMP, payer, claim).await);
        }
        world.account(MING, 4805, "小明同学", "").await;
        assert_eq!(run(&world).await.confirmed, 0);
        for member in members {
            assert_eq!(world.member(member).await.match_status, MatchStatus::Pending);
        }
    }

    async fn an_account_is_given_to_one_member_of_a_camp(db) {
        let world = World::new(db).await;
        world.account(MING, 4805, "小明同学", "明").await;
        world.enroll(OTHER_CAMP, "payer", typed("4805", "小明同学")).await;
        world.enroll(CAMP, "owner", typed("4805", "小明同学")).await;
        let second = world.enroll(CAMP, "payer", known_in_wechat_as("明")).await;
        world.expire_bindings().await;
        let summary = run(&world).await;
        assert_eq!((summary.matched, summary.for_people), (0, 1));
        let asked = world.member(second).await;
        assert_eq!(asked.identity.planet_user_id, None);
    }

    async fn what_a_person_undid_is_not_done_again(db) {
        let world = World::new(db).await;
        world.account(MING, 4805, "小明同学", "明").await;
        world.account(COCO, 12, "Coco", "").await;
        world.enroll(OTHER_CAMP, "payer", typed("4805", "小明同学")).await;
        let undone = world.enroll(CAMP, "payer", known_in_wechat_as("明")).await;
        let corrected = world.enroll(CAMP, "coco", typed("12", "Coco")).await;
        world.expire_bindings().await;
        assert_eq!(run(&world).await.matched, 1);
        unmatch(&world.ctx, &admin(), undone).await.unwrap();
        unmatch(&world.ctx, &admin(), corrected).await.unwrap();
        assert_eq!(run(&world).await, Summary::default());
        assert_eq!(world.member(undone).await.match_status, MatchStatus::Pending);
        assert_eq!(world.member(corrected).await.match_status, MatchStatus::Pending);

        let coco = PlanetUserId(COCO);
        match_by_hand(&world.ctx, &admin(), undone, coco, None).await.unwrap();
        run(&world).await;
        let decided = world.member(undone).await;
        assert_eq!(decided.identity.planet_user_id, Some(coco));
    }

    async fn a_number_typed_after_paying_is_kept_until_the_roster_knows_it(db) {
        let world = World::new(db).await;
        let member = world.enroll(CAMP, "payer", known_in_wechat_as("明")).await;
        world.bind(member, typed("4805", "小明同学")).await;
        assert_eq!(world.member(member).await.match_status, MatchStatus::Pending);
        assert_eq!(world.member(member).await.identity.wechat_nickname, "明");

        world.account(MING, 4805, "小明同学", "").await;
        assert_eq!(run(&world).await.confirmed, 1);
        let known = world.member(member).await;
        assert_eq!(known.identity.planet_user_id, Some(PlanetUserId(MING)));
        assert_eq!(known.identity.reasons[0], "成员编号相同");
    }
}
