use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::card::{Button, ButtonInteraction, RobotCard, TaskId};
use crate::event::ContentError;

const NOW_S: i64 = 1_760_000_000;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

fn keys() -> Keys {
    Keys::new(
        "Tk7aibotDemo01",
        "Zk3vQ8mWc1LrT5yHb7NxUe2JdPs9AfGo4KiRtVw6XqB",
        "",
    )
    .unwrap()
}

fn opened(message: &str) -> Result<Verified<Inbound>, OpenError> {
    let envelope = Envelope::seal(&keys(), message.as_bytes(), NOW_S, "nonce42", [7; 16]).unwrap();
    let raw = envelope.to_query();
    let body = envelope.to_request_json();
    open(
        &keys(),
        &Query::parse(&raw).unwrap(),
        body.as_bytes(),
        Freshness::any(),
    )
}

fn message(extra: &str) -> Verified<Inbound> {
    opened(&format!(
        r#"{{"msgid":"m-9","aibotid":"aibDemo01","chattype":"single","from":{{"userid":"li.na"}},
           "response_url":"https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=RC-1",
           {extra}}}"#
    ))
    .unwrap()
}

fn click() -> Verified<Inbound> {
    message(
        r#""msgtype":"event","create_time":1760000000,"event":{"eventtype":"template_card_event",
        "template_card_event":{"card_type":"button_interaction","event_key":"yes","task_id":"tk-1"}}"#,
    )
}

fn refresh() -> Verified<Inbound> {
    message(r#""msgtype":"stream","stream":{"id":"s-1"}"#)
}

fn text_message() -> Verified<Inbound> {
    message(r#""msgtype":"text","text":{"content":"ping"}"#)
}

fn enter() -> Verified<Inbound> {
    message(r#""msgtype":"event","event":{"eventtype":"enter_chat"}"#)
}

fn card(task_id: &str) -> RobotCard {
    let button = Button::callback("Yes", "yes");
    let card = ButtonInteraction::new(TaskId::new(task_id).unwrap(), "Leave", button);
    RobotCard::new(card.build().unwrap()).unwrap()
}

#[test]
fn vector_a_opens() {
    let query = Query::parse(
        "msg_signature=efeb479f2b6730192c8ff9876e79b7776668eab7&timestamp=1760000000&nonce=nonce42",
    )
    .unwrap();
    let encrypt = "McZeWWpLt6D6jLzO9vwbzI9pACeqEbOl1MEb7OlvIxINuPSSrx08rvn0lAWNKzxEtj18Bh8B/eAh8DIcv\
        kgMGGFf3nSyXI0i1TPXTTveEgnUnA/jy0LL6BXWMvnNImOXbBskwkLF3bFxJN24wIYhQVDbXzlBeOSKH0r6hYBjJL+pqm\
        YRiHt0OGw+6PuJZ5wBwJQXMkB4jqFWm4ZA2ChuqA==";
    for name in ["encrypt", "Encrypt"] {
        let body = format!("{{\"{name}\":\"{encrypt}\",\"other\":1}}");
        let inbound = open(&keys(), &query, body.as_bytes(), Freshness::any()).unwrap();
        assert_eq!(inbound.msg_id, "m-0001");
        let Body::Message(message) = &inbound.body else {
            panic!("not a message")
        };
        assert_eq!(message.content, Content::Text("ping".to_owned()));
    }
}

#[test]
fn the_samples_of_the_reference_parse() {
    let samples = [
        r#""msgtype":"text","chattype":"group","chatid":"wrDemoChat","text":{"content":"@OrderBot status A-17"},
           "quote":{"msgtype":"text","text":{"content":"A-17 shipped"}}"#,
        r#""msgtype":"mixed","mixed":{"msg_item":[{"msgtype":"text","text":{"content":"see"}},
           {"msgtype":"image","image":{"url":"https://x.example/i"}},{"msgtype":"mixed"}]}"#,
        r#""msgtype":"image","image":{"url":"https://x.example/i"}"#,
        r#""msgtype":"voice","voice":{"content":"hello"}"#,
        r#""msgtype":"file","file":{"url":"https://x.example/f"}"#,
        r#""msgtype":"video","video":{"url":"https://x.example/v"}"#,
        r#""msgtype":"stream","stream":{"id":"s-1"}"#,
        r#""msgtype":"new_kind""#,
        r#""msgtype":"event","create_time":1760000000,"event":{"eventtype":"enter_chat"}"#,
        r#""msgtype":"event","event":{"eventtype":"template_card_event","template_card_event":{
           "card_type":"multiple_interaction","event_key":"submit","task_id":"tk-1","selected_items":{
           "selected_item":[{"question_key":"q","option_ids":{"option_id":["a","b"]}}]}}}"#,
        r#""msgtype":"event","event":{"eventtype":"template_card_event","template_card_event":{
           "cardtype":"vote_interaction","eventkey":"submit","taskid":"tk-1","selecteditems":{
           "selecteditem":[{"questionkey":"q","optionids":{"optionid":["a"]}}]}}}"#,
        r#""msgtype":"event","event":{"eventtype":"feedback_event","feedback_event":{"id":"fb-1","type":2,
           "content":"no","inaccurate_reason_list":[1,2,3,4,9]}}"#,
        r#""msgtype":"event","event":{"eventtype":"feedback_event","feedback_event":{"id":"fb-1","type":1}}"#,
        r#""msgtype":"event","event":{"eventtype":"disconnected_event"}"#,
        r#""msgtype":"event","event":{"eventtype":"auth_change_event","auth_change_event":{}}"#,
    ];
    let parsed: Vec<_> = samples
        .iter()
        .map(|sample| {
            opened(&format!(r#"{{"msgid":"m-9",{sample}}}"#))
                .unwrap()
                .into_inner()
        })
        .map(|inbound| (inbound.chat, inbound.created_at_s, inbound.body))
        .collect();
    insta::assert_debug_snapshot!(parsed);
}

/// Fields that no `Debug`, and so no snapshot, shows.
#[test]
fn the_content_of_a_message_is_read_and_not_shown() {
    let inbound = message(
        r#""msgtype":"mixed","mixed":{"msg_item":[{"msgtype":"text","text":{"content":"S3CRET"}},
           {"msgtype":"image","image":{"url":"https://S3CRET/i"}}]},
           "quote":{"msgtype":"voice","voice":{"content":"S3CRET"}}"#,
    );
    let Body::Message(message) = &inbound.body else {
        panic!("not a message")
    };
    let image = Content::Image {
        url: "https://S3CRET/i".to_owned(),
    };
    let text = Content::Text("S3CRET".to_owned());
    assert_eq!(message.content, Content::Mixed(vec![text, image]));
    let transcript = "S3CRET".to_owned();
    assert_eq!(message.quote, Some(Content::Voice { transcript }));
    assert!(!format!("{inbound:?}").contains("S3CRET"));
}

