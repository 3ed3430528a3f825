//! Objections over HTTP, and what else a member's token opens.

use campkeeper::domain::staff::Role;
use campkeeper::services::access_token;
use image::ImageFormat;
use serde_json::json;

use crate::house::{House, Reply};
use crate::on_both_engines;
use crate::pictures::picture;
use crate::rows::{self, Rows, account};

pub(crate) const ORDER: &str = "ord_00000000000000000000000001";
const OTHER: &str = "ord_00000000000000000000000002";

/// A running camp of ten days on its fifth, with two members; the first has days 1 to 3.
pub(crate) fn scene() -> impl Rows {
    let camp = rows::camp(1, "写作营");
    let camp = camp.current_sync_id(1).posts_sync_id(1);
    let sync = rows::sync(1, 1_767_546_000_000_000).finished_at(1_767_546_060_000_000);
    let payments = [1, 2].map(|id| rows::payment(id).paid_at(1_767_200_000_000_000));
    let members = [
        rows::member(1).named("小明").checked_in_days(3),
        rows::member(2).named("小红"),
    ];
    let ranked = rows::ranked(account(1), "小明", 3);
    let mut days = rows::check_ins(account(1), 3);
    days[0] = days[0].clone().checked_in_at(1_767_272_640_000_000);
    (camp, sync, payments, members, ranked, days)
}

pub(crate) async fn token(house: &House, payment: i64, order: &str) -> String {
    let token = access_token::of(house.ctx.keys(), order);
    house.db.add(rows::token(&token, payment)).await;
    token
}

async fn send_picture(house: &House, token: &str, bytes: &[u8]) -> Reply {
    let mut body = b"--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x.png\"\r\n\
                     content-type: image/png\r\n\r\n"
        .to_vec();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--b--\r\n");
    let call = house
        .post("/api/h5/uploads")
        .header("x-access-token", token);
    call.header("content-type", "multipart/form-data; boundary=b")
        .body(body)
        .send()
        .await
}

