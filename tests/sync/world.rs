//! A planet with one check-in project, and a camp of ours that follows it.

use std::sync::Arc;
use std::time::Duration;

use campkeeper::domain::staff::{Actor, Channel};
use campkeeper::domain::{
    BindMethod, BindStatus, CampId, Clock, Fen, Machine as _, MatchStatus, MemberId, OrderNo,
    PayChannel, PlanetUserId, Role, SyncId, Terms, Timestamp, UserId,
};
use campkeeper::services::sync::{self, SyncRun};
use campkeeper::services::{Clients, Context, LiveContext, Runtime, Settings, WallClock};
use campkeeper::store::camps::{self, Camp};
use campkeeper::store::members::{self, Identity, Member};
use campkeeper::store::payments::{self, NewPayment, Payee, PlanetClaim};
use campkeeper::store::{Note, StoreError};
use chrono::{DateTime, NaiveDate, Utc};
use sandbox::zsxq::{GROUP_ID, NewProject, TOKEN};
use sandbox::{Fault, FaultKind, Platform, Sandbox, SandboxClock, SandboxConfig};

use crate::context;
use crate::planet_client::planet_client;
use crate::rows;
use crate::support::TestDb;

/// Waits longer than any sync of a test takes.
pub(crate) const TO_ITS_END: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) ctx: Context,
    pub(crate) project: i64,
    pub(crate) camp: CampId,
    pub(crate) db: TestDb,
    _files: tempfile::TempDir,
}

struct Time(SandboxClock);

impl Clock for Time {
    fn now(&self) -> Timestamp {
        self.0.now().into()
    }
}

impl WallClock for Time {
    fn now(&self) -> Timestamp {
        self.0.wall_now().into()
    }
}

/// A moment in Shanghai, in January 2026.
pub(crate) fn at(day_and_time: &str) -> DateTime<Utc> {
    let text = format!("2026-01-{day_and_time}+0800");
    DateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f%z")
        .unwrap()
        .to_utc()
}

pub(crate) fn day(d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, d).unwrap()
}

/// Seven days, five of them needed, one of grace.
pub(crate) fn terms() -> Terms {
    Terms {
        deposit_fen: Fen::new(9900).unwrap(),
        start_date: day(1),
        end_date: day(7),
        total_days: 7,
        required_days: 5,
        grace_days: 1,
    }
}

pub(crate) fn admin() -> Actor {
    Actor {
        user_id: UserId(1),
        name: "王管理".to_owned(),
        role: Role::Admin,
        channel: Channel::Console,
        ip: None,
    }
}