#[test]
fn the_frame_of_a_message_is_read() {
    let inbound = text_message();
    assert_eq!(
        (inbound.bot_id.as_str(), inbound.from_user.as_str()),
        ("aibDemo01", "li.na")
    );
    assert_eq!(inbound.dedupe_key(), "r:m-9");
    assert_eq!(inbound.raw()["text"]["content"], "ping");
    let url = inbound.response_url.clone().unwrap();
    assert!(url.expose().ends_with("response_code=RC-1"));
    assert!(
        !format!("{inbound:?}").contains("RC-1"),
        "the address is a secret"
    );
}

#[test]
fn a_message_needs_its_id_and_kind() {
    let content = |json: &str| match opened(json).unwrap_err() {
        OpenError::Content(error) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(content("[]"), ContentError::Json);
    assert_eq!(content("{"), ContentError::Json);
    assert_eq!(content(&"[".repeat(100_000)), ContentError::Json);
    assert_eq!(
        content(r#"{"msgtype":"text"}"#),
        ContentError::Missing("msgid")
    );
    assert_eq!(
        content(r#"{"msgid":"m"}"#),
        ContentError::Missing("msgtype")
    );
}

#[test]
fn a_mention_is_cut_from_group_texts_only() {
    let text = |chat: &str, content: &str| {
        let json = json!({ "msgid": "m", "msgtype": "text", "chattype": chat, "text": { "content": content } });
        opened(&json.to_string())
            .unwrap()
            .text_without_mention("OrderBot")
            .unwrap()
    };
    assert_eq!(text("group", "@OrderBot status A-17"), "status A-17");
    assert_eq!(text("group", "status @OrderBot\u{2005}A-17"), "status A-17");
    assert_eq!(text("group", "@OrderBot"), "");
    assert_eq!(text("group", "@OrderBotanist hi"), "@OrderBotanist hi");
    assert_eq!(text("single", "@OrderBot hi"), "@OrderBot hi");
    assert_eq!(
        text("group", "@OrderBotanist hi @OrderBot"),
        "@OrderBotanist hi"
    );
    assert_eq!(
        text("group", "@OrderBotanist hi @OrderBot A-17"),
        "@OrderBotanist hi A-17"
    );
    assert_eq!(text("group", "@OrderBot，你好"), "你好");
    assert_eq!(text("group", "@OrderBot: hi"), "hi");
    assert_eq!(text("group", "@OrderBot2 hi"), "@OrderBot2 hi");
    assert_eq!(text("group", "@OrderBot你好"), "@OrderBot你好");
    assert_eq!(refresh().text_without_mention("OrderBot"), None);
}

#[test]
fn a_mention_is_cut_from_the_first_text_of_a_mixed_message() {
    let text = |chat: &str, items: serde_json::Value| {
        let json = json!({ "msgid": "m", "msgtype": "mixed", "chattype": chat,
            "mixed": { "msg_item": items } });
        opened(&json.to_string())
            .unwrap()
            .text_without_mention("OrderBot")
    };
    let part = |content: &str| json!({ "msgtype": "text", "text": { "content": content } });
    let image = json!({ "msgtype": "image", "image": { "url": "https://x.example/i" } });
    let said = text(
        "group",
        json!([
            image,
            part("@OrderBot status"),
            image,
            part(" A-17 @OrderBot")
        ]),
    );
    assert_eq!(said.as_deref(), Some("status\nA-17 @OrderBot"));
    let alone = text("group", json!([part("@OrderBot"), image, part("A-17")]));
    assert_eq!(alone.as_deref(), Some("A-17"));
    assert_eq!(
        text("single", json!([part("@OrderBot hi")])).as_deref(),
        Some("@OrderBot hi")
    );
    assert_eq!(text("group", json!([image])), None);
}

#[test]
fn bad_strings_of_a_robots_message_cost_their_place_only() {
    let json =
        b"\xef\xbb\xbf{\"msgid\":\"m\",\"msgtype\":\"text\",\"from\":{\"userid\":\"li\\ud83d\"},\
        \"text\":{\"content\":\"a\nb \xe5\xb0\"}}";
    let inbound = Inbound::parse(json).unwrap();
    assert_eq!(
        inbound.text_without_mention("x").as_deref(),
        Some("a\nb \u{fffd}")
    );
    assert_eq!(inbound.from_user, "", "an id is never mended");
    assert!(Inbound::parse(b"{\"msgid\":\"m\n\",\"msgtype\":\"text\"}").is_err());
}

#[test]
fn an_old_event_stays_old() {
    let json = format!(
        r#"{{"msgid":"m","create_time":{},"msgtype":"event"}}"#,
        NOW_S - 86_401
    );
    let envelope = Envelope::seal(&keys(), json.as_bytes(), NOW_S, "n", [7; 16]).unwrap();
    let day = Freshness::within(NOW_S, std::time::Duration::from_secs(86_400));
    let (raw, body) = (envelope.to_query(), envelope.to_request_json());
    let opened = open(&keys(), &Query::parse(&raw).unwrap(), body.as_bytes(), day);
    assert_eq!(opened.unwrap_err(), OpenError::Stale { max_age_s: 86_400 });
}

#[test]
fn every_reply_as_json() {
    let finished = Snapshot::finished("s-1", "**hi**")
        .unwrap()
        .image(PNG)
        .unwrap();
    let running = Snapshot::running("s-1", "")
        .unwrap()
        .feedback_id("fb-1")
        .unwrap();
    let with_feedback = card("tk-1").feedback_id("fb-1").unwrap();
    let cases = [
        (enter(), Reply::Welcome("Hi".to_owned())),
        (enter(), Reply::Card(card("tk-1"))),
        (text_message(), Reply::Card(with_feedback)),
        (text_message(), Reply::Stream(running.clone())),
        (refresh(), Reply::Stream(finished)),
        (text_message(), Reply::StreamWithCard(running, card("tk-1"))),
        (
            click(),
            Reply::UpdateCard {
                card: card("tk-1"),
                user_ids: Vec::new(),
            },
        ),
        (
            click(),
            Reply::UpdateCard {
                card: card("tk-1"),
                user_ids: vec!["li.na".to_owned()],
            },
        ),
    ];
    let json: Vec<String> = cases
        .iter()
        .map(|(inbound, reply)| reply.to_json(inbound).unwrap().to_string())
        .collect();
    insta::assert_snapshot!(json.join("\n"));
}

#[test]
fn a_reply_must_fit_its_callback() {
    let stream = |id: &str| Reply::Stream(Snapshot::running(id, "x").unwrap());
    let update = |id: &str| Reply::UpdateCard {
        card: card(id),
        user_ids: Vec::new(),
    };
    let feedback = message(r#""msgtype":"event","event":{"eventtype":"feedback_event"}"#);
    let welcome = Reply::Welcome("Hi".to_owned());
    for (inbound, reply) in [
        (text_message(), &welcome),
        (refresh(), &welcome),
        (refresh(), &Reply::Card(card("tk-1"))),
        (enter(), &stream("s-1")),
        (click(), &stream("s-1")),
        (click(), &Reply::Card(card("tk-1"))),
        (feedback.clone(), &welcome),
        (feedback, &stream("s-1")),
        (text_message(), &update("tk-1")),
    ] {
        let error = reply.to_json(&inbound).unwrap_err();
        assert!(matches!(error, ReplyError::NotForThis { .. }), "{error}");
    }
    assert_eq!(
        stream("s-2").to_json(&refresh()),
        Err(ReplyError::OtherStream)
    );
    assert_eq!(update("tk-2").to_json(&click()), Err(ReplyError::OtherTask));
    let empty = Reply::Welcome(String::new()).to_json(&enter()).unwrap_err();
    assert!(matches!(empty, ReplyError::Limit(_)));
}

#[test]
fn a_sealed_reply_opens_for_the_platform() {
    let reply = Reply::Stream(Snapshot::running("s-1", "half").unwrap());
    let body = reply
        .seal(&keys(), &refresh(), NOW_S, "nonce42", [9; 16])
        .unwrap();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["timestamp"], json!(NOW_S), "a number, not a text");
    assert_eq!(body["nonce"], "nonce42");
    let encrypt = body["encrypt"].as_str().unwrap();
    let signature = body["msgsignature"].as_str().unwrap();
    keys()
        .verify(signature, "1760000000", "nonce42", encrypt)
        .unwrap();
    let json: serde_json::Value =
        serde_json::from_slice(&keys().decrypt(encrypt).unwrap()).unwrap();
    assert_eq!(json["stream"]["content"], "half");
}

#[test]
fn snapshots_keep_their_limits() {
    let finished = || Snapshot::finished("s", "x").unwrap();
    assert!(Snapshot::running("s", "x".repeat(MAX_CONTENT_BYTES)).is_ok());
    assert!(Snapshot::running("s", "x".repeat(MAX_CONTENT_BYTES + 1)).is_err());
    assert!(Snapshot::running("", "x").is_err());
    assert!(
        Snapshot::running("s", "x").unwrap().image(PNG).is_err(),
        "not finished"
    );
    assert!(finished().image(*b"GIF89a").is_err());
    assert!(finished().feedback_id("f".repeat(257)).is_err());
    let full = (0..MAX_STREAM_IMAGES)
        .try_fold(finished(), |all, _| all.image(PNG))
        .unwrap();
    assert!(full.image(PNG).is_err());
    let mut large = PNG.to_vec();
    large.resize(10 * 1024 * 1024 + 1, 0);
    assert!(finished().image(large).is_err());
}

#[test]
fn pushes_as_json() {
    let pushes = [
        Push::markdown("**hi**").unwrap(),
        Push::markdown("hi").unwrap().feedback_id("fb-1").unwrap(),
        Push::card(card("tk-1")),
    ];
    let json: Vec<String> = pushes
        .iter()
        .map(|push| push.to_json().to_string())
        .collect();
    insta::assert_snapshot!(json.join("\n"));
    assert!(Push::markdown("").is_err());
    assert!(Push::card(card("tk-1")).feedback_id("fb-1").is_err());
    assert_eq!(ResponseUrl::new("file:///etc/passwd"), None);
}

#[test]
fn an_answer_through_the_response_url_is_judged_by_its_errcode() {
    use crate::client::{Error, HttpRequest, HttpResponse, Transport, TransportFuture};

    struct Fixed(u16, &'static str);
    impl Transport for Fixed {
        fn carry(&self, request: HttpRequest) -> TransportFuture<'_> {
            assert!(request.url.ends_with("response_code=RC-1"));
            let response = HttpResponse {
                status: self.0,
                content_type: None,
                content_disposition: None,
                body: self.1.into(),
            };
            Box::pin(async move { Ok(response) })
        }
    }
    let send = |status, body| {
        let url = text_message().response_url.clone().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let push = Push::markdown("hi").unwrap();
        runtime.block_on(url.send(&Fixed(status, body), &push))
    };
    assert!(send(200, r#"{"errcode":0,"errmsg":"ok"}"#).is_ok());
    assert!(matches!(
        send(200, r#"{"errcode":60140}"#),
        Err(Error::Api { code: 60140, .. })
    ));
    let clear = send(200, "{\"errcode\":40058,\"errmsg\":\"invalid\nparameter\"}").unwrap_err();
    assert_eq!(
        (clear.code(), clear.outcome_unknown()),
        (Some(40058), false)
    );
    assert!(matches!(send(200, "<html>"), Err(Error::Protocol { .. })));
    assert!(matches!(send(502, ""), Err(Error::Status { status: 502 })));
}

proptest! {
    #[test]
    fn arbitrary_messages_never_panic(json in "\\PC{0,200}") {
        let _ = opened(&json);
    }

    #[test]
    fn arbitrary_values_in_known_places_never_panic(
        kind in prop_oneof!["text", "mixed", "event", "stream", "[a-z]{0,5}"],
        value in prop_oneof![Just(json!(null)), Just(json!([1, {}])), Just(json!({"content": 1}))],
    ) {
        let json = json!({
            "msgid": "m", "msgtype": kind, "text": value, "mixed": value, "stream": value,
            "event": value, "from": value, "chatid": value, "quote": value, "create_time": value,
        });
        prop_assert!(kind.is_empty() || opened(&json.to_string()).is_ok());
    }
}

#[test]
fn an_empty_quote_is_none() {
    for quote in ["null", "{}", r#"{"msgtype":""}"#] {
        let inbound = message(&format!(
            r#""msgtype":"text","text":{{"content":"x"}},"quote":{quote}"#
        ));
        let Body::Message(message) = &inbound.body else {
            panic!("not a message")
        };
        assert_eq!(message.quote, None, "{quote}");
    }
}

#[test]
fn numbers_lists_and_names_are_read_in_every_spelling() {
    let inbound = opened(
        r#"{"msgid":17,"from":{"userid":42},"create_time":"1760000000","msgtype":"event",
        "event":{"eventtype":"enter_chat"}}"#,
    )
    .unwrap();
    assert_eq!((&*inbound.msg_id, &*inbound.from_user), ("17", "42"));
    assert_eq!(inbound.created_at_s, Some(1_760_000_000));

    for items in [
        r#"{"selected_item":[{"question_key":"q","option_ids":{"option_id":["a"]}}]}"#,
        r#"{"selected_item":{"question_key":"q","option_ids":{"option_id":["a"]}}}"#,
        r#"{"selected_item":{"question_key":"q","option_ids":{"option_id":"a"}}}"#,
        r#"{"selected_item":{"question_key":"q","option_ids":["a"]}}"#,
        r#"{"selecteditem":{"questionkey":"q","optionids":{"option_id":"a"}}}"#,
        r#"{"selected_item":null,"selecteditem":{"questionkey":"q","optionids":"a"}}"#,
    ] {
        for name in ["selected_items", "selecteditems"] {
            let click = message(&format!(
                r#""msgtype":"event","event":{{"eventtype":"template_card_event",
                "template_card_event":{{"event_key":"","eventkey":"k","{name}":{items}}}}}"#
            ));
            let Body::Event(Event::CardClick(click)) = &click.body else {
                panic!("not a click")
            };
            assert_eq!(click.selected("q"), ["a"], "{name} {items}");
            assert_eq!(click.key, "k");
        }
    }

    let feedback = message(
        r#""msgtype":"event","event":{"eventtype":"feedback_event",
        "feedback_event":{"type":"2","inaccurate_reason_list":["3"]}}"#,
    );
    let Body::Event(Event::Feedback(feedback)) = &feedback.body else {
        panic!("not feedback")
    };
    assert_eq!(feedback.kind, FeedbackKind::Inaccurate);
    assert_eq!(feedback.reasons, [FeedbackReason::Wrong]);
}
