use super::*;
use crate::callback::{Envelope, Freshness, OpenError};
use crate::card::{Button, ButtonInteraction, Jump, Target, TaskId, TextNotice};
use crate::crypto::Keys;
use crate::robot::Snapshot;

const NOW_S: i64 = 1_767_225_600;
const CORP: &str = "ww0123456789abcdef";

/// Answers every kind of question that a test asks, in either chat.
struct Bot;

impl Handler for Bot {
    async fn handle(&self, incoming: &Incoming) -> Answer {
        if incoming.is_arrival() {
            return Answer::Text(format!("welcome {}", incoming.user_id()));
        }
        if let Some(click) = incoming.click() {
            return card(click.task_id).into();
        }
        match incoming.text() {
            Some("app") => reply::Reply::text("app only").unwrap().into(),
            Some("robot") => {
                let snapshot = Snapshot::running("s-1", "").unwrap();
                robot::Reply::Stream(snapshot).into()
            }
            Some("question") => {
                let jump = Jump::ask("j", "q");
                let notice = TextNotice::new("t", Target::url("https://x")).jump(jump);
                notice.build().unwrap().into()
            }
            Some("long") => Answer::Text("x".repeat(30_000)),
            Some(text) => Answer::Text(text.to_owned()),
            None => Answer::Nothing,
        }
    }
}

fn card(task_id: &str) -> Card {
    let button = Button::callback("Yes", "yes");
    ButtonInteraction::new(TaskId::new(task_id).unwrap(), "Leave", button)
        .build()
        .unwrap()
}

