//! How the demo's past is made: the way people make it, through the API, the cashier and the clock.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Utc};
use reqwest::multipart::{Form, Part};
use sandbox::Sandbox;
use sandbox::wechat_pay::PayOptions;
use sandbox::zsxq::{NewProject, NewUser};
use serde_json::{Value, json};

use super::pictures;

/// The jobs of a night, by the names of the API.
const NIGHT: [&str; 5] = [
    "advance-camps",
    "sync-checkins",
    "expire-bindings",
    "smart-match",
    "build-refund-lists",
];
/// What we wait for comes within this, or never.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What makes a camp.
pub(super) struct Plan {
    pub(super) name: &'static str,
    pub(super) introduction: &'static str,
    pub(super) colour: [u8; 3],
    pub(super) deposit_fen: i64,
    pub(super) days: u64,
    pub(super) required_days: u64,
    /// The group robot that tells of refunds.
    pub(super) robot_key: &'static str,
}

/// A camp of ours and the planet's project behind it.
pub(super) struct Camp {
    pub(super) id: i64,
    pub(super) checkin_id: i64,
    pub(super) first_day: NaiveDate,
}

/// What somebody fills in when they pay.
#[derive(Default)]
pub(super) struct Claim {
    /// Number or account of the planet, and the nickname there; `None`: bound later, or never.
    pub(super) planet: Option<(String, String)>,
    pub(super) wechat_nickname: String,
    /// Whose money it is; `None`: somebody new.
    pub(super) openid: Option<String>,
    /// What they pay instead of the deposit.
    pub(super) paid_fen: Option<i64>,
}

/// A signed-in admin who also holds the stand-ins.
pub(super) struct Planter<'a> {
    pub(super) sandbox: &'a Sandbox,
    url: &'a str,
    client: reqwest::Client,
    token: String,
    coach_id: i64,
}

/// Somebody in the back office's roster.
pub(super) struct RosterRow<'a> {
    number: i64,
    account: i64,
    nickname: &'a str,
}

impl<'a> RosterRow<'a> {
    pub(super) const fn new(number: i64, account: i64, nickname: &'a str) -> Self {
        Self {
            number,
            account,
            nickname,
        }
    }
}

