//! The list of check-ins.

use campkeeper::domain::staff::Actor;
use campkeeper::domain::{Role, UserId};
use campkeeper::services::Error;
use campkeeper::services::sync::{CheckInQuery, list};
use campkeeper::store::PageRequest;

use crate::on_both_engines;
use crate::rows;
use crate::world::{World, admin, day};

/// The first page, of so many items.
fn first(size: i64) -> PageRequest {
    PageRequest::new(1, size).unwrap()
}

on_both_engines! {
    async fn the_list_is_narrowed_by_camp_name_account_and_days(db) {
        let world = World::start(db).await;
        let people = world.sandbox.zsxq().seed(world.project, 3, 3);
        let member = world.member(people[0]).await;
        world.sync().await;
        let found = async |query: CheckInQuery| {
            let page = list(&world.ctx, &admin(), query, first(2)).await.unwrap();
            (page.rows.good.len(), page.total)
        };
        let text = |text: &str| CheckInQuery { text: Some(text.to_owned()), ..CheckInQuery::default() };

        assert_eq!(found(CheckInQuery::default()).await, (2, 9));
        assert_eq!(found(CheckInQuery { camp: Some(world.camp), ..CheckInQuery::default() }).await, (2, 9));
        assert_eq!(found(text(" 会 员")).await, (2, 3));
        assert_eq!(found(text(&people[2].to_string())).await, (2, 3));
        for nothing in ["%", "_", "\\", "' OR 1=1 --"] {
            assert_eq!(found(text(nothing)).await, (0, 0), "{nothing}");
        }
        let days = CheckInQuery { from: Some(day(2)), to: Some(day(2)), ..text("会员") };
        assert_eq!(found(days).await, (1, 1));

        let page = list(&world.ctx, &admin(), text("会员"), first(10)).await.unwrap();
        let rows = page.rows.good;
        assert_eq!(rows[0].day, "2026-01-03");
        assert_eq!(rows[0].member_id, Some(member.0));
        assert!(rows[0].planet_nickname.as_deref().unwrap().starts_with("成员"));
    }

    async fn a_coach_sees_the_camps_they_lead(db) {
        let world = World::start(db).await;
        world.sandbox.zsxq().seed(world.project, 2, 2);
        world.sync().await;
        let coach = Actor { user_id: UserId(7), role: Role::Coach, ..admin() };
        let page = list(&world.ctx, &coach, CheckInQuery::default(), first(10)).await.unwrap();
        assert_eq!((page.rows.good.len(), page.total), (0, 0));
        let camp = CheckInQuery { camp: Some(world.camp), ..CheckInQuery::default() };
        let refused = list(&world.ctx, &coach, camp.clone(), first(10)).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");

        let other = rows::staff(7, "coach", "coach", "李教练");
        world.db.add((other, rows::lead(1, 7, "coach"))).await;
        for query in [CheckInQuery::default(), camp] {
            assert_eq!(list(&world.ctx, &coach, query, first(10)).await.unwrap().total, 4);
        }
    }
}
