//! The stage of every scene: an ended camp whose members have paid at the stand-in.

use std::sync::Arc;
use std::time::Duration;

use campkeeper::domain::refund::SettlementWay;
use campkeeper::domain::staff::{Actor, Channel};
use campkeeper::domain::{
    CampId, ChainFault, Fen, PaymentId, RefundId, RefundStatus, Role, UserId,
};
use campkeeper::platforms::wechat_pay::{RefundAmount, RefundNotice, RefundStatus as Said};
use campkeeper::services::books;
use campkeeper::services::refund::{self, Built, Closing, Picked};
use campkeeper::services::{Clients, Context, Settings};
use campkeeper::store::audit::{ChainStatus, verify};
use campkeeper::store::refunds::{self, Refund};
use chrono::TimeDelta;
use sandbox::wechat_pay as peer;
use sandbox::{Sandbox, SandboxConfig};

use crate::clock::TestClock;
use crate::context::{self, context};
use crate::pay_client::pay_client;
use crate::rows::{self, DEPOSIT_FEN, IfNew, Rows};
pub(crate) use crate::rows::{account, order_no};
use crate::support::TestDb;

/// Noon of the day after the camp, in Shanghai.
const NOON_AFTER: i64 = 1_768_104_000_000_000;
/// The first moment after the camp's last day, 2026-01-10.
pub(crate) const OVER_AT: i64 = 1_768_060_800_000_000;
pub(crate) const CAMP: CampId = CampId(1);
/// A closed port: notifications go nowhere, the tests hand them in themselves.
const NOWHERE: &str = "http://127.0.0.1:9";

/// What a scene plays on.
pub(crate) struct Stage {
    pub(crate) ctx: Context,
    pub(crate) sandbox: Sandbox,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) wall: Arc<TestClock>,
    pub(crate) db: TestDb,
    _files: tempfile::TempDir,
}

/// A member as a scene wants them.
#[derive(Clone, Copy)]
pub(crate) struct Cast {
    pub(crate) ranking_days: i64,
    pub(crate) post_days: i64,
    pub(crate) confidence: i64,
    pub(crate) match_status: &'static str,
    /// The account's number; members share one to contest it.
    pub(crate) account: i64,
}

/// A member whose refund is clear.
pub(crate) const fn clear(account: i64) -> Cast {
    Cast {
        ranking_days: 8,
        post_days: 8,
        confidence: 100,
        match_status: "matched",
        account,
    }
}

impl Stage {
    /// An ended camp with two admins, a coach of it, a coach of another one, and the given members,
    /// all of whom have paid; a complete sync has begun after the end.
    pub(crate) async fn set(db: TestDb, cast: &[Cast]) -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        sandbox.wechat_pay().set_pacing(peer::Pacing {
            refund_takes: None,
            ..peer::Pacing::default()
        });
        let (clock, wall) = (TestClock::at(NOON_AFTER), TestClock::at(NOON_AFTER));
        let files = tempfile::tempdir().unwrap();
        let clients = Clients {
            pay: Some(pay_client(&sandbox, Duration::from_secs(2))),
            ..Clients::default()
        };
        let ctx = Context {
            clients: clients.into(),
            ..context(&db, clock.clone(), wall.clone(), settings(), &files).await
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
        for (index, member) in cast.iter().enumerate() {
            stage
                .enter(i64::try_from(index).unwrap() + 1, *member)
                .await;
        }
        stage
    }

    async fn enter(&self, id: i64, cast: Cast) {
        let account = account(cast.account);
        let member = rows::member(id)
            .planet_user_id(account)
            .match_status(cast.match_status)
            .confidence(cast.confidence)
            .match_reasons("[\"编号与昵称一致\"]");
        let ranked = rows::ranked(account, &format!("会员{id}"), cast.ranking_days);
        let posts = rows::check_ins(account, cast.post_days);
        let seen = (IfNew(ranked), IfNew(posts));
        self.db.add((paid(id), member, seen)).await;
        self.pay_at_peer(&order_no(id), DEPOSIT_FEN);
    }

