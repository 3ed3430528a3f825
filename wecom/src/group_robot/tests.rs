//! Bodies of every kind, the limiter, and what a robot's errors mean.

use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::{limiter::MAX_PER_WINDOW, *};
use crate::{
    card::{Target, TextNotice},
    client::testing::Script,
};

const OK: &str = r#"{"errcode":0,"errmsg":"ok"}"#;

fn robot(script: &Arc<Script>) -> GroupRobot {
    let transport = Arc::clone(script) as Arc<dyn Transport>;
    GroupRobot::with_transport("KEY", "https://api.example/", transport).unwrap()
}

#[test]
fn every_kind_of_message() {
    let png = b"\x89PNG\r\n\x1A\nrest".as_slice();
    let text = RobotText::new("hi")
        .unwrap()
        .mention("li.lei")
        .mention_mobile("@all");
    let article = RobotArticle::new("t", "https://x")
        .unwrap()
        .description("d")
        .unwrap();
    let card = TextNotice::new("t", Target::url("https://x"))
        .build()
        .unwrap();
    let kinds: [GroupMessage; 8] = [
        text.into(),
        GroupMessage::markdown("**b**").unwrap(),
        GroupMessage::markdown_v2("| a |").unwrap(),
        RobotImage::new(png).unwrap().into(),
        GroupMessage::news([article.picture("https://x/p.png").unwrap()]).unwrap(),
        GroupMessage::file("mid").unwrap(),
        GroupMessage::voice("mid").unwrap(),
        GroupMessage::card(card).unwrap(),
    ];
    let bodies = kinds.map(|message| serde_json::to_string(&message).unwrap());
    insta::assert_snapshot!(bodies.join("\n"));
}

#[test]
fn limits_are_bytes() {
    assert_eq!(
        GroupMessage::text("长".repeat(683)).unwrap_err().field,
        "text.content"
    );
    assert!(GroupMessage::markdown("长".repeat(1365)).is_ok());
    assert_eq!(
        GroupMessage::markdown("长".repeat(1366)).unwrap_err().field,
        "markdown.content"
    );
    assert!(GroupMessage::markdown_fit(&"长".repeat(2000)).is_ok());
    assert_eq!(
        RobotImage::new(b"GIF89a".as_slice()).unwrap_err().field,
        "image"
    );
    assert_eq!(
        RobotImage::new(vec![0xFF; 2 * 1024 * 1024 + 1])
            .unwrap_err()
            .field,
        "image"
    );
    assert!(GroupMessage::news([]).is_err() && GroupMessage::file("").is_err());
}

#[test]
fn a_key_is_taken_out_of_a_webhook_url() {
    for (webhook, key) in [
        (
            "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a-1",
            Some("a-1"),
        ),
        (" https://h/send?debug=1&key=a-1#x ", Some("a-1")),
        ("a-1", Some("a-1")),
        ("https://h/send", None),
        ("https://h/send?key=", None),
        ("", None),
    ] {
        let found = key_of(webhook).ok();
        assert_eq!(
            found.as_ref().map(|key| key.expose_secret()),
            key,
            "{webhook}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_twenty_first_message_of_a_minute_waits() {
    let mut script = Arc::new(Script::default());
    for _ in 0..=MAX_PER_WINDOW {
        script = script.then(OK);
    }
    let robot = robot(&script);
    let message = GroupMessage::text("hi").unwrap();
    let start = tokio::time::Instant::now();
    for _ in 0..MAX_PER_WINDOW {
        robot.send(&message).await.unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(1));
    let full = robot.clone().try_send(&message).await.unwrap_err();
    assert!(full.is_retryable() && !full.outcome_unknown());
    assert!(full.retry_after() > Some(Duration::from_secs(59)));
    robot.send(&message).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(60));
    assert_eq!(script.urls()[0], "webhook/send?key=KEY");
}

#[tokio::test]
async fn a_client_keeps_one_limiter_per_key() {
    let mut script = Arc::new(Script::default());
    for _ in 0..=MAX_PER_WINDOW {
        script = script.then(OK);
    }
    let client = script.client();
    let message = GroupMessage::text("hi").unwrap();
    for _ in 0..MAX_PER_WINDOW {
        let robot = client.group_robot("K1").unwrap();
        robot.try_send(&message).await.unwrap();
    }
    let same = client.group_robot("https://x/send?key=K1").unwrap();
    assert!(same.try_send(&message).await.is_err());
    let other = client.group_robot("K2").unwrap();
    assert!(other.try_send(&message).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn limiters_that_count_nothing_are_forgotten() {
    let limiters = Limiters::default();
    let held = limiters.of(&"held".into());
    limiters.of(&"busy".into()).try_slot().unwrap();
    for key in 0..100 {
        limiters.of(&key.to_string().into());
    }
    assert_eq!(limiters.len(), 3, "held, busy, and the last");
    assert!(limiters.of(&"busy".into()).is_counting());
    tokio::time::advance(limiter::WINDOW).await;
    limiters.of(&"new".into());
    assert_eq!(limiters.len(), 2);
    drop(held);
}

#[test]
fn a_robot_has_a_key() {
    let client = Arc::new(Script::default()).client();
    for bad in ["", " ", "https://x/send", "https://x/send?key="] {
        assert_eq!(client.group_robot(bad).unwrap_err().field, "key", "{bad}");
        let transport = Arc::new(Script::default()) as Arc<dyn Transport>;
        let robot = GroupRobot::with_transport(bad, "https://x", transport);
        assert!(matches!(robot.unwrap_err(), BuildError::Limit(_)), "{bad}");
    }
}

#[tokio::test]
async fn errors_tell_a_gone_robot_from_a_lost_answer() {
    let script = Arc::new(Script::default())
        .then(r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#)
        .then_broken(true);
    let robot = robot(&script);
    let message = GroupMessage::text("hi").unwrap();
    let gone = robot.send(&message).await.unwrap_err();
    assert!(gone.needs_admin() && !gone.outcome_unknown());
    assert!(robot.send(&message).await.unwrap_err().outcome_unknown());
    assert!(!format!("{robot:?}").contains("KEY"));
}

#[tokio::test]
async fn a_file_is_uploaded_for_the_key() {
    let script = Arc::new(Script::default())
        .then(r#"{"errcode":0,"type":"file","media_id":"m1","created_at":"1760000000"}"#);
    let robot = robot(&script);
    let file = MediaFile::new("名单.txt", "text/plain", "eight by").unwrap();
    let uploaded = robot.upload(RobotMedia::File, &file).await.unwrap();
    assert_eq!(
        (&*uploaded.media_id, uploaded.created_at),
        ("m1", Some(1_760_000_000))
    );
    assert!(
        script
            .last_body()
            .contains("name=\"media\"; filename=\"名单.txt\"; filelength=8\r\n")
    );
    let tiny = MediaFile::new("a.txt", "text/plain", "five!").unwrap();
    assert!(robot.upload(RobotMedia::File, &tiny).await.is_err());
}
