//! Two camps, their staff, a roster, and members who have paid.

use std::sync::Arc;

use campkeeper::domain::refund::{Proposal, Provenance};
use campkeeper::domain::staff::{Actor, Channel};
use campkeeper::domain::{
    BindMethod, BindStatus, CampId, Fen, Machine as _, MemberId, OrderNo, OrderStatus, PayChannel,
    PlanetUserId, RefundKind, RefundNo, Role, Terms, UserId,
};
use campkeeper::services::{Context, access_token, bind, identity};
use campkeeper::store::members::{self, Member};
use campkeeper::store::payments::{self, Confirmation, NewPayment, OPENID, Payee, Payer, Payment};
use campkeeper::store::planet_users::{self, PlanetUser};
use campkeeper::store::refunds::{self, NewRefund, Submission};
use campkeeper::store::{Note, StoreError, audit, sessions};
use chrono::{NaiveDate, TimeDelta};

pub(crate) use campkeeper::store::payments::PlanetClaim;

use crate::clock::TestClock;
use crate::context::{context, settings};
use crate::rows::{self, IfNew};
use crate::support::TestDb;

pub(crate) const CAMP: CampId = CampId(1);
pub(crate) const OTHER_CAMP: CampId = CampId(2);

/// 2026-01-01 00:00 in Shanghai.
const NEW_YEAR: i64 = 1_767_196_800_000_000;

pub(crate) struct World {
    pub(crate) ctx: Context,
    pub(crate) db: TestDb,
    time: Arc<TestClock>,
    _files: tempfile::TempDir,
}

fn payee() -> Payee {
    Payee {
        mch_id: "1900000001".to_owned(),
        app_id: "wx1".to_owned(),
    }
}

/// Seven days, five of them needed, one of grace.
fn terms() -> Terms {
    let day = |d| NaiveDate::from_ymd_opt(2026, 1, d).unwrap();
    Terms {
        deposit_fen: Fen::new(9900).unwrap(),
        start_date: day(1),
        end_date: day(7),
        total_days: 7,
        required_days: 5,
        grace_days: 1,
    }
}

/// 1 runs everything, 2 leads the first camp, 3 serves it.
pub(crate) fn actor(user: i64, role: Role) -> Actor {
    Actor {
        user_id: UserId(user),
        name: "王老师".to_owned(),
        role,
        channel: Channel::Console,
        ip: None,
    }
}

pub(crate) fn admin() -> Actor {
    actor(1, Role::Admin)
}

pub(crate) fn typed(planet_id: &str, nickname: &str) -> PlanetClaim {
    PlanetClaim {
        planet_id: Some(planet_id.to_owned()),
        nickname: Some(nickname.to_owned()),
        ..PlanetClaim::default()
    }
}

pub(crate) fn known_in_wechat_as(name: &str) -> PlanetClaim {
    PlanetClaim {
        wechat_nickname: Some(name.to_owned()),
        ..PlanetClaim::default()
    }
}

impl World {
    pub(crate) async fn new(db: TestDb) -> Self {
        let files = tempfile::tempdir().unwrap();
        let time = TestClock::at(NEW_YEAR);
        let ctx = context(&db, time.clone(), time.clone(), settings(), &files).await;
        let world = Self {
            ctx,
            db,
            time,
            _files: files,
        };
        world.seed().await;
        world
    }

    async fn seed(&self) {
        let camps = [(1, "写作营"), (2, "阅读营")]
            .map(|(id, name)| rows::camp(id, name).terms(rows::SEVEN_DAYS));
        let staff = [(1, "admin"), (2, "coach"), (3, "volunteer")]
            .map(|(id, role)| rows::staff(id, role, role, role).wecom_userid(role));
        let leads = [rows::lead(1, 2, "coach"), rows::lead(1, 3, "volunteer")];
        self.db.add((camps, staff, leads)).await;
    }

