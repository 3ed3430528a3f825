//! Habits of a caller that the platform does not document: refused where it says so, else noted.

use serde_json::{Value, json};

use crate::setting::{Setting, code};

const ROBOT: &str = "11111111-2222-4333-8444-000000000001";

fn notice(task_id: &str) -> Value {
    json!({
        "card_type": "text_notice", "main_title": {"title": "已退款"}, "task_id": task_id,
        "card_action": {"type": 1, "url": "https://x.example/a"},
    })
}

fn form() -> Value {
    json!({
        "card_type": "multiple_interaction", "main_title": {"title": "排班"}, "task_id": "tk-form",
        "select_list": [{"question_key": "q", "option_list": [{"id": "am", "text": "上午"}]}],
        "submit_button": {"text": "提交", "key": "submit"},
    })
}

impl Setting {
    async fn send_card(&self, to: &str, card: Value) -> i64 {
        code(&self.send(to, "template_card", card).await)
    }

    async fn webhook(&self, body: String) -> i64 {
        let request = self.http.post(self.url("webhook/send"));
        let answer = request.query(&[("key", ROBOT)]).body(body).send().await;
        code(&answer.unwrap().json().await.unwrap())
    }
}

#[tokio::test]
async fn a_task_id_is_used_once_by_every_kind_of_card_and_not_by_a_failure() {
    let setting = Setting::start().await;
    assert_eq!(setting.send_card("nobody", notice("tk-1")).await, 81013);
    assert_eq!(setting.send_card("lin.yue", notice("tk-1")).await, 0);
    setting.assert_no_violation();
    assert_eq!(setting.send_card("lin.yue", notice("tk-1")).await, 42014);
}

#[tokio::test]
async fn fields_that_a_card_is_not_documented_with_are_noted() {
    let setting = Setting::start().await;
    let mut card = form();
    card["card_action"] = json!({"type": 1, "url": "https://x.example/a"});
    let sent = setting.send("lin.yue", "template_card", card).await;
    assert_eq!(code(&sent), 0, "{sent}");
    let update = json!({"atall": 1, "agentid": 1_000_002,
        "response_code": sent["response_code"], "template_card": form()});
    let updated = setting.post("message/update_template_card", &update).await;
    assert_eq!(code(&updated), 0, "{updated}");
    let mut file = notice("tk-file");
    file["horizontal_content_list"] = json!([{"type": 2, "keyname": "名单", "media_id": "m"}]);
    assert_eq!(setting.send_card("lin.yue", file).await, 0);
    assert_eq!(
        setting.take_broken_rules(),
        [
            "only documented fields",
            "an update of the app's card has no task_id",
            "a file's value is its name",
        ]
    );
}

#[tokio::test]
async fn an_article_opens_a_page_or_a_whole_mini_program() {
    let setting = Setting::start().await;
    let mut codes = Vec::new();
    for link in [
        json!({"appid": "wx1", "pagepath": "pages/i"}),
        json!({"appid": "wx1", "url": "https://x.example/a"}),
        json!({"appid": "wx1"}),
    ] {
        let mut article = link;
        article["title"] = json!("周报");
        let news = json!({"articles": [article]});
        codes.push(code(&setting.send("lin.yue", "news", news).await));
    }
    assert_eq!(codes, [0, 0, 41033]);
}

#[tokio::test]
async fn what_was_recalled_is_neither_recalled_nor_updated_again() {
    let setting = Setting::start().await;
    let sent = setting.send("lin.yue", "template_card", form()).await;
    let recall = json!({"msgid": sent["msgid"]});
    setting.post("message/recall", &recall).await;
    setting.assert_no_violation();
    setting.post("message/recall", &recall).await;
    let update = json!({"atall": 1, "agentid": 1_000_002,
        "response_code": sent["response_code"], "button": {"replace_name": "已处理"}});
    setting.post("message/update_template_card", &update).await;
    assert_eq!(
        setting.take_broken_rules(),
        [
            "a message is recalled once",
            "a recalled card is not updated"
        ]
    );
}

#[tokio::test]
async fn the_interval_of_the_duplicate_check_has_an_upper_bound_only() {
    let setting = Setting::start().await;
    let mut codes = Vec::new();
    for seconds in [0, 14_400, 14_401] {
        let body = json!({"touser": "lin.yue", "msgtype": "text", "agentid": 1_000_002,
            "text": {"content": "hi"}, "enable_duplicate_check": 1,
            "duplicate_check_interval": seconds});
        codes.push(code(&setting.post("message/send", &body).await));
    }
    assert_eq!(codes, [0, 0, 40058]);
}

#[tokio::test]
async fn a_webhook_tells_escaped_letters_from_broken_json() {
    let setting = Setting::start().await;
    let escaped = r#"{"msgtype":"text","text":{"content":"\u4f60\u597d"}}"#;
    assert_eq!(setting.webhook(escaped.to_owned()).await, 40033);
    assert_eq!(setting.webhook("{".to_owned()).await, 40008);
    setting.take_broken_rules();
    let coloured = json!({"msgtype": "markdown_v2", "markdown_v2": {
        "content": "<font color=\"info\">好</font> <@lin.yue>"}});
    assert_eq!(setting.webhook(coloured.to_string()).await, 0);
    assert_eq!(
        setting.take_broken_rules(),
        [
            "markdown_v2 has no font colours",
            "markdown_v2 has no mentions"
        ]
    );
}
