//! Camps, from draft to archive.

use axum::http::Method;
use campkeeper::domain::staff::Role;
use campkeeper::services::camps::{Advanced, advance_by_calendar};
use chrono::TimeDelta;
use image::ImageFormat;
use serde_json::{Value, json};

use crate::house::{House, Staff};
use crate::on_both_engines;
use crate::pictures::{picture, upload};

/// A camp with all that is required, from 2026-01-10 to 2026-01-19.
pub(crate) async fn whole(house: &House, admin: &Staff, coach: &Staff) -> Value {
    let png = picture(ImageFormat::Png, 16);
    let poster = upload(house, admin, "file", &png).await.data()["id"].clone();
    let png = picture(ImageFormat::Png, 17);
    let code = upload(house, admin, "file", &png).await.data()["id"].clone();
    json!({
        "name": "21天 写作营",
        "posterUploadId": poster,
        "depositFen": 9900,
        "startDate": "2026-01-10",
        "endDate": "2026-01-19",
        "totalDays": 10,
        "requiredDays": 7,
        "groupQrUploadIds": [code],
        "introduction": "<p>每天<b>一篇</b></p><script>alert(1)</script>",
        "coachIds": [coach.id],
        "planetProjectId": "4848142421",
        "groupRobotKey": "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa",
    })
}

pub(crate) async fn create(house: &House, admin: &Staff, body: &Value) -> Value {
    house
        .post("/api/admin/camps")
        .as_staff(admin)
        .json(body)
        .send()
        .await
        .data()
}

async fn status(house: &House, admin: &Staff, path: &str) -> String {
    let camp = house.get(path).as_staff(admin).send().await.data();
    camp["status"].as_str().unwrap().to_owned()
}