impl<'a> Planter<'a> {
    pub(super) async fn sign_in(
        sandbox: &'a Sandbox,
        url: &'a str,
        password: &str,
    ) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let mut planter = Self {
            sandbox,
            url,
            client,
            token: String::new(),
            coach_id: 0,
        };
        let login = json!({"username": "admin", "password": password});
        let session = planter.post("/api/auth/login", &login).await?;
        planter.token = session["token"].as_str().context("a token")?.to_owned();
        let users = planter.get("/api/admin/users?size=100").await?;
        let coach = users["items"]
            .as_array()
            .and_then(|users| users.iter().find(|user| user["username"] == "coach"));
        planter.coach_id = coach
            .and_then(|user| user["id"].as_i64())
            .context("the coach")?;
        Ok(planter)
    }

    /// Lets time go on to `instant`, and waits until the product has done that night's work.
    pub(super) async fn night(&self, instant: DateTime<Utc>) -> anyhow::Result<()> {
        self.sandbox.clock().set(instant);
        let yesterday = instant - TimeDelta::days(1);
        self.until("the night's work", async || {
            let jobs = self.get("/api/admin/jobs").await?;
            let jobs = jobs["items"].as_array().context("jobs")?;
            let is_through = |name: &str| {
                let job = jobs.iter().find(|job| job["name"] == name);
                job.is_some_and(|job| {
                    let run = &job["lastRun"];
                    let scheduled = run["scheduledAt"]
                        .as_str()
                        .and_then(|at| DateTime::parse_from_rfc3339(at).ok());
                    run["finishedAt"].is_string() && scheduled.is_some_and(|at| at > yesterday)
                })
            };
            Ok(NIGHT.iter().all(|name| is_through(name)))
        })
        .await
    }

    /// Somebody on the planet.
    pub(super) fn account(&self, name: &str, number: Option<i64>) -> i64 {
        self.sandbox.zsxq().add_user(NewUser {
            name: name.to_owned(),
            number,
            ..NewUser::default()
        })
    }

    /// A camp that begins tomorrow. Without a poster it stays a draft.
    pub(super) async fn camp(&self, plan: &Plan, has_poster: bool) -> anyhow::Result<Camp> {
        let first_day = shanghai_day(self.sandbox.clock().now()) + Days::new(1);
        let begins = start_of(first_day);
        let days = TimeDelta::days(i64::try_from(plan.days)?);
        let checkin_id = self.sandbox.zsxq().add_project(NewProject {
            title: plan.name.to_owned(),
            checkin_days: u32::try_from(plan.required_days)?,
            // A day ahead: who is early posts before the camp begins.
            created_at: begins - TimeDelta::days(1),
            expires_at: Some(begins + days - TimeDelta::milliseconds(1)),
        });
        let poster = match has_poster {
            true => json!(self.upload(pictures::poster(plan.colour)?).await?),
            false => Value::Null,
        };
        let code = self
            .upload(pictures::group_code(&checkin_id.to_string())?)
            .await?;
        let camp = json!({
            "name": plan.name,
            "posterUploadId": poster,
            "depositFen": plan.deposit_fen,
            "startDate": first_day.to_string(),
            "endDate": (first_day + Days::new(plan.days - 1)).to_string(),
            "totalDays": plan.days, "requiredDays": plan.required_days,
            "groupQrUploadIds": [code],
            "introduction": plan.introduction,
            "coachIds": [self.coach_id],
            "planetProjectId": checkin_id.to_string(),
            "groupRobotKey": plan.robot_key,
        });
        let made = self.post("/api/admin/camps", &camp).await?;
        Ok(Camp {
            id: made["id"].as_i64().context("a camp")?,
            checkin_id,
            first_day,
        })
    }

    pub(super) async fn published(&self, plan: &Plan) -> anyhow::Result<Camp> {
        let camp = self.camp(plan, true).await?;
        let path = format!("/api/admin/camps/{}/publish", camp.id);
        self.post(&path, &json!({})).await?;
        Ok(camp)
    }

    /// Has an account check in on the camp's first `days` days, each morning as it comes; days
    /// below zero lie before the camp.
    pub(super) fn check_in(&self, camp: &Camp, account: i64, days: std::ops::Range<i64>) {
        for day in days {
            // Not all at the same minute.
            let minutes = TimeDelta::minutes(account % 90);
            let morning = TimeDelta::days(day) + TimeDelta::hours(7) + minutes;
            let at = start_of(camp.first_day) + morning;
            self.sandbox.zsxq().post(camp.checkin_id, account, at);
        }
    }

    /// Orders a place and pays for it.
    pub(super) async fn pay(&self, camp: &Camp, claim: Claim) -> anyhow::Result<()> {
        let mut order = json!({"campId": camp.id, "channel": "native"});
        if let Some((id, nickname)) = claim.planet {
            order["planetUserId"] = json!(id);
            order["planetNickname"] = json!(nickname);
            // Two of the story name one account, and mean it.
            order["confirmClaim"] = json!(true);
        }
        order["wechatNickname"] = json!(claim.wechat_nickname);
        let ordered = self.post("/api/h5/payments", &order).await?;
        let order_no = ordered["orderNo"].as_str().context("an order")?;
        let options = PayOptions {
            openid: claim.openid,
            total_fen: claim.paid_fen,
            ..PayOptions::default()
        };
        self.sandbox.wechat_pay().pay_with(order_no, options)?;
        let path = format!("/api/h5/payments/{order_no}/status");
        self.until("a payment", async || {
            Ok(self.get(&path).await?["status"] == "paid")
        })
        .await
    }

    /// Approves what is clear of a camp's list, lets the time to undo pass, and waits for the money.
    pub(super) async fn refund_all(&self, camp: &Camp) -> anyhow::Result<()> {
        let clear = json!({"campId": camp.id});
        self.post("/api/admin/refunds/batch-approve", &clear)
            .await?;
        self.sandbox.clock().advance(TimeDelta::minutes(1));
        let path = format!("/api/admin/refunds?campId={}&size=100", camp.id);
        self.until("the refunds", async || {
            let refunds = self.get(&path).await?;
            let refunds = refunds["items"].as_array().context("refunds")?;
            let is_done = |refund: &Value| refund["status"] == "success";
            Ok(!refunds.is_empty() && refunds.iter().all(is_done))
        })
        .await
    }

    async fn until(
        &self,
        what: &str,
        is_so: impl AsyncFn() -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let waiting = async {
            while !is_so().await? {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            anyhow::Ok(())
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(done) => done,
            Err(_) => bail!("{what} did not come within {PATIENCE:?}"),
        }
    }

    /// Imports a roster, as staff do with the back office's export.
    pub(super) async fn import_roster(&self, rows: &[RosterRow<'_>]) -> anyhow::Result<()> {
        let mut csv = "planet_user_id,member_number,planet_nickname,wechat_nickname\n".to_owned();
        for row in rows {
            csv.push_str(&format!(
                "{},{},{},\n",
                row.account, row.number, row.nickname
            ));
        }
        let part = Part::bytes(csv.into_bytes())
            .file_name("roster.csv")
            .mime_str("text/csv")?;
        let path = format!("{}/api/admin/roster/import", self.url);
        let form = Form::new().part("file", part);
        let report = self.send(self.client.post(path).multipart(form)).await?;
        let added = report["added"].as_u64();
        ensure!(added == u64::try_from(rows.len()).ok(), "{report}");
        Ok(())
    }

    async fn upload(&self, png: Vec<u8>) -> anyhow::Result<i64> {
        let part = Part::bytes(png)
            .file_name("picture.png")
            .mime_str("image/png")?;
        let request = self.client.post(format!("{}/api/admin/uploads", self.url));
        let upload = self
            .send(request.multipart(Form::new().part("file", part)))
            .await?;
        upload["id"].as_i64().context("an upload")
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(self.client.get(format!("{}{path}", self.url)))
            .await
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(self.client.post(format!("{}{path}", self.url)).json(body))
            .await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let response = request.bearer_auth(&self.token).send().await?;
        let status = response.status();
        let mut answer: Value = response.json().await?;
        ensure!(status.is_success(), "{status}: {answer}");
        Ok(answer["data"].take())
    }
}

pub(super) fn shanghai_day(at: DateTime<Utc>) -> NaiveDate {
    FixedOffset::east_opt(8 * 3600).map_or_else(
        || at.date_naive(),
        |shanghai| at.with_timezone(&shanghai).date_naive(),
    )
}

pub(super) fn start_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc() - TimeDelta::hours(8)
}