on_both_engines! {
    async fn a_day_is_objected_to_answered_and_shown(db) {
        let house = House::new(db).await;
        let (admin, volunteer) = (house.signed_in(Role::Admin).await, house.signed_in(Role::Volunteer).await);
        house.db.add(scene()).await;
        let (mine, theirs) = (token(&house, 1, ORDER).await, token(&house, 2, OTHER).await);
        let progress = house.get("/api/h5/progress/1").header("x-access-token", &mine).send().await.data();
        assert_eq!(progress["days"][0]["receipt"], json!({"countedAt": "2026-01-05T01:01:00+08:00", "nth": 1, "source": "post"}));
        assert_eq!(progress["days"][2]["receipt"]["nth"], 3);
        assert_eq!((&progress["days"][3]["status"], &progress["days"][3]["receipt"]), (&json!("missed"), &json!(null)));
        assert_eq!(progress["appeal"], json!(null));

        let picture = send_picture(&house, &mine, &picture(ImageFormat::Jpeg, 40)).await.data();
        send_picture(&house, "tk_no", b"").await.refused(401, "token_invalid");
        send_picture(&house, &mine, b"GIF89a").await.refused(415, "unsupported_media_type");
        let body = json!({"orderNo": ORDER, "kind": "day", "day": "2026-01-04", "text": " 那天我打了 ", "uploadIds": [picture["id"]]});
        let send = |token: &str, body: &serde_json::Value| house.post("/api/h5/appeals").header("x-access-token", token).json(body).send();
        house.post("/api/h5/appeals").json(&body).send().await.refused(401, "token_invalid");
        send(&theirs, &body).await.refused(403, "not_your_order");
        let mut misspelt = body.clone();
        misspelt["reason"] = json!("x");
        send(&mine, &misspelt).await.refused(422, "invalid_input");
        let mut empty = body.clone();
        empty["text"] = json!("  ");
        send(&mine, &empty).await.wrong_fields(&["text"]);
        let mut today = body.clone();
        today["day"] = json!("2026-01-05");
        send(&mine, &today).await.refused(409, "wrong_state");
        let verdict = json!({"orderNo": ORDER, "kind": "verdict", "text": "不对"});
        send(&mine, &verdict).await.refused(409, "wrong_state");
        let made = send(&mine, &body).await.data();
        for (field, value) in [("kind", json!("day")), ("status", json!("open")), ("text", json!("那天我打了")), ("answer", json!(null)), ("day", json!("2026-01-04"))] {
            assert_eq!(made[field], value, "{field}");
        }
        send(&mine, &body).await.refused(409, "duplicate");
        let progress = house.get("/api/h5/progress/1").header("x-access-token", &mine).send().await.data();
        assert_eq!(progress["appeal"]["id"], made["id"]);
        assert_eq!((&progress["next"]["what"], &progress["next"]["who"]), (&json!("answer"), &json!("staff")));

        house.get("/api/admin/appeals").as_staff(&volunteer).send().await.refused(403, "forbidden");
        let listed = house.get("/api/admin/appeals?status=open&campId=1").as_staff(&admin).send().await.data();
        let item = &listed["items"][0];
        assert_eq!((&listed["total"], &item["name"], &item["text"]), (&json!(1), &json!("小明"), &json!("那天我打了")));
        assert_eq!((&item["evidence"]["rankingDays"], &item["evidence"]["postDays"]), (&json!(3), &json!(3)));
        assert_eq!(item["evidence"]["nearby"][0]["date"], "2026-01-03");
        let shown = house.get(item["pictures"][0].as_str().unwrap()).send().await;
        assert_eq!(shown.headers["content-type"], "image/jpeg");
        let answer = format!("/api/admin/appeals/{}/answer", made["id"]);
        house.post(&answer).as_staff(&admin).body(r#"{"accept":true,"text":"x"}"#).send().await.refused(415, "unsupported_media_type");
        house.post(&answer).as_staff(&admin).json(&json!({"accept": true})).send().await.refused(422, "invalid_input");
        house.post("/api/admin/appeals/99/answer").as_staff(&admin).json(&json!({"accept": true, "text": "好"})).send().await.refused(404, "not_found");
        let accepted = house.post(&answer).as_staff(&admin).json(&json!({"accept": true, "text": "截图看到了"})).send().await.data();
        assert_eq!((&accepted["status"], &accepted["answeredBy"]), (&json!("accepted"), &json!("管理员")));
        house.post(&answer).as_staff(&admin).json(&json!({"accept": false, "text": "x"})).send().await.refused(409, "already_decided");
        let progress = house.get("/api/h5/progress/1").header("x-access-token", &mine).send().await.data();
        assert_eq!((&progress["checkedInDays"], &progress["days"][3]["receipt"]["source"]), (&json!(4), &json!("attested")));
        assert_eq!((&progress["appeal"]["status"], &progress["appeal"]["answer"]), (&json!("accepted"), &json!("截图看到了")));
        house.assert_audited(&["upload.create", "appeal.open", "appeal.answer"]).await;
    }

    async fn a_picture_is_taken_back_until_an_objection_has_it(db) {
        let house = House::new(db).await;
        house.db.add(scene()).await;
        let (mine, theirs) = (token(&house, 1, ORDER).await, token(&house, 2, OTHER).await);
        let mut sent = Vec::new();
        for _ in 0..3 {
            let stored = send_picture(&house, &mine, &picture(ImageFormat::Jpeg, 40)).await.data();
            sent.push(stored["id"].as_i64().unwrap());
        }
        let fourth = send_picture(&house, &mine, &picture(ImageFormat::Jpeg, 40)).await;
        fourth.wrong_fields(&["file"]);
        let remove = async |token: &str, id: i64| {
            let path = format!("/api/h5/uploads/{id}");
            house.delete(&path).header("x-access-token", token).send().await
        };
        remove(&theirs, sent[0]).await.refused(404, "not_found");
        remove("tk_no", sent[0]).await.refused(401, "token_invalid");
        remove(&mine, sent[0]).await.data();
        remove(&mine, sent[0]).await.refused(404, "not_found");
        // There is room again, and equal pictures keep the file that they share.
        let again = send_picture(&house, &mine, &picture(ImageFormat::Jpeg, 40)).await.data();
        let body = json!({
            "orderNo": ORDER, "kind": "day", "day": "2026-01-04", "text": "打了",
            "uploadIds": [sent[1], again["id"]],
        });
        house.post("/api/h5/appeals").header("x-access-token", &mine).json(&body).send().await.data();
        remove(&mine, sent[1]).await.refused(404, "not_found");
        remove(&mine, sent[2]).await.data();
        let admin = house.signed_in(Role::Admin).await;
        let listed = house.get("/api/admin/appeals").as_staff(&admin).send().await.data();
        let pictures = listed["items"][0]["pictures"].as_array().unwrap();
        assert_eq!(pictures.len(), 2);
        let shown = house.get(pictures[0].as_str().unwrap()).send().await;
        assert_eq!(shown.headers["content-type"], "image/jpeg");
    }

    async fn a_member_says_that_they_are_in_the_group(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        house.db.add(scene()).await;
        house.db.add(rows::group_code(7)).await;
        let (mine, theirs) = (token(&house, 1, ORDER).await, token(&house, 2, OTHER).await);
        let path = format!("/api/h5/payments/{ORDER}/joined");
        house.post(&path).header("x-access-token", &theirs).send().await.refused(403, "not_your_order");
        house.post(&path).send().await.refused(401, "token_invalid");
        for _ in 0..2 {
            let joined = house.post(&path).header("x-access-token", &mine).send().await.data();
            assert_eq!(joined, json!({"orderNo": ORDER, "joined": true}));
        }
        let member = house.get("/api/admin/members/1").as_staff(&admin).send().await.data();
        assert_eq!(member["joined"], true);
        house.assert_audited(&["member.joined"]).await;
    }
}