on_both_engines! {
    async fn what_changed_of_a_camp_is_in_the_log_from_what_to_what(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let coach = house.signed_in(Role::Coach).await;
        let other = house.signed_in(Role::Admin).await;
        let body = whole(&house, &admin, &coach).await;
        let camp = create(&house, &admin, &body).await;
        let path = format!("/api/admin/camps/{}", camp["id"]);
        let png = picture(ImageFormat::Png, 18);
        let code = upload(&house, &admin, "file", &png).await.data()["id"].clone();
        let change = json!({
            "groupQrUploadIds": [code], "coachIds": [coach.id, other.id],
            "groupRobotKey": "11111111-7xxx-4bc4-97a0-0ec2sifa5aaa", "name": body["name"],
        });
        house.put(&path).as_staff(&admin).json(&change).send().await.data();
        let logs = "/api/admin/logs?action=camp.update";
        let row = house.get(logs).as_staff(&admin).send().await.data()["items"][0].clone();
        let details = row["details"].as_object().unwrap();
        let told: Vec<&String> = details.keys().collect();
        assert_eq!(told, ["camp", "coachIds", "groupQrUploadIds", "groupRobotKey"]);
        assert_eq!(details["coachIds"], json!({"from": [coach.id], "to": [coach.id, other.id]}));
        assert_eq!(details["groupQrUploadIds"], json!({"from": body["groupQrUploadIds"], "to": [code]}));
        let robots = &details["groupRobotKey"];
        assert_ne!(robots["from"], robots["to"]);
        assert_eq!(robots["to"].as_str().unwrap().len(), 8);
        let all = house.db.texts("SELECT details FROM operation_log").await.join("\n");
        assert!(!all.contains("0ec2sifa5aaa"), "the key itself is not in it: {all}");
    }

    async fn a_camp_goes_from_draft_to_ended(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let coach = house.signed_in(Role::Coach).await;
        let body = whole(&house, &admin, &coach).await;
        let mut incomplete = body.clone();
        incomplete["groupQrUploadIds"] = json!([]);
        let camp = create(&house, &admin, &incomplete).await;
        assert_eq!((&camp["status"], &camp["missing"]), (&json!("draft"), &json!(["groupQrUploadIds"])));
        let path = format!("/api/admin/camps/{}", camp["id"]);
        let publish = || house.post(&format!("{path}/publish")).as_staff(&admin);
        let refused = publish().send().await.refused(409, "wrong_state");
        assert_eq!(refused["fields"], json!({"groupQrUploadIds": "请上传群二维码"}));

        let camp = house.put(&path).as_staff(&admin).json(&body).send().await.data();
        assert_eq!(camp["status"], "pending");
        assert_eq!(camp["introduction"], "<p>每天<b>一篇</b></p>");
        assert_eq!((&camp["graceDays"], &camp["groupRobotKeySet"]), (&json!(1), &json!(true)));
        assert!(!camp.to_string().contains("693a91f6"));
        assert_eq!(camp["enrollUrl"], format!("https://camp.example.com/h5/camps/{}", camp["id"]));

        assert_eq!(publish().json(&json!({})).send().await.data()["status"], "enrolling");
        publish().send().await.refused(409, "wrong_state");
        house.post(&format!("{path}/withdraw")).as_staff(&admin).send().await.data();
        assert_eq!(status(&house, &admin, &path).await, "pending");
        house.post(&format!("{path}/withdraw")).as_staff(&admin).send().await.refused(409, "wrong_state");
        publish().send().await.data();

        assert_eq!(advance_by_calendar(&house.ctx).await.unwrap(), Advanced::default());
        house.clock.advance(TimeDelta::days(5));
        let begun = Advanced { begun: 1, ..Advanced::default() };
        assert_eq!(advance_by_calendar(&house.ctx).await.unwrap(), begun);
        assert_eq!(status(&house, &admin, &path).await, "ongoing");
        let deleted = house.delete(&path).as_staff(&admin).send().await.refused(409, "wrong_state");
        assert_eq!(deleted["message"], "训练营已经开始，不能删除");
        let dearer = house.put(&path).as_staff(&admin).json(&json!({"depositFen": 1}));
        let dearer = dearer.send().await.refused(409, "wrong_state");
        assert_eq!(dearer["message"], "押金不能再修改：训练营已经开始");
        house.clock.advance(TimeDelta::days(10));
        let ended = Advanced { ended: 1, ..Advanced::default() };
        assert_eq!(advance_by_calendar(&house.ctx).await.unwrap(), ended);
        assert_eq!(advance_by_calendar(&house.ctx).await.unwrap(), Advanced::default());
        assert_eq!(status(&house, &admin, &path).await, "ended");
        house.assert_audited(&["camp.create", "camp.update", "camp.withdraw"]).await;
    }

    async fn a_camp_slept_through_moves_all_its_steps(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let coach = house.signed_in(Role::Coach).await;
        let body = whole(&house, &admin, &coach).await;
        let path = format!("/api/admin/camps/{}", create(&house, &admin, &body).await["id"]);
        house.post(&format!("{path}/publish")).as_staff(&admin).send().await.data();
        house.clock.advance(TimeDelta::days(60));
        let all = Advanced { begun: 1, ended: 1, ..Advanced::default() };
        assert_eq!(advance_by_calendar(&house.ctx).await.unwrap(), all);
        assert_eq!(status(&house, &admin, &path).await, "ended");
    }

    async fn each_field_says_what_is_wrong_with_it(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let coach = house.signed_in(Role::Coach).await;
        let whole = whole(&house, &admin, &coach).await;
        for (field, value) in [
            ("name", json!("营".repeat(51))),
            ("name", json!(null)),
            ("depositFen", json!(0)),
            ("depositFen", json!(-1)),
            ("depositFen", json!(99.5)),
            ("depositFen", json!("9900")),
            ("startDate", json!("2026-01-04")),
            ("startDate", json!("10.01.2026")),
            ("startDate", json!("2026-1-10")),
            ("startDate", json!("+012026-01-10")),
            ("endDate", json!(null)),
            ("endDate", json!("2026-01-10")),
            ("totalDays", json!(11)),
            ("requiredDays", json!(0)),
            ("graceDays", json!(8)),
            ("introduction", json!("字".repeat(501))),
            ("posterUploadId", json!(999)),
            ("groupQrUploadIds", json!([999])),
            ("coachIds", json!([999])),
            ("volunteerIds", json!([coach.id])),
            ("planetProjectId", json!("x")),
            ("groupRobotKey", json!("https://qyapi.weixin.qq.com/?key=1")),
        ] {
            let mut body = whole.clone();
            body[field] = value;
            let call = house.post("/api/admin/camps").as_staff(&admin).json(&body);
            call.send().await.wrong_fields(&[field]);
        }
    }

    async fn coaches_see_their_own_camps_and_manage_none(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let coach = house.signed_in(Role::Coach).await;
        let volunteer = house.signed_in(Role::Volunteer).await;
        let body = whole(&house, &admin, &coach).await;
        let camp = create(&house, &admin, &body).await;
        let path = format!("/api/admin/camps/{}", camp["id"]);
        let total = |staff: &Staff| house.get("/api/admin/camps").as_staff(staff);
        assert_eq!(total(&coach).send().await.data()["total"], 1);
        assert_eq!(total(&volunteer).send().await.data()["total"], 0);
        house.get(&path).as_staff(&coach).send().await.data();
        house.get(&path).as_staff(&volunteer).send().await.refused(403, "forbidden");
        for (method, tail, body) in [
            (Method::PUT, "", json!({})),
            (Method::DELETE, "", json!({})),
            (Method::POST, "/publish", json!({})),
            (Method::POST, "/withdraw", json!({})),
            (Method::POST, "/personal-links", json!({"planetUserIds": ["1"]})),
        ] {
            let call = house.call(method, &format!("{path}{tail}")).as_staff(&coach);
            call.json(&body).send().await.refused(403, "forbidden");
        }
        house.get("/api/admin/camps/999").as_staff(&admin).send().await.refused(404, "not_found");
    }

    async fn lists_are_narrowed(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let coach = house.signed_in(Role::Coach).await;
        let mut body = whole(&house, &admin, &coach).await;
        let first = create(&house, &admin, &body).await;
        body["name"] = json!("100%_读书营");
        body["startDate"] = json!("2026-02-01");
        body["endDate"] = json!("2026-02-21");
        create(&house, &admin, &body).await;
        house.post(&format!("/api/admin/camps/{}/publish", first["id"])).as_staff(&admin).send().await.data();
        for (query, names) in [
            ("", vec!["100%_读书营", "21天 写作营"]),
            ("status=enrolling", vec!["21天 写作营"]),
            ("status=pending", vec!["100%_读书营"]),
            ("status=upcoming&size=1", vec!["100%_读书营"]),
            ("status=running", vec![]),
            ("status=over", vec![]),
            ("q=%E5%A4%A9%E5%86%99", vec!["21天 写作营"]),
            ("q=%25_", vec!["100%_读书营"]),
            ("q=_", vec!["100%_读书营"]),
            ("from=2026-01-20", vec!["100%_读书营"]),
            ("to=2026-01-31", vec!["21天 写作营"]),
            ("from=2026-01-19&to=2026-02-01", vec!["100%_读书营", "21天 写作营"]),
        ] {
            let page = house.get(&format!("/api/admin/camps?{query}")).as_staff(&admin).send().await;
            let page = page.data();
            let told: Vec<&str> = page["items"].as_array().unwrap().iter()
                .map(|camp| camp["name"].as_str().unwrap())
                .collect();
            assert_eq!(told, names, "{query}");
        }
    }

    async fn members_see_open_camps_page_by_page(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let coach = house.signed_in(Role::Coach).await;
        let body = whole(&house, &admin, &coach).await;
        for _ in 0..3 {
            let id = create(&house, &admin, &body).await["id"].clone();
            house.post(&format!("/api/admin/camps/{id}/publish")).as_staff(&admin).send().await.data();
        }
        create(&house, &admin, &body).await;
        let page = house.get("/api/h5/camps?size=2&page=2").send().await.data();
        assert_eq!((&page["total"], &page["page"], &page["size"]), (&json!(3), &json!(2), &json!(2)));
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
        house.get("/api/h5/camps?size=101").send().await.wrong_fields(&["size"]);
    }

    async fn posters_are_public_and_group_codes_are_not(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let coach = house.signed_in(Role::Coach).await;
        let body = whole(&house, &admin, &coach).await;
        let camp = create(&house, &admin, &body).await;
        let poster = house.get(camp["posterUrl"].as_str().unwrap()).send().await;
        assert_eq!(poster.status.as_u16(), 200);
        assert!(poster.headers["cache-control"].to_str().unwrap().starts_with("public"));
        let code = &camp["groupQrUploadIds"][0];
        house.get(&format!("/files/{code}")).send().await.refused(404, "not_found");
        let code = house.get(camp["groupQrUrls"][0].as_str().unwrap()).send().await;
        assert_eq!(code.status.as_u16(), 200);
        assert!(code.headers["cache-control"].to_str().unwrap().starts_with("private"));
    }

    async fn links_lead_to_the_pages(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let coach = house.signed_in(Role::Coach).await;
        let body = whole(&house, &admin, &coach).await;
        let path = format!("/api/admin/camps/{}", create(&house, &admin, &body).await["id"]);
        let link = house.get(&format!("{path}/enroll-url")).as_staff(&coach).send().await.data();
        let png = house.get(link["qrPngUrl"].as_str().unwrap()).send().await;
        assert!(png.bytes.starts_with(b"\x89PNG"));
        let ids = json!({"planetUserIds": ["184444848828412"]});
        let links = house.post(&format!("{path}/personal-links")).as_staff(&admin).json(&ids);
        let links = links.send().await.data();
        let item = &links["items"][0];
        assert_eq!(item["planetUserId"], "184444848828412");
        assert!(item["url"].as_str().unwrap().contains("?planetUserId=184444848828412&ticket="));
        for bad in [json!([]), json!(["-1"])] {
            let body = json!({"planetUserIds": bad});
            let call = house.post(&format!("{path}/personal-links")).as_staff(&admin).json(&body);
            call.send().await.wrong_fields(&["planetUserIds"]);
        }
    }

    async fn a_camp_that_nobody_paid_for_can_go(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let coach = house.signed_in(Role::Coach).await;
        let body = whole(&house, &admin, &coach).await;
        let path = format!("/api/admin/camps/{}", create(&house, &admin, &body).await["id"]);
        let stats = house.get(&path).as_staff(&admin).send().await.data()["stats"].clone();
        assert_eq!(stats, json!({
            "enrolled": 0, "paidFen": 0, "averageRate": 0.0, "refundedFen": 0,
            "refundRate": 0.0, "joined": 0,
        }));
        house.delete(&path).as_staff(&admin).send().await.data();
        house.get(&path).as_staff(&admin).send().await.refused(404, "not_found");
        assert_eq!(house.get("/api/admin/camps").as_staff(&admin).send().await.data()["total"], 0);
    }
}
