//! `Idempotency-Key`: the first answer again, and nothing twice.

use campkeeper::domain::UserId;
use campkeeper::domain::staff::Role;
use campkeeper::services::repeats::{self, KeyedRequest};
use campkeeper::services::retention::forget_over;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::custody::two_payments;
use crate::house::{Call, House, Staff};
use crate::on_both_engines;
use crate::support::TestDb;

const PATH: &str = "/api/admin/refunds";

fn proposal() -> Value {
    json!({"orderNo": "theirs-1", "reason": "退回"})
}

fn propose<'a>(house: &'a House, staff: &Staff, key: &str) -> Call<'a> {
    let call = house.post(PATH).as_staff(staff).json(&proposal());
    call.header("idempotency-key", key)
}

async fn count(db: &TestDb, table: &str) -> String {
    let sql = format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table}");
    db.texts(&sql).await.remove(0)
}

on_both_engines! {
    async fn who_asks_again_gets_the_first_answer_and_nothing_is_done_twice(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        house.db.add(two_payments()).await;
        let first = propose(&house, &admin, "k1").send().await.data();
        let again = propose(&house, &admin, "k1").send().await.data();
        assert_eq!(first, again);
        assert_eq!(count(&house.db, "refund_record").await, "1");

        // A bad answer is an answer, too; without the key it is done as ever.
        let refused = propose(&house, &admin, "k2").send().await;
        refused.refused(409, "duplicate");
        propose(&house, &admin, "k2").send().await.refused(409, "duplicate");
        house.post(PATH).as_staff(&admin).json(&proposal()).send().await.refused(409, "duplicate");
        assert_eq!(count(&house.db, "staff_request").await, "2");

        // The same key is another's for another person, and another route's.
        let other = house.signed_in(Role::SuperAdmin).await;
        propose(&house, &other, "k1").send().await.refused(409, "duplicate");
        let elsewhere = house.post("/api/admin/refunds/retry").as_staff(&admin)
            .header("idempotency-key", "k1").json(&json!({"ids": []})).send().await.data();
        assert_eq!(elsewhere, json!({"retried": 0, "skipped": []}));
        house.assert_audited(&["refund.propose"]).await;
    }

    async fn another_body_under_the_same_key_is_refused(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        house.db.add(two_payments()).await;
        propose(&house, &admin, "k1").send().await.data();
        let other = json!({"orderNo": "theirs-1", "reason": "别的"});
        let call = house.post(PATH).as_staff(&admin).header("idempotency-key", "k1");
        call.json(&other).send().await.wrong_fields(&["Idempotency-Key"]);
        let query = house.post("/api/admin/refunds?x=1").as_staff(&admin);
        let query = query.header("idempotency-key", "k1").json(&proposal());
        query.send().await.wrong_fields(&["Idempotency-Key"]);
        for bad in ["", &"k".repeat(65)] {
            propose(&house, &admin, bad).send().await.wrong_fields(&["Idempotency-Key"]);
        }
        let form = house.post("/api/admin/uploads").as_staff(&admin)
            .header("idempotency-key", "k9")
            .header("content-type", "multipart/form-data; boundary=x").body("--x--");
        form.send().await.wrong_fields(&["Idempotency-Key"]);
        // Who has not signed in takes no name.
        let stranger = house.post(PATH).header("idempotency-key", "k3").json(&proposal());
        stranger.send().await.refused(401, "unauthenticated");
        assert_eq!(count(&house.db, "staff_request").await, "1");
    }

    async fn of_two_at_once_one_does_it_and_both_are_answered(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        house.db.add(two_payments()).await;
        let send = || propose(&house, &admin, "k1").send();
        let (one, two, three) = futures::join!(send(), send(), send());
        let first = one.data();
        assert_eq!((&first, &first), (&two.data(), &three.data()));
        assert_eq!(count(&house.db, "refund_record").await, "1");
    }

    async fn who_died_before_the_answer_is_not_done_again(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        house.db.add(two_payments()).await;
        let request = KeyedRequest {
            user: UserId(admin.id),
            route: format!("POST {PATH}"),
            key: "k1".to_owned(),
            content: [b"\0", proposal().to_string().as_bytes()].concat(),
        };
        repeats::begin(&house.ctx, request).await.unwrap();
        house.wall.advance(TimeDelta::minutes(5));
        propose(&house, &admin, "k1").send().await.refused(409, "wrong_state");
        assert_eq!(count(&house.db, "refund_record").await, "0");
        propose(&house, &admin, "k2").send().await.data();
    }

    async fn an_answer_is_sealed_and_kept_for_a_day(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let other = house.signed_in(Role::Coach).await;
        let path = format!("/api/admin/users/{}/reset-password", other.id);
        let reset = || house.post(&path).as_staff(&admin).header("idempotency-key", "k1").send();
        let first = reset().await.data();
        assert_eq!(reset().await.data(), first, "the same password");
        let password = first["password"].as_str().unwrap();
        let stored = match house.db.engine() {
            campkeeper::store::Engine::Sqlite => "SELECT hex(content) FROM staff_request",
            campkeeper::store::Engine::Postgres => "SELECT encode(content, 'hex') FROM staff_request",
        };
        let hex: String = password.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!house.db.texts(stored).await[0].to_lowercase().contains(&hex));

        house.wall.advance(TimeDelta::hours(24));
        let login = house.log_in(Role::SuperAdmin.as_str(), "a long enough password").await.data();
        let admin = Staff { id: admin.id, token: login["token"].as_str().unwrap().to_owned() };
        let again = house.post(&path).as_staff(&admin).header("idempotency-key", "k1").send().await;
        assert_ne!(again.data(), first);
        house.wall.advance(TimeDelta::hours(25));
        assert_eq!(forget_over(&house.ctx).await.unwrap().staff_requests, 1);
    }
}
