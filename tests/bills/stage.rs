//! The stage of every scene: ten camps, their payers at the stand-in, and a month of days.

use std::sync::Arc;
use std::time::Duration;

use campkeeper::domain::staff::{Actor, Channel};
use campkeeper::domain::trade_bill::BillState;
use campkeeper::domain::{ChainFault, OrderFlag, PaymentId, Role, UserId};
use campkeeper::platforms::wechat_pay::{NewRefund, PaidBy};
use campkeeper::services::bills::{self, Bill};
use campkeeper::services::{Clients, Context, Settings, confirm_payment, refund};
use campkeeper::store::audit::{ChainStatus, verify};
use campkeeper::store::{payments, refunds};
use chrono::{DateTime, NaiveDate, TimeDelta};
use sandbox::wechat_pay as peer;
use sandbox::wechat_pay::BillFault;
use sandbox::{Sandbox, SandboxConfig};
use serde_json::Value;

use crate::clock::TestClock;
use crate::context::{self, context};
use crate::pay_client::pay_client;
use crate::rows::{self, Rows, Terms};
pub(crate) use crate::rows::{DEPOSIT_FEN, order_no};
use crate::support::TestDb;

/// Noon of 2026-11-01 in Shanghai.
const FIRST_NOON: i64 = 1_793_505_600_000_000;
const TERMS: Terms<'_> = (["2026-12-01", "2026-12-10"], [10, 7, 1]);
/// A closed port: the tests hand notifications in themselves.
const NOWHERE: &str = "http://127.0.0.1:9";

/// What a scene plays on.
pub(crate) struct Stage {
    pub(crate) ctx: Context,
    pub(crate) sandbox: Sandbox,
    clock: Arc<TestClock>,
    wall: Arc<TestClock>,
    pub(crate) db: TestDb,
    _files: tempfile::TempDir,
}

