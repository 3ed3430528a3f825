//! Importing the roster over HTTP: formats, limits, permission, and rows that are left out.

use axum::http::StatusCode;
use campkeeper::domain::staff::Role;
use encoding_rs::GB18030;
use serde_json::{Value, json};

use crate::house::{House, Reply, Staff};
use crate::on_both_engines;
use crate::sheet::workbook;

/// Sends bytes under a name that says nothing about them.
async fn import(house: &House, staff: &Staff, query: &str, part: &str, bytes: &[u8]) -> Reply {
    let mut body = format!(
        "--b\r\ncontent-disposition: form-data; name=\"{part}\"; filename=\"x\"\r\n\
         content-type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--b--\r\n");
    house
        .post(&format!("/api/admin/roster/import{query}"))
        .as_staff(staff)
        .header("content-type", "multipart/form-data; boundary=b")
        .body(body)
        .send()
        .await
}

fn report(added: usize, changed: usize, unchanged: usize) -> Value {
    json!({"added": added, "changed": changed, "unchanged": unchanged, "errors": [], "changes": []})
}

on_both_engines! {
    async fn the_back_offices_workbook_is_taken_by_its_headings(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let sheet = workbook(&[
            &["加入时间", "身份", "成员编号", "微信昵称", "用户昵称", "星球名片昵称", "知识号"],
            &["2026-01-01", "成员", "=12", "明", "小明同学", "明·深圳", ""],
            &["2026-01-02", "成员", "13", "", "Coco", "", ""],
        ]);
        let dry = import(&house, &admin, "?dryRun=true", "file", &sheet).await.data();
        let lines = json!([
            {"row": 2, "planetUserId": null, "memberNumber": 12, "before": null,
             "after": ["12", "小明同学", "明·深圳", "明"]},
            {"row": 3, "planetUserId": null, "memberNumber": 13, "before": null,
             "after": ["13", "Coco"]},
        ]);
        assert_eq!(dry["changes"], lines);
        assert_eq!((&dry["added"], &dry["errors"]), (&json!(2), &json!([])));
        assert_eq!(import(&house, &admin, "", "file", &sheet).await.data(), report(2, 0, 0));
        assert_eq!(import(&house, &admin, "?dryRun=false", "file", &sheet).await.data(), report(0, 0, 2));
        let known = house.get("/api/h5/planet-users?q=12&nickname=%E5%B0%8F%E6%98%8E%E5%90%8C%E5%AD%A6");
        let known = known.send().await.data();
        let expected = json!({"planetUserId": "12", "planetNickname": "小明同学", "avatarUrl": null});
        assert_eq!(known, expected);
        let masked = house.get("/api/h5/planet-users?q=12&nickname=x").send().await.data();
        assert_eq!(masked, json!({"maskedNickname": "小*学"}));
        assert_eq!(house.get("/api/h5/planet-users?q=99").send().await.data(), Value::Null);
        house.assert_audited(&["roster.import", "roster.import"]).await;
    }

    async fn our_own_columns_are_taken_in_the_encodings_of_excel(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::SuperAdmin).await;
        let text = "planet_user_id,member_number,planet_nickname,wechat_nickname\n\
                    9007199254740995,12,小明同学,明\n54231919143797,,Coco,\n";
        let (gb, _, _) = GB18030.encode(text);
        let marked = format!("\u{FEFF}{text}");
        for (file, expected) in [
            (text.as_bytes(), report(2, 0, 0)),
            (marked.as_bytes(), report(0, 0, 2)),
            (&gb, report(0, 0, 2)),
        ] {
            assert_eq!(import(&house, &admin, "", "file", file).await.data(), expected);
        }
        let known = house.get("/api/h5/planet-users?q=12&nickname=%E5%B0%8F%E6%98%8E%E5%90%8C%E5%AD%A6");
        assert_eq!(known.send().await.data()["planetUserId"], "9007199254740995");
    }

    async fn faulty_rows_are_named_and_the_others_kept(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let sheet = workbook(&[
            &["planet_user_id", "member_number", "planet_nickname"],
            &["=54231919143797", "1", "甲"],
            &["8.4E+14", "2", "乙"],
            &["=8.4E+14", "3", "丙"],
            &["", "", "丁"],
            &["=9007199254740995", "4", "戊"],
            &["81179376462529", "5", "己"],
        ]);
        let said = import(&house, &admin, "", "file", &sheet).await.data();
        let rows: Vec<u64> =
            said["errors"].as_array().unwrap().iter().map(|error| error["row"].as_u64().unwrap()).collect();
        assert_eq!((&said["added"], rows), (&json!(2), vec![3, 4, 5, 6]));
        let message = said["errors"][0]["message"].as_str().unwrap();
        assert!(message.starts_with("planet_user_id：") && message.contains("科学计数"), "{said}");
        assert_eq!(said["errors"][0]["message"], said["errors"][3]["message"]);
    }

    async fn a_file_as_people_save_it_is_read(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let text = "sep=,\r\n九月写作营 成员名单,,\r\n\r\n*用户ID（必填）,成员编号,用户昵称\r\n\
                    '54231919143797,'101,甲\r\n\"=\"\"54231919143798\"\"\",102.0,乙\r\n\
                    `54231919143799,,丙\r\n54231919143800.0,,丁\r\n\"54,231,919,143,801\",,戊\r\n\
                    3.0E+14,,己\r\n";
        let said = import(&house, &admin, "", "file", text.as_bytes()).await.data();
        let errors = said["errors"].as_array().unwrap();
        assert_eq!((&said["added"], errors.len()), (&json!(5), 1), "{said}");
        assert_eq!(errors[0]["row"], 9);
        let message = errors[0]["message"].as_str().unwrap();
        assert!(message.starts_with("*用户ID（必填）：") && message.contains("设为文本"), "{message}");
        let known = house.get("/api/h5/planet-users?q=101&nickname=%E7%94%B2").send().await.data();
        assert_eq!(known["planetUserId"], "54231919143797");
        for page in ["<html><table></table></html>", "<?xml version=\"1.0\"?><Workbook/>"] {
            let refused = import(&house, &admin, "", "file", page.as_bytes()).await;
            let refused = refused.refused(415, "unsupported_media_type");
            assert!(refused["message"].as_str().unwrap().contains("另存为 xlsx"), "{refused}");
        }
        let other = import(&house, &admin, "", "file", "姓名\t电话\n小明\t1\n".as_bytes()).await;
        let fields = other.json()["fields"]["file"].to_string();
        assert!(fields.contains("另存为 xlsx") && fields.contains("用户ID"), "{fields}");
    }

    async fn what_is_no_roster_is_refused(db) {
        let house = House::new(db).await;
        let admin = house.signed_in(Role::Admin).await;
        let picture = crate::pictures::picture(image::ImageFormat::Png, 40);
        for bytes in [picture.as_slice(), b"PK\x03\x04nonsense", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\xFF\xFF"] {
            import(&house, &admin, "", "file", bytes).await.refused(415, "unsupported_media_type");
        }
        for text in ["", "用户昵称\n小明\n", "成员编号\n12\n"] {
            import(&house, &admin, "", "file", text.as_bytes()).await.wrong_fields(&["file"]);
        }
        import(&house, &admin, "", "other", b"x").await.wrong_fields(&["file"]);
        import(&house, &admin, "?dryRun=maybe", "file", b"x").await.wrong_fields(&["dryRun"]);
        let json = house.post("/api/admin/roster/import").as_staff(&admin).json(&json!({}));
        json.send().await.refused(415, "unsupported_media_type");
        let huge = vec![b'a'; 20 * 1024 * 1024 + 1];
        import(&house, &admin, "", "file", &huge).await.refused(413, "too_large");
        let more = vec![b'a'; 21 * 1024 * 1024];
        import(&house, &admin, "", "file", &more).await.refused(413, "too_large");
        for role in [Role::Coach, Role::Volunteer] {
            let other = house.signed_in(role).await;
            let refused = import(&house, &other, "", "file", "成员编号,用户昵称\n".as_bytes()).await;
            refused.refused(403, "forbidden");
        }
        house.assert_audited(&[]).await;
    }

    async fn is_it_you_is_asked_ten_times_a_minute(db) {
        let house = House::new(db).await;
        for _ in 0..10 {
            let asked = house.get("/api/h5/planet-users?q=12").send().await;
            assert_eq!(asked.status, StatusCode::OK);
        }
        let refused = house.get("/api/h5/planet-users?q=12").send().await;
        refused.refused(429, "rate_limited");
        let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait));
    }
}
