//! Writes whose ground has moved: each says so, and none of them is lost without a word.

use campkeeper::domain::{CampId, CardId, MemberId, SyncId};
use campkeeper::store::{StoreError, camps, cards, members, payments};

use crate::on_both_engines;
use crate::world::{CAMP, World, typed};

macro_rules! assert_stale {
    ($world:expr, $tx:ident => $write:expr) => {{
        let written = $world
            .ctx
            .db
            .write(move |$tx| Box::pin(async move { $write.await }));
        let written: Result<(), StoreError> = written.await;
        assert!(
            matches!(written, Err(StoreError::Stale { .. })),
            "{written:?}"
        );
    }};
}

on_both_engines! {
    async fn a_write_that_changes_no_row_is_refused(db) {
        let world = World::new(db).await;
        let member = world.enroll(CAMP, "payer", typed("12", "小明")).await;
        let (payment, now) = (world.payment(member).await.id, world.ctx.now());
        assert_stale!(world, tx => async {
            payments::set_member(tx, payment, None);
            Ok(())
        });
        let nobody = MemberId(99);
        assert_stale!(world, tx => members::set_days(tx, nobody, 7, None, true, now));
        assert_stale!(world, tx => members::set_joined(tx, nobody, None, now));
        assert_stale!(world, tx => camps::point_at_sync(tx, CampId(99), SyncId(1), now));
        assert_stale!(world, tx => cards::sent(tx, CardId(99), "m1", now));
    }
}
