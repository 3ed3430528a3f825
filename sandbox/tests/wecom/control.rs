//! The control API and the phone page, as a browser uses them.

use serde_json::{Value, json};

use crate::setting::{Setting, code};

impl Setting {
    async fn control(&self, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/control/{path}", self.sandbox.base_url());
        let answer = self.http.post(url).json(body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn look(&self, path: &str) -> String {
        let url = format!("{}/{path}", self.sandbox.base_url());
        let answer = self.http.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }

    async fn look_json(&self, path: &str) -> Value {
        serde_json::from_str(&self.look(path).await).unwrap()
    }
}

#[tokio::test]
async fn a_card_is_pressed_over_http() {
    let setting = Setting::start().await;
    let card = json!({
        "card_type": "vote_interaction", "main_title": {"title": "审核"}, "task_id": "tk-1",
        "checkbox": {"question_key": "who", "mode": 1, "option_list": [
            {"id": "1", "text": "小明", "is_checked": true},
            {"id": "2", "text": "阿树", "is_checked": false},
        ]},
        "submit_button": {"text": "提交", "key": "c1.2.submit"},
    });
    assert_eq!(
        code(&setting.send("zhou.ke", "template_card", card).await),
        0
    );
    let shown = setting
        .look_json("control/wecom/phones?people=zhou.ke,lin.yue")
        .await;
    let message = &shown["phones"][0]["chat"][0];
    assert_eq!(message["card"]["questions"][0]["isCheckbox"], true);
    assert_eq!(shown["phones"][1]["chat"], json!([]));

    let press = json!({"userid": "zhou.ke", "messageId": message["messageId"],
        "button": "c1.2.submit", "selections": {"who": ["2"]}});
    let (status, delivery) = setting.control("wecom/press", &press).await;
    assert_eq!(
        (status, &delivery["attempts"][0]["status"]),
        (200, &json!(200))
    );
    assert!(setting.app.heard()[0].contains("<OptionIds><OptionId><![CDATA[2]]></OptionId>"));

    let nobody = json!({"userid": "lin.yue", "messageId": message["messageId"], "button": "x"});
    let (status, answer) = setting.control("wecom/press", &nobody).await;
    assert_eq!(
        (status, &answer["error"]),
        (409, &json!("no such message on this phone"))
    );
}

#[tokio::test]
async fn words_and_callbacks_go_through_the_control_api() {
    let setting = Setting::start().await;
    let words = json!({"userid": "lin.yue", "text": "帮助"});
    let (_, said) = setting.control("wecom/say", &words).await;
    let again = json!({"deliveryId": said["id"]});
    assert_eq!(setting.control("wecom/replay", &again).await.0, 200);
    assert_eq!(
        setting
            .control("wecom/replay", &json!({"deliveryId": 999_999}))
            .await
            .0,
        404
    );
    assert_eq!(setting.app.heard().len(), 2);
    let deliveries = setting.look_json("control/wecom/deliveries").await;
    assert_eq!(deliveries.as_array().unwrap().len(), 2);
    assert_eq!(setting.control("wecom/verify-url", &json!({})).await.0, 200);
}

#[tokio::test]
async fn the_robots_chats_go_through_the_control_api() {
    let setting = Setting::start().await;
    let urls = json!({"robot": format!("{}/nobody/hears", setting.sandbox_app_url())});
    let (_, known) = setting.control("wecom/callback-urls", &urls).await;
    assert_eq!(known["robot"], urls["robot"]);
    assert_eq!(
        setting
            .control("wecom/robot/verify-url", &json!({}))
            .await
            .0,
        502
    );

    let group = json!({"chatId": "wrA", "name": "群", "members": ["lin.yue"]});
    assert_eq!(setting.control("wecom/robot/groups", &group).await.0, 204);
    let words = json!({"userid": "lin.yue", "chatId": "wrA", "text": "没有提到机器人"});
    assert_eq!(
        setting.control("wecom/robot/say", &words).await,
        (200, Value::Null)
    );
    let words = json!({"userid": "xu.qing", "chatId": "wrA", "text": "hi"});
    assert_eq!(setting.control("wecom/robot/say", &words).await.0, 409);
    let (_, entered) = setting
        .control("wecom/robot/enter", &json!({"userid": "lin.yue"}))
        .await;
    assert_eq!(entered["kind"], "enter_chat");
    let nothing = json!({"userid": "lin.yue", "messageId": "x", "button": "x"});
    assert_eq!(setting.control("wecom/robot/press", &nothing).await.0, 409);
    let thumbs = json!({"userid": "lin.yue", "messageId": "x", "kind": "accurate"});
    assert_eq!(setting.control("wecom/robot/rate", &thumbs).await.0, 409);

    let shown = setting
        .look_json("control/wecom/robot/chats?people=lin.yue")
        .await;
    let chats = shown["people"][0]["chats"].as_array().unwrap();
    let names: Vec<&str> = chats
        .iter()
        .map(|chat| chat["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["小营", "群", "运营讨论群"]);
    assert_eq!(chats[1]["messages"][0]["author"], "lin.yue");
}

#[tokio::test]
async fn the_phone_page_and_its_parts_are_served() {
    let setting = Setting::start().await;
    let page = setting.look("").await;
    for part in ["style.css", "phones.js"] {
        assert!(page.contains(&format!("/phone/{part}")), "{part}");
    }
    for part in [
        "style.css",
        "phones.js",
        "messages.js",
        "robot.js",
        "panel.js",
        "dom.js",
    ] {
        assert!(
            !setting.look(&format!("phone/{part}")).await.is_empty(),
            "{part}"
        );
    }
    assert!(!page.contains("https://"), "nothing comes from elsewhere");
}

#[tokio::test]
async fn the_description_names_paths_that_exist() {
    let setting = Setting::start().await;
    let description = setting.look_json("control/openapi.json").await;
    for (path, operations) in description["paths"].as_object().unwrap() {
        let url = format!("{}{path}", setting.sandbox.base_url());
        let answer = setting
            .http
            .request(reqwest::Method::OPTIONS, url)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 405, "{path}");
        let allowed = answer.headers()["allow"].to_str().unwrap().to_owned();
        for method in operations.as_object().unwrap().keys() {
            assert!(
                allowed.contains(&method.to_uppercase()),
                "{method} {path}: {allowed}"
            );
        }
    }
}

#[tokio::test]
async fn the_settings_name_this_sandbox_and_this_application() {
    let setting = Setting::start().await;
    let settings = setting.look("control/campkeeper.toml").await;
    let app = setting.wecom().app();
    for part in [
        format!("public_url = \"{}\"", setting.sandbox_app_url()),
        format!("api_base = \"{}/wecom\"", setting.sandbox.base_url()),
        format!("corp_id = \"{}\"", app.corp_id),
        format!("agent_id = {}", app.agent_id),
        format!("encoding_aes_key = \"{}\"", app.encoding_aes_key),
        format!(
            "[wecom.smart_bot]\nname = \"{}\"",
            setting.wecom().smart_robot().name
        ),
    ] {
        assert!(settings.contains(&part), "{part} in {settings}");
    }
}

#[tokio::test]
async fn a_page_opened_on_a_phone_knows_its_person() {
    let setting = Setting::start().await;
    let target = setting.sandbox_app_url();
    let url = format!("{}/wecom/open", setting.sandbox.base_url());
    let no_redirect = reqwest::redirect::Policy::none();
    let client = reqwest::Client::builder()
        .redirect(no_redirect)
        .build()
        .unwrap();
    let query = [("as", "he.miao"), ("url", target.as_str())];
    let answer = client.get(url).query(&query).send().await.unwrap();
    assert_eq!(answer.headers()["location"], target);
    let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
    assert!(
        cookies[0]
            .to_str()
            .unwrap()
            .starts_with("sandbox_person=he.miao;")
    );
    let he_miao = setting
        .wecom()
        .members()
        .into_iter()
        .find(|who| who.userid == "he.miao");
    let payer = format!("sandbox_payer={};", he_miao.unwrap().openid());
    assert!(cookies[1].to_str().unwrap().starts_with(&payer));

    let authorize = format!(
        "{}/wecom/connect/oauth2/authorize?appid={}&redirect_uri={target}&response_type=code\
         &scope=snsapi_base&state=s1",
        setting.sandbox.base_url(),
        setting.wecom().app().corp_id
    );
    let answer = client
        .get(authorize)
        .header("cookie", "sandbox_person=he.miao")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 302);
    setting.assert_no_violation();
}

#[tokio::test]
async fn only_members_speak_and_only_entries_of_the_menu_are_tapped() {
    let setting = Setting::start().await;
    let nobody = json!({"userid": "nobody.here", "text": "帮助"});
    let (status, answer) = setting.control("wecom/say", &nobody).await;
    assert_eq!(status, 404, "{answer}");
    let entered = json!({"userid": "nobody.here"});
    assert_eq!(setting.control("wecom/enter", &entered).await.0, 404);
    let tap = json!({"userid": "lin.yue", "key": "REVIEW"});
    assert_eq!(setting.control("wecom/click-menu", &tap).await.0, 409);
    assert!(setting.app.heard().is_empty());

    let menu = json!({"button": [{"name": "更多", "sub_button": [
        {"type": "click", "name": "待审核", "key": "REVIEW"}]}]});
    let query = [
        ("access_token", setting.get_token()),
        ("agentid", "1000002".to_owned()),
    ];
    let request = setting.http.post(setting.url("menu/create")).query(&query);
    request.json(&menu).send().await.unwrap();
    assert_eq!(setting.control("wecom/click-menu", &tap).await.0, 200);
    assert!(setting.app.heard()[0].contains("<EventKey><![CDATA[REVIEW]]>"));
}
