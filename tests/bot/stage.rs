//! The stage: an ended camp with its refund list, staff with their phones, and the bot between.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use campkeeper::app::SystemClock;
use campkeeper::bot::WecomChat;
use campkeeper::domain::staff::{Actor, Channel};
use campkeeper::domain::{CampId, PaymentId, Recipients, RefundStatus, Timestamp, WecomUserid};
use campkeeper::jobs::Jobs;
use campkeeper::services::chat::Chat;
use campkeeper::services::deliver::Delivered;
use campkeeper::services::notify::Notice;
use campkeeper::services::{
    Clients, Context, Error, LiveContext, Settings, WallClock, refund, staff,
};
use campkeeper::store::outbox::{self, NewMessage, Priority};
use campkeeper::store::{Tx, refunds};
use campkeeper::web::{self, WebSettings};
use chrono::TimeDelta;
use sandbox::wecom::{Selections, ShownMessage};
use sandbox::{Sandbox, SandboxConfig};
use wecom::crypto::Keys;

use crate::clock::TestClock;
use crate::configuration;
use crate::context::{self, context};
use crate::rows::{self, Rows, account};
use crate::support::TestDb;

/// Noon of the day after the camp, in Shanghai.
const NOON_AFTER: i64 = 1_768_104_000_000_000;
/// The first moment after the camp's last day.
pub(crate) const OVER_AT: i64 = 1_768_060_800_000_000;
/// The robot of the camp's group.
pub(crate) const ROBOT: &str = "11111111-2222-4333-8444-000000000001";

/// The wall, by which leases, budgets and second tries go: it runs, and can be moved on.
pub(crate) struct TestWall(AtomicI64);

impl WallClock for TestWall {
    fn now(&self) -> Timestamp {
        let ahead = TimeDelta::microseconds(self.0.load(Ordering::SeqCst));
        WallClock::now(&SystemClock).plus(ahead)
    }
}

/// What a scene plays on.
pub(crate) struct Stage {
    pub(crate) ctx: Context,
    pub(crate) chat: Arc<dyn Chat>,
    pub(crate) sandbox: Sandbox,
    pub(crate) url: String,
    pub(crate) db: TestDb,
    clock: Arc<TestClock>,
    wall: Arc<TestWall>,
    _files: tempfile::TempDir,
}

impl Stage {
    /// An ended camp 写作营 of which `clear` members have checked in often enough and one needs the
    /// grace; 林越 and 陈安 are admins, 周可 coaches it, 何苗 coaches another one; 徐晴 is a member.
    pub(crate) async fn set(db: TestDb, clear: i64) -> Self {
        Self::with(db, clear, settings()).await
    }

    /// The same where two people have to approve.
    pub(crate) async fn with_second_approver(db: TestDb, clear: i64) -> Self {
        let settings = Settings {
            second_approver_over_fen: 1,
            ..settings()
        };
        Self::with(db, clear, settings).await
    }

