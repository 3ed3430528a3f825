//! What members say and do, alone with the robot and in a group.

use chrono::TimeDelta;
use sandbox::{
    Fault, Platform,
    wecom::{AskError, FeedbackKind, Rating, RobotWords},
};
use serde_json::json;
use wecom::{
    Client,
    chat::Incoming,
    robot::{Chat, Content, Event, FeedbackReason, Push, decrypt_media},
};

use crate::{
    SOON,
    bot::{Scene, group, single},
};

#[tokio::test]
async fn both_addresses_are_verified_and_one_handler_answers_both_chats() {
    let scene = Scene::start().await;
    scene.wecom().verify_callback_url().await.unwrap();
    scene.wecom().verify_robot_url().await.unwrap();

    scene.wecom().say("lin.yue", "ping").await;
    let asked = scene
        .wecom()
        .ask_robot("lin.yue", &single("lin.yue"), "ping")
        .await;
    assert!(asked.unwrap().unwrap().is_accepted());

    assert_eq!(scene.wecom().inbox("lin.yue")[0].text, "应用：ping");
    let chat = scene.wecom().robot_chat("lin.yue", &single("lin.yue"));
    let said: Vec<(Option<&str>, &str)> = chat
        .iter()
        .map(|message| (message.author.as_deref(), message.text.as_str()))
        .collect();
    assert_eq!(said, [(Some("lin.yue"), "ping"), (None, "你说：ping")]);
    assert!(chat[1].stream.as_ref().unwrap().is_finished);
    assert!(
        scene
            .wecom()
            .robot_chat("zhou.ke", &single("lin.yue"))
            .is_empty()
    );
    scene.assert_no_violation();
}

#[tokio::test]
async fn in_a_group_the_robot_hears_who_mentions_it_and_all_see_the_answer() {
    let scene = Scene::start().await;
    let (wecom, group) = (scene.wecom(), group(&scene));
    let unheard = wecom
        .ask_robot("zhou.ke", &group, "进度怎么样")
        .await
        .unwrap();
    assert!(unheard.is_none() && scene.bot.incoming().is_empty());

    wecom
        .ask_robot("zhou.ke", &group, "@小营 later")
        .await
        .unwrap();
    let inbound = scene.bot.inbound().pop().unwrap();
    assert!(matches!(&inbound.chat, Chat::Group { chat_id, .. } if !chat_id.is_empty()));
    assert_eq!(inbound.from_user, "zhou.ke");

    let pushed = Push::markdown("**好**").unwrap();
    scene.bot.push("later", &pushed).await.unwrap();
    let twice = scene.bot.push("later", &pushed).await.unwrap_err();
    assert_eq!(
        twice.code(),
        Some(60140),
        "an address is good for one message"
    );
    let chat = wecom.robot_chat("lin.yue", &group);
    let texts: Vec<&str> = chat.iter().map(|message| &*message.content).collect();
    assert_eq!(texts, ["进度怎么样", "@小营 later", "**好**"]);
    assert_eq!(chat[2].quotes.as_deref(), Some("@小营 later"));

    wecom
        .ask_robot("zhou.ke", &group, "@小营 later")
        .await
        .unwrap();
    scene.sandbox.clock().advance(TimeDelta::minutes(61));
    let late = scene.bot.push("later", &pushed).await.unwrap_err();
    assert_eq!(late.code(), Some(60140), "an address is good for an hour");

    let outside = wecom.ask_robot("xu.qing", &group, "@小营 hi").await;
    assert_eq!(outside.unwrap_err(), AskError::NotInChat);
    let voice = wecom
        .ask_robot("zhou.ke", &group, RobotWords::voice("hi"))
        .await;
    assert_eq!(voice.unwrap_err(), AskError::NotInGroups);
    scene.assert_no_violation();
}

#[tokio::test]
async fn a_visit_is_told_once_a_day() {
    let scene = Scene::start().await;
    let wecom = scene.wecom();
    assert!(
        wecom
            .enter_robot_chat("lin.yue")
            .await
            .unwrap()
            .is_accepted()
    );
    assert!(wecom.enter_robot_chat("lin.yue").await.is_none());
    scene.sandbox.clock().advance(TimeDelta::days(1));
    assert!(wecom.enter_robot_chat("lin.yue").await.is_some());
    assert_eq!(scene.bot.events(), [Event::EnterChat, Event::EnterChat]);
    let chat = wecom.robot_chat("lin.yue", &single("lin.yue"));
    assert_eq!(chat[0].text, "你好！");
    scene.assert_no_violation();
}

