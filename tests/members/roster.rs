//! The roster: imported by row, linked to accounts where that is safe, and used at once.

use campkeeper::domain::{CampId, MatchStatus, MemberId, PlanetUserId};
use campkeeper::services::identity::{self, Found};
use campkeeper::services::imports::{Mode, Report};
use campkeeper::services::matching::match_camp;
use campkeeper::services::roster;
use chrono::TimeDelta;
use encoding_rs::GB18030;

use crate::on_both_engines;
use crate::world::{CAMP, OTHER_CAMP, World, typed};

const MING: i64 = 54_231_919_143_797;
const COCO: i64 = 81_179_376_462_529;

/// The back office's headings, and more of them than we read.
const HEADINGS: &str =
    "加入时间,成员编号,用户昵称,微信昵称,星球名片昵称,星球内备注昵称,知识号,身份\n";

async fn import(world: &World, text: &str, mode: Mode) -> Report {
    roster::import(&world.ctx, None, text.as_bytes().to_vec(), mode)
        .await
        .unwrap()
}

fn counts(report: &Report) -> (usize, usize, usize, usize) {
    (
        report.added,
        report.changed,
        report.unchanged,
        report.errors.len(),
    )
}

async fn found(world: &World, typed: &str, nickname: &str) -> Option<Found> {
    identity::find(&world.ctx, typed, nickname).await.unwrap()
}

async fn is_matched(world: &World, id: MemberId) -> bool {
    world.member(id).await.match_status == MatchStatus::Matched
}

/// What follows a complete sync of the camp.
async fn after_a_sync(world: &World, camp: CampId) {
    roster::link_seen(&world.ctx).await.unwrap();
    match_camp(&world.ctx, camp).await.unwrap();
}

