//! Who a member is, from the roster to the undone match: over HTTP, as pages and console do it.

use std::time::Duration;

use campkeeper::store::Engine;
use serde_json::{Value, json};

use crate::app::{Browser, TestApp};
use crate::camp::{check_in, enrolling, planet_user};
use crate::for_both_engines;
use crate::payments::{order, until_status};

/// Pays for a camp with a claim; the member.
async fn pays(test: &TestApp, camp: i64, claim: Option<(&str, &str)>) -> (Browser, i64) {
    let phone = test.browser();
    let order_no = order(&phone, camp, claim).await;
    test.sandbox.wechat_pay().pay(&order_no).unwrap();
    let paid = until_status(&phone, &order_no, "paid").await;
    (phone, paid["memberId"].as_i64().unwrap())
}

pub async fn member(staff: &Browser, id: i64) -> Value {
    staff
        .get(&format!("/api/admin/members/{id}"))
        .await
        .data()
        .clone()
}

/// Waits for a sync that matches a member. The night's jobs run by themselves once the clock has
/// moved; whichever of them does it.
async fn until_matched(test: &TestApp, id: i64) {
    let admin = test.staff("admin").await;
    for _ in 0..100 {
        for job in ["advance-camps", "sync-checkins"] {
            let path = format!("/api/admin/jobs/{job}/run");
            let status = admin.post(&path, &json!({})).await.status;
            assert!([200, 409].contains(&status), "{job}: {status}");
        }
        if member(&admin, id).await["matchStatus"] == "matched" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{id} is not matched: {}", member(&admin, id).await);
}

for_both_engines! {
    async fn the_roster_proves_a_claim_and_a_sync_the_rest(test) {
        let camp = enrolling(&test, "写作营").await;
        let admin = test.staff("admin2").await;
        let (ming, hua) = (planet_user(&test, "小明同学", 12), planet_user(&test, "阿花", 13));
        check_in(&test, &camp, ming, 1);
        check_in(&test, &camp, hua, 1);
        let csv = format!("planet_user_id,member_number,planet_nickname\n{ming},12,小明同学\n,13,阿花\n");
        let imported = admin.import_roster(csv.as_bytes()).await;
        assert_eq!(imported.data()["added"], 2);

        let phone = test.browser();
        let asked = phone.get("/api/h5/planet-users?q=12&nickname=小明同学").await;
        assert_eq!(asked.data()["planetUserId"], ming.to_string());

        let (_, sure) = pays(&test, camp.id, Some(("12", "小明同学"))).await;
        let known = member(&admin, sure).await;
        assert_eq!((&known["matchStatus"], &known["confidence"]), (&json!("matched"), &json!(100)));
        assert_eq!(known["matchReasons"], json!(["编号与昵称和名册一致"]));

        // The roster has the number alone; the sync brings the account, and the match follows.
        let (_, waits) = pays(&test, camp.id, Some(("13", "阿花"))).await;
        // One digit wrong, the right name: the matcher is sure once the planet is known.
        let slipped = swapped(planet_and_check_in(&test, &camp, "云游四方的人"));
        let (_, near) = pays(&test, camp.id, Some((&slipped, "云游四方的人"))).await;
        for id in [waits, near] {
            assert_eq!(member(&admin, id).await["matchStatus"], "pending");
        }
        test.sandbox.clock().advance(chrono::TimeDelta::days(2));
        for id in [waits, near] {
            until_matched(&test, id).await;
        }
        let known = member(&admin, waits).await;
        assert_eq!((&known["matchStatus"], &known["planetUserId"]), (&json!("matched"), &json!(hua.to_string())));
        assert_eq!(known["checkedInDays"], 1);
        let known = member(&admin, near).await;
        assert_eq!(known["matchStatus"], "matched", "{known}");
        assert!(known["confidence"].as_i64().unwrap() >= 80);
        assert!(!known["matchReasons"].as_array().unwrap().is_empty());
        test.finish().await;
    }

    async fn a_match_is_made_by_hand_shown_and_undone_with_its_history(test) {
        let camp = enrolling(&test, "写作营").await;
        let admin = test.staff("admin2").await;
        let ming = planet_user(&test, "小明同学", 12);
        let csv = format!("planet_user_id,member_number,planet_nickname\n{ming},12,小明同学\n");
        admin.import_roster(csv.as_bytes()).await.data();
        let (_, id) = pays(&test, camp.id, None).await;
        let coach = test.staff("coach").await;
        let path = |verb: &str| format!("/api/admin/members/{id}/{verb}");
        coach.post(&path("match"), &json!({"planetUserId": ming.to_string()})).await.data();

        // Somebody else types the account: the decision of a person stands.
        let (_, newcomer) = pays(&test, camp.id, Some(("12", "小明同学"))).await;
        assert_eq!(member(&admin, id).await["matchStatus"], "matched");
        let waits = member(&admin, newcomer).await;
        assert_eq!(waits["matchStatus"], "pending");
        let candidates = coach.get(&format!("/api/admin/members/{newcomer}/candidates")).await;
        let best = &candidates.data()["items"][0];
        assert_eq!(best["planetUserId"], ming.to_string());
        assert!(best["reasons"].as_array().unwrap().contains(&json!("此账号已绑定他人")), "{best}");

        let undone = admin.post(&path("unmatch"), &json!({})).await;
        assert_eq!(undone.data()["matchStatus"], "pending");
        assert_eq!(undone.data()["planetUserId"], Value::Null);
        let history = member(&admin, id).await["history"].clone();
        let told: Vec<String> = history
            .as_array()
            .unwrap()
            .iter()
            .filter(|event| event["what"] == "match")
            .map(|event| format!("{} {}", event["to"].as_str().unwrap(), event["by"].as_str().unwrap()))
            .collect();
        assert_eq!(told, ["pending wechat_pay", "matched 周可", "pending 陈安"]);
        assert!(history[1]["reason"].is_string() && history[1]["at"].is_string());
        test.finish().await;
    }
}

/// Somebody who checks in, and of whom no roster knows; their account.
fn planet_and_check_in(test: &TestApp, camp: &crate::camp::Camp, name: &str) -> i64 {
    let account = planet_user(test, name, 99);
    check_in(test, camp, account, 1);
    account
}

/// The id with its third and fourth digits swapped, or the next two that differ.
fn swapped(account: i64) -> String {
    let mut digits: Vec<char> = account.to_string().chars().collect();
    let at = (2..digits.len() - 1)
        .find(|at| digits[*at] != digits[at + 1])
        .unwrap();
    digits.swap(at, at + 1);
    digits.into_iter().collect()
}
