//! The authorize page and the exchange of codes.

use reqwest::{Client, Response, redirect::Policy};

use crate::setting::{Setting, code};

async fn authorize(setting: &Setting, edit: impl Fn(String) -> String) -> Response {
    let app = setting.wecom().app();
    let back = setting.sandbox_app_url();
    let url = format!(
        "{}/wecom/connect/oauth2/authorize?appid={}&redirect_uri={}&response_type=code\
         &scope=snsapi_base&state=abc1&agentid={}",
        setting.sandbox.base_url(),
        app.corp_id,
        back.replace(':', "%3A").replace('/', "%2F"),
        app.agent_id,
    );
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    client.get(edit(url)).send().await.unwrap()
}

fn location(answer: &Response) -> String {
    answer.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_member_is_sent_back_with_a_code_that_works_once() {
    let setting = Setting::start().await;
    let answer = authorize(&setting, |url| format!("{url}&as=xu.qing")).await;
    assert_eq!(answer.status(), 302);
    let location = location(&answer);
    assert!(location.starts_with(&setting.sandbox_app_url()) && location.ends_with("&state=abc1"));
    let given = location
        .split("code=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let who = setting.get("auth/getuserinfo", &[("code", given)]).await;
    assert_eq!(who["userid"], "xu.qing");
    assert_eq!(
        code(&setting.get("auth/getuserinfo", &[("code", given)]).await),
        40029
    );
    setting.assert_no_violation();
}

#[tokio::test]
async fn somebody_outside_is_an_openid() {
    let setting = Setting::start().await;
    let person = setting.wecom().outsiders().remove(0);
    let given = setting.wecom().oauth_code(&person.openid).unwrap();
    let who = setting.get("auth/getuserinfo", &[("code", &given)]).await;
    assert_eq!(who["openid"], person.openid.as_str());
    assert!(who.get("userid").is_none());
}

#[tokio::test]
async fn without_a_person_the_page_asks_who() {
    let setting = Setting::start().await;
    let answer = authorize(&setting, |url| url).await;
    assert_eq!(answer.status(), 200);
    let page = answer.text().await.unwrap();
    assert!(page.contains("林越") && page.contains("小满 · 微信用户"));
    setting.assert_no_violation();
}

#[tokio::test]
async fn a_wrong_link_shows_the_failure_page() {
    let setting = Setting::start().await;
    let elsewhere = authorize(&setting, |url| {
        url.replace("127.0.0.1%3A", "evil.example%3A")
    })
    .await;
    assert!(
        elsewhere
            .text()
            .await
            .unwrap()
            .contains("redirect_uri 参数错误")
    );
    let state = authorize(&setting, |url| url.replace("state=abc1", "state=a-b")).await;
    assert!(state.text().await.unwrap().contains("84025"));
    authorize(&setting, |url| url.replace("snsapi_base", "all")).await;
    assert_eq!(
        setting.take_broken_rules(),
        [
            "redirect_uri is on the trusted domain",
            "state is at most 128 of a-zA-Z0-9",
            "scope is snsapi_base or snsapi_privateinfo",
        ]
    );
}

/// The ticket that somebody gets who asks for private information.
async fn ticket_of(
    setting: &Setting,
    person: &str,
    edit: impl Fn(String) -> String,
) -> Option<String> {
    let answer = authorize(setting, |url| {
        let url = url.replace("snsapi_base", "snsapi_privateinfo");
        edit(format!("{url}&as={person}"))
    })
    .await;
    let there = location(&answer);
    let given = there.split("code=").nth(1).unwrap();
    let given = given.split('&').next().unwrap();
    let who = setting.get("auth/getuserinfo", &[("code", given)]).await;
    assert_eq!(who["userid"], person);
    Some(who["user_ticket"].as_str()?.to_owned())
}

#[tokio::test]
async fn private_information_needs_the_apps_agentid_and_a_member_it_sees() {
    let setting = Setting::start().await;
    let ticket = ticket_of(&setting, "xu.qing", |url| url).await.unwrap();
    let detail = setting
        .post(
            "auth/getuserdetail",
            &serde_json::json!({"user_ticket": ticket}),
        )
        .await;
    assert_eq!(detail["userid"], "xu.qing");
    assert_eq!(ticket_of(&setting, "shen.mo", |url| url).await, None);
    setting.assert_no_violation();

    let foreign = |url: String| url.replace("agentid=1000002", "agentid=1000009");
    let without = |url: String| url.replace("&agentid=1000002", "");
    assert_eq!(ticket_of(&setting, "xu.qing", foreign).await, None);
    assert_eq!(ticket_of(&setting, "xu.qing", without).await, None);
    assert_eq!(
        setting.take_broken_rules(),
        ["snsapi_privateinfo comes with the app's agentid"; 2]
    );
}

#[tokio::test]
async fn the_code_stands_before_a_fragment() {
    let setting = Setting::start().await;
    let answer = authorize(&setting, |url| {
        let url = url.replace("&response_type", "%2Fh5%3Fa%3D1%23%2Fmine&response_type");
        format!("{url}&as=xu.qing")
    })
    .await;
    let there = location(&answer);
    assert!(there.contains("/h5?a=1&code="), "{there}");
    assert!(there.ends_with("&state=abc1#/mine"), "{there}");
}