fn keys(receive_id: &str) -> Keys {
    Keys::new(
        "QDG6eK",
        "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
        receive_id,
    )
    .unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// Sends what a member does to an application; gives the decrypted reply.
fn ask_app(rest: &str) -> Result<String, DoorError> {
    let message = format!(
        "<xml><ToUserName>{CORP}</ToUserName><FromUserName>li.lei</FromUserName>\
         <CreateTime>{NOW_S}</CreateTime>{rest}</xml>"
    );
    let envelope = Envelope::seal(&keys(CORP), message.as_bytes(), NOW_S, "n", [7; 16]).unwrap();
    let body = envelope.to_request_xml(CORP, None);
    let door = Door::app(keys(CORP), Bot);
    let response = block_on(door.receive(&envelope.to_query(), body.as_bytes(), NOW_S, [9; 16]))?;
    assert_eq!(response.content_type, "text/xml");
    if response.body.is_empty() {
        return Ok(String::new());
    }
    let outer = crate::xml::Fields::parse(String::from_utf8(response.body).unwrap()).unwrap();
    let inner = keys(CORP).decrypt(outer.get("Encrypt").unwrap()).unwrap();
    Ok(String::from_utf8(inner).unwrap())
}

/// Sends what a member does to a robot; gives the decrypted reply.
fn ask_robot(rest: &str) -> Result<String, DoorError> {
    let message = format!(r#"{{"msgid":"m-1","from":{{"userid":"li.na"}},{rest}}}"#);
    let envelope = Envelope::seal(&keys(""), message.as_bytes(), NOW_S, "n", [7; 16]).unwrap();
    let body = envelope.to_request_json();
    let door = Door::robot(keys(""), Bot);
    let response = block_on(door.receive(&envelope.to_query(), body.as_bytes(), NOW_S, [9; 16]))?;
    if response.body.is_empty() {
        return Ok(String::new());
    }
    let outer: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    let inner = keys("")
        .decrypt(outer["encrypt"].as_str().unwrap())
        .unwrap();
    Ok(String::from_utf8(inner).unwrap())
}

#[test]
fn one_handler_answers_both_chats() {
    let text = |text: &str| format!("<MsgType>text</MsgType><Content>{text}</Content>");
    let event = |rest: &str| format!("<MsgType>event</MsgType>{rest}");
    let said = |text: &str| format!(r#""msgtype":"text","text":{{"content":"{text}"}}"#);
    let answers = [
        ask_app(&text("ping")),
        ask_app(&text("app")),
        ask_app(&event("<Event>enter_agent</Event>")),
        ask_app(&event(
            "<Event>template_card_event</Event><TaskId>tk-1</TaskId>",
        )),
        ask_app(&event(
            "<Event>template_card_menu_event</Event><TaskId>tk-1</TaskId>",
        )),
        ask_app(&event("<Event>subscribe</Event>")),
        ask_robot(&said("ping")),
        ask_robot(&said("robot")),
        ask_robot(r#""msgtype":"voice","voice":{"content":"heard"}"#),
        ask_robot(r#""msgtype":"event","event":{"eventtype":"enter_chat"}"#),
        ask_robot(
            r#""msgtype":"event","event":{"eventtype":"template_card_event",
            "template_card_event":{"task_id":"tk-1"}}"#,
        ),
        ask_robot(r#""msgtype":"event","event":{"eventtype":"feedback_event"}"#),
    ];
    let answers: Vec<String> = answers.into_iter().map(Result::unwrap).collect();
    insta::assert_snapshot!(answers.join("\n"));
}

#[test]
fn an_answer_that_cannot_be_given_is_no_reason_to_deliver_again() {
    let app = |text: &str| ask_app(&format!("<MsgType>text</MsgType><Content>{text}</Content>"));
    let robot = |text: &str| {
        ask_robot(&format!(
            r#""msgtype":"text","text":{{"content":"{text}"}}"#
        ))
    };
    for (error, expected) in [
        (app("robot"), "the answer belongs to the other kind of chat"),
        (
            app("long"),
            "the answer cannot be given: Content: 30000 bytes, at most 2048 are allowed",
        ),
        (
            app("question"),
            "the answer cannot be given: jump_list.type: only a smart robot's card can ask",
        ),
        (robot("app"), "the answer belongs to the other kind of chat"),
        (
            robot("long"),
            "the answer cannot be given: stream.content: 30000 bytes, at most 20480 are allowed",
        ),
    ] {
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.status(), 200);
    }
}

#[test]
fn a_click_without_a_code_has_none() {
    let click = |rest: &str| {
        let xml = format!(
            "<xml><ToUserName>w</ToUserName><FromUserName>u</FromUserName><CreateTime>1</CreateTime>\
             <MsgType>event</MsgType><Event>template_card_event</Event>{rest}</xml>"
        );
        let inbound = crate::event::Inbound::parse(xml).unwrap();
        let incoming = Incoming::App(Box::new(crate::callback::Verified::new(inbound)));
        incoming.click().unwrap().response_code.cloned()
    };
    assert_eq!(click(""), None);
    assert_eq!(click("<ResponseCode></ResponseCode>"), None);
    assert_eq!(click("<ResponseCode>rc</ResponseCode>"), Some("rc".into()));
}

#[test]
fn refused_requests_never_reach_the_handler() {
    let door = Door::app(keys(CORP), Bot).max_age(std::time::Duration::from_secs(60));
    let envelope = Envelope::seal(&keys(CORP), b"<xml/>", NOW_S, "n", [7; 16]).unwrap();
    let body = envelope.to_request_xml(CORP, None);
    let status = |query: &str, body: &[u8], now_s| {
        block_on(door.receive(query, body, now_s, [9; 16]))
            .unwrap_err()
            .status()
    };
    let query = envelope.to_query();
    assert_eq!(status("", body.as_bytes(), NOW_S), 400);
    assert_eq!(
        status(&query.replace("nonce=n", "nonce=m"), body.as_bytes(), NOW_S),
        403
    );
    assert_eq!(status(&query, body.as_bytes(), NOW_S + 61), 400);
    assert_eq!(status(&query, &vec![b' '; 2 * 1024 * 1024], NOW_S), 413);
}

#[test]
fn both_kinds_of_address_are_verified_alike() {
    for (door, receive_id) in [
        (Door::app(keys(CORP), Bot), CORP),
        (Door::robot(keys(""), Bot), ""),
    ] {
        let envelope = Envelope::seal(&keys(receive_id), b"123", NOW_S, "n", [7; 16]).unwrap();
        let response = door.verify(&envelope.to_echo_query(), NOW_S).unwrap();
        assert_eq!(response.body, b"123");
        let late = door
            .verify(&envelope.to_echo_query(), NOW_S + 86_401)
            .unwrap_err();
        assert_eq!(
            late,
            DoorError::Refused(OpenError::Stale { max_age_s: 86_400 })
        );
        assert!(
            envelope
                .decrypt(&keys(receive_id), Freshness::any())
                .is_ok()
        );
    }
}