impl Stage {
    /// Ten camps that take members in, two admins; it is noon of the first of November.
    pub(crate) async fn set(db: TestDb) -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        sandbox.wechat_pay().set_pacing(peer::Pacing {
            refund_takes: None,
            ..peer::Pacing::default()
        });
        let (clock, wall) = (TestClock::at(FIRST_NOON), TestClock::at(FIRST_NOON));
        let files = tempfile::tempdir().unwrap();
        let clients = Clients {
            pay: Some(pay_client(&sandbox, Duration::from_secs(10))),
            ..Clients::default()
        };
        let settings = Settings {
            public_url: NOWHERE.to_owned(),
            recipients: vec!["WangGuanLi".to_owned()],
            ..context::settings()
        };
        let ctx = Context {
            clients: clients.into(),
            ..context(&db, clock.clone(), wall.clone(), settings, &files).await
        };
        let stage = Self {
            ctx,
            sandbox,
            clock,
            wall,
            db,
            _files: files,
        };
        stage.db.add(scenery()).await;
        stage.keep_step();
        stage
    }

    /// Time passes for us and for the stand-in.
    pub(crate) fn pass(&self, delta: TimeDelta) {
        self.clock.advance(delta);
        self.wall.advance(delta);
        self.keep_step();
    }

    /// It is the next day at this time.
    pub(crate) fn next_day_at(&self, hour: i64, minute: i64) {
        let now = self.ctx.now().shanghai();
        let midnight = now.date_naive().and_hms_opt(0, 0, 0).unwrap();
        let since = now.naive_local() - midnight;
        let wanted = TimeDelta::days(1) + TimeDelta::hours(hour) + TimeDelta::minutes(minute);
        self.pass(wanted - since);
    }

    fn keep_step(&self) {
        let now = DateTime::from_timestamp_micros(self.ctx.now().micros()).unwrap();
        self.sandbox.clock().set(now);
    }

    pub(crate) fn today(&self) -> NaiveDate {
        self.ctx.today()
    }

    pub(crate) fn yesterday(&self) -> NaiveDate {
        self.ctx.today().pred_opt().unwrap()
    }

    /// An order of a camp that nobody has paid yet; `id` gives its number.
    pub(crate) async fn order(&self, id: i64, camp: i64) -> String {
        let now = self.ctx.now().micros();
        let order = rows::open_order(id).camp_id(camp).terms(TERMS);
        let order = order.expires_at(now + 1_800_000_000);
        self.db.add(order.created_at(now).updated_at(now)).await;
        order_no(id)
    }

    /// It is paid at the stand-in; nobody tells us.
    pub(crate) fn pay_unheard(&self, order_no: &str, fen: i64) {
        let pay = self.sandbox.wechat_pay();
        pay.pay_foreign_order(order_no, fen, NOWHERE).unwrap();
    }

    /// WeChat Pay's word of an order reaches us.
    pub(crate) async fn hear(&self, order_no: &str) {
        let transaction = self.ctx.pay().unwrap().query_order(order_no).await.unwrap();
        confirm_payment::confirm(&self.ctx, &transaction.unwrap(), None)
            .await
            .unwrap();
    }

    /// An order is made, paid and heard of.
    pub(crate) async fn paid(&self, id: i64, camp: i64, fen: i64) -> String {
        let order_no = self.order(id, camp).await;
        self.pay_unheard(&order_no, fen);
        self.hear(&order_no).await;
        order_no
    }

    /// The refund of a payment, which was flagged, is approved. Answers its number.
    pub(crate) async fn approved(&self, id: i64) -> String {
        let refund = {
            let mut conn = self.db.read().await.unwrap();
            let payment = payments::by_id(&mut conn, PaymentId(id)).await.unwrap();
            assert_eq!(payment.unwrap().flag, Some(OrderFlag::WrongAmount));
            let refund = refunds::of_payment(&mut conn, PaymentId(id)).await.unwrap();
            refund.unwrap()
        };
        refund::approve(&self.ctx, &admin(), refund.id, None)
            .await
            .unwrap();
        refund.refund_no.to_string()
    }

    /// The refund of a payment, which was flagged, is approved and sent. Answers its number.
    pub(crate) async fn refunded(&self, id: i64) -> String {
        let refund_no = self.approved(id).await;
        self.pass(TimeDelta::seconds(61));
        refund::run_due(&self.ctx).await.unwrap();
        refund_no
    }

    /// WeChat Pay accepts a refund of which our books do not know that it was sent.
    pub(crate) async fn send_unheard(&self, id: i64, refund_no: &str, fen: i64) {
        let refund = NewRefund {
            payment: PaidBy::Order(order_no(id)),
            out_refund_no: refund_no.to_owned(),
            reason: None,
            refund_fen: fen,
            total_fen: fen,
            notify_url: None,
            funds_account: None,
        };
        self.ctx.pay().unwrap().refund(&refund).await.unwrap();
    }

    /// The stand-in ends the refund, and we ask.
    pub(crate) async fn finish(&self, refund_no: &str) {
        let pay = self.sandbox.wechat_pay();
        pay.finish_refund(refund_no, peer::RefundOutcome::Success)
            .unwrap();
        self.pass(TimeDelta::minutes(2));
        refund::run_due(&self.ctx).await.unwrap();
    }

    pub(crate) fn fault(&self, day: NaiveDate, faults: &[BillFault]) {
        let pay = self.sandbox.wechat_pay();
        pay.set_bill_faults(day, faults.to_vec());
    }

    /// How a day stands; none if nobody has looked for it.
    pub(crate) async fn bill(&self, day: NaiveDate) -> Option<Bill> {
        bills::one(&self.ctx, &admin(), day).await.ok()
    }

    pub(crate) async fn state(&self, day: NaiveDate) -> Option<BillState> {
        self.bill(day).await.map(|bill| bill.bill.state)
    }

    /// What was said to the admins about bills, oldest first.
    pub(crate) async fn told(&self) -> Vec<Value> {
        let payloads = self
            .db
            .texts(
                "SELECT body FROM notification_message WHERE kind = 'trade_bill_compared' \
                 ORDER BY id",
            )
            .await;
        payloads
            .iter()
            .map(|payload| serde_json::from_str(payload).unwrap())
            .collect()
    }

    /// The audit chain is intact and the stand-in saw nothing that the real one forbids.
    pub(crate) async fn assert_in_order(&self) {
        let mut conn = self.db.read().await.unwrap();
        let chain = verify(&mut conn, self.db.keys()).await.unwrap();
        // The scene's staff were put there past the audit: it may have nothing to tell yet.
        let is_new = matches!(
            chain,
            ChainStatus::Broken {
                what: ChainFault::Emptied,
                ..
            }
        );
        assert!(
            is_new || matches!(chain, ChainStatus::Intact { .. }),
            "{chain:?}"
        );
        let violations = self.sandbox.violations().all();
        assert!(violations.is_empty(), "{violations:#?}");
    }
}

/// What differs on a day, and whether somebody has settled it.
pub(crate) fn shown(bill: &Bill) -> Vec<(&str, &str, Option<&str>)> {
    let differences = bill.differences.iter();
    differences
        .map(|kept| {
            let it = &kept.difference;
            let number = it.refund_no.as_deref().or(it.order_no.as_deref());
            let done = kept.resolution.map(|done| done.as_str());
            (it.kind.as_str(), number.unwrap_or_default(), done)
        })
        .collect()
}

fn actor(id: i64, name: &str, role: Role) -> Actor {
    Actor {
        user_id: UserId(id),
        name: name.to_owned(),
        role,
        channel: Channel::Console,
        ip: None,
    }
}

pub(crate) fn admin() -> Actor {
    actor(1, "王管理", Role::Admin)
}

pub(crate) fn other_admin() -> Actor {
    actor(2, "李管理", Role::Admin)
}

pub(crate) fn coach() -> Actor {
    actor(3, "赵教练", Role::Coach)
}

/// Staff and camps.
fn scenery() -> impl Rows {
    let staff = [
        rows::staff(1, "wang", "admin", "王管理"),
        rows::staff(2, "li", "admin", "李管理"),
        rows::staff(3, "zhao", "coach", "赵教练"),
    ];
    let camps = (1..)
        .zip("一二三四五六七八九十".chars())
        .map(|(id, number)| {
            let camp = rows::camp(id, &format!("{number}营"));
            camp.terms(TERMS).status("enrolling")
        });
    (staff, camps.collect::<Vec<_>>())
}