    pub(crate) fn wait(&self, delta: TimeDelta) {
        self.time.advance(delta);
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.db.run(sql).await;
    }

    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        self.db.texts(sql).await
    }

    /// Puts an account into the roster, or renames it.
    pub(crate) async fn account(&self, id: i64, number: i64, nickname: &str, wechat: &str) {
        self.keep(PlanetUser {
            planet_user_id: PlanetUserId(id),
            member_number: Some(number),
            nickname: nickname.to_owned(),
            card_name: String::new(),
            wechat_nickname: wechat.to_owned(),
            avatar_url: None,
            in_roster: true,
        })
        .await;
    }

    /// A sync sees an account: its id and its name.
    pub(crate) async fn seen(&self, id: i64, nickname: &str) {
        self.keep(PlanetUser {
            planet_user_id: PlanetUserId(id),
            member_number: None,
            nickname: nickname.to_owned(),
            card_name: String::new(),
            wechat_nickname: String::new(),
            avatar_url: None,
            in_roster: false,
        })
        .await;
    }

    async fn keep(&self, user: PlanetUser) {
        let now = self.ctx.now();
        let write = self
            .ctx
            .db
            .write(move |tx| Box::pin(async move { planet_users::upsert(tx, &user, now).await }));
        write.await.unwrap();
    }

    /// Somebody pays the deposit of a camp, and is judged as their claim deserves.
    pub(crate) async fn enroll(&self, camp: CampId, openid: &str, claim: PlanetClaim) -> MemberId {
        let keys = self.ctx.keys();
        let payer = Payer {
            openid: keys.seal(OPENID, openid.as_bytes()).unwrap(),
            openid_mac: keys.kept_mac(OPENID, openid.as_bytes()),
        };
        let now = self.ctx.now();
        let order = NewPayment {
            order_no: OrderNo::new(self.ctx.new_uuid()),
            camp_id: camp,
            session_hash: vec![1],
            channel: PayChannel::Jsapi,
            terms: terms(),
            promise: self.ctx.settings.promise.promise(&terms()),
            info_version: String::new(),
            payer: Some(payer.clone()),
            wecom_userid: None,
            claim,
            expires_at: now,
            payer_ip: None,
            next_query_at: now,
            payee: payee(),
        };
        let paid = Confirmation {
            paid: order.terms.deposit_fen,
            paid_at: now,
            transaction_id: format!("42000{}", order.order_no),
            payer: Some(payer),
            flag: None,
            raw_notice: None,
            payee: payee(),
        };
        let write = self.ctx.db.write(move |tx| {
            Box::pin(async move {
                let note = Note::new("wechat_pay", "payment confirmed", now);
                let payment = payments::insert(tx, &order, &note).await?;
                let change = OrderStatus::Created.to(OrderStatus::Paid)?;
                let seen = payments::by_id(tx, payment).await?.unwrap();
                payments::confirm(tx, &seen, change, &paid, &note);
                let judged = identity::judge(tx, &order.claim).await?;
                let (who, status) = (judged.identity, judged.status);
                members::insert(tx, camp, payment, &who, status, &note);
                let deadline = now.plus(TimeDelta::days(7));
                payments::set_member(tx, payment, Some(deadline));
                if order.claim.planet_id.is_some() {
                    let change = BindStatus::Pending.to(BindStatus::Completed)?;
                    let method = Some(BindMethod::UserFill);
                    payments::advance_binding(tx, payment, change, method, &note);
                }
                let paid = payments::by_id(tx, payment).await?.unwrap();
                Ok::<_, campkeeper::services::Error>(paid.member_id.unwrap())
            })
        });
        write.await.unwrap()
    }

    /// A member who has paid says who they are.
    pub(crate) async fn bind(&self, id: MemberId, claim: PlanetClaim) {
        let payment = self.payment(id).await;
        let token = access_token::of(self.ctx.keys(), &payment.order_no);
        let (hash, now) = (access_token::hash(&token), self.ctx.now());
        let key = self.ctx.keys().present_id();
        let until = now.plus(TimeDelta::days(30));
        let write = self.ctx.db.write(move |tx| {
            Box::pin(async move {
                sessions::add_access_token(tx, &hash, payment.id, key, until, now);
                Ok::<_, StoreError>(())
            })
        });
        write.await.unwrap();
        let request = bind::Request {
            order_no: payment.order_no,
            claim,
            confirms_claim: true,
        };
        bind::bind(&self.ctx, &token, request).await.unwrap();
    }

    /// Seven days pass.
    pub(crate) async fn expire_bindings(&self) {
        self.wait(TimeDelta::days(8));
        bind::expire(&self.ctx).await.unwrap();
    }

    /// The deciding sync of a camp saw this account with so many days.
    pub(crate) async fn ranked(&self, camp: CampId, account: i64, days: i64) {
        let sync = rows::sync(camp.0, 0).camp_id(camp.0);
        let ranked = rows::ranked(account, "", days).sync_id(camp.0);
        self.db.add((IfNew(sync), ranked)).await;
        self.execute(&format!(
            "UPDATE training_camp SET current_sync_id = {camp} WHERE id = {camp}"
        ))
        .await;
    }

    /// The refund list has this member's deposit on it.
    pub(crate) async fn propose_refund(&self, id: MemberId) {
        let payment = self.payment(id).await;
        let proposal = Proposal {
            payment_id: payment.id,
            kind: RefundKind::Deposit,
            amount_fen: payment.amount,
            checked_in_days: 7,
            terms: payment.terms,
            planet_user_id: None,
            rivals: 0,
            flags: Vec::new(),
            reason: String::new(),
        };
        let refund = NewRefund {
            refund_no: RefundNo::new(self.ctx.new_uuid()),
            camp_id: payment.camp_id,
            member_id: Some(id),
            payment_id: payment.id,
            order_no: payment.order_no,
            submission: Submission {
                proposal,
                provenance: Provenance::default(),
                eligible: true,
                proposed_by: None,
            },
        };
        let note = Note::new("refund_list", "test", self.ctx.now());
        let write = self
            .ctx
            .db
            .write(move |tx| Box::pin(async move { refunds::insert(tx, &refund, &note).await }));
        write.await.unwrap();
    }

    pub(crate) async fn member(&self, id: MemberId) -> Member {
        let mut conn = self.ctx.db.read().await.unwrap();
        members::by_id(&mut conn, id).await.unwrap().unwrap()
    }

    pub(crate) async fn payment(&self, id: MemberId) -> Payment {
        let member = self.member(id).await;
        let mut conn = self.ctx.db.read().await.unwrap();
        let payment = payments::by_id(&mut conn, member.payment_id).await.unwrap();
        payment.unwrap()
    }

    pub(crate) async fn binding(&self, id: MemberId) -> (BindStatus, Option<BindMethod>) {
        let payment = self.payment(id).await;
        (payment.bind_status, payment.bind_method)
    }

    /// `from → to (operator)` of every move of a member's match after the first.
    pub(crate) async fn match_history(&self, id: MemberId) -> Vec<String> {
        self.texts(&format!(
            "SELECT from_status || ' → ' || to_status || ' (' || operator || ')' \
             FROM member_status_log WHERE member_id = {id} AND from_status IS NOT NULL ORDER BY id"
        ))
        .await
    }

    /// `from → to` of every move of a member's binding after the first.
    pub(crate) async fn bind_history(&self, id: MemberId) -> Vec<String> {
        self.texts(&format!(
            "SELECT from_status || ' → ' || to_status FROM payment_bind_status_log \
             WHERE payment_id = (SELECT payment_id FROM camp_member WHERE id = {id}) \
             AND from_status IS NOT NULL ORDER BY id"
        ))
        .await
    }

    pub(crate) async fn audit_is_intact(&self) -> bool {
        let mut conn = self.ctx.db.read().await.unwrap();
        let chain = audit::verify(&mut conn, self.ctx.keys()).await.unwrap();
        matches!(chain, audit::ChainStatus::Intact { .. })
    }
}
