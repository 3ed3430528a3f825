//! Values of a query that are none.

use axum::http::StatusCode;
use campkeeper::domain::staff::Role;
use serde_json::json;

use crate::house::House;
use crate::on_both_engines;

on_both_engines! {
    async fn days_are_written_in_one_way_and_in_order(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        for list in ["camps", "members", "refunds", "payments", "checkins", "logs"] {
            let get = |query: &str| {
                house.get(&format!("/api/admin/{list}?{query}")).as_staff(&admin)
            };
            if list == "members" {
                get("from=never").send().await.data();
                continue;
            }
            for (query, field) in [
                ("from=2026-1-1", "from"),
                ("from=-262143-01-01", "from"),
                ("from=0000-01-01", "from"),
                ("to=%2B262142-12-31", "to"),
                ("to=", "to"),
                ("from=2026-01-02&to=2026-01-01", "to"),
            ] {
                get(query).send().await.wrong_fields(&[field]);
            }
            get("from=2026-01-01&to=2026-01-01").send().await.data();
            get("from=0001-01-01&to=9999-12-31").send().await.data();
        }
    }

    async fn a_confidence_is_of_a_hundred(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        for number in ["-1", "101", "9000000000000000000", "x"] {
            let path = format!("/api/admin/refunds?minConfidence={number}");
            house.get(&path).as_staff(&admin).send().await.wrong_fields(&["minConfidence"]);
        }
        for number in [0, 100] {
            let path = format!("/api/admin/refunds?minConfidence={number}");
            house.get(&path).as_staff(&admin).send().await.data();
        }
        for body in [json!({"items": [], "minConfidence": 101}), json!({"campId": 1, "minConfidence": -1})] {
            let call = house.post("/api/admin/refunds/batch-approve").as_staff(&admin).json(&body);
            call.send().await.wrong_fields(&["minConfidence"]);
        }
    }

    async fn a_field_that_is_wrong_is_named(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let get = |query: &str| house.get(&format!("/api/admin/camps?{query}")).as_staff(&admin);
        get("page=1&page=2").send().await.wrong_fields(&["page"]);
        get("q=a&q=b").send().await.wrong_fields(&["q"]);
        let far = get("page=9223372036854775807").send().await.refused(422, "invalid_input");
        assert_eq!(far["fields"], json!({"page": "须在 1 到 1000000 之间"}));
    }

    async fn a_page_that_is_not_there_says_so_in_words(db) {
        let house = House::new(db).await;
        let reply = house.get("/h5/assets/nope.js").send().await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND);
        assert_eq!(reply.headers["content-type"], "text/html; charset=utf-8");
        assert!(reply.text().contains("没有找到"), "{}", reply.text());
    }
}
