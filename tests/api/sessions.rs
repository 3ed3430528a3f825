//! Signing in and out.

use campkeeper::domain::staff::Role;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::house::House;
use crate::on_both_engines;

const PASSWORD: &str = "a long enough password";

on_both_engines! {
    async fn a_token_opens_and_logging_out_ends_it(db) {
        let house = House::new(db).await;
        let coach = house.signed_in(Role::Coach).await;
        let me = house.get("/api/auth/me").as_staff(&coach).send().await.data();
        assert_eq!(me, json!({
            "id": coach.id,
            "username": "coach",
            "displayName": "教练",
            "role": "coach",
            "mustChangePassword": false,
        }));
        house.post("/api/auth/logout").as_staff(&coach).send().await.data();
        let me = house.get("/api/auth/me").as_staff(&coach).send().await;
        me.refused(401, "token_invalid");
        house.assert_audited(&["user.create", "staff.login", "staff.logout"]).await;
    }

    async fn a_token_is_over_after_twelve_hours_of_the_wall(db) {
        let house = House::new(db).await;
        let coach = house.signed_in(Role::Coach).await;
        house.clock.advance(TimeDelta::days(30));
        house.wall.advance(TimeDelta::hours(12) - TimeDelta::seconds(1));
        house.get("/api/auth/me").as_staff(&coach).send().await.data();
        house.wall.advance(TimeDelta::seconds(1));
        house.get("/api/auth/me").as_staff(&coach).send().await.refused(401, "token_expired");
    }

    async fn five_wrong_passwords_lock_a_name_for_fifteen_minutes(db) {
        let house = House::new(db).await;
        house.signed_in(Role::Coach).await;
        for username in ["coach", "nobody"] {
            for _ in 0..5 {
                house.log_in(username, "wrong").await.refused(401, "unauthenticated");
            }
            let locked = house.log_in(username, PASSWORD).await.refused(423, "locked");
            assert_eq!(locked["data"]["until"], "2026-01-05T12:15:00+08:00");
        }
        house.log_in("somebody.else", "wrong").await.refused(401, "unauthenticated");
        house.wall.advance(TimeDelta::minutes(15) + TimeDelta::seconds(1));
        house.log_in("coach", "wrong").await.refused(401, "unauthenticated");
        house.log_in("coach", PASSWORD).await.data();
        for _ in 0..4 {
            house.log_in("coach", "wrong").await.refused(401, "unauthenticated");
        }
        house.log_in("coach", PASSWORD).await.data();
        house.log_in("coach", "wrong").await.refused(401, "unauthenticated");
        house.log_in("coach", PASSWORD).await.data();
    }

    async fn a_new_password_ends_every_session(db) {
        let house = House::new(db).await;
        let coach = house.signed_in(Role::Coach).await;
        let change = |old: &str, new: &str| {
            let body = json!({"old": old, "new": new});
            house.post("/api/auth/password").as_staff(&coach).json(&body)
        };
        change("not it at all", "another long password").send().await.wrong_fields(&["old"]);
        change(PASSWORD, "short").send().await.wrong_fields(&["new"]);
        change(PASSWORD, PASSWORD).send().await.wrong_fields(&["new"]);
        assert_eq!(change(PASSWORD, "another long password").send().await.data(), Value::Null);
        house.get("/api/auth/me").as_staff(&coach).send().await.refused(401, "token_invalid");
        house.log_in("coach", PASSWORD).await.refused(401, "unauthenticated");
        house.log_in("coach", "another long password").await.data();
    }

    async fn the_cookie_needs_the_header_of_our_pages(db) {
        let house = House::new(db).await;
        house.signed_in(Role::Coach).await;
        let login = house.log_in("coach", PASSWORD).await;
        let cookie = login.headers["set-cookie"].to_str().unwrap().to_owned();
        for attribute in ["HttpOnly", "Secure", "SameSite=Strict"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        let cookie = cookie.split(';').next().unwrap();
        let me = house.get("/api/auth/me").header("cookie", cookie);
        me.send().await.refused(401, "unauthenticated");
        let me = house.get("/api/auth/me").header("cookie", cookie);
        me.header("x-requested-with", "campkeeper").send().await.data();
    }

    async fn what_is_no_token_opens_nothing(db) {
        let house = House::new(db).await;
        let coach = house.signed_in(Role::Coach).await;
        house.get("/api/auth/me").send().await.refused(401, "unauthenticated");
        let (head, signature) = coach.token.rsplit_once('.').unwrap();
        let none = "eyJhbGciOiJub25lIn0";
        let claims = head.split_once('.').unwrap().1;
        for bad in [
            "x".to_owned(),
            format!("{head}."),
            format!("{head}.{}", signature.chars().rev().collect::<String>()),
            format!("{none}.{claims}."),
            format!("{none}.{claims}.{signature}"),
        ] {
            let me = house.get("/api/auth/me").header("authorization", &format!("Bearer {bad}"));
            me.send().await.refused(401, "token_invalid");
        }
        let basic = house.get("/api/auth/me").header("authorization", "Basic eDp5");
        basic.send().await.refused(401, "unauthenticated");
    }
}
