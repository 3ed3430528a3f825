//! The member API as a program meets it: links that we sign, bindings and their errors, pictures
//! under signed addresses, and the calendar.

use campkeeper::store::Engine;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::app::{Browser, Reply, TestApp};
use crate::camp::{Camp, check_in, enrolling, planet_user};
use crate::for_both_engines;
use crate::main_job::{enrolled, run_job};
use crate::payments::{order, until_status};

/// Pays without saying who one is; the browser, the order and its token.
async fn paid(test: &TestApp, camp: &Camp) -> (Browser, String, Value) {
    let phone = test.browser();
    let order_no = order(&phone, camp.id, None).await;
    test.sandbox.wechat_pay().pay(&order_no).unwrap();
    let paid = until_status(&phone, &order_no, "paid").await;
    (phone, order_no, paid)
}

async fn bind(phone: &Browser, token: &str, order_no: &str) -> Reply {
    let claim = json!({
        "orderNo": order_no, "planetUserId": "300000000000071", "planetNickname": "小明同学",
    });
    phone.post_as(token, "/api/h5/payments/bind", &claim).await
}

/// What the calendar says of each day.
async fn days(phone: &Browser, paid: &Value) -> Vec<String> {
    let path = format!("/api/h5/progress/{}", paid["memberId"]);
    let token = paid["accessToken"].as_str().unwrap();
    let progress = phone.get_as(token, &path).await;
    let days = progress.data()["days"].as_array().unwrap();
    days.iter()
        .map(|day| day["status"].as_str().unwrap().to_owned())
        .collect()
}

