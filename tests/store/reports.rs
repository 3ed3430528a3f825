//! Figures of camps are what a loop over all rows comes to.

use std::collections::BTreeMap;

use campkeeper::domain::{CampId, MatchStatus, OrderStatus, RefundStatus, Timestamp};
use campkeeper::store::members;
use campkeeper::store::reports::{self, CampSums};

use crate::crowd::{CAMPS, Someone, crowd};
use crate::on_both_engines;

/// What the loop comes to.
fn summed(people: &[Someone], camp: i64) -> CampSums {
    use OrderStatus::{Paid, Refunded, Refunding};
    let mut sums = CampSums::default();
    for one in people.iter().filter(|one| one.camp == camp) {
        sums.enrolled += 1;
        sums.joined += i64::from(one.joined);
        sums.checked_in_days += one.days;
        if matches!(one.order_status, Paid | Refunding | Refunded) {
            sums.paid_fen += one.paid_fen;
        }
        if let Some(status) = one.refund {
            sums.refunds += 1;
            if status == RefundStatus::Success {
                sums.refunded_fen += one.paid_fen;
                sums.refunds_done += 1;
            }
        }
    }
    sums
}

on_both_engines! {
    async fn sums_are_those_of_a_loop(db) {
        let people = crowd(&db, 11).await;
        let mut conn = db.read().await.unwrap();
        let camps: Vec<CampId> = (1..=CAMPS).map(CampId).collect();
        let of_all = reports::sums(&mut conn, &camps).await.unwrap();
        assert_eq!(of_all.len(), 3, "nothing is to be summed up of the last one");
        for camp in camps {
            let expected = summed(&people, camp.0);
            assert_eq!(of_all.get(&camp).copied().unwrap_or_default(), expected, "{camp}");
            assert_eq!(reports::sums_of(&mut conn, camp).await.unwrap(), expected, "{camp}");
        }
        assert!(reports::sums(&mut conn, &[]).await.unwrap().is_empty());
        // A refund that another has replaced is no second one, and its money counts if it went back.
        let one = people.iter().find(|one| one.refund == Some(RefundStatus::Success)).unwrap();
        db.run(&format!("UPDATE refund_record SET replaced_by = 'rfd' WHERE id = {}", one.id)).await;
        let after = reports::sums_of(&mut conn, CampId(one.camp)).await.unwrap();
        let before = summed(&people, one.camp);
        assert_eq!(after, CampSums {
            refunds: before.refunds - 1,
            refunds_done: before.refunds_done - 1,
            ..before
        });
    }

    async fn members_alike_are_counted_as_a_loop_counts_them(db) {
        crowd(&db, 12).await;
        let mut conn = db.read().await.unwrap();
        let camps: Vec<CampId> = (1..=CAMPS).map(CampId).collect();
        let of_all = reports::alike_members(&mut conn, &camps).await.unwrap();
        for camp in camps {
            let mut expected: BTreeMap<_, i64> = BTreeMap::new();
            for member in members::of_camp(&mut conn, camp).await.unwrap().good {
                let is_matched = member.match_status == MatchStatus::Matched;
                let alike = (member.checked_in_days, is_matched, member.eligible, member.joined);
                *expected.entry(alike).or_default() += 1;
            }
            let groups = of_all.get(&camp).into_iter().flatten();
            let groups: Vec<_> = groups.collect();
            assert!(groups.is_sorted_by_key(|group| group.checked_in_days));
            let counted = groups.iter().map(|group| {
                let alike =
                    (group.checked_in_days, group.is_matched, group.is_eligible, group.has_joined);
                (alike, group.members)
            });
            assert_eq!(counted.collect::<BTreeMap<_, _>>(), expected, "{camp}");
            let one = reports::alike_members(&mut conn, &[camp]).await.unwrap();
            assert_eq!(one.get(&camp), of_all.get(&camp));
        }
    }

    async fn the_planet_was_read_as_of_the_deciding_sync(db) {
        crowd(&db, 13).await;
        db.run(
            "UPDATE sync_run SET started_at = 5;\n\
             UPDATE training_camp SET current_sync_id = 1 WHERE id = 1",
        ).await;
        let mut conn = db.read().await.unwrap();
        let camps = [CampId(1), CampId(2)];
        let read = reports::synced_at(&mut conn, &camps).await.unwrap();
        assert_eq!(read, BTreeMap::from([(CampId(1), Timestamp::from_micros(5))]));
    }
}
