//! Dates whose promise could not be kept within WeChat Pay's year.

use campkeeper::domain::staff::Role;
use chrono::TimeDelta;
use serde_json::json;

use crate::camps::{create, whole};
use crate::house::House;
use crate::on_both_engines;

on_both_engines! {
    async fn an_end_too_late_is_refused_when_it_is_saved(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let coach = house.signed_in(Role::Coach).await;
        let mut body = whole(&house, &admin, &coach).await;
        // Today is 2026-01-05: 335 days, less three for the decision and one for the money.
        body["endDate"] = json!("2026-12-03");
        let refused = house.post("/api/admin/camps").as_staff(&admin).json(&body).send().await;
        refused.wrong_fields(&["endDate"]);
        body["endDate"] = json!("2026-12-02");
        let camp = create(&house, &admin, &body).await;
        let path = format!("/api/admin/camps/{}", camp["id"]);
        let later = json!({"endDate": "2026-12-03"});
        house.put(&path).as_staff(&admin).json(&later).send().await.wrong_fields(&["endDate"]);
        // Another day later is another day to promise.
        house.clock.advance(TimeDelta::days(1));
        house.put(&path).as_staff(&admin).json(&later).send().await.data();
    }

    async fn a_promise_too_long_is_refused_when_the_camp_is_published(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let coach = house.signed_in(Role::Coach).await;
        let body = whole(&house, &admin, &coach).await;
        let camp = create(&house, &admin, &body).await;
        // Saved before there was such a rule.
        house.db.run("UPDATE training_camp SET end_date = '2026-12-03'").await;
        let path = format!("/api/admin/camps/{}/publish", camp["id"]);
        let refused = house.post(&path).as_staff(&admin).send().await;
        let refused = refused.refused(409, "wrong_state");
        assert!(refused["fields"]["endDate"].as_str().unwrap().contains("2026-12-02"), "{refused}");
        house.clock.advance(TimeDelta::days(1));
        house.post(&path).as_staff(&admin).send().await.data();
    }
}