    /// The same for so many members whose refunds are clear, at once, for one day.
    pub(crate) async fn enter_many(&self, members: i64) {
        let crowd = (1..=members).map(|id| {
            let ranked = rows::ranked(account(id), &format!("会员{id}"), 1);
            let paid = paid(id).total_days(1).required_days(1).grace_days(0);
            (
                paid,
                rows::member(id),
                ranked,
                rows::check_in(account(id), 1),
            )
        });
        self.db.add(crowd.collect::<Vec<_>>()).await;
        for id in 1..=members {
            self.pay_at_peer(&order_no(id), DEPOSIT_FEN);
        }
    }

    /// The payment as WeChat Pay has it.
    pub(crate) fn pay_at_peer(&self, order_no: &str, fen: i64) {
        let pay = self.sandbox.wechat_pay();
        pay.pay_foreign_order(order_no, fen, NOWHERE).unwrap();
    }

    pub(crate) async fn run(&self, sql: &str) {
        self.db.run(sql).await;
    }

    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        self.db.texts(sql).await
    }

    pub(crate) async fn build(&self) -> Built {
        refund::build_list(&self.ctx, None, CAMP).await.unwrap()
    }

    /// The refund of the nth member's payment.
    pub(crate) async fn of(&self, payment: i64) -> Refund {
        let mut conn = self.db.read().await.unwrap();
        let refund = refunds::of_payment(&mut conn, PaymentId(payment))
            .await
            .unwrap();
        refund.unwrap_or_else(|| panic!("payment {payment} has no refund"))
    }

    pub(crate) async fn status(&self, payment: i64) -> RefundStatus {
        self.of(payment).await.status()
    }

    /// The list is built, the nth member's refund approved, and its undo window over.
    pub(crate) async fn approved(&self, payment: i64) -> RefundId {
        self.build().await;
        let id = self.of(payment).await.id;
        refund::approve(&self.ctx, &admin(), id, None)
            .await
            .unwrap();
        self.clock.advance(TimeDelta::seconds(60));
        id
    }

    /// Time passes for people and for leases alike.
    pub(crate) fn pass(&self, delta: TimeDelta) {
        self.clock.advance(delta);
        self.wall.advance(delta);
    }

    /// The stand-in ends the refund; WeChat Pay's next answer says so.
    pub(crate) fn finish(&self, refund: &Refund, outcome: peer::RefundOutcome) {
        let pay = self.sandbox.wechat_pay();
        pay.finish_refund(refund.refund_no.as_str(), outcome)
            .unwrap();
    }

    /// What the payer of the nth payment has got back, by the stand-in's books, and that no refund
    /// was executed twice.
    pub(crate) fn returned_fen(&self, payment: i64) -> i64 {
        let refunds = self.sandbox.wechat_pay().refunds();
        let of_order = refunds
            .iter()
            .filter(|refund| refund.out_trade_no == order_no(payment));
        of_order
            .map(|refund| {
                assert!(refund.executions <= 1, "{refund:?}");
                refund.refund_fen * i64::from(refund.executions)
            })
            .sum()
    }

    /// Both sides of the nth payment agree that it went back exactly once; its logs, the audit
    /// chain and the stand-in have nothing to complain of.
    pub(crate) async fn assert_refunded_once(&self, payment: i64) {
        assert_eq!(self.status(payment).await, RefundStatus::Success);
        assert_eq!(self.returned_fen(payment), DEPOSIT_FEN);
        let order = format!("SELECT status FROM payment_record WHERE id = {payment}");
        assert_eq!(self.texts(&order).await, ["refunded"]);
        let ends = format!(
            "SELECT to_status FROM order_status_log WHERE payment_id = {payment} \
             AND to_status = 'refunded'"
        );
        assert_eq!(self.texts(&ends).await.len(), 1);
        self.assert_in_order().await;
    }

    /// The audit chain is intact, the books agree with the states, and the stand-in saw nothing that
    /// the real one forbids.
    pub(crate) async fn assert_in_order(&self) {
        let audited = books::audit(&self.ctx).await.unwrap();
        assert!(audited.is_clean(), "{audited:#?}");
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

    /// The statuses that a refund has gone through.
    pub(crate) async fn path(&self, id: RefundId) -> Vec<String> {
        let sql =
            format!("SELECT to_status FROM refund_status_log WHERE refund_id = {id} ORDER BY id");
        self.texts(&sql).await
    }

    /// The kinds of what waits in the outbox.
    pub(crate) async fn notices(&self) -> Vec<String> {
        self.texts("SELECT kind FROM notification_message ORDER BY id")
            .await
    }

    /// A notification about the refund, as the callback hands it over.
    pub(crate) fn notice(&self, refund: &Refund, said: Said) -> RefundNotice {
        RefundNotice {
            mch_id: peer::MERCHANT_ID.to_owned(),
            out_trade_no: refund.order_no.clone(),
            transaction_id: None,
            out_refund_no: refund.refund_no.to_string(),
            refund_id: "50000000382019052709732678859".to_owned(),
            refund_status: said,
            success_time: None,
            user_received_account: None,
            amount: RefundAmount {
                total_fen: DEPOSIT_FEN,
                refund_fen: refund.proposal.amount_fen.get(),
                payer_total_fen: None,
                payer_refund_fen: None,
                settlement_refund_fen: None,
                currency: None,
            },
        }
    }
}

