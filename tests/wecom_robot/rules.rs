//! What the platform refuses of a robot's answers, and what it merely loses.

use std::time::Duration;

use chrono::TimeDelta;
use sandbox::wecom::{FeedbackKind, Selections};
use serde_json::{Value, json};

use crate::{
    SOON,
    answers::{Answer, Raw},
    bot::single,
};

fn stream(id: &str, content: &str, finish: bool) -> Value {
    json!({"msgtype": "stream", "stream": {"id": id, "finish": finish, "content": content}})
}

fn card(task_id: &str) -> Value {
    json!({"card_type": "button_interaction", "main_title": {"title": "t"}, "task_id": task_id,
        "button_list": [{"text": "好", "style": 1, "key": "ok"}]})
}

/// Asks the robot, answers so, and says which rules that broke.
async fn broken_by(raw: &Raw, answer: Answer) -> Vec<String> {
    raw.answer([answer]);
    let chat = single("lin.yue");
    raw.wecom().ask_robot("lin.yue", &chat, "hi").await.unwrap();
    let before = raw.wecom().robot_chat("lin.yue", &chat);
    assert!(
        before.iter().all(|message| message.author.is_some()),
        "nobody sees it"
    );
    raw.take_broken_rules()
}

#[tokio::test]
async fn an_envelope_has_four_fields_and_the_right_signature() {
    let raw = Raw::start().await;
    let good = || stream("s-1", "好", true);
    let without = |name: &'static str| format!("{name} is required");
    let cases: Vec<(Answer, String)> = vec![
        (
            Answer::Body("好".to_owned()),
            "a robot's reply is empty, or a JSON object with four fields".to_owned(),
        ),
        (Answer::Body(good().to_string()), without("encrypt")),
        (
            Answer::Spoilt(good(), |reply| drop(reply["msgsignature"].take())),
            without("msgsignature"),
        ),
        (
            Answer::Spoilt(good(), |reply| drop(reply["timestamp"].take())),
            without("timestamp"),
        ),
        (
            Answer::Spoilt(good(), |reply| reply["timestamp"] = json!("1767225600")),
            "Warning: wrong json format. timestamp is an integer".to_owned(),
        ),
        (
            Answer::Spoilt(good(), |reply| reply["nonce"] = json!("other")),
            "nonce is the one of the request".to_owned(),
        ),
        (
            Answer::Spoilt(good(), |reply| reply["timestamp"] = json!(1)),
            "a robot's reply can be opened: the signature does not match".to_owned(),
        ),
        (
            Answer::Sealed(json!("not an object")),
            "a reply is a JSON object".to_owned(),
        ),
    ];
    for (answer, rule) in cases {
        let broken = broken_by(&raw, answer).await;
        assert!(broken.contains(&rule), "{rule}: {broken:?}");
    }
}

#[tokio::test]
async fn an_answer_to_a_message_obeys_every_limit() {
    let raw = Raw::start().await;
    let with = |name: &str, value: Value| {
        let mut reply = stream("s-1", "好", true);
        reply["stream"][name] = value;
        reply
    };
    let picture = |base64: &str, md5: &str| json!([{"msgtype": "image", "image": {"base64": base64, "md5": md5}}]);
    let mut pictures_too_soon = with("msg_item", picture("iVBORw0KGgowMTIz", "0"));
    pictures_too_soon["stream"]["finish"] = json!(false);
    let card_of = |card: Value| json!({"msgtype": "template_card", "template_card": card});
    let mut with_file = card("tk-f");
    with_file["horizontal_content_list"] =
        json!([{"keyname": "k", "value": "f.pdf", "type": 2, "media_id": "m"}]);
    let mut long_feedback = card("tk-l");
    long_feedback["feedback"] = json!({"id": "f".repeat(257)});
    let cases: [(Value, &str); 12] = [
        (
            json!({"msgtype": "text", "text": {"content": "hi"}}),
            "a message is answered with a stream, a card or both, not text",
        ),
        (with("id", json!("")), "stream.id is required"),
        (
            with("content", json!("x".repeat(20_481))),
            "stream.content <= 20480 bytes, got 20481",
        ),
        (
            with("content", json!(" \u{200b}\n")),
            "a finished stream can be seen",
        ),
        (
            with("finish", json!("true")),
            "Warning: wrong json format. stream.finish is a boolean",
        ),
        (pictures_too_soon, "msg_item comes with finish=true"),
        (
            with("msg_item", picture("iVBORw0KGgowMTIz", "0")),
            "image.md5 is that of the raw bytes",
        ),
        (
            with("msg_item", picture("R0lGODlh", "0")),
            "image is JPG or PNG of at most 10 MB",
        ),
        (
            with("feedback", json!({"id": "f".repeat(257)})),
            "stream.feedback.id <= 256 bytes, got 257",
        ),
        (card_of(card("")), "task_id is required"),
        (
            card_of(with_file),
            "template_card.horizontal_content_list[0].type is one of [0, 1, 3]",
        ),
        (
            card_of(long_feedback),
            "template_card.feedback.id <= 256 bytes, got 257",
        ),
    ];
    for (reply, rule) in cases {
        let broken = broken_by(&raw, Answer::Sealed(reply)).await;
        assert_eq!(broken, [rule]);
    }
}

