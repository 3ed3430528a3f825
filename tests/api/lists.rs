//! The lists of the console.

use campkeeper::domain::staff::Role;
use serde_json::json;

use crate::crowd::crowd;
use crate::house::House;
use crate::on_both_engines;

on_both_engines! {
    async fn one_bad_row_does_not_take_a_list_away(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let people = crowd(&house.db, 5).await;
        let refunds = people.iter().filter(|one| one.refund.is_some());
        let refunds: Vec<i64> = refunds.map(|one| one.id).collect();
        for (list, table, column, all) in [
            ("members", "camp_member", "match_status", people.len()),
            ("payments", "payment_record", "status", people.len()),
            ("refunds", "refund_record", "proposal_hash", refunds.len()),
            ("camps", "training_camp", "status", 4),
        ] {
            let path = format!("/api/admin/{list}?size=100");
            let whole = house.get(&path).as_staff(&admin).send().await.data();
            assert_eq!(whole["total"], json!(all), "{list}");
            let shown = whole["items"].as_array().unwrap();
            assert_eq!(shown.len(), all.min(100), "{list}");
            let broken = shown[1]["id"].as_i64().unwrap();
            house.db.run(&format!("UPDATE {table} SET {column} = 'no word' WHERE id = {broken}")).await;

            let rest = house.get(&path).as_staff(&admin).send().await.data();
            let mut left = shown.clone();
            left.retain(|item| item["id"] != json!(broken));
            assert_eq!(rest["items"], json!(left), "{list}");
            assert_eq!((&rest["page"], &rest["size"]), (&json!(1), &json!(100)));
        }
    }

    async fn a_page_has_its_bounds(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        for list in [
            "admin/camps", "admin/checkins", "admin/logs", "admin/members", "admin/notifications",
            "admin/payments", "admin/refunds", "admin/users", "h5/camps",
        ] {
            let get = |query: &str| house.get(&format!("/api/{list}{query}")).as_staff(&admin);
            let page = get("").send().await.data();
            assert_eq!((&page["page"], &page["size"]), (&json!(1), &json!(20)), "{list}");
            let page = get("?page=1000000&size=100").send().await.data();
            assert_eq!((&page["page"], &page["size"]), (&json!(1_000_000), &json!(100)), "{list}");
            for (query, field) in [
                ("?page=0", "page"),
                ("?page=1000001", "page"),
                ("?size=0", "size"),
                ("?size=101", "size"),
                ("?size=x", "size"),
            ] {
                get(query).send().await.wrong_fields(&[field]);
            }
        }
    }
}