    async fn with(db: TestDb, clear: i64, settings: Settings) -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let identity = sandbox.wecom().app().clone();
        let keys = Keys::new(
            &identity.token,
            &identity.encoding_aes_key,
            &identity.corp_id,
        )
        .unwrap();
        let agent_id = u32::try_from(identity.agent_id).unwrap();
        let client = wecom::Client::builder(&identity.corp_id, agent_id, identity.secret.clone())
            .api_base(format!("{}/wecom", sandbox.base_url()))
            .build()
            .unwrap();
        let clock = TestClock::at(NOON_AFTER);
        let wall = Arc::new(TestWall(AtomicI64::new(0)));
        let files = tempfile::tempdir().unwrap();
        let clients = Clients {
            wecom: Some(client),
            wecom_callback: Some(keys),
            ..Clients::default()
        };
        let ctx = Context {
            clients: clients.into(),
            ..context(&db, clock.clone(), wall.clone(), settings, &files).await
        };
        let live = LiveContext::from(ctx.clone());
        let chat: Arc<dyn Chat> = Arc::new(WecomChat::new(live.clone()).unwrap());
        let jobs = Jobs::new(live.clone(), Arc::clone(&chat));
        let configuration = configuration::unchanging(&ctx);
        let router = web::router(live, jobs, configuration, WebSettings::default());
        let url = serve(router).await;
        sandbox.set_app_url(&url);
        let stage = Self {
            ctx,
            chat,
            sandbox,
            url,
            clock,
            wall,
            db,
            _files: files,
        };
        let keys = stage.ctx.keys();
        let robot = keys.seal("training_camp.group_robot_key", ROBOT.as_bytes());
        stage.db.add(scenery(robot.unwrap().0)).await;
        for number in 1..=clear {
            stage.enter(number, 8).await;
        }
        stage.enter(clear + 1, 6).await;
        stage
    }

    /// The chat of an instance that WeCom is not configured on.
    pub(crate) fn chat_without_wecom(&self) -> WecomChat {
        let ctx = Context {
            clients: Arc::default(),
            ..self.ctx.clone()
        };
        WecomChat::new(LiveContext::from(ctx)).unwrap()
    }

    async fn enter(&self, id: i64, days: i64) {
        let mut payment = rows::payment(id).paid_at(NOON_AFTER - 864_000_000_000);
        if id == 1 {
            payment = payment.wecom_userid("xu.qing");
        }
        let member = rows::member(id).match_reasons("[\"编号与昵称一致\"]");
        let member = member.joined(true).checked_in_days(days).eligible(days > 6);
        let ranked = rows::ranked(account(id), &format!("会员{id}"), days);
        let posts = rows::check_ins(account(id), days);
        self.db.add((payment, member, ranked, posts)).await;
    }

    pub(crate) async fn run(&self, sql: &str) {
        self.db.run(sql).await;
    }

    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        self.db.texts(sql).await
    }

    /// The refund list of the camp is built; what it tells is in the outbox.
    pub(crate) async fn build_list(&self) {
        refund::build_list(&self.ctx, None, CampId(1))
            .await
            .unwrap();
    }

    /// Sends what is due.
    pub(crate) async fn send(&self) -> Delivered {
        self.chat.send_outbox().await.unwrap()
    }

    /// Works off what came in, and sends what that led to.
    pub(crate) async fn settle(&self) {
        self.chat.work_inbox().await.unwrap();
        self.send().await;
    }

    /// Somebody writes, and the bot answers.
    pub(crate) async fn say(&self, person: &str, text: &str) -> String {
        let before = self.sandbox.wecom().inbox(person).len();
        let delivery = self.sandbox.wecom().say(person, text).await;
        assert!(delivery.is_accepted(), "{delivery:?}");
        self.settle().await;
        let inbox = self.sandbox.wecom().inbox(person);
        let new: Vec<&str> = inbox[before..]
            .iter()
            .map(|message| &*message.text)
            .collect();
        new.join("\n")
    }

    /// Somebody presses a button of their newest card that has it.
    pub(crate) async fn press(&self, person: &str, button: &str) {
        self.press_with(person, button, &Selections::as_shown())
            .await;
    }

    pub(crate) async fn press_with(&self, person: &str, button: &str, chosen: &Selections) {
        let wecom = self.sandbox.wecom();
        let pressed = wecom.press_newest(person, button, chosen).await.unwrap();
        assert!(pressed.delivery.is_accepted());
        self.settle().await;
    }

    /// The newest card on somebody's phone.
    pub(crate) fn card(&self, person: &str) -> ShownMessage {
        let inbox = self.sandbox.wecom().inbox(person);
        inbox
            .into_iter()
            .rev()
            .find(|message| message.card.is_some())
            .unwrap_or_else(|| panic!("{person} has no card"))
    }

    /// The newest text on somebody's phone.
    pub(crate) fn newest(&self, person: &str) -> String {
        let inbox = self.sandbox.wecom().inbox(person);
        inbox
            .last()
            .map(|message| message.text.clone())
            .unwrap_or_default()
    }

    /// Somebody of the staff, as the services know them.
    pub(crate) async fn actor(&self, person: &str) -> Actor {
        let actor = staff::actor_by_wecom_userid(&self.ctx, person, Channel::Card).await;
        actor.unwrap().unwrap()
    }

    pub(crate) async fn status(&self, payment: i64) -> RefundStatus {
        let mut conn = self.db.read().await.unwrap();
        let refund = refunds::of_payment(&mut conn, PaymentId(payment))
            .await
            .unwrap();
        refund.unwrap().status()
    }

    /// Time passes, for WeCom's limits too.
    pub(crate) fn advance(&self, delta: TimeDelta) {
        let micros = delta.num_microseconds().unwrap();
        self.wall.0.fetch_add(micros, Ordering::SeqCst);
        if delta > TimeDelta::minutes(1) {
            self.sandbox.wecom().forget_pace();
        }
        self.leap(delta);
    }

    /// Business time alone is moved, as people do in the demo.
    pub(crate) fn leap(&self, delta: TimeDelta) {
        self.clock.advance(delta);
    }

    /// The stand-in saw nothing that WeCom forbids.
    pub(crate) fn assert_no_violation(&self) {
        let violations = self.sandbox.violations().all();
        assert!(violations.is_empty(), "{violations:#?}");
    }
}

async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    url
}

fn settings() -> Settings {
    Settings {
        recipients: vec!["Lin.Yue".to_owned(), "chen.an".to_owned()],
        ..context::settings()
    }
}

/// How long a scene waits for what happens by itself.
pub(crate) const SOON: Duration = Duration::from_secs(5);

/// Staff, camps and the sync.
fn scenery(robot: Vec<u8>) -> impl Rows {
    let staff = [
        rows::staff(1, "lin", "admin", "林越").wecom_userid("lin.yue"),
        rows::staff(2, "chen", "admin", "陈安").wecom_userid("chen.an"),
        rows::staff(3, "zhou", "coach", "周可").wecom_userid("zhou.ke"),
        rows::staff(4, "he", "coach", "何苗").wecom_userid("he.miao"),
    ];
    let writing = rows::camp(1, "写作营").group_robot_key(robot);
    let camps = [
        writing.current_sync_id(1).posts_sync_id(1).status("ended"),
        rows::camp(2, "阅读营").status("ended"),
    ];
    let leads = [rows::lead(1, 3, "coach"), rows::lead(2, 4, "coach")];
    let sync = rows::sync(1, OVER_AT).finished_at(OVER_AT + 100_000_000);
    (staff, camps, leads, sync)
}

pub(crate) fn members(people: &[&str]) -> Recipients {
    people
        .iter()
        .map(|person| WecomUserid::new(person))
        .collect()
}

/// A notice for some people, whoever decides about the camp.
pub(crate) async fn notify(
    tx: &mut Tx,
    notice: &Notice,
    recipients: &Recipients,
    now: Timestamp,
) -> Result<(), Error> {
    let kind = notice.content.kind();
    let message = NewMessage {
        content: notice.content.clone(),
        to: recipients.clone(),
        priority: Priority::Notice,
        camp_id: notice.camp_id,
        card_id: None,
        dedupe_key: Some(format!("{kind}:{}:{recipients:?}", notice.dedupe_key)),
        send_at: now,
    };
    outbox::add(tx, &message, now).await?;
    Ok(())
}
