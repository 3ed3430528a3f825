//! Streamed answers: polled until they finish, or until their time is up.

use chrono::TimeDelta;
use sandbox::wecom::{AskError, ShownRobotMessage};
use wecom::{
    limit::LimitError,
    robot::{Body, Push, Stream},
};

use crate::{
    SOON,
    bot::{Scene, TO_BE_CONTINUED, single},
};

impl Scene {
    /// Changes the newest answer of the bot.
    fn write(&self, act: impl FnOnce(&mut Stream) -> Result<(), LimitError>) {
        let inbound = self.bot.inbound();
        let asked = inbound
            .iter()
            .rev()
            .find(|inbound| matches!(inbound.body, Body::Message(_)));
        let now_s = self.sandbox.clock().now().timestamp();
        let id = &asked.unwrap().msg_id;
        self.bot.streams.with(id, now_s, act).unwrap().unwrap();
    }

    async fn shown(&self, wanted: impl Fn(&ShownRobotMessage) -> bool) -> ShownRobotMessage {
        let chat = single("lin.yue");
        let shown = self.wecom().wait_for_robot("lin.yue", &chat, SOON, wanted);
        shown.await.unwrap()
    }
}

fn is_finished(message: &ShownRobotMessage) -> bool {
    message
        .stream
        .as_ref()
        .is_some_and(|stream| stream.is_finished)
}

#[tokio::test]
async fn a_stream_shows_whole_snapshots_and_is_asked_for_until_it_is_finished() {
    let scene = Scene::start().await;
    let asked = scene
        .wecom()
        .ask_robot("lin.yue", &single("lin.yue"), "slow")
        .await;
    assert!(asked.unwrap().unwrap().is_accepted());
    let first = scene.shown(|_| true).await;
    assert_eq!((&*first.content, is_finished(&first)), ("", false));
    scene.write(|stream| stream.replace("1"));
    scene.shown(|message| message.content == "1").await;
    scene.write(|stream| stream.finish("123"));
    let last = scene.shown(is_finished).await;
    assert_eq!(
        (&*last.content, &last.message_id),
        ("123", &first.message_id)
    );
    assert_eq!(last.feedback.unwrap().id, "fb-slow");

    let polls = scene.bot.inbound().len();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(
        scene.bot.inbound().len(),
        polls,
        "nobody asks after the end"
    );
    scene.assert_no_violation();
}

#[tokio::test]
async fn at_most_three_answers_to_one_member_are_on_their_way() {
    let scene = Scene::start().await;
    let chat = single("lin.yue");
    for _ in 0..3 {
        scene
            .wecom()
            .ask_robot("lin.yue", &chat, "slow")
            .await
            .unwrap();
    }
    let fourth = scene.wecom().ask_robot("lin.yue", &chat, "slow").await;
    assert_eq!(fourth.unwrap_err(), AskError::TooManyInFlight);
    let other = scene
        .wecom()
        .ask_robot("zhou.ke", &single("zhou.ke"), "ping")
        .await;
    assert!(other.is_ok(), "each member has three");
    scene.assert_no_violation();
}

#[tokio::test]
async fn what_takes_longer_than_a_stream_may_live_comes_through_the_response_url() {
    let scene = Scene::start().await;
    scene
        .wecom()
        .ask_robot("lin.yue", &single("lin.yue"), "slow")
        .await
        .unwrap();
    scene.write(|stream| stream.replace("一半"));
    scene.shown(|message| message.content == "一半").await;
    scene.sandbox.clock().advance(TimeDelta::seconds(340));
    let cut = scene.shown(is_finished).await;
    assert_eq!(cut.content, format!("一半\n{TO_BE_CONTINUED}"));
    scene
        .bot
        .push("slow", &Push::markdown("全部").unwrap())
        .await
        .unwrap();
    scene.shown(|message| message.content == "全部").await;
    scene.assert_no_violation();
}