#[tokio::test]
async fn ids_are_new_and_a_message_has_one_card() {
    let raw = Raw::start().await;
    let (wecom, chat) = (raw.wecom(), single("lin.yue"));
    let both = json!({"msgtype": "stream_with_template_card", "template_card": card("tk-1"),
        "stream": {"id": "s-1", "finish": false, "content": ""}});
    let mut again = both.clone();
    again["template_card"] = card("tk-2");
    raw.answer([Answer::Sealed(both.clone()), Answer::Sealed(again)]);
    wecom.ask_robot("lin.yue", &chat, "hi").await.unwrap();
    let ended = |message: &sandbox::wecom::ShownRobotMessage| message.content == "完";
    wecom
        .wait_for_robot("lin.yue", &chat, SOON, ended)
        .await
        .unwrap();
    assert_eq!(
        raw.take_broken_rules(),
        ["one card per message, in the first answer or in one refresh"]
    );

    for (reply, rule) in [
        (stream("s-1", "x", true), "stream.id is a new one"),
        (
            json!({"msgtype": "template_card", "template_card": card("tk-1")}),
            "task_id was used before",
        ),
    ] {
        raw.answer([Answer::Sealed(reply)]);
        wecom.ask_robot("lin.yue", &chat, "hi").await.unwrap();
        assert_eq!(raw.take_broken_rules(), [rule]);
    }
}

#[tokio::test]
async fn a_refresh_is_answered_with_its_own_stream() {
    let raw = Raw::start().await;
    let (wecom, chat) = (raw.wecom(), single("lin.yue"));
    let mut late_feedback = stream("s-1", "half", false);
    late_feedback["stream"]["feedback"] = json!({"id": "fb"});
    raw.answer([
        Answer::Sealed(stream("s-1", "", false)),
        Answer::Empty,
        Answer::Sealed(stream("s-2", "x", false)),
        Answer::Sealed(json!({"msgtype": "template_card", "template_card": card("tk-1")})),
        Answer::Sealed(late_feedback),
    ]);
    wecom.ask_robot("lin.yue", &chat, "hi").await.unwrap();
    let ended = |message: &sandbox::wecom::ShownRobotMessage| message.content == "完";
    wecom
        .wait_for_robot("lin.yue", &chat, SOON, ended)
        .await
        .unwrap();
    assert_eq!(
        raw.take_broken_rules(),
        [
            "a refresh is answered with the whole snapshot of its stream",
            "a refresh is answered with the stream it asks for",
            "a refresh is answered with a stream, not template_card",
            "feedback.id is set on the first answer",
        ]
    );
    let heard = raw.heard();
    assert!(heard[0].get("response_url").is_some());
    assert!(heard[1].get("response_url").is_none(), "{}", heard[1]);
    assert_eq!(heard[1]["stream"], json!({"id": "s-1"}));
}

