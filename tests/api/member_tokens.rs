//! How long a member's token opens their pages.

use campkeeper::domain::Timestamp;
use chrono::TimeDelta;

use crate::appeals::{ORDER, scene, token};
use crate::house::House;
use crate::on_both_engines;

on_both_engines! {
    async fn a_token_lives_until_the_money_has_rested_for_thirty_days(db) {
        let house = House::new(db).await;
        house.db.add(scene()).await;
        let mine = token(&house, 1, ORDER).await;
        let now: Timestamp = house.ctx.now();
        let set = |until: Timestamp, rested: &str| format!(
            "UPDATE access_token SET expires_at = {};\nUPDATE payment_record SET rested_at = {rested}",
            until.micros()
        );
        let days = |days| now.minus(TimeDelta::days(days)).micros().to_string();
        let (over, goes_on) = (now, now.plus(TimeDelta::days(1)));
        for (until, rested, is_open) in [
            (goes_on, "NULL", true),
            // Money that is still here is never out of its payer's sight.
            (over, "NULL", true),
            (over, &days(29), true),
            (over, &days(30), false),
            (goes_on, &days(90), true),
        ] {
            house.db.run(&set(until, rested)).await;
            let reply = house.get("/api/h5/progress/1").header("x-access-token", &mine).send().await;
            if is_open {
                reply.data();
            } else {
                reply.refused(401, "token_expired");
            }
        }
    }
}
