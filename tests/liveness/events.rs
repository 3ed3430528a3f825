//! A day: the clock's jobs in their order, and between them what members, the planet, WeChat Pay
//! and bad luck do.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use campkeeper::domain::PayChannel;
use campkeeper::services::enroll::{self, Request};
use campkeeper::services::{
    Context, LiveContext, bind, camps, confirm_payment, custody, matching, reconcile, refund, sync,
};
use campkeeper::store::payments::PlanetClaim;
use chrono::TimeDelta;
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use sandbox::wechat_pay::{PayOptions, RefundOutcome};
use sandbox::{Fault, FaultKind, Platform};
use serde_json::json;

use crate::session::open_session;
use crate::world::{NOWHERE, World};

const REFUNDS: &str = "v3/refund/domestic/refunds";
/// Of the whole day, the clock runs every so often.
const STEPS: u32 = 4;

impl World {
    /// One day, from midnight to midnight.
    pub(crate) async fn day(&mut self, with_faults: bool) {
        self.pass(TimeDelta::minutes(5));
        self.job(
            "advance",
            camps::advance_by_calendar(&self.ctx.clone()).await,
        );
        if with_faults {
            self.trouble();
        }
        self.pass(TimeDelta::minutes(55));
        let live = LiveContext::from(self.ctx.clone());
        self.job("sync", sync::sync_all(&live).await);
        self.pass(TimeDelta::hours(1));
        self.job("expire", bind::expire(&self.ctx.clone()).await);
        self.job(
            "smart-match",
            matching::smart_match(&self.ctx.clone()).await,
        );
        self.job("lists", refund::build_due_lists(&self.ctx.clone()).await);
        let step = TimeDelta::hours(20) / i32::try_from(STEPS).unwrap();
        for _ in 0..STEPS {
            self.check_in();
            if with_faults {
                self.trouble();
                self.mistake().await;
                self.a_member_acts().await;
                self.somebody_clicks().await;
            } else {
                self.staff_does_its_work().await;
            }
            self.job("reconcile", reconcile::unpaid(&self.ctx.clone()).await);
            self.run_refunds(with_faults).await;
            self.pass(step);
        }
        self.job("watch", custody::watch(&self.ctx.clone()).await);
        self.pass(TimeDelta::hours(2));
    }

    /// A job may fail in part: whoever watches jobs hears of it, and it runs again.
    fn job<T: std::fmt::Debug>(&mut self, name: &str, done: campkeeper::services::Result<T>) {
        if let Err(error) = done {
            self.tell(format!("{name}: {error}"));
        }
    }

    async fn run_refunds(&mut self, with_faults: bool) {
        let ctx: Context = self.ctx.clone();
        if with_faults && self.one_in(6) {
            // The process dies somewhere in the middle.
            let after = Duration::from_micros(self.rng.random_range(0..4_000));
            let killed = tokio::time::timeout(after, refund::run_due(&ctx)).await;
            self.tell(format!(
                "runner killed after {after:?}: {}",
                killed.is_err()
            ));
        } else {
            let ran = refund::run_due(&ctx).await;
            self.job("run-refunds", ran);
        }
        self.pass(TimeDelta::minutes(11));
        let ran = refund::run_due(&ctx).await;
        self.job("run-refunds", ran);
    }

    /// Faults stop, and what was broken outside is whole again.
    pub(crate) async fn calm(&mut self) {
        self.tell("calm");
        self.mend_rows().await;
        self.follow_the_right_projects().await;
        self.sandbox.faults().clear();
        self.sandbox.wechat_pay().set_balance(100_000_000);
        self.sandbox.wechat_pay().set_frequency_limited(false);
    }

    /// The diligent post in their camps' projects.
    fn check_in(&mut self) {
        let today = self.today();
        let now = self.sandbox.clock().now();
        let mut posts = Vec::new();
        for camp in &self.camps {
            if today < camp.start || today > camp.end {
                continue;
            }
            for person in &self.people {
                posts.push((camp.project, person.account, person.diligence));
            }
        }
        for (project, account, diligence) in posts {
            if self.rng.random_range(0..100) < diligence / STEPS + 10 {
                self.sandbox.zsxq().post(project, account, now);
            }
        }
    }

