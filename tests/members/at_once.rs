//! A member who binds while a person decides about them: neither stops the other.

use std::time::Duration;

use campkeeper::domain::MatchStatus;
use campkeeper::store::{Lock, StoreError, payments};
use tokio::sync::oneshot;

use crate::on_both_engines;
use crate::world::{CAMP, World, known_in_wechat_as, typed};

const MING: i64 = 54_231_919_143_797;

on_both_engines! {
    async fn binding_waits_for_a_decision_before_it_holds_what_that_needs(db) {
        let world = World::new(db).await;
        world.account(MING, 4805, "小明同学", "明").await;
        world.enroll(CAMP, "a", typed("4805", "小明同学")).await;
        let second = world.enroll(CAMP, "b", known_in_wechat_as("路人")).await;
        let (payment, now) = (world.payment(second).await.id, world.ctx.now());
        let (started, is_started) = oneshot::channel();
        let db = world.ctx.db.clone();
        let decision = tokio::spawn(async move {
            let decided = db.write(move |tx| {
                Box::pin(async move {
                    tx.lock(Lock::Decisions).await?;
                    started.send(()).unwrap();
                    // Long enough for the other one to take what it can.
                    tokio::time::sleep(Duration::from_millis(400)).await;
                    let claim = typed("4806", "阿花");
                    payments::set_bound_claim(tx, payment, &claim, now).await?;
                    Ok::<_, StoreError>(())
                })
            });
            decided.await
        });
        is_started.await.unwrap();
        world.bind(second, typed("4805", "小明同学")).await;
        decision.await.unwrap().unwrap();
        assert_eq!(world.member(second).await.match_status, MatchStatus::Pending);
        let payment = world.payment(second).await;
        assert_eq!(payment.claim.planet_id.as_deref(), Some("4805"), "what was said last");
    }
}
