//! What is in custody, as the console sees and ends it.

use campkeeper::domain::staff::Role;
use serde_json::{Value, json};

use crate::house::{House, Staff};
use crate::on_both_engines;
use crate::rows;

/// Two payments of orders that nobody knows.
pub(crate) fn two_payments() -> [rows::Payment; 2] {
    [(1, 123), (2, 456)].map(|(id, fen)| {
        let payment = rows::unknown_order(id, &format!("theirs-{id}"), fen);
        payment.paid_at(1_767_585_600_000_000)
    })
}

async fn custody(house: &House, staff: &Staff, query: &str) -> Value {
    let path = format!("/api/admin/custody{query}");
    house.get(&path).as_staff(staff).send().await.data()
}

async fn balance(house: &House, staff: &Staff, account: &str) -> i64 {
    let path = "/api/admin/ledger/balances";
    let balances = house.get(path).as_staff(staff).send().await.data();
    let of_account = balances["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|balance| balance["account"] == account);
    of_account.unwrap()["balanceFen"].as_i64().unwrap()
}

on_both_engines! {
    async fn what_is_here_is_listed_and_ended_by_its_numbers(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let other = house.signed_in(Role::SuperAdmin).await;
        house.db.add(two_payments()).await;
        let all = custody(&house, &admin, "").await;
        assert_eq!(all["total"], 2);
        let first = &all["items"][0];
        for (field, value) in [
            ("orderNo", json!("theirs-1")),
            ("memberId", json!(null)),
            ("campId", json!(null)),
            ("heldFen", json!(123)),
            ("account", json!("suspense")),
            ("what", json!("decide")),
            ("who", json!("staff")),
        ] {
            assert_eq!(first[field], value, "{field}");
        }
        assert!(first["until"].is_string() && first["overdue"].is_boolean(), "{first}");
        assert_eq!(custody(&house, &admin, "?who=staff").await["total"], 2);
        assert_eq!(custody(&house, &admin, "?who=wechat").await["total"], 0);
        house.get("/api/admin/custody?who=nobody").as_staff(&admin).send().await.wrong_fields(&["who"]);

        let close = |body: Value| house.post("/api/admin/refunds/close").as_staff(&admin).json(&body);
        let settled = json!({"orderNo": "4200", "note": "当面退还", "way": "cash", "amountFen": 100});
        let mut misspelt = settled.clone();
        misspelt["amount"] = json!(100);
        close(misspelt).send().await.refused(422, "invalid_input");
        let closed = close(settled).send().await.data();
        assert_eq!(closed["status"], "closed");
        assert_eq!(closed["closedAs"], "settled_outside");
        assert_eq!(closed["settledFen"], 100);
        assert_eq!(balance(&house, &admin, "kept").await, 23);
        let keep = house.post("/api/admin/payments/4201/keep").as_staff(&admin);
        keep.json(&json!({"reason": "找不到本人"})).send().await.data();
        assert_eq!(custody(&house, &admin, "").await["total"], 0);
        assert_eq!(balance(&house, &admin, "kept").await, 23 + 456);

        let path = format!("/api/admin/refunds/{}/reopen", closed["id"]);
        let reopen = |staff| house.post(&path).as_staff(staff).json(&json!({"reason": "弄错了"}));
        reopen(&admin).send().await.refused(409, "needs_second_approver");
        let open = reopen(&other).send().await.data();
        assert_eq!((&open["status"], &open["closedAs"]), (&json!("pending"), &json!(null)));
        assert_eq!(custody(&house, &admin, "").await["items"][0]["heldFen"], 123);
    }

    async fn the_next_fourteen_days_are_foretold(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let days = house.get("/api/admin/forecast").as_staff(&admin).send().await.data();
        let days = days["items"].as_array().unwrap().clone();
        assert_eq!(days.len(), 14);
        assert!(days.iter().all(|day| day["leastFen"] == 0 && day["mostFen"] == 0));
    }
}
