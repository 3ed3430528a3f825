//! The audit and the notices, as lists.

use campkeeper::domain::staff::Role;
use serde_json::json;

use crate::house::House;
use crate::on_both_engines;

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
        assert_eq!(row["details"], json!({"username": "wang", "role": "coach"}));
        assert_eq!((&row["ip"], &row["channel"]), (&json!("203.0.113.9"), &json!("console")));
        assert_eq!(row["createdAt"], "2026-01-05T12:00:00+08:00");
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