impl World {
    /// It is noon of the fourth day.
    pub(crate) async fn start(db: TestDb) -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        sandbox.clock().set(at("04T12:00:00.000"));
        let project = sandbox.zsxq().add_project(NewProject {
            title: "写作营".to_owned(),
            checkin_days: 7,
            created_at: at("01T00:00:00.000"),
            expires_at: None,
        });
        let files = tempfile::tempdir().unwrap();
        let ctx = context(&sandbox, &db, &files).await;
        let world = Self {
            sandbox,
            ctx,
            project,
            camp: CampId(1),
            db,
            _files: files,
        };
        world.db.add(world.a_camp(1)).await;
        world
    }

    /// The context of operations, which the settings that it has now can be replaced in.
    pub(crate) fn live(&self) -> LiveContext {
        self.ctx.clone().into()
    }

    /// The settings and clients once the cookie is `token`.
    pub(crate) fn with_cookie(&self, token: &str) -> Runtime {
        let clients = Clients {
            planet: Some(planet_client(&self.sandbox, token)),
            ..Clients::default()
        };
        Runtime {
            generation: 1,
            settings: Arc::clone(&self.ctx.settings),
            clients: clients.into(),
        }
    }

    fn a_camp(&self, id: i64) -> rows::Camp {
        let camp = rows::camp(id, "写作营").terms(rows::SEVEN_DAYS);
        camp.planet_project_id(self.project.to_string())
    }

    /// Another camp of the same planet, which has ended.
    pub(crate) async fn add_ended_camp(&self) {
        self.db.add(self.a_camp(2).status("ended")).await;
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.db.run(sql).await;
    }

    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        self.db.texts(sql).await
    }

    pub(crate) async fn count(&self, from: &str) -> i64 {
        let sql = format!("SELECT CAST(COUNT(*) AS TEXT) FROM {from}");
        self.texts(&sql).await[0].parse().unwrap()
    }

    /// A member who has paid and is known to be this account.
    pub(crate) async fn member(&self, account: i64) -> MemberId {
        let identity = Identity {
            planet_user_id: Some(PlanetUserId(account)),
            planet_nickname: "会员".to_owned(),
            confidence: 100,
            ..Identity::default()
        };
        self.enroll(terms(), None, identity, MatchStatus::Matched)
            .await
    }

    /// A member who has typed who they are, and whom nobody has confirmed.
    pub(crate) async fn claimant(
        &self,
        planet_id: &str,
        nickname: &str,
        account: Option<i64>,
    ) -> MemberId {
        let identity = Identity {
            planet_user_id: account.map(PlanetUserId),
            planet_nickname: nickname.to_owned(),
            confidence: 50,
            ..Identity::default()
        };
        let claim = Some((planet_id, nickname));
        self.enroll(terms(), claim, identity, MatchStatus::Pending)
            .await
    }

    pub(crate) async fn enroll(
        &self,
        terms: Terms,
        claim: Option<(&str, &str)>,
        identity: Identity,
        status: MatchStatus,
    ) -> MemberId {
        let claim = claim.map(|(id, name)| PlanetClaim {
            planet_id: Some(id.to_owned()),
            nickname: Some(name.to_owned()),
            ..PlanetClaim::default()
        });
        let (now, camp) = (self.ctx.now(), self.camp);
        let order = NewPayment {
            order_no: OrderNo::new(self.ctx.new_uuid()),
            camp_id: camp,
            session_hash: self.ctx.new_uuid().as_bytes().to_vec(),
            channel: PayChannel::Native,
            terms,
            promise: self.ctx.settings.promise.promise(&terms),
            info_version: String::new(),
            payer: None,
            wecom_userid: None,
            claim: claim.unwrap_or_default(),
            expires_at: now,
            payer_ip: None,
            next_query_at: now,
            payee: Payee {
                mch_id: "1900000001".to_owned(),
                app_id: "wx1".to_owned(),
            },
        };
        let note = Note::new("test", "paid", now);
        self.ctx
            .db
            .write(move |tx| {
                Box::pin(async move {
                    let payment = payments::insert(tx, &order, &note).await?;
                    members::insert(tx, camp, payment, &identity, status, &note);
                    payments::set_member(tx, payment, None);
                    let bound = BindStatus::Pending.to(BindStatus::Completed).unwrap();
                    let how = Some(BindMethod::UserFill);
                    payments::advance_binding(tx, payment, bound, how, &note);
                    let paid = payments::by_id(tx, payment).await?.unwrap();
                    Ok::<_, StoreError>(paid.member_id.unwrap())
                })
            })
            .await
            .unwrap()
    }

    /// Syncs the camp and waits for the end.
    pub(crate) async fn sync(&self) -> SyncRun {
        sync::request(&self.ctx, &admin(), self.camp, TO_ITS_END)
            .await
            .unwrap()
    }

    pub(crate) async fn camp_row(&self) -> Camp {
        let mut conn = self.ctx.db.read().await.unwrap();
        camps::by_id(&mut conn, self.camp).await.unwrap().unwrap()
    }

    pub(crate) async fn current_sync(&self) -> Option<SyncId> {
        self.camp_row().await.current_sync
    }

    pub(crate) async fn member_row(&self, id: MemberId) -> Member {
        let mut conn = self.ctx.db.read().await.unwrap();
        members::by_id(&mut conn, id).await.unwrap().unwrap()
    }

    /// Days and eligibility of one member.
    pub(crate) async fn standing(&self, id: MemberId) -> (i64, bool) {
        let member = self.member_row(id).await;
        (member.checked_in_days, member.eligible)
    }

    /// A call of the project, after `after` of its pages, fails for as long as anybody tries.
    pub(crate) fn break_call(&self, call: &str, after: u32) {
        let path = format!("/v2/groups/{GROUP_ID}/checkins/{}/{call}", self.project);
        let broken = FaultKind::HttpStatus {
            status: 502,
            body: "<html></html>".to_owned(),
        };
        let fault = Fault::new(Platform::Zsxq, path, broken);
        self.sandbox.faults().add(fault.after(after).times(1_000));
    }
}

async fn context(sandbox: &Sandbox, db: &TestDb, files: &tempfile::TempDir) -> Context {
    let time = || Time(sandbox.clock().clone());
    let (clock, wall) = (Arc::new(time()), Arc::new(time()));
    let clients = Clients {
        planet: Some(planet_client(sandbox, TOKEN)),
        ..Clients::default()
    };
    Context {
        clients: clients.into(),
        ..context::context(db, clock, wall, settings(), files).await
    }
}

fn settings() -> Settings {
    Settings {
        recipients: vec!["Boss".to_owned()],
        ..context::settings()
    }
}
