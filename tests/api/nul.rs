//! U+0000, which SQLite keeps and PostgreSQL refuses: no door lets it in.

use axum::http::Method;
use campkeeper::domain::staff::Role;
use serde_json::json;

use crate::camps::{create, whole};
use crate::house::House;
use crate::on_both_engines;

on_both_engines! {
    async fn no_body_has_it(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let coach = house.signed_in(Role::Coach).await;
        let whole = whole(&house, &admin, &coach).await;
        let camp = create(&house, &admin, &whole).await["id"].clone();
        house.log_in("a\0", "b").await.wrong_fields(&["username"]);
        house.log_in("a", "b\0").await.wrong_fields(&["password"]);
        let enrolling = json!({
            "campId": camp, "channel": "native", "planetUserId": "12", "planetNickname": "小\0明",
        });
        let order = house.post("/api/h5/payments").json(&enrolling);
        order.send().await.wrong_fields(&["planetNickname"]);
        for (method, path, body, field) in [
            (Method::POST, "/api/admin/camps", json!({"name": "营\0"}), "name"),
            (Method::PUT, "/api/admin/camps/1", json!({"introduction": "\0"}), "introduction"),
            (Method::POST, "/api/admin/users", json!({"displayName": "\0"}), "displayName"),
            (Method::POST, "/api/admin/refunds", json!({"orderNo": "\0", "reason": "x"}), "orderNo"),
            (Method::POST, "/api/admin/refunds/1/reject", json!({"reason": "x\0"}), "reason"),
            (Method::POST, "/api/admin/refunds/batch-reject", json!({"ids": ["\0"]}), "ids"),
            (Method::POST, "/api/admin/members/1/match", json!({"note": {"a\0": 1}}), "note"),
            (Method::POST, "/api/auth/login", json!("\0"), "body"),
        ] {
            let call = house.call(method, path).as_staff(&admin).json(&body);
            call.send().await.wrong_fields(&[field]);
        }
        // What only looks like it is none.
        let named = house.put(&format!("/api/admin/camps/{camp}")).as_staff(&admin);
        let named = named.json(&json!({"name": "\\u0000"})).send().await.data();
        assert_eq!(named["name"], "\\u0000");
        // Nor does a body that cannot be read twice get past.
        let deep = format!("{{\"username\":\"\\u0000\",\"x\":{}{}}}", "[".repeat(300), "]".repeat(300));
        let call = house.post("/api/auth/login").header("content-type", "application/json");
        call.body(deep).send().await.refused(400, "bad_request");
    }

    async fn no_query_and_no_path_has_it(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        for path in ["camps", "members", "refunds", "payments", "checkins", "logs"] {
            let call = house.get(&format!("/api/admin/{path}?q=a%00")).as_staff(&admin);
            call.send().await.wrong_fields(&["q"]);
        }
        for (path, field) in [
            ("/api/admin/logs?actor=%00", "actor"),
            ("/api/admin/logs?action=%00", "action"),
            ("/api/h5/planet-users?q=12&nickname=%00", "nickname"),
            ("/api/h5/auth/wecom?redirect=/h5/%00", "redirect"),
        ] {
            house.get(path).as_staff(&admin).send().await.wrong_fields(&[field]);
        }
        for path in [
            "/api/h5/payments/%00/status",
            "/api/h5/payments/ord_%00/params",
            "/files/%00",
        ] {
            house.get(path).send().await.refused(404, "not_found");
        }
        let job = house.post("/api/admin/jobs/%00/run").as_staff(&admin);
        job.send().await.refused(404, "not_found");
        let token = house.get("/api/h5/payments/x/qrcode").header("x-access-token", "%00");
        token.send().await.refused(401, "token_invalid");
        for cookie in ["__Host-ck_session=%00", "__Host-ck_staff=%00"] {
            let me = house.get("/api/h5/me").header("cookie", cookie);
            assert_eq!(me.send().await.data()["signedIn"], false);
        }
    }
}
