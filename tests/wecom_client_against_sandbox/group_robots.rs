//! Group robots: every kind of message, uploads, the limit of twenty a minute.

use wecom::{
    Error,
    card::Place,
    group_robot::{GroupMessage, RobotArticle, RobotImage, RobotMedia, RobotText, key_of},
};

use super::*;

#[tokio::test]
async fn every_kind_of_group_message_is_taken() {
    let (sandbox, client, member) = scene().await;
    let (key, _) = sandbox.wecom().robots().remove(0);
    let url = format!(
        "{}/wecom/cgi-bin/webhook/send?key={key}",
        sandbox.base_url()
    );
    let robot = client.group_robot(key_of(&url).unwrap()).unwrap();
    let list = MediaFile::new("名单.csv", "text/csv", "name\nHan").unwrap();
    let list = robot.upload(RobotMedia::File, &list).await.unwrap();
    let voice = MediaFile::new("a.amr", "voice/amr", "#!AMR\n0123456789").unwrap();
    let voice = robot.upload(RobotMedia::Voice, &voice).await.unwrap();
    let png = b"\x89PNG\r\n\x1a\n0123".as_slice();
    let article = RobotArticle::new("t", "https://x.example")
        .unwrap()
        .description("d")
        .unwrap();
    let page = || Target::url("https://x.example");
    let long = "长".repeat(50);
    let text = TextNotice::new(&*long, page())
        .desc(&*long)
        .build()
        .unwrap();
    let news = NewsNotice::new("t", CardImage::new("https://x.example/p.png"), page())
        .paragraph("p", "d")
        .build()
        .unwrap();
    let messages = [
        RobotText::new("hi").unwrap().mention(&*member).into(),
        GroupMessage::markdown("**b** <@lin.yue>").unwrap(),
        GroupMessage::markdown_v2("| a |\n|---|").unwrap(),
        RobotImage::new(png).unwrap().into(),
        GroupMessage::news([article]).unwrap(),
        GroupMessage::file(list.media_id).unwrap(),
        GroupMessage::voice(voice.media_id).unwrap(),
        GroupMessage::card(text.fit_for(Place::GroupRobot)).unwrap(),
        GroupMessage::card(news).unwrap(),
    ];
    for message in &messages {
        robot.send(message).await.unwrap();
    }
    let heard = sandbox.wecom().group_messages(&key);
    let kinds: Vec<&str> = heard
        .iter()
        .map(|message| message.msgtype.as_str())
        .collect();
    assert_eq!(
        kinds,
        [
            "text",
            "markdown",
            "markdown_v2",
            "image",
            "news",
            "file",
            "voice",
            "template_card",
            "template_card"
        ]
    );
    assert_no_violation(&sandbox);
}

#[tokio::test]
async fn the_limiter_keeps_to_what_the_platform_allows() {
    let (sandbox, client, _) = scene().await;
    let (key, _) = sandbox.wecom().robots().remove(0);
    let hello = GroupMessage::text("hi").unwrap();
    for _ in 0..20 {
        client
            .group_robot(key.as_str())
            .unwrap()
            .try_send(&hello)
            .await
            .unwrap();
    }
    let full = client
        .group_robot(key.as_str())
        .unwrap()
        .try_send(&hello)
        .await;
    assert!(matches!(full, Err(Error::Throttled { .. })));
    assert_no_violation(&sandbox);

    // Somebody else with the same key: the platform itself says no.
    let other = Client::builder("ww1", 1, "s")
        .api_base(format!("{}/wecom", sandbox.base_url()))
        .build()
        .unwrap();
    let refused = other
        .group_robot(key.as_str())
        .unwrap()
        .send(&hello)
        .await
        .unwrap_err();
    assert_eq!(refused.class(), Some(ErrorClass::Frequency));
    sandbox.wecom().remove_robot(&key);
    let gone = other
        .group_robot(key.as_str())
        .unwrap()
        .send(&hello)
        .await
        .unwrap_err();
    assert_eq!(gone.class(), Some(ErrorClass::RobotGone));
}
