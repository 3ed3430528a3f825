//! Staff accounts.

use axum::http::Method;
use campkeeper::domain::staff::{Channel, Role};
use campkeeper::services::staff::actor_by_wecom_userid;
use serde_json::json;

use crate::house::{House, Staff};
use crate::on_both_engines;

on_both_engines! {
    async fn accounts_are_made_changed_and_deleted(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let body = json!({
            "username": "wang", "password": "first password", "role": "coach",
            "displayName": "王教练", "wecomUserId": "Wang.Coach",
        });
        let made = house.post("/api/admin/users").as_staff(&admin).json(&body).send().await.data();
        assert_eq!(made["wecomUserId"], "wang.coach");
        assert_eq!(made["mustChangePassword"], true);
        assert!(!made.to_string().contains("argon2"));
        let again = house.post("/api/admin/users").as_staff(&admin).json(&body).send().await;
        again.refused(409, "duplicate");

        let listed = house.get("/api/admin/users?size=1&page=2").as_staff(&admin).send().await;
        let listed = listed.data();
        assert_eq!((&listed["total"], &listed["page"], &listed["size"]), (&json!(2), &json!(2), &json!(1)));
        assert_eq!(listed["items"][0]["username"], "wang");

        let path = format!("/api/admin/users/{}", made["id"]);
        let change = json!({"role": "volunteer", "wecomUserId": null});
        let changed = house.put(&path).as_staff(&admin).json(&change).send().await.data();
        assert_eq!((&changed["role"], &changed["displayName"]), (&json!("volunteer"), &json!("王教练")));
        assert_eq!(changed["wecomUserId"], json!(null));

        house.delete(&path).as_staff(&admin).send().await.data();
        house.delete(&path).as_staff(&admin).send().await.refused(404, "not_found");
        house.post("/api/admin/users").as_staff(&admin).json(&body).send().await.data();
        house.assert_audited(&["user.update", "user.delete"]).await;
    }

    async fn disabling_deleting_and_resetting_end_what_a_person_may_at_once(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        for role in [Role::Coach, Role::Volunteer, Role::Admin] {
            let person = house.signed_in(role).await;
            let path = format!("/api/admin/users/{}", person.id);
            let link = json!({"wecomUserId": format!("u{}", person.id)});
            house.put(&path).as_staff(&admin).json(&link).send().await.data();
            let userid = format!("U{}", person.id);
            let actor = actor_by_wecom_userid(&house.ctx, &userid, Channel::Chat).await.unwrap();
            assert_eq!(actor.unwrap().role, role);
            match role {
                Role::Coach => {
                    let disable = json!({"status": "disabled"});
                    house.put(&path).as_staff(&admin).json(&disable).send().await.data();
                }
                Role::Volunteer => {
                    house.delete(&path).as_staff(&admin).send().await.data();
                }
                _ => {
                    let reset = house.post(&format!("{path}/reset-password")).as_staff(&admin);
                    let password = reset.send().await.data()["password"].as_str().unwrap().to_owned();
                    let login = house.log_in(role.as_str(), &password).await.data();
                    assert_eq!(login["user"]["mustChangePassword"], true);
                }
            }
            house.get("/api/auth/me").as_staff(&person).send().await.refused(401, "token_invalid");
            let actor = actor_by_wecom_userid(&house.ctx, &userid, Channel::Chat).await.unwrap();
            assert_eq!(actor.is_some(), role == Role::Admin);
            if role != Role::Admin {
                house.log_in(role.as_str(), "a long enough password").await
                    .refused(401, "unauthenticated");
            }
        }
    }

    async fn only_a_super_admin_manages_users_and_nobody_themselves(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let own = format!("/api/admin/users/{}", admin.id);
        for change in [json!({"role": "coach"}), json!({"status": "disabled"})] {
            house.put(&own).as_staff(&admin).json(&change).send().await.refused(409, "last_super_admin");
        }
        house.delete(&own).as_staff(&admin).send().await.refused(409, "last_super_admin");
        let second = json!({"username": "second", "password": "long enough", "role": "super_admin"});
        house.post("/api/admin/users").as_staff(&admin).json(&second).send().await.data();
        for change in [json!({"role": "coach"}), json!({"status": "disabled"})] {
            house.put(&own).as_staff(&admin).json(&change).send().await.refused(409, "wrong_state");
        }
        house.delete(&own).as_staff(&admin).send().await.refused(409, "wrong_state");
        // Who only has the session does not get the account.
        let password = json!({"password": "another long password"});
        house.put(&own).as_staff(&admin).json(&password).send().await.refused(409, "wrong_state");
        let reset = house.post(&format!("{own}/reset-password")).as_staff(&admin);
        reset.send().await.refused(409, "wrong_state");
        for role in [Role::Admin, Role::Coach, Role::Volunteer] {
            let person = house.signed_in(role).await;
            let calls = [
                (Method::POST, "/api/admin/users".to_owned()),
                (Method::PUT, own.clone()),
                (Method::DELETE, own.clone()),
                (Method::POST, format!("{own}/reset-password")),
            ];
            let body = json!({"username": "x1", "password": "long enough", "role": "super_admin"});
            for (method, path) in calls {
                let call = house.call(method, &path).as_staff(&person).json(&body);
                call.send().await.refused(403, "forbidden");
            }
            house.get("/api/admin/users").as_staff(&person).send().await.refused(403, "forbidden");
            let staff = house.get("/api/admin/staff").as_staff(&person).send().await;
            assert_eq!(staff.status.is_success(), role == Role::Admin);
            if role == Role::Admin {
                let named = json!({"id": person.id, "displayName": role.shown(), "role": "admin"});
                assert_eq!(staff.data()["items"].as_array().unwrap().last(), Some(&named));
            }
        }
    }

    async fn two_super_admins_who_demote_each_other_leave_one(db) {
        let house = House::new(db).await;
        let first = house.signed_in(Role::SuperAdmin).await;
        for change in [Some(json!({"role": "coach"})), Some(json!({"status": "disabled"})), None] {
            let made = json!({"username": "second", "password": "long enough", "role": "super_admin"});
            let made = house.post("/api/admin/users").as_staff(&first).json(&made).send().await.data();
            let login = house.log_in("second", "long enough").await.data();
            let second = Staff {
                id: made["id"].as_i64().unwrap(),
                token: login["token"].as_str().unwrap().to_owned(),
            };
            let newer = json!({"old": "long enough", "new": "chosen by themselves"});
            house.post("/api/auth/password").as_staff(&second).json(&newer).send().await.data();
            let login = house.log_in("second", "chosen by themselves").await.data();
            let second = Staff { token: login["token"].as_str().unwrap().to_owned(), ..second };
            let takes = async |by: &Staff, from: &Staff| {
                let path = format!("/api/admin/users/{}", from.id);
                let call = match &change {
                    Some(change) => house.put(&path).json(change),
                    None => house.delete(&path),
                };
                call.as_staff(by).send().await
            };
            let (one, other) = tokio::join!(takes(&first, &second), takes(&second, &first));
            let done = [&one, &other].into_iter().filter(|reply| reply.status.is_success()).count();
            assert_eq!(done, 1, "{} {}", one.text(), other.text());
            let left = "SELECT username FROM system_user WHERE role = 'super_admin' \
                        AND status = 'active' AND deleted_at IS NULL";
            assert_eq!(house.db.texts(left).await.len(), 1);
            // As it was, for the next round.
            house.db.run("UPDATE system_user SET role = 'super_admin', status = 'active', \
                          deleted_at = NULL WHERE username = 'super_admin'").await;
            house.db.run("UPDATE system_user SET deleted_at = 1 WHERE username = 'second'").await;
            house.db.run("UPDATE staff_session SET revoked_at = NULL").await;
        }
    }

    async fn what_changed_of_an_account_is_in_the_log_from_what_to_what(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let coach = house.signed_in(Role::Coach).await;
        let path = format!("/api/admin/users/{}", coach.id);
        let change = json!({"wecomUserId": "Wang.Ke", "role": "volunteer", "displayName": "教练"});
        house.put(&path).as_staff(&admin).json(&change).send().await.data();
        let page = house.get("/api/admin/logs?action=user.update").as_staff(&admin).send().await.data();
        assert_eq!(page["items"][0]["details"], json!({
            "wecomUserId": {"from": null, "to": "wang.ke"},
            "role": {"from": "coach", "to": "volunteer"},
            "passwordSet": false,
        }));
    }

    async fn each_field_says_what_is_wrong_with_it(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        for (field, value) in [
            ("username", json!("")),
            ("username", json!("a b")),
            ("username", json!(7)),
            ("username", json!(null)),
            ("password", json!("short")),
            ("password", json!("Password123")),
            ("password", json!("1234567890")),
            ("role", json!("owner")),
            ("displayName", json!("名".repeat(51))),
            ("wecomUserId", json!("a|b")),
        ] {
            let mut body = json!({"username": "wang", "password": "long enough", "role": "coach"});
            body[field] = value;
            let call = house.post("/api/admin/users").as_staff(&admin).json(&body);
            call.send().await.wrong_fields(&[field]);
        }
        let call = house.post("/api/admin/users").as_staff(&admin).json(&json!({"username": "wang"}));
        call.send().await.wrong_fields(&["password"]);
    }
}
