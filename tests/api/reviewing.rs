//! Approving through the console: nobody approves what they have not seen.

use campkeeper::domain::staff::Role;
use serde_json::{Value, json};

use crate::custody::two_payments;
use crate::house::{House, Staff};
use crate::on_both_engines;

const PATH: &str = "/api/admin/refunds/batch-approve";

/// Two refunds that wait, as the list shows them.
async fn shown(house: &House, admin: &Staff, proposer: &Staff) -> Vec<Value> {
    house.db.add(two_payments()).await;
    for order in ["theirs-1", "theirs-2"] {
        let body = json!({"orderNo": order, "reason": "退回"});
        house
            .post("/api/admin/refunds")
            .as_staff(proposer)
            .json(&body)
            .send()
            .await
            .data();
    }
    let list = house
        .get("/api/admin/refunds")
        .as_staff(admin)
        .send()
        .await
        .data();
    list["items"].as_array().unwrap().clone()
}

fn item(refund: &Value) -> Value {
    json!({"id": refund["id"], "proposalHash": refund["proposalHash"]})
}

on_both_engines! {
    async fn a_list_goes_with_its_hashes(db) {
        let house = House::new(db).await;
        let proposer = house.signed_in(Role::SuperAdmin).await;
        let admin = house.signed_in(Role::Admin).await;
        let refunds = shown(&house, &admin, &proposer).await;
        let ids = json!({"ids": [refunds[0]["id"], refunds[1]["id"]]});
        let send = |body: Value| house.post(PATH).as_staff(&admin).json(&body);

        send(ids.clone()).send().await.wrong_fields(&["ids"]);
        let mut dry = ids;
        dry["dryRun"] = json!(true);
        let dry = send(dry).send().await.data();
        assert_eq!((&dry["approved"], &dry["sumFen"]), (&json!(2), &json!(579)));
        for body in [
            json!({}),
            json!({"items": [item(&refunds[0])], "campId": 1}),
            json!({"items": [item(&refunds[0])], "ids": [1], "dryRun": true}),
        ] {
            send(body).send().await.wrong_fields(&["items"]);
        }

        // An hour later one of them is another one.
        let reason = "UPDATE payment_record SET paid_fen = 124 WHERE order_no = 'theirs-1'";
        house.db.run(reason).await;
        let body = json!({"items": [item(&refunds[0]), item(&refunds[1])]});
        let done = send(body.clone()).send().await.data();
        assert_eq!(done["approved"], 1, "{done}");
        assert_eq!(done["skipped"][0]["error"], "proposal_changed");
        let again = send(body).send().await.data();
        let mut errors: Vec<&str> = again["skipped"].as_array().unwrap().iter()
            .map(|skipped| skipped["error"].as_str().unwrap()).collect();
        errors.sort_unstable();
        assert_eq!(errors, ["already_decided", "proposal_changed"]);
    }

    async fn what_cannot_be_tried_again_is_left_out(db) {
        let house = House::new(db).await;
        let proposer = house.signed_in(Role::SuperAdmin).await;
        let admin = house.signed_in(Role::Admin).await;
        let refunds = shown(&house, &admin, &proposer).await;
        let body = json!({"ids": [refunds[0]["id"], 4711]});
        let path = "/api/admin/refunds/retry";
        let done = house.post(path).as_staff(&admin).json(&body).send().await.data();
        let skipped = json!([
            {"id": refunds[0]["id"], "error": "wrong_state"}, {"id": 4711, "error": "not_found"},
        ]);
        assert_eq!(done, json!({"retried": 0, "skipped": skipped}));
        let many = json!({"ids": vec![1; 2001]});
        house.post(path).as_staff(&admin).json(&many).send().await.wrong_fields(&["ids"]);
    }

    async fn one_is_approved_by_what_was_shown_of_it(db) {
        let house = House::new(db).await;
        let proposer = house.signed_in(Role::SuperAdmin).await;
        let admin = house.signed_in(Role::Admin).await;
        let refunds = shown(&house, &admin, &proposer).await;
        let path = format!("/api/admin/refunds/{}/approve", refunds[0]["id"]);
        let blind = house.post(&path).as_staff(&admin).json(&json!({})).send().await;
        blind.refused(422, "invalid_input");
        let stale = json!({"proposalHash": "deadbeef"});
        let refused = house.post(&path).as_staff(&admin).json(&stale).send().await;
        refused.refused(409, "proposal_changed");
        let hash = json!({"proposalHash": refunds[0]["proposalHash"]});
        let approved = house.post(&path).as_staff(&admin).json(&hash).send().await.data();
        assert_eq!(approved["status"], "approved");
    }
}
