//! What an edit of a camp leaves, replaces and takes away.

use campkeeper::domain::staff::Role;
use serde_json::{Value, json};

use crate::camps::{create, whole};
use crate::house::House;
use crate::on_both_engines;

on_both_engines! {
    async fn absent_stays_and_null_takes_away(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let coach = house.signed_in(Role::Coach).await;
        let mut body = whole(&house, &admin, &coach).await;
        body["payeeId"] = json!("payee");
        body["graceDays"] = json!(3);
        let before = create(&house, &admin, &body).await;
        let path = format!("/api/admin/camps/{}", before["id"]);
        let put = |body: Value| house.put(&path).as_staff(&admin).json(&body);
        assert_eq!(put(json!({})).send().await.data(), before);

        for field in ["name", "depositFen", "startDate", "endDate", "totalDays", "requiredDays"] {
            put(json!({field: null})).send().await.wrong_fields(&[field]);
        }
        let without = put(json!({
            "posterUploadId": null, "groupQrUploadIds": null, "introduction": null,
            "coachIds": null, "volunteerIds": null, "planetProjectId": null, "payeeId": null,
            "groupRobotKey": null, "graceDays": null,
        }));
        let bare = without.send().await.data();
        for (field, value) in [
            ("posterUploadId", json!(null)), ("groupQrUploadIds", json!([])),
            ("introduction", json!("")), ("coachIds", json!([])), ("planetProjectId", json!(null)),
            ("payeeId", json!(null)), ("groupRobotKeySet", json!(false)), ("graceDays", json!(1)),
            ("status", json!("draft")), ("name", before["name"].clone()),
        ] {
            assert_eq!(bare[field], value, "{field}");
        }
    }

    async fn a_published_camp_keeps_what_it_needs(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let coach = house.signed_in(Role::Coach).await;
        let body = whole(&house, &admin, &coach).await;
        let path = format!("/api/admin/camps/{}", create(&house, &admin, &body).await["id"]);
        house.post(&format!("{path}/publish")).as_staff(&admin).send().await.data();
        for field in ["posterUploadId", "groupQrUploadIds", "coachIds", "planetProjectId", "name"] {
            let put = house.put(&path).as_staff(&admin).json(&json!({field: null}));
            put.send().await.wrong_fields(&[field]);
        }
        let put = house.put(&path).as_staff(&admin).json(&json!({"introduction": null}));
        assert_eq!(put.send().await.data()["introduction"], "");
    }
}