for_both_engines! {
    async fn a_link_that_we_signed_vouches_for_one_account_in_one_camp(test) {
        let (camp, other) = (enrolling(&test, "写作营").await, enrolling(&test, "读书营").await);
        let account = planet_user(&test, "小明同学", 12).to_string();
        let admin = test.staff("admin").await;
        let path = format!("/api/admin/camps/{}/personal-links", camp.id);
        let links = admin.post(&path, &json!({"planetUserIds": [account]})).await;
        let url = links.data()["items"][0]["url"].as_str().unwrap().to_owned();
        let (_, query) = url.split_once('?').unwrap();
        let (_, ticket) = query.split_once("&ticket=").unwrap();
        let phone = test.browser();
        let seen = phone.get(&format!("/api/h5/camps/{}?{query}", camp.id)).await;
        assert_eq!(seen.data()["prefill"]["signed"], true);
        let unsigned = phone.get(&format!("/api/h5/camps/{}?{query}", other.id)).await;
        assert_eq!(unsigned.data()["prefill"]["signed"], false);

        let of = |camp: i64| json!({
            "campId": camp, "channel": "native", "planetUserId": account,
            "planetNickname": "小明同学", "ticket": ticket,
        });
        for (camp, method) in [(camp.id, "dynamic_qrcode"), (other.id, "user_fill")] {
            let ordered = phone.post("/api/h5/payments", &of(camp)).await;
            let order_no = ordered.data()["orderNo"].as_str().unwrap();
            test.sandbox.wechat_pay().pay(order_no).unwrap();
            let paid = until_status(&phone, order_no, "paid").await;
            assert_eq!((&paid["bindStatus"], &paid["bindMethod"]), (&json!("completed"), &json!(method)));
        }
        test.sandbox.clock().advance(TimeDelta::days(20));
        let late = test.browser().post("/api/h5/payments", &of(camp.id)).await;
        assert_eq!(late.error(), (410, "link_expired"));
        test.finish().await;
    }

    async fn each_reason_not_to_bind_has_its_word(test) {
        let camp = enrolling(&test, "写作营").await;
        let (phone, order_no, one) = paid(&test, &camp).await;
        let (other_phone, other_no, two) = paid(&test, &camp).await;
        let (token, other_token) = (one["accessToken"].as_str().unwrap(), two["accessToken"].as_str().unwrap());
        assert_eq!(bind(&phone, "tk_nobodys", &order_no).await.error(), (401, "token_invalid"));
        assert_eq!(bind(&phone, token, &other_no).await.error(), (403, "not_your_order"));
        let code = format!("/api/h5/payments/{order_no}/qrcode");
        assert_eq!(phone.get_as(token, &code).await.error(), (403, "not_bound"));
        let progress = format!("/api/h5/progress/{}", one["memberId"]);
        let standing = async || {
            let seen = phone.get_as(token, &progress).await.data().clone();
            (seen["bindStatus"].clone(), seen["identified"].clone())
        };
        assert_eq!(standing().await, (json!("pending"), json!(false)));
        assert_eq!(bind(&phone, token, &order_no).await.data()["bindStatus"], "completed");
        assert_eq!(standing().await, (json!("completed"), json!(false)), "typed is not proved");
        assert_eq!(bind(&phone, token, &order_no).await.error(), (409, "already_bound"));
        test.sandbox.clock().advance(TimeDelta::days(7));
        assert_eq!(bind(&other_phone, other_token, &other_no).await.error(), (410, "bind_expired"));
        assert_eq!(phone.get_as(other_token, &progress).await.error(), (403, "not_your_order"));
        test.finish().await;
    }

    async fn an_account_that_another_payment_names_is_asked_about_before_anything_is_paid(test) {
        let camp = enrolling(&test, "写作营").await;
        let first = enrolled(&test, &camp, "小明同学", 12, 0).await;
        let account = test.staff("admin").await.get(&format!("/api/admin/members/{}", first.id)).await;
        let account = account.data()["planetUserId"].as_str().unwrap().to_owned();
        let claim = |confirm: bool| {
            let mut claim = json!({"planetUserId": account, "planetNickname": "小明同学"});
            if confirm { claim["confirmClaim"] = json!(true); }
            claim
        };
        // Before paying.
        let phone = test.browser();
        let order = |confirm: bool| {
            let mut body = claim(confirm);
            (body["campId"], body["channel"]) = (json!(camp.id), json!("native"));
            body
        };
        let asked = phone.post("/api/h5/payments", &order(false)).await;
        assert_eq!(asked.error(), (409, "claimed"));
        assert_eq!(asked.body["data"], json!({"maskedNickname": "小*学"}));
        let orders = phone.get("/api/h5/me").await;
        assert_eq!(orders.data()["orders"], json!([]), "there is nothing to pay");
        let unclaimed = json!({"campId": camp.id, "channel": "native"});
        assert_eq!(test.browser().post("/api/h5/payments", &unclaimed).await.status, 200);
        let ordered = phone.post("/api/h5/payments", &order(true)).await;
        let order_no = ordered.data()["orderNo"].as_str().unwrap().to_owned();
        test.sandbox.wechat_pay().pay(&order_no).unwrap();
        let second = until_status(&phone, &order_no, "paid").await;
        // Binding after paying asks in the same way.
        let (third, third_no, paid) = paid(&test, &camp).await;
        let token = paid["accessToken"].as_str().unwrap();
        let bind = async |confirm: bool| {
            let mut body = claim(confirm);
            body["orderNo"] = json!(third_no);
            third.post_as(token, "/api/h5/payments/bind", &body).await
        };
        let asked = bind(false).await;
        assert_eq!(asked.error(), (409, "claimed"));
        assert_eq!(asked.body["data"], json!({"maskedNickname": "小*学"}));
        assert_eq!(bind(true).await.data()["bindStatus"], "completed");
        let admin = test.staff("admin").await;
        for member in [json!(first.id), second["memberId"].clone(), paid["memberId"].clone()] {
            let seen = admin.get(&format!("/api/admin/members/{member}")).await;
            assert_eq!(seen.data()["matchStatus"], "pending", "{member}");
        }
        test.finish().await;
    }

    async fn a_group_code_opens_only_as_it_was_signed(test) {
        let camp = enrolling(&test, "写作营").await;
        let (phone, order_no, paid) = paid(&test, &camp).await;
        let bound = bind(&phone, paid["accessToken"].as_str().unwrap(), &order_no).await;
        let url = bound.data()["groupQrUrl"].as_str().unwrap();
        let stranger = test.browser();
        assert_eq!(stranger.get(url).await.status, 200);
        let (bare, query) = url.split_once('?').unwrap();
        assert_eq!(stranger.get(bare).await.error(), (404, "not_found"));
        let another = format!("{bare}9?{query}");
        assert_eq!(stranger.get(&another).await.error(), (404, "not_found"));
        let later = url.replace("until=1", "until=2");
        assert_eq!(stranger.get(&later).await.error(), (404, "not_found"));
        test.finish().await;
    }

    async fn the_calendar_says_of_each_day_what_is_known(test) {
        let camp = enrolling(&test, "写作营").await;
        let account = planet_user(&test, "小明同学", 12);
        check_in(&test, &camp, account, 1);
        let phone = test.browser();
        let account = account.to_string();
        let order_no = order(&phone, camp.id, Some((&account, "小明同学"))).await;
        test.sandbox.wechat_pay().pay(&order_no).unwrap();
        let paid = until_status(&phone, &order_no, "paid").await;
        assert_eq!(days(&phone, &paid).await, ["future"; 10]);
        // Noon of the third day.
        let noon = camp.begins + TimeDelta::hours(60);
        test.sandbox.clock().set(noon);
        run_job(&test, "advance-camps").await;
        run_job(&test, "sync-checkins").await;
        let seen = days(&phone, &paid).await;
        assert_eq!(seen[..4], ["checked_in", "missed", "open", "future"]);
        // Half past midnight: nobody has looked at the planet since.
        test.sandbox.clock().set(noon + TimeDelta::minutes(12 * 60 + 30));
        let seen = days(&phone, &paid).await;
        assert_eq!(seen[1..5], ["missed", "not_synced", "open", "future"]);
        test.finish().await;
    }
}
