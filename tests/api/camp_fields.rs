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

    async fn group_codes_have_room_and_an_end(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let coach = house.signed_in(Role::Coach).await;
        let body = whole(&house, &admin, &coach).await;
        let camp = create(&house, &admin, &body).await;
        let (id, path) = (&body["groupQrUploadIds"][0], format!("/api/admin/camps/{}", camp["id"]));
        let code = &camp["groupCodes"][0];
        assert_eq!((&code["uploadId"], &code["capacity"], &code["expiresAt"]), (id, &json!(200), &json!(null)));
        assert_eq!(code["url"], camp["groupQrUrls"][0]);

        let put = |body: Value| house.put(&path).as_staff(&admin).json(&body);
        let end = "2026-01-12T00:00:00+08:00";
        let known = json!([{"uploadId": id, "capacity": 150, "expiresAt": end}]);
        let camp = put(json!({"groupCodes": known})).send().await.data();
        let shown = |camp: &Value| (camp["groupCodes"][0]["capacity"].clone(), camp["groupCodes"][0]["expiresAt"].clone());
        assert_eq!(shown(&camp), (json!(150), json!(end)));
        let logs = "/api/admin/logs?action=camp.update";
        let row = house.get(logs).as_staff(&admin).send().await.data()["items"][0].clone();
        assert_eq!(row["details"]["groupCodes"], json!({"from": [], "to": known}));
        assert_eq!(row["objectName"], body["name"]);
        // By their pictures alone, what is known of them stays.
        let camp = put(json!({"groupQrUploadIds": [id], "name": "写作营"})).send().await.data();
        assert_eq!(shown(&camp), (json!(150), json!(end)));

        for (wrong, field) in [
            (json!({"groupCodes": [{"uploadId": id, "capacity": 0}]}), "groupCodes"),
            (json!({"groupCodes": [{"uploadId": id, "capacity": 501}]}), "groupCodes"),
            (json!({"groupCodes": [], "groupQrUploadIds": []}), "groupCodes"),
            (json!({"groupCodes": [{"uploadId": 999}]}), "groupQrUploadIds"),
        ] {
            put(wrong).send().await.wrong_fields(&[field]);
        }
        put(json!({"groupCodes": [{"uploadId": id, "rooms": 1}]})).send().await.refused(422, "invalid_input");
    }

    async fn urging_and_the_robot_chat_are_settings_of_a_camp(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let coach = house.signed_in(Role::Coach).await;
        let mut body = whole(&house, &admin, &coach).await;
        let shown = |camp: &Value| (camp["urgeByName"].clone(), camp["smartBotChatId"].clone());
        let camp = create(&house, &admin, &body).await;
        assert_eq!(shown(&camp), (json!(false), json!(null)));
        body["urgeByName"] = json!(true);
        body["smartBotChatId"] = json!(" wrkSFfCgAA ");
        let camp = create(&house, &admin, &body).await;
        assert_eq!(shown(&camp), (json!(true), json!("wrkSFfCgAA")));
        let path = format!("/api/admin/camps/{}", camp["id"]);
        let put = |body: Value| house.put(&path).as_staff(&admin).json(&body);
        assert_eq!(shown(&put(json!({})).send().await.data()), (json!(true), json!("wrkSFfCgAA")));
        let off = json!({"urgeByName": false, "smartBotChatId": null});
        assert_eq!(shown(&put(off).send().await.data()), (json!(false), json!(null)));
        let long = json!({"smartBotChatId": "x".repeat(129)});
        put(long).send().await.wrong_fields(&["smartBotChatId"]);
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