pub(crate) fn picked(refund: &Refund) -> Picked {
    Picked {
        id: refund.id,
        hash: Some(refund.proposal_hash.clone()),
    }
}

/// So much was given to the payer in cash.
pub(crate) fn closing(fen: i64) -> Closing {
    Closing {
        note: "当面退还".to_owned(),
        way: SettlementWay::Cash,
        amount: Fen::new(fen).unwrap(),
        uploads: vec![],
    }
}

fn actor(id: i64, name: &str, role: Role) -> Actor {
    Actor {
        user_id: UserId(id),
        name: name.to_owned(),
        role,
        channel: Channel::Card,
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

pub(crate) fn second_coach() -> Actor {
    actor(4, "钱教练", Role::Coach)
}

pub(crate) fn foreign_coach() -> Actor {
    actor(5, "孙教练", Role::Coach)
}

pub(crate) fn super_admin() -> Actor {
    actor(6, "周总", Role::SuperAdmin)
}

pub(crate) fn settings() -> Settings {
    Settings {
        public_url: NOWHERE.to_owned(),
        recipients: vec!["WangGuanLi".to_owned()],
        ..context::settings()
    }
}

/// Ten days before the camp is over.
fn paid(id: i64) -> rows::Payment {
    rows::payment(id).paid_at(OVER_AT - 864_000_000_000)
}

/// Staff, camps and the sync.
fn scenery() -> impl Rows {
    let staff = [
        rows::staff(1, "wang", "admin", "王管理"),
        rows::staff(2, "li", "admin", "李管理"),
        rows::staff(3, "zhao", "coach", "赵教练"),
        rows::staff(4, "qian", "coach", "钱教练"),
        rows::staff(5, "sun", "coach", "孙教练"),
        rows::staff(6, "zhou", "super_admin", "周总"),
    ];
    let writing = rows::camp(1, "写作营").group_robot_key(vec![0]);
    let camps = [
        writing.current_sync_id(1).posts_sync_id(1).status("ended"),
        rows::camp(2, "阅读营").status("ended"),
    ];
    let leads = [(1, 3), (1, 4), (2, 5)].map(|(camp, user)| rows::lead(camp, user, "coach"));
    let sync = rows::sync(1, OVER_AT).finished_at(OVER_AT + 100_000_000);
    (staff, camps, leads, sync)
}
