//! Objections over HTTP, and what else a member's token opens.

use campkeeper::domain::staff::Role;
use campkeeper::services::access_token;
use image::ImageFormat;
use serde_json::json;

use crate::house::{House, Reply};
use crate::on_both_engines;
use crate::pictures::picture;

pub(crate) const ORDER: &str = "ord_00000000000000000000000001";
const OTHER: &str = "ord_00000000000000000000000002";

/// A running camp of ten days on its fifth, with two members; the first has days 1 to 3.
pub(crate) const SCENE: &str = "INSERT INTO training_camp (id, name, name_folded, deposit_fen, start_date, end_date, \
total_days, required_days, grace_days, introduction_html, status, current_sync_id, posts_sync_id, \
created_at, updated_at) VALUES (1, '写作营', '写作营', 9900, '2026-01-01', '2026-01-10', 10, 7, 1, '', \
'ongoing', NULL, NULL, 0, 0);
INSERT INTO sync_run (id, camp_id, state, requested_by, started_at, finished_at, members, new_checkins, \
newly_eligible, unknown_users, lease_until) VALUES (1, 1, 'complete', 'job', 1767546000000000, \
1767546060000000, 0, 0, 0, 0, 0);
UPDATE training_camp SET current_sync_id = 1, posts_sync_id = 1;
INSERT INTO payment_record (id, order_no, camp_id, status, amount_fen, paid_fen, paid_at, transaction_id, \
start_date, end_date, total_days, required_days, grace_days, bind_status, expires_at, queries, created_at, \
updated_at) VALUES \
(1, 'ord_00000000000000000000000001', 1, 'paid', 9900, 9900, 1767200000000000, '4201', '2026-01-01', \
'2026-01-10', 10, 7, 1, 'completed', 0, 0, 0, 0), \
(2, 'ord_00000000000000000000000002', 1, 'paid', 9900, 9900, 1767200000000000, '4202', '2026-01-01', \
'2026-01-10', 10, 7, 1, 'completed', 0, 0, 0, 0);
INSERT INTO camp_member (id, camp_id, payment_id, planet_user_id, planet_nickname, wechat_nickname, \
names_folded, match_status, confidence, match_reasons, joined, checked_in_days, eligible, created_at, \
updated_at) VALUES (1, 1, 1, 300000000000001, '小明', '', '小明', 'matched', 100, '[]', FALSE, 3, FALSE, 0, 0), \
(2, 1, 2, 300000000000002, '小红', '', '小红', 'matched', 100, '[]', FALSE, 0, FALSE, 0, 0);
UPDATE payment_record SET member_id = id;
INSERT INTO sync_ranking (sync_id, planet_user_id, nickname, checked_in_days) VALUES \
(1, 300000000000001, '小明', 3);
INSERT INTO checkin_record (camp_id, planet_user_id, day, checked_in_at, source, sync_id) VALUES \
(1, 300000000000001, '2026-01-01', 1767272640000000, 'post', 1), \
(1, 300000000000001, '2026-01-02', NULL, 'post', 1), (1, 300000000000001, '2026-01-03', NULL, 'post', 1)";

pub(crate) async fn token(house: &House, payment: i64, order: &str) -> String {
    let token = access_token::of(house.ctx.keys(), order);
    let hash: String = access_token::hash(&token)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    house
        .db
        .run(&format!(
            "INSERT INTO access_token (token_hash, payment_id, key_id, expires_at, created_at) \
             VALUES (BYTES'{hash}', {payment}, BYTES'00', 4102444800000000, 0)"
        ))
        .await;
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
        house.db.run(SCENE).await;
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
        house.db.run(SCENE).await;
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
        house.db.run(SCENE).await;
        house.db.run("INSERT INTO upload (id, file_key, content_type, bytes, created_at) VALUES (7, 'x', 'image/png', 1, 0);\nINSERT INTO camp_group_code (camp_id, position, upload_id) VALUES (1, 0, 7)").await;
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
