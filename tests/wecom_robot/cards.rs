//! Cards of the robot and their updates, and cards of the application updated in a passive reply.

use sandbox::wecom::{PressError, Selections, ShownCard};
use wecom::{
    Client,
    card::RobotCard,
    message::{Content, Message, Recipients},
    robot::{Event, Push},
};

use crate::bot::{Scene, asking, group, single};

impl Scene {
    /// The newest card in a chat as somebody sees it.
    fn card(&self, userid: &str, chat: &sandbox::wecom::RobotChat) -> (String, ShownCard) {
        let messages = self.wecom().robot_chat(userid, chat);
        let card = messages
            .into_iter()
            .rev()
            .find_map(|message| message.card.map(|card| (message.message_id, card)));
        card.unwrap()
    }
}

#[tokio::test]
async fn a_click_is_answered_with_the_card_as_it_shall_be_for_all() {
    let scene = Scene::start().await;
    let (wecom, chat) = (scene.wecom(), group(&scene));
    wecom
        .ask_robot("lin.yue", &chat, "@小营 card")
        .await
        .unwrap();
    let (message_id, card) = scene.card("zhou.ke", &chat);
    assert_eq!((&*card.title, card.buttons.len()), ("请假申请", 2));

    let as_shown = Selections::as_shown();
    let pressed = wecom
        .press_robot_card("zhou.ke", &message_id, "yes", &as_shown)
        .await;
    assert!(pressed.unwrap().is_accepted());
    let [Event::CardClick(click)] = &scene.bot.events()[..] else {
        panic!("{:?}", scene.bot.events())
    };
    assert_eq!((&*click.key, &*click.task_id), ("c1.7.yes", &*card.task_id));
    for userid in ["lin.yue", "zhou.ke", "he.miao"] {
        assert_eq!(scene.card(userid, &chat).1.title, "zhou.ke 已处理");
    }
    let gone = wecom
        .press_robot_card("lin.yue", &message_id, "yes", &as_shown)
        .await;
    assert!(matches!(gone.unwrap_err(), PressError::NoSuchButton { .. }));
    let outside = wecom
        .press_robot_card("xu.qing", &message_id, "撤回", &as_shown)
        .await;
    assert_eq!(outside.unwrap_err(), PressError::UnknownMessage);
    scene.assert_no_violation();
}

#[tokio::test]
async fn what_was_ticked_comes_with_the_click() {
    let scene = Scene::start().await;
    let (wecom, chat) = (scene.wecom(), single("lin.yue"));
    wecom.ask_robot("lin.yue", &chat, "vote").await.unwrap();
    let (message_id, _) = scene.card("lin.yue", &chat);
    let both = Selections::as_shown().choose("who", ["han", "李雷"]);
    wecom
        .press_robot_card("lin.yue", &message_id, "提交", &both)
        .await
        .unwrap();
    let [Event::CardClick(click)] = &scene.bot.events()[..] else {
        panic!("{:?}", scene.bot.events())
    };
    assert_eq!(click.selected("who"), ["han", "li"]);
    scene.assert_no_violation();
}

#[tokio::test]
async fn cards_come_with_streams_and_through_the_response_url() {
    let scene = Scene::start().await;
    let (wecom, chat) = (scene.wecom(), single("lin.yue"));
    wecom.ask_robot("lin.yue", &chat, "both").await.unwrap();
    let both = wecom.robot_chat("lin.yue", &chat).pop().unwrap();
    assert_eq!(both.content, "请看");
    assert!(both.card.is_some() && both.stream.unwrap().is_finished);

    let card = RobotCard::new(asking("tk-pushed")).unwrap();
    let card = card.feedback_id("fb-1").unwrap();
    scene.bot.push("both", &Push::card(card)).await.unwrap();
    let pushed = wecom.robot_chat("lin.yue", &chat).pop().unwrap();
    assert_eq!(pushed.card.unwrap().task_id, "tk-pushed");
    assert_eq!(pushed.feedback.unwrap().id, "fb-1");
    scene.assert_no_violation();
}

#[tokio::test]
async fn an_applications_card_is_updated_by_a_passive_reply_for_the_clicker_alone() {
    let scene = Scene::start().await;
    let wecom = scene.wecom();
    let app = wecom.app().clone();
    let agent_id = u32::try_from(app.agent_id).unwrap();
    let client = Client::builder(app.corp_id, agent_id, app.secret)
        .api_base(format!("{}/wecom", scene.sandbox.base_url()))
        .build()
        .unwrap();
    let to = Recipients::users(["lin.yue", "chen.an"]).unwrap();
    let message = Message::new(to, Content::card(asking("tk-1")).unwrap());
    let sent = client.send(&message).await.unwrap().msgid.unwrap();

    let as_shown = Selections::as_shown();
    let pressed = wecom
        .press("lin.yue", &sent, "同意", &as_shown)
        .await
        .unwrap();
    assert!(
        pressed
            .delivery
            .reply
            .unwrap()
            .contains("update_template_card")
    );
    let title = |userid: &str| wecom.shown(userid, &sent).unwrap().card.unwrap().title;
    assert_eq!(title("lin.yue"), "lin.yue 已处理");
    assert_eq!(title("chen.an"), "请假申请");
    scene.assert_no_violation();
}