on_both_engines! {
    async fn a_dry_run_says_what_an_import_then_does(db) {
        let world = World::new(db).await;
        let text = format!("{HEADINGS}2026-01-01,12,小明同学,明,,,,\n,x,坏行,,,,,\n,13,Coco,,,,,\n");
        let dry = import(&world, &text, Mode::DryRun).await;
        assert_eq!(counts(&dry), (2, 0, 0, 1));
        assert_eq!((dry.errors[0].row, dry.errors[0].message.as_str()), (3, "成员编号：应为整数，请核对"));
        assert_eq!(found(&world, "12", "小明同学").await, None);
        assert!(world.texts("SELECT action FROM operation_log").await.is_empty());

        assert_eq!(dry.changes.iter().map(|change| change.row).collect::<Vec<_>>(), [2, 4]);
        let written = import(&world, &text, Mode::Write).await;
        assert_eq!(written, Report { changes: Vec::new(), ..dry });
        assert_eq!(counts(&import(&world, &text, Mode::DryRun).await), (0, 0, 2, 1));
        let (gb, _, _) = GB18030.encode("成员编号,用户昵称\n12,明哥\n13,Coco\n14,新人\n");
        let changed = roster::import(&world.ctx, None, gb.into_owned(), Mode::Write).await.unwrap();
        assert_eq!(counts(&changed), (1, 1, 1, 0));
        let audited = world.texts("SELECT details FROM operation_log ORDER BY seq").await;
        assert_eq!(audited.len(), 2);
        assert!(audited[0].contains("\"added\":2") && audited[0].contains("\"errors\":1"), "{audited:?}");
        assert!(world.audit_is_intact().await);
    }

    async fn is_it_you_shows_no_more_than_number_and_nickname_prove(db) {
        let world = World::new(db).await;
        let text = format!("planet_user_id,member_number,planet_nickname,wechat_nickname\n\
                            {MING},12,小明同学,明\n,13,Coco,\n");
        import(&world, &text, Mode::Write).await;
        let ming = Some(Found::Account {
            planet_id: MING.to_string(),
            planet_nickname: "小明同学".to_owned(),
            avatar_url: None,
        });
        for typed in ["12", " １２ ", &MING.to_string(), "5423 1919 143797"] {
            assert_eq!(found(&world, typed, "小明同學").await, ming, "{typed}");
        }
        assert_eq!(found(&world, "12", "别人").await, Some(Found::Masked("小*学".to_owned())));
        // Known by number only, until a sync sees the account.
        let Some(Found::Account { planet_id, .. }) = found(&world, "13", "coco").await else {
            panic!("13 is Coco");
        };
        assert_eq!(planet_id, "13");
        assert!(matches!(found(&world, "13", "").await, Some(Found::Masked(_))));
        for nobody in ["14", "", "小明", "99999999999999999999"] {
            assert_eq!(found(&world, nobody, "小明同学").await, None, "{nobody}");
        }
    }

    async fn a_claim_that_the_roster_proves_is_matched_at_once(db) {
        let world = World::new(db).await;
        let early = world.enroll(CAMP, "early", typed("12", "小明同学")).await;
        assert!(!is_matched(&world, early).await);
        let text = format!("planet_user_id,member_number,planet_nickname\n{MING},12,小明同学\n\
                            {COCO},13,Coco\n");
        import(&world, &text, Mode::Write).await;
        assert!(is_matched(&world, early).await, "the import confirms who waits for it");
        let late = world.enroll(CAMP, "late", typed("13", "coco")).await;
        let known = world.member(late).await;
        assert_eq!(known.match_status, MatchStatus::Matched);
        assert_eq!((known.identity.confidence, known.identity.planet_user_id), (100, Some(PlanetUserId(COCO))));
        assert_eq!(known.identity.reasons, ["编号与昵称和名册一致"]);
    }

    async fn a_number_alone_finds_its_account_once_a_sync_has_seen_it(db) {
        let world = World::new(db).await;
        import(&world, &format!("{HEADINGS},12,小明同学,明,,,,\n"), Mode::Write).await;
        let member = world.enroll(CAMP, "payer", typed("12", "小明同学")).await;
        let waiting = world.member(member).await;
        assert_eq!(waiting.match_status, MatchStatus::Pending);
        assert_eq!(waiting.identity.reasons, ["编号与昵称和名册一致，等打卡同步后对上账号"]);
        let other = world.enroll(OTHER_CAMP, "other", typed("12", "别人")).await;
        assert_eq!(world.member(other).await.identity.reasons, ["编号在名册里，但昵称与名册不同"]);

        world.wait(TimeDelta::days(1));
        world.seen(MING, "小明同学").await;
        after_a_sync(&world, CAMP).await;
        after_a_sync(&world, OTHER_CAMP).await;
        let known = world.member(member).await;
        assert_eq!(known.match_status, MatchStatus::Matched);
        assert_eq!(known.identity.planet_user_id, Some(PlanetUserId(MING)));
        assert!(!is_matched(&world, other).await);
        assert!(world.texts("SELECT nickname FROM roster_entry").await.is_empty());
        let again = import(&world, &format!("{HEADINGS},12,小明同学,明,,,,\n"), Mode::Write).await;
        assert_eq!(counts(&again), (0, 0, 1, 0));
        // The names kept the day on which they were first seen.
        let first = world.texts(
            "SELECT DISTINCT CAST(first_seen_at AS TEXT) FROM planet_user_name WHERE kind = 'nickname'",
        ).await;
        assert_eq!(first, ["1767196800000000"]);
    }

    async fn namesakes_are_not_linked(db) {
        let world = World::new(db).await;
        import(&world, &format!("{HEADINGS},12,小明,,,,,\n"), Mode::Write).await;
        world.seen(MING, "小明").await;
        world.seen(COCO, "小明").await;
        let member = world.enroll(CAMP, "payer", typed("12", "小明")).await;
        after_a_sync(&world, CAMP).await;
        assert!(!is_matched(&world, member).await);
        assert_eq!(world.texts("SELECT nickname FROM roster_entry").await, ["小明"]);
        // A file that has both says which of them it is.
        let both = format!("planet_user_id,member_number,planet_nickname\n{COCO},12,小明\n");
        import(&world, &both, Mode::Write).await;
        let known = world.member(member).await;
        assert_eq!(known.identity.planet_user_id, Some(PlanetUserId(COCO)));
        assert!(is_matched(&world, member).await);
    }

    async fn a_rename_keeps_the_old_name_with_its_dates_and_proves_as_much(db) {
        let world = World::new(db).await;
        let named = |name: &str| format!("planet_user_id,member_number,planet_nickname\n{MING},12,{name}\n");
        import(&world, &named("小明同学"), Mode::Write).await;
        world.wait(TimeDelta::days(1));
        import(&world, &named("小明同学"), Mode::Write).await;
        world.wait(TimeDelta::days(1));
        let renamed = import(&world, &named("云游的人"), Mode::Write).await;
        assert_eq!(counts(&renamed), (0, 1, 0, 0));
        let day = 86_400_000_000_i64;
        let kept = world.texts(&format!(
            "SELECT name || ' ' || CAST((first_seen_at - 1767196800000000) / {day} AS TEXT) || '-' || \
             CAST((last_seen_at - 1767196800000000) / {day} AS TEXT) FROM planet_user_name \
             ORDER BY first_seen_at"
        )).await;
        assert_eq!(kept, ["小明同学 0-1", "云游的人 2-2"]);
        let member = world.enroll(CAMP, "payer", typed("12", "小明同学")).await;
        assert!(is_matched(&world, member).await, "the earlier name still proves the number");
        // A sync that sees a third name adds it.
        world.seen(MING, "明哥").await;
        assert_eq!(world.texts("SELECT name FROM planet_user_name").await.len(), 3);
    }

    async fn a_number_goes_to_the_account_that_a_file_names(db) {
        let world = World::new(db).await;
        world.account(MING, 12, "小明", "").await;
        world.account(COCO, 13, "Coco", "").await;
        let swapped = format!("planet_user_id,member_number,planet_nickname\n{MING},13,小明\n{COCO},12,Coco\n");
        assert_eq!(counts(&import(&world, &swapped, Mode::Write).await), (0, 2, 0, 0));
        let numbers = world.texts(
            "SELECT nickname || ' ' || CAST(member_number AS TEXT) FROM planet_user ORDER BY member_number",
        ).await;
        assert_eq!(numbers, ["Coco 12", "小明 13"]);
    }

    async fn others_write_beside_an_import_and_one_that_is_cut_off_leaves_nothing(db) {
        let world = World::new(db).await;
        world.account(MING, 12, "小明", "").await;
        let mut text = format!("planet_user_id,member_number,planet_nickname\n{MING},13,明哥\n");
        for number in 100..5000 {
            text += &format!(",{number},会员{number}\n");
        }
        let (ctx, file) = (world.ctx.clone(), text.clone().into_bytes());
        let on_its_way = tokio::spawn(async move {
            roster::import(&ctx, None, file, Mode::Write).await
        });
        while world.texts("SELECT import FROM roster_staged LIMIT 1").await.is_empty() {
            assert!(!on_its_way.is_finished());
        }
        world.seen(COCO, "Coco").await;
        assert!(!on_its_way.is_finished(), "nobody waits for the whole of it");
        on_its_way.abort();
        assert!(on_its_way.await.unwrap_err().is_cancelled());
        let known = "SELECT nickname FROM planet_user UNION ALL SELECT nickname FROM roster_entry";
        assert_eq!(world.texts(known).await, ["小明", "Coco"]);

        world.wait(TimeDelta::days(2));
        assert_eq!(counts(&import(&world, &text, Mode::Write).await), (4900, 1, 0, 0));
        assert_eq!(world.texts(known).await.len(), 4902);
        assert!(world.texts("SELECT import FROM roster_staged").await.is_empty());
        assert_eq!(world.texts("SELECT action FROM operation_log").await, ["roster.import"]);
        assert_eq!(counts(&import(&world, &text, Mode::DryRun).await), (0, 0, 4901, 0));
    }
}