#[tokio::test]
async fn a_stream_that_does_not_end_is_broken_off_after_six_minutes() {
    let raw = Raw::start().await;
    let (wecom, chat) = (raw.wecom(), single("lin.yue"));
    raw.answer(vec![Answer::Sealed(stream("s-1", "half", false)); 50]);
    wecom.ask_robot("lin.yue", &chat, "hi").await.unwrap();
    raw.sandbox.clock().advance(TimeDelta::minutes(6));
    let is_broken_off = |message: &sandbox::wecom::ShownRobotMessage| {
        message
            .stream
            .as_ref()
            .is_some_and(|stream| stream.is_broken_off)
    };
    wecom
        .wait_for_robot("lin.yue", &chat, SOON, is_broken_off)
        .await
        .unwrap();
    assert_eq!(
        raw.take_broken_rules(),
        ["a stream is finished within 6 minutes of the message"]
    );
}

#[tokio::test]
async fn events_take_what_they_may_and_a_click_waits_five_seconds() {
    let raw = Raw::start().await;
    let (wecom, chat) = (raw.wecom(), single("lin.yue"));
    raw.answer([Answer::Sealed(stream("s-1", "x", true))]);
    wecom.enter_robot_chat("lin.yue").await.unwrap();
    assert_eq!(
        raw.take_broken_rules(),
        ["enter_chat is answered with text or template_card, not stream"]
    );

    let mut asking = card("tk-1");
    asking["feedback"] = json!({"id": "fb"});
    raw.answer([Answer::Sealed(
        json!({"msgtype": "template_card", "template_card": asking}),
    )]);
    wecom.ask_robot("lin.yue", &chat, "hi").await.unwrap();
    let message_id = wecom.robot_chat("lin.yue", &chat)[1].message_id.clone();
    raw.answer([Answer::Sealed(stream("s-2", "thanks", true))]);
    wecom
        .rate_robot("lin.yue", &message_id, FeedbackKind::Accurate)
        .await
        .unwrap();
    assert_eq!(
        raw.take_broken_rules(),
        ["a feedback_event is answered with an empty body"]
    );

    let update =
        |card: Value| json!({"response_type": "update_template_card", "template_card": card});
    let as_shown = Selections::as_shown();
    for (reply, rule) in [
        (
            json!({"msgtype": "template_card", "template_card": card("tk-1")}),
            "a click is answered with response_type update_template_card",
        ),
        (update(card("tk-2")), "task_id is that of the clicked card"),
    ] {
        raw.answer([Answer::Sealed(reply)]);
        wecom
            .press_robot_card("lin.yue", &message_id, "好", &as_shown)
            .await
            .unwrap();
        assert!(raw.take_broken_rules().contains(&rule.to_owned()), "{rule}");
    }
    raw.answer([Answer::Late(Duration::from_millis(5200))]);
    let lost = wecom
        .press_robot_card("lin.yue", &message_id, "好", &as_shown)
        .await
        .unwrap();
    assert_eq!((lost.attempts.len(), lost.is_accepted()), (1, false));
    assert_eq!(raw.take_broken_rules(), ["a click is answered within 5 s"]);
    assert!(
        wecom.robot_chat("lin.yue", &chat)[1]
            .card
            .as_ref()
            .unwrap()
            .is_live()
    );
}

#[tokio::test]
async fn a_response_url_takes_markdown_or_a_card_of_plain_json() {
    let raw = Raw::start().await;
    raw.wecom()
        .ask_robot("lin.yue", &single("lin.yue"), "hi")
        .await
        .unwrap();
    let url = raw.heard()[0]["response_url"].as_str().unwrap().to_owned();
    let http = reqwest::Client::new();
    let push = async |body: &Value| {
        let answer = http.post(&url).json(body).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["errcode"]
            .as_i64()
            .unwrap()
    };
    assert_eq!(push(&stream("s-1", "x", true)).await, 40008);
    let long = json!({"msgtype": "markdown", "markdown": {"content": "x".repeat(20_481)}});
    assert_eq!(push(&long).await, 40058);
    assert_eq!(raw.take_broken_rules().len(), 2);
    let good = json!({"msgtype": "markdown", "markdown": {"content": "**x**"}});
    assert_eq!(push(&good).await, 0, "what was refused did not use it up");
    assert_eq!(push(&good).await, 60140);
    assert!(raw.take_broken_rules().is_empty());
}
