//! How sure it is who a member is: a code that they write into a check-in proves an account, and what
//! a name alone has linked is looked at again when a namesake turns up.

use campkeeper::store::Engine;
use chrono::TimeDelta;
use sandbox::zsxq::NewPost;
use serde_json::{Value, json};

use crate::app::{Browser, TestApp};
use crate::camp::{Camp, check_in, enrolling, planet_user};
use crate::closing::execute;
use crate::for_both_engines;
use crate::main_job::run_job;
use crate::matching::member;
use crate::payments::{count, order, until_status};

const PROVED: &str = "在打卡里写了身份码";
const ANOTHER_NAMESAKE: &str = "编号只凭名字对上过账号，现在又有一位同名的人，待人工确认";

/// Somebody who has paid.
struct Payer {
    phone: Browser,
    id: i64,
    token: String,
}

impl Payer {
    async fn pays(test: &TestApp, camp: &Camp, claim: Option<(&str, &str)>) -> Self {
        let phone = test.browser();
        let order_no = order(&phone, camp.id, claim).await;
        test.sandbox.wechat_pay().pay(&order_no).unwrap();
        let paid = until_status(&phone, &order_no, "paid").await;
        Self {
            phone,
            id: paid["memberId"].as_i64().unwrap(),
            token: paid["accessToken"].as_str().unwrap().to_owned(),
        }
    }

    async fn progress(&self) -> Value {
        let path = format!("/api/h5/progress/{}", self.id);
        self.phone.get_as(&self.token, &path).await.data().clone()
    }

