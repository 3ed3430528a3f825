//! What a complete sync changes, and what anything less leaves alone.

use campkeeper::domain::calendar::DayState;
use campkeeper::domain::{CampStatus, MatchStatus, PlanetUserId, Terms};
use campkeeper::services::progress;
use campkeeper::services::sync::{Counts, SyncState, stats};
use campkeeper::store::checkins;
use campkeeper::store::members::Identity;
use chrono::TimeDelta;
use sandbox::zsxq::NewUser;
use sandbox::{Fault, Platform};
use serde_json::json;

use crate::on_both_engines;
use crate::world::{World, admin, at, day, terms};

on_both_engines! {
    async fn everybody_is_judged_by_the_terms_of_their_own_order(db) {
        let world = World::start(db).await;
        let people = world.sandbox.zsxq().seed(world.project, 30, 4);
        let by_grace = world.member(people[0]).await;
        let harder = Terms { required_days: 7, ..terms() };
        let identity = Identity {
            planet_user_id: Some(PlanetUserId(people[1])),
            ..Identity::default()
        };
        let too_few = world.enroll(harder, None, identity, MatchStatus::Matched).await;
        let idle = world.sandbox.zsxq().add_user(NewUser { name: "潜水".into(), ..NewUser::default() });
        let absent = world.member(idle).await;

        let run = world.sync().await;

        assert_eq!(run.state, SyncState::Complete);
        assert_eq!(run.error, None);
        let counts = Counts { members: 30, new_checkins: 120, newly_eligible: 1, unknown_users: 28 };
        assert_eq!(run.counts, counts);
        assert_eq!(world.current_sync().await, Some(run.id));
        assert_eq!(world.standing(by_grace).await, (4, true));
        assert_eq!(world.standing(too_few).await, (4, false));
        assert_eq!(world.standing(absent).await, (0, false));
        assert!(world.sandbox.violations().is_empty(), "{:?}", world.sandbox.violations().all());

        let again = world.sync().await;
        let counts = Counts { members: 30, new_checkins: 0, newly_eligible: 0, unknown_users: 28 };
        assert_eq!(again.counts, counts);
        assert_eq!(world.count("checkin_record").await, 120);
    }

    async fn the_calendar_and_the_figures_rest_on_the_sync(db) {
        let world = World::start(db).await;
        let people = world.sandbox.zsxq().seed(world.project, 3, 2);
        let member = world.member(people[0]).await;
        world.member(people[1]).await;

        let before = progress::of_member(&world.ctx, member).await.unwrap();
        assert_eq!(before.synced_at, None);
        let states = |days: &[campkeeper::domain::calendar::Day]| {
            days.iter().map(|day| day.state.as_str()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            states(&before.days),
            "not_synced not_synced not_synced open future future future"
        );
        world.sync().await;

        let after = progress::of_member(&world.ctx, member).await.unwrap();
        assert_eq!(
            states(&after.days),
            "checked_in checked_in missed open future future future"
        );
        assert_eq!(after.days[0].at, Some(at("01T09:00:00.000").into()));
        assert_eq!((after.days_passed, after.checked_in_days), (4, 2));
        assert!(after.reachable && !after.eligible);
        assert_eq!(after.earliest_eligible_date, Some(day(6)));

        world.sandbox.clock().set(at("06T00:00:01.000"));
        let later = progress::of_member(&world.ctx, member).await.unwrap();
        assert_eq!(later.days[3].state, DayState::NotSynced);
        assert!(!later.reachable);

        let figures = stats(&world.ctx, &admin(), world.camp).await.unwrap();
        let daily: Vec<_> = figures.daily.iter().map(|day| day.count).collect();
        assert_eq!(daily, [3, 3, 0, 0, 0, 0]);
        assert_eq!((figures.total, figures.eligible), (2, 0));
        assert_eq!(figures.average.to_string(), "2");
        assert!(figures.complete);
    }

    async fn a_failure_in_the_middle_leaves_no_trace(db) {
        let world = World::start(db).await;
        let people = world.sandbox.zsxq().seed(world.project, 30, 7);
        let member = world.member(people[0]).await;
        let first = world.sync().await;
        let before = world.texts("SELECT CAST(checked_in_days AS TEXT) FROM camp_member").await;
        world.sandbox.clock().set(at("07T12:00:00.000"));
        world.break_call("ranking_list", 1);

        let failed = world.sync().await;

        assert_eq!(failed.state, SyncState::Failed);
        assert_eq!(failed.error.as_deref(), Some("知识星球暂时没有响应"));
        assert_eq!(world.current_sync().await, Some(first.id));
        assert_eq!(world.standing(member).await, (4, true));
        assert_eq!(
            world.texts("SELECT CAST(checked_in_days AS TEXT) FROM camp_member").await,
            before
        );
        assert_eq!(world.count("checkin_record").await, 120);
        let figures = stats(&world.ctx, &admin(), world.camp).await.unwrap();
        assert!(!figures.complete);

        // The deciders hear of it once a day, with what to do.
        world.sync().await;
        let notices = world.texts(
            "SELECT recipient || ' ' || body FROM notification_message WHERE kind = 'sync_failed'",
        ).await;
        assert_eq!(notices.len(), 1);
        assert!(notices[0].starts_with("boss "), "{notices:?}");
        assert!(notices[0].contains(r#""remedy":"retry""#), "{notices:?}");
    }

    async fn posts_that_cannot_be_read_leave_the_ranking_alone(db) {
        let world = World::start(db).await;
        let people = world.sandbox.zsxq().seed(world.project, 22, 4);
        let member = world.member(people[0]).await;
        world.break_call("topics", 1);

        let run = world.sync().await;

        assert_eq!(run.state, SyncState::Complete);
        let error = run.error.unwrap();
        assert!(error.contains("每日打卡记录没有读到"), "{error}");
        assert_eq!(run.counts.members, 22);
        let camp = world.camp_row().await;
        assert_eq!((camp.current_sync, camp.posts_sync), (Some(run.id), None));
        assert_eq!(world.standing(member).await, (4, true));
        assert_eq!(world.count("checkin_record").await, 0);
        assert_eq!(world.count("planet_user").await, 22);
    }

    async fn a_ranking_that_never_adds_up_decides_nothing(db) {
        let world = World::start(db).await;
        let people = world.sandbox.zsxq().seed(world.project, 30, 3);
        let member = world.member(people[0]).await;
        let restless = Fault::named(Platform::Zsxq, "check_in_between_pages", json!({}));
        world.sandbox.faults().add(restless.times(1_000));

        let run = world.sync().await;

        assert_eq!(run.state, SyncState::Partial);
        assert_eq!(
            run.error.as_deref(),
            Some("排行榜与打卡总数对不上（读取时有人正在打卡）")
        );
        assert_eq!(world.current_sync().await, None);
        assert_eq!(world.standing(member).await, (0, false));
        assert_eq!(world.count("checkin_record").await, 0);
    }

    async fn a_check_in_between_two_pages_is_read_again(db) {
        let world = World::start(db).await;
        world.sandbox.zsxq().seed(world.project, 30, 3);
        let once = Fault::named(Platform::Zsxq, "check_in_between_pages", json!({}));
        world.sandbox.faults().add(once);

        let run = world.sync().await;

        assert_eq!(run.state, SyncState::Complete);
        assert_eq!((run.counts.members, run.counts.new_checkins), (30, 91));
    }

    async fn every_size_of_a_ranking_is_read_whole(db) {
        let world = World::start(db).await;
        let mut seeded = 0;
        for size in [0, 20, 21, 22, 42, 285] {
            world.sandbox.zsxq().seed(world.project, size - seeded, 1);
            seeded = size;
            let run = world.sync().await;
            assert_eq!(run.state, SyncState::Complete, "{size}");
            assert_eq!(run.counts.members, i64::from(size));
            assert_eq!(run.counts.unknown_users, i64::from(size));
            assert_eq!(world.count("checkin_record").await, i64::from(size));
        }
        // The rankings of earlier runs decide nothing any more.
        assert_eq!(world.count("sync_ranking").await, 285);
    }

    async fn a_day_ends_at_midnight_in_shanghai_and_counts_once(db) {
        let world = World::start(db).await;
        let zsxq = world.sandbox.zsxq();
        let ann = zsxq.add_user(NewUser { name: "Ann".into(), ..NewUser::default() });
        for time in ["02T23:59:59.999", "03T00:00:00.000", "03T00:00:00.000", "03T20:00:00.000"] {
            zsxq.post(world.project, ann, at(time)).unwrap();
        }
        let member = world.member(ann).await;

        world.sync().await;

        assert_eq!(world.standing(member).await.0, 2);
        let mut conn = world.ctx.db.read().await.unwrap();
        let kept = checkins::of_account(&mut conn, world.camp, PlanetUserId(ann), day(1), day(7));
        let kept: Vec<_> = kept.await.unwrap().good.into_iter().map(|c| (c.day, c.at)).collect();
        assert_eq!(
            kept,
            [
                (day(2), Some(at("02T23:59:59.999").into())),
                (day(3), Some(at("03T00:00:00.000").into())),
            ]
        );
    }

    async fn a_deleted_post_takes_its_day_back(db) {
        let world = World::start(db).await;
        let zsxq = world.sandbox.zsxq();
        let ann = zsxq.add_user(NewUser { name: "Ann".into(), ..NewUser::default() });
        zsxq.post(world.project, ann, at("02T08:00:00.000")).unwrap();
        let mistaken = zsxq.post(world.project, ann, at("03T08:00:00.000")).unwrap();
        let member = world.member(ann).await;
        world.sync().await;
        assert_eq!(world.standing(member).await.0, 2);

        zsxq.delete_post(mistaken);
        world.sync().await;

        assert_eq!(world.standing(member).await.0, 1);
        assert_eq!(world.texts("SELECT day FROM checkin_record").await, ["2026-01-02"]);
    }

    async fn a_planet_without_paging_is_reported_and_still_decides(db) {
        let world = World::start(db).await;
        let people = world.sandbox.zsxq().seed(world.project, 30, 4);
        let member = world.member(people[0]).await;
        world.sandbox.zsxq().set_ignores_end_time(true);

        let run = world.sync().await;

        assert_eq!(run.state, SyncState::Complete);
        assert!(run.error.unwrap().contains("没有翻页"));
        assert_eq!(world.standing(member).await, (4, true));
        assert_eq!(world.count("checkin_record").await, 20);
    }

    async fn a_claim_that_the_planet_confirms_is_confirmed_unless_contested(db) {
        let world = World::start(db).await;
        let zsxq = world.sandbox.zsxq();
        let mut accounts = Vec::new();
        for name in ["小明同学", "Momo", "阿土"] {
            let id = zsxq.add_user(NewUser { name: name.into(), ..NewUser::default() });
            zsxq.post(world.project, id, at("02T08:00:00.000")).unwrap();
            accounts.push(id);
        }
        let agreed = world.claimant(&accounts[0].to_string(), "小明同學", Some(accounts[0])).await;
        let misnamed = world.claimant(&accounts[1].to_string(), "Nobody", Some(accounts[1])).await;
        let contested = [
            world.claimant(&accounts[2].to_string(), "阿土", Some(accounts[2])).await,
            world.claimant(&accounts[2].to_string(), "阿土", Some(accounts[2])).await,
        ];

        world.sync().await;

        let member = world.member_row(agreed).await;
        assert_eq!(member.match_status, MatchStatus::Matched);
        assert_eq!(member.identity.confidence, 100);
        for id in [misnamed, contested[0], contested[1]] {
            let member = world.member_row(id).await;
            assert_eq!(member.match_status, MatchStatus::Pending, "{id}");
            assert_eq!(member.checked_in_days, 1);
        }
        assert_eq!(world.count("member_status_log WHERE to_status = 'matched'").await, 1);
    }

    async fn names_are_kept_with_the_dates_of_their_first_and_last_sight(db) {
        let world = World::start(db).await;
        let zsxq = world.sandbox.zsxq();
        let ann = zsxq.add_user(NewUser { name: "Ann".into(), ..NewUser::default() });
        zsxq.post(world.project, ann, at("02T08:00:00.000")).unwrap();
        world.sync().await;
        zsxq.add_user(NewUser { user_id: Some(ann), name: "Anna".into(), ..NewUser::default() });
        world.sandbox.clock().advance(TimeDelta::hours(1));
        world.sync().await;
        world.sandbox.clock().advance(TimeDelta::hours(1));
        world.sync().await;

        assert_eq!(world.texts("SELECT nickname FROM planet_user").await, ["Anna"]);
        let seen_once = "planet_user_name WHERE name = 'Ann' AND first_seen_at = last_seen_at";
        assert_eq!(world.count(seen_once).await, 1);
        let seen_twice = "planet_user_name WHERE name = 'Anna' AND first_seen_at < last_seen_at";
        assert_eq!(world.count(seen_twice).await, 1);
    }

    async fn the_first_sync_that_saw_all_of_a_camp_builds_its_refund_list(db) {
        let world = World::start(db).await;
        let people = world.sandbox.zsxq().seed(world.project, 2, 7);
        let member = world.member(people[0]).await;
        world.execute("UPDATE payment_record SET status = 'paid', paid_fen = amount_fen").await;
        world.execute("UPDATE training_camp SET status = 'ended'").await;
        world.sandbox.clock().set(at("07T23:59:00.000"));
        world.sync().await;
        assert_eq!(world.camp_row().await.status, CampStatus::Ended);
        assert_eq!(world.count("refund_record").await, 0);

        world.sandbox.clock().set(at("08T00:00:00.000"));
        let run = world.sync().await;

        assert_eq!(world.camp_row().await.status, CampStatus::Settling);
        assert_eq!(world.count(&format!("refund_record WHERE sync_id = {}", run.id)).await, 1);
        assert_eq!(world.standing(member).await, (7, true));
    }
}