    /// Somebody pays: in time or late, the right sum or another, once or twice, heard of or not.
    async fn a_member_acts(&mut self) {
        if !self.one_in(2) {
            return;
        }
        let camp = self.camps.choose(&mut self.rng).unwrap().id;
        let who = self.rng.random_range(0..self.people.len());
        let (openid, claim) = {
            let typed = self.rng.random_range(0..4);
            let other = self.rng.random_range(0..self.people.len());
            let person = &self.people[who];
            // Some type nothing, some somebody else's number.
            let claimed = match typed {
                0 => None,
                1 => Some(&self.people[other]),
                _ => Some(person),
            };
            let claim = claimed.map_or_else(PlanetClaim::default, |claimed| PlanetClaim {
                planet_id: Some(claimed.number.to_string()),
                nickname: Some(claimed.nickname.clone()),
                ..PlanetClaim::default()
            });
            (person.openid.clone(), claim)
        };
        let session = open_session(&self.ctx).await.session;
        let request = Request {
            camp_id: camp,
            channel: PayChannel::Native,
            claim,
            confirms_claim: true,
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let ordered =
            match enroll::order(&self.ctx, enroll::Orderer::Known(&session), request).await {
                Ok(ordered) => ordered,
                Err(error) => return self.tell(format!("no order of {openid}: {error}")),
            };
        let late = self.one_in(8);
        if late {
            self.pass(TimeDelta::minutes(40));
            self.job("reconcile", reconcile::unpaid(&self.ctx.clone()).await);
        }
        let paid = PayOptions {
            openid: Some(openid.clone()),
            total_fen: self.one_in(10).then_some(1),
            even_if_closed: true,
            even_if_paid: false,
        };
        let paid = self.sandbox.wechat_pay().pay_with(&ordered.order_no, paid);
        self.tell(format!(
            "{openid} pays {} (late: {late}): {}",
            ordered.order_no,
            paid.is_ok()
        ));
        if !self.one_in(4) {
            self.hear_of(&ordered.order_no).await;
        }
    }

    /// WeChat Pay's word of a payment arrives, sometimes twice.
    async fn hear_of(&mut self, order_no: &str) {
        let ctx = self.ctx.clone();
        let Ok(Some(transaction)) = ctx.pay().unwrap().query_order(order_no).await else {
            return;
        };
        for _ in 0..self.rng.random_range(1..=2) {
            let confirmed = confirm_payment::confirm(&ctx, &transaction, None).await;
            self.job("confirm", confirmed);
        }
    }

    /// Bad luck, in what can go wrong outside.
    fn trouble(&mut self) {
        if !self.one_in(3) {
            return;
        }
        let api = |code: &str| FaultKind::ApiError {
            code: code.to_owned(),
            message: String::new(),
        };
        let pay = |kind| Fault::new(Platform::WechatPay, REFUNDS, kind);
        let gateway = FaultKind::HttpStatus {
            status: 502,
            body: String::new(),
        };
        let named = FaultKind::Named {
            name: "executed_error".to_owned(),
            with: json!({}),
        };
        let times = self.rng.random_range(1..=3);
        let fault = match self.rng.random_range(0..12) {
            0 => pay(api("SYSTEM_ERROR")).method("POST"),
            1 => pay(api("FREQUENCY_LIMITED")).method("POST"),
            2 => pay(api("INVALID_REQUEST")).method("POST"),
            3 => pay(api("USER_ACCOUNT_ABNORMAL")).method("POST"),
            4 => pay(api("NO_AUTH")).method("POST"),
            5 => pay(FaultKind::CutAfter).method("POST"),
            6 => pay(FaultKind::CutBefore),
            7 => pay(gateway),
            8 => pay(named).method("POST"),
            9 => Fault::new(Platform::Zsxq, "", FaultKind::CutBefore),
            10 => Fault::new(Platform::WechatPay, "v3/pay", FaultKind::CutBefore),
            _ => {
                let empty = self.one_in(2);
                let balance = if empty { 0 } else { 100_000_000 };
                self.sandbox.wechat_pay().set_balance(balance);
                return self.tell(format!("the merchant's balance is {balance}"));
            }
        };
        self.tell(format!("trouble ×{times}: {:?}", fault.kind));
        self.sandbox.faults().add(fault.times(times));
        if self.one_in(6) {
            let number = format!("foreign{}", self.rng.random_range(0..1_000_000));
            let foreign = self.sandbox.wechat_pay();
            let _ = foreign.pay_foreign_order(&number, 500, NOWHERE);
        }
        self.end_a_refund();
    }

    /// WeChat Pay ends a refund in an odd way.
    fn end_a_refund(&mut self) {
        let pay = self.sandbox.wechat_pay();
        let refunds = pay.refunds();
        let Some(refund) = refunds.choose(&mut self.rng) else {
            return;
        };
        let outcome = match self.rng.random_range(0..3) {
            0 => RefundOutcome::Success,
            1 => RefundOutcome::Abnormal,
            _ => RefundOutcome::Closed,
        };
        let number = refund.out_refund_no.clone();
        if pay.finish_refund(&number, outcome).is_ok() {
            self.tell(format!("WeChat Pay ends {number}: {outcome:?}"));
        }
    }
}