    async fn code(&self) -> String {
        self.progress().await["proofCode"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

/// A check-in with a text, on a day of the camp counted from 0.
fn writes(test: &TestApp, camp: &Camp, account: i64, day: i64, text: &str) {
    let post = NewPost {
        user_id: account,
        at: camp.begins + TimeDelta::days(day) + TimeDelta::hours(10),
        text: Some(text.to_owned()),
    };
    test.sandbox.zsxq().post_all(camp.checkin_id, [post]);
}

/// It is the noon of a day of the camp, counted from 0, and the planet is read.
async fn sync_on(test: &TestApp, camp: &Camp, day: i64) {
    test.sandbox
        .clock()
        .set(camp.begins + TimeDelta::days(day) + TimeDelta::hours(12));
    run_job(test, "advance-camps").await;
    run_job(test, "sync-checkins").await;
}

for_both_engines! {
    async fn a_code_in_a_check_in_proves_the_account_that_wrote_it(test) {
        let camp = enrolling(&test, "写作营").await;
        let admin = test.staff("admin").await;
        let (ming, hua) = (planet_user(&test, "小明同学", 12), planet_user(&test, "阿花", 13));
        let silent = Payer::pays(&test, &camp, None).await;
        // A stranger has typed her account; she confirms that it is hers.
        let stranger = Payer::pays(&test, &camp, Some((&hua.to_string(), "阿花"))).await;
        let owner = Payer::pays(&test, &camp, Some((&hua.to_string(), "阿花"))).await;
        let codes = [silent.code().await, stranger.code().await, owner.code().await];
        assert_eq!(codes[0], silent.code().await, "the same at every reading");
        assert!(codes[0] != codes[1] && codes[1] != codes[2] && codes[0] != codes[2]);

        writes(&test, &camp, ming, 0, &format!("第一天，身份码{}。", codes[0].to_lowercase()));
        writes(&test, &camp, hua, 0, &format!("<e type=\"web\" title=\"{}\" /> {}", codes[1], codes[2]));
        sync_on(&test, &camp, 1).await;
        for (payer, account) in [(&silent, ming), (&owner, hua)] {
            let known = member(&admin, payer.id).await;
            assert_eq!(known["matchStatus"], "matched", "{known:#}");
            assert_eq!(known["planetUserId"], account.to_string());
            assert_eq!((&known["confidence"], &known["matchReasons"]), (&json!(100), &json!([PROVED])));
            assert_eq!((&known["bindStatus"], &known["checkedInDays"]), (&json!("completed"), &json!(1)));
            assert_eq!(payer.progress().await["proofCode"], Value::Null, "it could not help any more");
        }
        let waits = member(&admin, stranger.id).await;
        assert_eq!(waits["matchStatus"], "pending", "the code inside the planet's own tag is no text");
        // Who comes later and types it does not bring the proof down.
        let late = Payer::pays(&test, &enrolling(&test, "读书营").await, None).await;
        assert!(late.code().await.len() == 4);
        sync_on(&test, &camp, 2).await;
        assert_eq!(member(&admin, owner.id).await["matchStatus"], "matched");
        test.finish().await;
    }

    async fn a_code_that_two_accounts_write_is_for_a_person_to_decide(test) {
        let camp = enrolling(&test, "写作营").await;
        let admin = test.staff("admin").await;
        let (ming, hua) = (planet_user(&test, "小明同学", 12), planet_user(&test, "阿花", 13));
        let payer = Payer::pays(&test, &camp, None).await;
        let code = payer.code().await;
        writes(&test, &camp, ming, 0, &code);
        sync_on(&test, &camp, 1).await;
        assert_eq!(member(&admin, payer.id).await["matchStatus"], "matched");
        writes(&test, &camp, hua, 1, &code);
        sync_on(&test, &camp, 2).await;
        let doubted = member(&admin, payer.id).await;
        assert_eq!(doubted["matchStatus"], "pending", "{doubted:#}");
        let reasons = doubted["matchReasons"].to_string();
        assert!(reasons.contains("有多个星球账号写了同一个身份码"), "{reasons}");
        // What a person says of it stands, however often the posts are read.
        let path = format!("/api/admin/members/{}/match", payer.id);
        admin.post(&path, &json!({"planetUserId": ming.to_string()})).await.data();
        sync_on(&test, &camp, 2).await;
        assert_eq!(member(&admin, payer.id).await["matchStatus"], "matched");
        let texts = "SELECT CAST(COUNT(*) AS BIGINT) FROM member_proof";
        assert_eq!(count(&test, texts).await, 2);
        test.finish().await;
    }

    async fn a_link_by_a_name_alone_is_undone_when_a_namesake_checks_in(test) {
        let (camp, admin) = (enrolling(&test, "写作营").await, test.staff("admin2").await);
        let newer = planet_user(&test, "小明", 480);
        check_in(&test, &camp, newer, 1);
        admin.import_roster("成员编号,用户昵称\n12,小明\n".as_bytes()).await.data();
        let payer = Payer::pays(&test, &camp, Some(("12", "小明"))).await;
        sync_on(&test, &camp, 1).await;
        let linked = member(&admin, payer.id).await;
        assert_eq!((&linked["matchStatus"], &linked["planetUserId"]), (&json!("matched"), &json!(newer.to_string())));

        let older = planet_user(&test, "小明", 12);
        check_in(&test, &camp, older, 2);
        sync_on(&test, &camp, 2).await;
        let doubted = member(&admin, payer.id).await;
        assert_eq!(doubted["matchStatus"], "pending", "{doubted:#}");
        assert_eq!(doubted["matchReasons"], json!([ANOTHER_NAMESAKE]));
        let last = doubted["history"].as_array().unwrap().iter().rev().find(|event| event["what"] == "match").unwrap();
        assert!(last["reason"].as_str().unwrap().contains(ANOTHER_NAMESAKE), "{last}");
        assert_eq!(payer.progress().await["identified"], false);
        for (sql, expected) in [
            ("SELECT CAST(COUNT(*) AS BIGINT) FROM operation_log WHERE action = 'roster.unlink'", 1),
            ("SELECT CAST(COUNT(*) AS BIGINT) FROM roster_entry WHERE member_number = 12", 1),
            ("SELECT CAST(COUNT(*) AS BIGINT) FROM planet_user WHERE member_number = 12", 0),
            ("SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message WHERE kind = 'match_waiting'", 1),
        ] {
            assert_eq!(count(&test, sql).await, expected, "{sql}");
        }
        // Nothing links the name again by itself.
        sync_on(&test, &camp, 3).await;
        assert_eq!(member(&admin, payer.id).await["matchStatus"], "pending");
        test.finish().await;
    }

    async fn a_link_is_undone_by_a_roster_with_a_namesake_and_held_by_one_with_the_id(test) {
        let (camp, admin) = (enrolling(&test, "写作营").await, test.staff("admin2").await);
        let (ming, hua) = (planet_user(&test, "小明", 480), planet_user(&test, "阿花", 13));
        check_in(&test, &camp, ming, 1);
        check_in(&test, &camp, hua, 1);
        admin.import_roster("成员编号,用户昵称\n12,小明\n13,阿花\n".as_bytes()).await.data();
        let first = Payer::pays(&test, &camp, Some(("12", "小明"))).await;
        let second = Payer::pays(&test, &camp, Some(("13", "阿花"))).await;
        sync_on(&test, &camp, 1).await;
        // The id beside the number: the name is not what links them any more.
        let sure = format!("成员编号,用户ID,用户昵称\n13,{hua},阿花\n");
        admin.import_roster(sure.as_bytes()).await.data();
        for id in [first.id, second.id] {
            assert_eq!(member(&admin, id).await["matchStatus"], "matched");
        }
        let namesakes = "成员编号,用户昵称\n12,小明\n480,小明\n13,阿花\n14,阿花\n";
        admin.import_roster(namesakes.as_bytes()).await.data();
        let doubted = member(&admin, first.id).await;
        assert_eq!(doubted["matchStatus"], "pending", "{doubted:#}");
        assert_eq!(doubted["matchReasons"], json!([ANOTHER_NAMESAKE]));
        assert_eq!(member(&admin, second.id).await["matchStatus"], "matched");
        test.finish().await;
    }

    async fn what_a_person_has_decided_outlives_the_link(test) {
        let (camp, admin) = (enrolling(&test, "写作营").await, test.staff("admin2").await);
        let ming = planet_user(&test, "小明", 480);
        check_in(&test, &camp, ming, 1);
        admin.import_roster("成员编号,用户昵称\n12,小明\n".as_bytes()).await.data();
        let payer = Payer::pays(&test, &camp, Some(("12", "小明"))).await;
        sync_on(&test, &camp, 1).await;
        execute(&test, "UPDATE payment_record SET bind_method = 'manual'".to_owned()).await;
        let other = planet_user(&test, "小明", 12);
        check_in(&test, &camp, other, 1);
        sync_on(&test, &camp, 2).await;
        assert_eq!(member(&admin, payer.id).await["matchStatus"], "matched");
        test.finish().await;
    }
}
