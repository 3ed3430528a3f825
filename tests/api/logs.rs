//! The audit and the notices, as lists.

use campkeeper::domain::staff::Role;
use campkeeper::web::WebSettings;
use serde_json::json;

use crate::house::{self, House};
use crate::on_both_engines;
use crate::rows::{self, Audited};

on_both_engines! {
    async fn the_audit_is_searched(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let body = json!({"username": "wang", "password": "long enough", "role": "coach"});
        house.post("/api/admin/users").as_staff(&admin).json(&body).send().await.data();
        for (query, actions) in [
            ("", vec!["user.create", "staff.login", "user.create"]),
            ("action=staff.login", vec!["staff.login"]),
            ("q=wang", vec!["user.create"]),
            ("q=%25", vec![]),
            (&format!("actor={}&size=1", admin.id), vec!["user.create"]),
            ("actor=%E8%B6%85%E7%BA%A7%E7%AE%A1%E7%90%86%E5%91%98", vec!["user.create", "staff.login"]),
            ("from=2026-01-05&to=2026-01-05", vec!["user.create", "staff.login", "user.create"]),
            ("from=2026-01-06", vec![]),
            ("to=2026-01-04", vec![]),
        ] {
            let page = house.get(&format!("/api/admin/logs?{query}")).as_staff(&admin).send().await;
            let page = page.data();
            let told: Vec<&str> = page["items"].as_array().unwrap().iter()
                .map(|row| row["action"].as_str().unwrap())
                .collect();
            assert_eq!(told, actions, "{query}");
        }
        let page = house.get("/api/admin/logs?size=1").as_staff(&admin).send().await.data();
        let row = &page["items"][0];
        let made = json!({"username": "wang", "displayName": "wang", "role": "coach", "wecomUserId": null});
        assert_eq!(row["details"], made);
        assert_eq!(row["objectName"], "wang");
        assert_eq!((&row["ip"], &row["channel"]), (&json!("203.0.113.9"), &json!("console")));
        assert_eq!(row["createdAt"], "2026-01-05T12:00:00+08:00");
    }

    async fn things_are_named_as_people_read_of_them(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        house.db.add((crate::appeals::scene(), rows::in_roster(rows::account(1), "小明"))).await;
        let path = "/api/admin/members/1/joined";
        house.post(path).as_staff(&admin).json(&json!({"joined": true})).send().await.data();
        let things = [
            ("camp", "1"), ("payment", crate::appeals::ORDER), ("planet_user", "300000000000001"),
            ("refund", "rfd_1"), ("merchant", ""), ("camp", "99"),
        ];
        let entries = things.into_iter().zip(100..).map(|((kind, id), seq)| {
            Audited::default().seq(seq).object_type(kind).object_id(id)
        });
        house.db.add(entries.collect::<Vec<_>>()).await;
        let page = house.get("/api/admin/logs").as_staff(&admin).send().await.data();
        let told: Vec<_> = page["items"].as_array().unwrap().iter().take(7).map(|row| row["objectName"].clone()).collect();
        let named = |name: &str| json!(name);
        assert_eq!(told, [
            json!(null), json!(null), json!(null), named("小明"), named("小明"), named("写作营"), named("小明"),
        ]);
    }

    async fn wrong_logins_are_in_it_with_the_nearest_address_that_can_be_believed(db) {
        let web = WebSettings {
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
        };
        let house = House::with(db, web, house::settings()).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        house.signed_in(Role::Coach).await;
        for (forwarded, address) in [
            ("6.6.6.6, 198.51.100.7:4711", "198.51.100.7"),
            ("6.6.6.6, nonsense", "10.0.0.1"),
        ] {
            let wrong = json!({"username": "coach", "password": "wrong"});
            let call = house.post("/api/auth/login").from_address([10, 0, 0, 1]);
            let call = call.header("x-forwarded-for", forwarded).json(&wrong);
            call.send().await.refused(401, "unauthenticated");
            let page = house.get("/api/admin/logs?action=staff.login_failed").as_staff(&admin);
            let row = page.send().await.data()["items"][0].clone();
            assert_eq!((&row["ip"], &row["objectId"]), (&json!(address), &json!("coach")));
            assert_eq!(row["objectName"], json!(null), "a name that was typed is nobody's number");
            assert_eq!((&row["actorName"], &row["channel"]), (&json!("unknown"), &json!("console")));
        }
        house.log_in("coach", "wrong").await;
        house.log_in("coach", "wrong").await;
        house.log_in("coach", "wrong").await;
        let page = house.get("/api/admin/logs?action=staff.login_locked").as_staff(&admin);
        let row = page.send().await.data()["items"][0].clone();
        assert_eq!((&row["ip"], &row["objectId"]), (&json!("203.0.113.9"), &json!("coach")));
    }

    async fn the_audit_is_verified_for_who_may_see_it(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let other = house.signed_in(Role::Admin).await;
        let verify = "/api/admin/logs/verify";
        house.get(verify).as_staff(&other).send().await.refused(403, "forbidden");
        let whole = house.get(verify).as_staff(&admin).send().await.data();
        assert_eq!((&whole["intact"], &whole["rows"]), (&json!(true), &json!(4)));
        house.db.run("UPDATE operation_log SET ip = '198.51.100.1' WHERE seq = 2").await;
        let broken = house.get(verify).as_staff(&admin).send().await.data();
        assert_eq!((&broken["intact"], &broken["seq"]), (&json!(false), &json!(2)));
        assert_eq!((&broken["what"], &broken["rows"]), (&json!("altered"), &json!(null)));
        assert!(!broken["message"].as_str().unwrap().is_ascii());
    }

    async fn only_a_super_admin_sees_them(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let other = house.signed_in(Role::Admin).await;
        for path in ["/api/admin/logs", "/api/admin/notifications?status=sent"] {
            assert_eq!(house.get(path).as_staff(&admin).send().await.data()["page"], 1);
            house.get(path).as_staff(&other).send().await.refused(403, "forbidden");
            house.get(path).send().await.refused(401, "unauthenticated");
        }
        let bad = house.get("/api/admin/notifications?status=x").as_staff(&admin);
        bad.send().await.wrong_fields(&["status"]);
    }
}
