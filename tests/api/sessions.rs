//! Signing in and out.

use campkeeper::domain::staff::Role;
use campkeeper::services::retention::forget_over;
use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::house::{House, Staff};
use crate::on_both_engines;
use crate::rows;
use crate::session::open_session;

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

    async fn names_that_are_made_up_do_not_fill_the_audit(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        house.signed_in(Role::Coach).await;
        for name in 0..103 {
            house.log_in(&format!("nobody{name}"), "wrong").await.refused(401, "unauthenticated");
        }
        // Whoever has an account is written down, however many names were tried before.
        house.log_in("coach", "wrong").await.refused(401, "unauthenticated");
        let failed = "/api/admin/logs?action=staff.login_failed&size=100";
        let page = house.get(failed).as_staff(&admin).send().await.data();
        assert_eq!((page["total"].as_i64(), &page["items"][0]["objectId"]), (Some(101), &json!("coach")));
        house.wall.advance(TimeDelta::minutes(16));
        house.log_in("nobody", "wrong").await.refused(401, "unauthenticated");
        let page = house.get(failed).as_staff(&admin).send().await.data();
        assert_eq!(page["total"], 102);
    }

    async fn of_any_number_at_once_none_succeeds_once_the_name_is_locked(db) {
        let house = House::new(db).await;
        house.signed_in(Role::Coach).await;
        let passwords = (0..99).map(|place| if place == 60 { PASSWORD } else { "wrong" });
        let replies = join_all(passwords.map(|password| house.log_in("coach", password))).await;
        for reply in &replies {
            assert!([401, 423].contains(&reply.status.as_u16()), "{}", reply.text());
        }
        let looked_at = replies.iter().filter(|reply| reply.status == 401).count();
        assert!(looked_at <= 5, "{looked_at} were looked at");
        house.log_in("coach", PASSWORD).await.refused(423, "locked");
        house.wall.advance(TimeDelta::minutes(16));
        house.log_in("coach", PASSWORD).await.data();
    }

    async fn the_right_one_among_the_first_five_is_not_let_in_by_a_lock_that_came_before_it(db) {
        let house = House::new(db).await;
        house.signed_in(Role::Coach).await;
        let passwords = (0..20).map(|place| if place == 0 { PASSWORD } else { "wrong" });
        let replies = join_all(passwords.map(|password| house.log_in("coach", password))).await;
        let later = house.log_in("coach", PASSWORD).await.status;
        if replies[0].status == 200 {
            // It was done before the sixth was counted: what was counted is forgotten.
            assert!(later == 200 || later == 423);
        } else {
            assert_eq!(replies[0].status, 423, "{}", replies[0].text());
            assert_eq!(later, 423);
        }
    }

    async fn a_wrong_old_password_counts_as_one_at_signing_in_does(db) {
        let house = House::new(db).await;
        let coach = house.signed_in(Role::Coach).await;
        let change = |old: &str| {
            let body = json!({"old": old, "new": "another long password"});
            house.post("/api/auth/password").as_staff(&coach).json(&body)
        };
        for _ in 0..4 {
            change("not it at all").send().await.wrong_fields(&["old"]);
        }
        house.log_in("coach", "wrong").await.refused(401, "unauthenticated");
        change(PASSWORD).send().await.refused(423, "locked");
        house.log_in("coach", PASSWORD).await.refused(423, "locked");
        house.wall.advance(TimeDelta::minutes(16));
        change(PASSWORD).send().await.data();
    }

    async fn one_s_sessions_are_listed_bounded_and_ended(db) {
        let house = House::new(db).await;
        let coach = house.signed_in(Role::Coach).await;
        let other = house.signed_in(Role::Volunteer).await;
        let list = async |staff: &Staff| {
            house.get("/api/auth/sessions").as_staff(staff).send().await.data()["items"]
                .as_array().unwrap().clone()
        };
        let mut newest = String::new();
        for _ in 0..11 {
            house.wall.advance(TimeDelta::seconds(1));
            newest = house.log_in("coach", PASSWORD).await.data()["token"].as_str().unwrap().to_owned();
        }
        house.get("/api/auth/me").as_staff(&coach).send().await.refused(401, "token_invalid");
        let coach = Staff { token: newest, ..coach };
        let sessions = list(&coach).await;
        assert_eq!(sessions.len(), 10);
        assert_eq!((&sessions[0]["current"], &sessions[1]["current"]), (&json!(true), &json!(false)));
        assert_eq!(sessions[0]["ip"], "203.0.113.9");
        let path = format!("/api/auth/sessions/{}", sessions[3]["id"].as_str().unwrap());
        house.delete(&path).as_staff(&other).send().await.refused(404, "not_found");
        house.delete(&path).as_staff(&coach).send().await.data();
        house.delete(&path).as_staff(&coach).send().await.refused(404, "not_found");
        assert_eq!(list(&coach).await.len(), 9);
        house.delete("/api/auth/sessions").as_staff(&coach).send().await.data();
        house.get("/api/auth/me").as_staff(&coach).send().await.refused(401, "token_invalid");
        assert_eq!(list(&other).await.len(), 1);
        house.assert_audited(&["staff.end_session", "staff.end_all_sessions"]).await;
    }

    async fn a_password_of_somebody_else_is_good_for_a_week_and_for_being_changed_only(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let body = json!({"username": "wang", "password": "first password", "role": "super_admin"});
        let made = house.post("/api/admin/users").as_staff(&admin).json(&body).send().await.data();
        let login = house.log_in("wang", "first password").await.data();
        assert_eq!(login["user"]["mustChangePassword"], true);
        let wang = Staff {
            id: made["id"].as_i64().unwrap(),
            token: login["token"].as_str().unwrap().to_owned(),
        };
        for path in ["/api/admin/camps", "/api/admin/users", "/api/admin/logs", "/api/auth/sessions"] {
            house.get(path).as_staff(&wang).send().await.refused(403, "must_change_password");
        }
        let sync = house.post("/api/admin/checkins/sync/1").as_staff(&wang);
        sync.send().await.refused(403, "must_change_password");
        house.get("/api/auth/me").as_staff(&wang).send().await.data();
        house.post("/api/auth/logout").as_staff(&wang).send().await.data();

        house.wall.advance(TimeDelta::days(7));
        let over = house.log_in("wang", "first password").await.refused(401, "unauthenticated");
        assert_ne!(over["message"], house.log_in("wang", "wrong one").await.json()["message"]);
        let admin = Staff {
            token: house.log_in("super_admin", PASSWORD).await.data()["token"].as_str().unwrap().to_owned(),
            ..admin
        };
        let reset = house.post(&format!("/api/admin/users/{}/reset-password", wang.id)).as_staff(&admin);
        let password = reset.send().await.data()["password"].as_str().unwrap().to_owned();
        let login = house.log_in("wang", &password).await.data();
        let wang = Staff { token: login["token"].as_str().unwrap().to_owned(), ..wang };
        for bad in ["1234567890", "wang.wang"] {
            let change = json!({"old": password, "new": bad});
            let call = house.post("/api/auth/password").as_staff(&wang).json(&change);
            call.send().await.wrong_fields(&["new"]);
        }
        let change = json!({"old": password, "new": "chosen by themselves"});
        house.post("/api/auth/password").as_staff(&wang).json(&change).send().await.data();
        let login = house.log_in("wang", "chosen by themselves").await.data();
        assert_eq!(login["user"]["mustChangePassword"], false);
        let wang = Staff { token: login["token"].as_str().unwrap().to_owned(), ..wang };
        house.get("/api/auth/me").as_staff(&wang).send().await.data();
        let users = house.get("/api/admin/users").as_staff(&admin).send().await.data();
        let wang = &users["items"][1];
        assert_eq!((&wang["username"], &wang["sessions"]), (&json!("wang"), &json!(1)));
        assert_eq!(wang["lastLoginAt"], "2026-01-05T12:00:00+08:00", "business time stands still");
    }

    async fn what_has_had_its_time_is_deleted(db) {
        let house = House::new(db).await;
        house.signed_in(Role::Coach).await;
        for _ in 0..3 {
            open_session(&house.ctx).await;
        }
        house.db.add([1, 2, 3].map(|n| rows::SignIn::default().state_hash(vec![n]))).await;
        let done = forget_over(&house.ctx).await.unwrap();
        assert_eq!((done.sign_ins, done.member_sessions, done.staff_sessions), (3, 0, 0));
        house.wall.advance(TimeDelta::days(180));
        open_session(&house.ctx).await;
        let done = forget_over(&house.ctx).await.unwrap();
        assert_eq!((done.sign_ins, done.member_sessions, done.staff_sessions), (0, 3, 1));
        assert_eq!(house.db.texts("SELECT platform FROM h5_session").await.len(), 1);
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