#[tokio::test]
async fn every_kind_of_words_arrives_and_media_are_encrypted() {
    let scene = Scene::start().await;
    let (wecom, chat) = (scene.wecom(), single("lin.yue"));
    let first = wecom.ask_robot("lin.yue", &chat, "first").await.unwrap();
    assert!(first.is_some());
    let quoted = wecom.robot_chat("lin.yue", &chat)[0].message_id.clone();
    let kinds = [
        RobotWords::text("second").quoting(quoted),
        RobotWords::voice("heard"),
        RobotWords::image(b"picture".as_slice()),
        RobotWords::file("名单.csv", b"a,b".as_slice()),
        RobotWords::video(b"film".as_slice()),
        RobotWords::mixed("see", b"picture".as_slice()),
    ];
    for words in kinds {
        wecom.ask_robot("lin.yue", &chat, words).await.unwrap();
    }
    let messages: Vec<_> = scene
        .bot
        .inbound()
        .into_iter()
        .filter_map(|inbound| match inbound.body {
            wecom::robot::Body::Message(message) => Some(message),
            _ => None,
        })
        .collect();
    assert_eq!(messages[1].quote, Some(Content::Text("first".to_owned())));
    assert!(
        matches!(&messages[2].content, Content::Voice { transcript, .. } if transcript == "heard")
    );
    let Content::File { url, .. } = &messages[4].content else {
        panic!("not a file: {:?}", messages[4])
    };
    let answer = reqwest::get(url).await.unwrap();
    let name = answer.headers()["content-disposition"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        name.contains("filename*=UTF-8''%E5%90%8D%E5%8D%95.csv"),
        "{name}"
    );
    let robot = wecom.smart_robot();
    let key = wecom::crypto::AesKey::from_base64(&robot.encoding_aes_key).unwrap();
    let sealed = answer.bytes().await.unwrap().to_vec();
    assert_eq!(decrypt_media(&key, sealed).unwrap(), b"a,b");
    let Content::Mixed(parts) = &messages[6].content else {
        panic!("not mixed: {:?}", messages[6])
    };
    assert_eq!(parts.len(), 2);
    scene.assert_no_violation();
}

#[tokio::test]
async fn thumbs_are_told_and_answered_with_nothing() {
    let scene = Scene::start().await;
    let (wecom, chat) = (scene.wecom(), single("lin.yue"));
    wecom.ask_robot("lin.yue", &chat, "ping").await.unwrap();
    let plain = wecom.robot_chat("lin.yue", &chat)[1].message_id.clone();
    assert!(
        wecom
            .rate_robot("lin.yue", &plain, FeedbackKind::Accurate)
            .await
            .is_none()
    );

    wecom.ask_robot("lin.yue", &chat, "slow").await.unwrap();
    let id = scene.bot.inbound().last().unwrap().msg_id.clone();
    let now_s = scene.sandbox.clock().now().timestamp();
    scene
        .bot
        .streams
        .with(&id, now_s, |stream| stream.finish("done"))
        .unwrap()
        .unwrap();
    let finished = wecom
        .wait_for_robot("lin.yue", &chat, SOON, |message| message.text == "done")
        .await
        .unwrap();
    let down = Rating {
        kind: FeedbackKind::Inaccurate,
        content: "不对".to_owned(),
        reasons: vec![3],
    };
    let rated = wecom
        .rate_robot("lin.yue", &finished.message_id, down)
        .await;
    assert!(rated.unwrap().is_accepted());
    wecom
        .rate_robot("lin.yue", &finished.message_id, FeedbackKind::Cancelled)
        .await
        .unwrap();
    let [Event::Feedback(down), Event::Feedback(back)] = &scene.bot.events()[..] else {
        panic!("{:?}", scene.bot.events())
    };
    assert_eq!(
        (&*down.id, down.content.as_deref()),
        ("fb-slow", Some("不对"))
    );
    assert_eq!(down.reasons, [FeedbackReason::Wrong]);
    assert_eq!(back.kind, wecom::robot::FeedbackKind::Cancelled);
    scene.assert_no_violation();
}

#[tokio::test]
async fn a_message_comes_again_under_the_same_id_until_it_is_answered() {
    let scene = Scene::start().await;
    let doubled = Fault::named(Platform::Wecom, "callback_doubled", json!({"copies": 1}));
    scene.sandbox.faults().add(doubled);
    let (wecom, chat) = (scene.wecom(), single("lin.yue"));
    wecom.ask_robot("lin.yue", &chat, "later").await.unwrap();
    let both = wecom
        .wait_until(SOON, |_| (scene.bot.incoming().len() == 2).then_some(()))
        .await;
    assert!(both.is_some());
    let keys: Vec<String> = scene
        .bot
        .incoming()
        .iter()
        .map(Incoming::dedupe_key)
        .collect();
    assert_eq!(keys[0], keys[1]);

    wecom.ask_robot("lin.yue", &chat, "later").await.unwrap();
    assert_ne!(scene.bot.incoming()[2].dedupe_key(), keys[0]);
    scene.assert_no_violation();
}

#[tokio::test]
async fn hidden_userids_can_be_translated() {
    let scene = Scene::start().await;
    let wecom = scene.wecom();
    wecom.hide_userids_from_robot(true);
    wecom
        .ask_robot("lin.yue", &single("lin.yue"), "ping")
        .await
        .unwrap();
    let hidden = scene.bot.inbound()[0].from_user.clone();
    assert_ne!(hidden, "lin.yue");

    let app = wecom.app().clone();
    let agent_id = u32::try_from(app.agent_id).unwrap();
    let client = Client::builder(app.corp_id, agent_id, app.secret)
        .api_base(format!("{}/wecom", scene.sandbox.base_url()))
        .build()
        .unwrap();
    let ids = client.robot_user_ids([hidden]).await.unwrap();
    assert_eq!(ids.known[0].userid, "lin.yue");
    scene.assert_no_violation();
}
