//! A bot on the crate's handler and door, and the sandbox that plays WeCom to it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use sandbox::{
    Sandbox, SandboxClock, SandboxConfig,
    wecom::{Door as Address, RobotChat, Wecom},
};
use wecom::{
    axum::routes,
    card::{
        Button, ButtonInteraction, Card, Checkbox, RobotCard, SubmitButton, TaskId,
        VoteInteraction, VoteMode,
    },
    chat::{Answer, Door, Handler, Incoming},
    client::ReqwestTransport,
    crypto::Keys,
    robot::{Body, Event, Inbound, Push, Reply, ResponseUrl, Snapshot, Stream, Streams},
};

pub(crate) const TO_BE_CONTINUED: &str = "（未完，稍后继续）";

/// What the bot remembers. Clones share it.
#[derive(Clone)]
pub(crate) struct Bot {
    name: String,
    clock: SandboxClock,
    pub(crate) streams: Arc<Streams>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// What came in, oldest first.
    incoming: Vec<Incoming>,
    /// Where to answer later, by what was said.
    urls: HashMap<String, ResponseUrl>,
}

impl Handler for Bot {
    async fn handle(&self, incoming: &Incoming) -> Answer {
        self.seen.lock().unwrap().incoming.push(incoming.clone());
        if incoming.is_arrival() {
            return Answer::Text("你好！".to_owned());
        }
        if let Some(click) = incoming.click() {
            return decided(click.task_id, incoming.user_id()).into();
        }
        match incoming {
            Incoming::Robot(inbound) => self.answer(inbound),
            _ => incoming.text().map_or(Answer::Nothing, |text| {
                Answer::Text(format!("应用：{text}"))
            }),
        }
    }
}

impl Bot {
    fn answer(&self, inbound: &Inbound) -> Answer {
        if let Body::Refresh { stream_id, .. } = &inbound.body {
            let polled = self.streams.with(stream_id, self.now_s(), |stream| {
                stream.poll(self.now_s(), TO_BE_CONTINUED).unwrap().snapshot
            });
            return Reply::Stream(polled.unwrap()).into();
        }
        let Some(text) = inbound.text_without_mention(&self.name) else {
            return Answer::Nothing;
        };
        let id = inbound.msg_id.as_str();
        if let Some(url) = &inbound.response_url {
            let mut seen = self.seen.lock().unwrap();
            seen.urls.insert(text.clone(), url.clone());
        }
        match text.as_str() {
            "slow" => {
                let stream = Stream::start(id, self.now_s()).unwrap();
                self.streams.insert(stream, self.now_s()).unwrap();
                let first = Snapshot::running(id, "").unwrap();
                Reply::Stream(first.feedback_id("fb-slow").unwrap()).into()
            }
            "card" => Reply::Card(RobotCard::new(asking(id)).unwrap()).into(),
            "vote" => Reply::Card(RobotCard::new(vote(id)).unwrap()).into(),
            "both" => {
                let card = RobotCard::new(asking(id)).unwrap();
                Reply::StreamWithCard(Snapshot::finished(id, "请看").unwrap(), card).into()
            }
            "later" => Answer::Nothing,
            text => Answer::Text(format!("你说：{text}")),
        }
    }

    /// Business time, by which the stand-in counts the six minutes.
    fn now_s(&self) -> i64 {
        self.clock.now().timestamp()
    }

    /// What came in so far.
    pub(crate) fn incoming(&self) -> Vec<Incoming> {
        self.seen.lock().unwrap().incoming.clone()
    }

    /// The robot's callbacks so far.
    pub(crate) fn inbound(&self) -> Vec<Inbound> {
        let robots = self
            .incoming()
            .into_iter()
            .filter_map(|incoming| match incoming {
                Incoming::Robot(inbound) => Some(inbound.into_inner()),
                _ => None,
            });
        robots.collect()
    }

    /// The robot's events so far.
    pub(crate) fn events(&self) -> Vec<Event> {
        let events = self
            .inbound()
            .into_iter()
            .filter_map(|inbound| match inbound.body {
                Body::Event(event) => Some(event),
                _ => None,
            });
        events.collect()
    }

    /// Answers outside of a callback to whoever said `text`.
    pub(crate) async fn push(&self, text: &str, push: &Push) -> Result<(), wecom::Error> {
        let url = self.seen.lock().unwrap().urls[text].clone();
        let limit = Duration::from_secs(5);
        let transport = ReqwestTransport::new(limit, limit, None).unwrap();
        url.send(&transport, push).await
    }
}

pub(crate) fn asking(task_id: &str) -> Card {
    ButtonInteraction::new(
        task(task_id),
        "请假申请",
        Button::callback("同意", "c1.7.yes"),
    )
    .button(Button::callback("不同意", "c1.7.no"))
    .build()
    .unwrap()
}

fn vote(task_id: &str) -> Card {
    let who = Checkbox::new("who", VoteMode::Multiple)
        .ticked("han", "韩梅梅")
        .choice("li", "李雷");
    VoteInteraction::new(
        task(task_id),
        "谁去",
        who,
        SubmitButton::new("提交", "send"),
    )
    .build()
    .unwrap()
}

/// What takes the place of a clicked card.
fn decided(task_id: &str, by: &str) -> Card {
    let button = Button::callback("撤回", "c1.7.undo");
    ButtonInteraction::new(task(task_id), format!("{by} 已处理"), button)
        .build()
        .unwrap()
}

fn task(id: &str) -> TaskId {
    TaskId::new(id).unwrap()
}

/// The stand-in with the bot behind both of its callback addresses.
pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    pub(crate) bot: Bot,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let (app, robot) = (sandbox.wecom().app(), sandbox.wecom().smart_robot());
        let bot = Bot {
            name: robot.name.clone(),
            clock: sandbox.clock().clone(),
            streams: Arc::new(Streams::new(100)),
            seen: Arc::default(),
        };
        let app_keys = Keys::new(&app.token, &app.encoding_aes_key, &app.corp_id).unwrap();
        let robot_keys = Keys::new(&robot.token, &robot.encoding_aes_key, "").unwrap();
        let wall = sandbox.clock().clone();
        let clock: wecom::axum::Clock = Arc::new(move || wall.wall_now().timestamp());
        let refused = |error: &wecom::chat::DoorError| panic!("the door said no: {error}");
        let (door, other) = (
            Door::app(app_keys, bot.clone()),
            Door::robot(robot_keys, bot.clone()),
        );
        let router = routes("/app", door, Arc::clone(&clock), refused)
            .merge(routes("/robot", other, clock, refused));
        let base_url = serve(router).await;
        let wecom = sandbox.wecom();
        wecom.set_callback_url(Address::App, format!("{base_url}/app"));
        wecom.set_callback_url(Address::Robot, format!("{base_url}/robot"));
        Self { sandbox, bot }
    }

    pub(crate) fn wecom(&self) -> &Wecom {
        self.sandbox.wecom()
    }

    pub(crate) fn assert_no_violation(&self) {
        let violations = self.sandbox.violations().all();
        assert!(violations.is_empty(), "{violations:#?}");
    }
}

/// Serves a router until the test ends; gives its base URL.
pub(crate) async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

pub(crate) fn single(userid: &str) -> RobotChat {
    RobotChat::Single(userid.to_owned())
}

/// The group of the demo that the robot is in.
pub(crate) fn group(scene: &Scene) -> RobotChat {
    let chats = scene.wecom().robot_chats("lin.yue");
    let group = chats
        .into_iter()
        .find(|(chat, _)| *chat != single("lin.yue"));
    group.unwrap().0
}
