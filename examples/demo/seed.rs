//! Camps in different states, made the way people make them: through the API, the cashier and the
//! clock.

use anyhow::{Context as _, ensure};
use campkeeper::app::App;
use campkeeper::domain::Role;
use campkeeper::services::staff::{self, NewAccount};
use chrono::{DateTime, Days, FixedOffset, NaiveDate, TimeDelta, Utc};
use reqwest::multipart::{Form, Part};
use sandbox::Sandbox;
use sandbox::zsxq::{NewProject, NewUser};
use serde_json::{Value, json};

/// The password of the demo's accounts.
pub(crate) const PASSWORD: &str = "camp-demo-2026";

/// What a night does, in its order.
pub(crate) const NIGHT: [&str; 5] = [
    "advance-camps",
    "sync-checkins",
    "expire-bindings",
    "smart-match",
    "build-refund-lists",
];

/// Days of each camp of the demo.
const DAYS: u64 = 10;
/// The robot of the first camp's group.
const ROBOT_KEY: &str = "11111111-2222-4333-8444-000000000001";

struct Planter<'a> {
    sandbox: &'a Sandbox,
    url: &'a str,
    client: reqwest::Client,
    token: String,
    coach_id: i64,
}

/// A camp of ours and the planet's project behind it.
struct Camp {
    id: i64,
    checkin_id: i64,
    first_day: NaiveDate,
}

/// Plants an ended camp whose refunds wait, a running one, one that takes people in, and a draft.
pub(crate) async fn plant(app: &App, sandbox: &Sandbox, url: &str) -> anyhow::Result<()> {
    for (username, role, name, userid) in [
        ("admin", Role::SuperAdmin, "林越", "lin.yue"),
        ("admin2", Role::Admin, "陈安", "chen.an"),
        ("coach", Role::Coach, "周可", "zhou.ke"),
    ] {
        let account = NewAccount {
            username: username.to_owned(),
            password: PASSWORD.to_owned().into(),
            role,
            display_name: Some(name.to_owned()),
            wecom_userid: Some(userid.to_owned()),
        };
        staff::create(&app.ctx, None, account).await?;
    }
    let planter = Planter::sign_in(sandbox, url).await?;
    let now = sandbox.clock().wall_now();

    sandbox.clock().set(now - TimeDelta::days(12));
    let ended = planter.camp("九月写作营", true).await?;
    let days = [10, 9, 8, 8, 7, 7, 6, 3, 0];
    planter
        .enroll(
            &ended,
            &days,
            &[
                "小明同学",
                "阿花",
                "山风",
                "木木",
                "晴天",
                "Leo",
                "橙子",
                "懒羊羊",
                "路过",
            ],
        )
        .await?;

    sandbox.clock().set(now - TimeDelta::days(4));
    planter.run("advance-camps").await?;
    let running = planter.camp("晨读打卡营", true).await?;
    planter
        .enroll(&running, &[4, 4, 3, 1], &["早起鸟", "星河", "南枝", "半夏"])
        .await?;

    sandbox.clock().set(now);
    for job in NIGHT {
        planter.run(job).await?;
    }
    planter.camp("十二月读书营", true).await?;
    planter.camp("新年跑步营", false).await?;
    Ok(())
}

impl<'a> Planter<'a> {
    async fn sign_in(sandbox: &'a Sandbox, url: &'a str) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let mut planter = Self {
            sandbox,
            url,
            client,
            token: String::new(),
            coach_id: 0,
        };
        let login = json!({"username": "admin", "password": PASSWORD});
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

    /// A camp that begins tomorrow; published unless it stays a draft.
    async fn camp(&self, name: &str, publish: bool) -> anyhow::Result<Camp> {
        let first_day = shanghai_day(self.sandbox.clock().now()) + Days::new(1);
        let begins = start_of(first_day);
        let checkin_id = self.sandbox.zsxq().add_project(NewProject {
            title: name.to_owned(),
            checkin_days: 10,
            created_at: begins,
            expires_at: Some(begins + TimeDelta::days(10) - TimeDelta::milliseconds(1)),
        });
        let (poster, code) = (
            self.upload([52, 120, 246]).await?,
            self.upload([30, 30, 30]).await?,
        );
        let camp = json!({
            "name": name,
            "posterUploadId": if publish { json!(poster) } else { Value::Null },
            "depositFen": 9900,
            "startDate": first_day.to_string(),
            "endDate": (first_day + Days::new(DAYS - 1)).to_string(),
            "totalDays": DAYS, "requiredDays": 7,
            "groupQrUploadIds": [code],
            "introduction": "<p>每天 300 字，坚持 10 天，押金全退。</p>",
            "coachIds": [self.coach_id],
            "planetProjectId": checkin_id.to_string(),
            "groupRobotKey": ROBOT_KEY,
        });
        let made = self.post("/api/admin/camps", &camp).await?;
        let id = made["id"].as_i64().context("a camp")?;
        if publish {
            self.post(&format!("/api/admin/camps/{id}/publish"), &json!({}))
                .await?;
        }
        Ok(Camp {
            id,
            checkin_id,
            first_day,
        })
    }

    /// Has people pay for a camp and check in on its first days, one number of days each.
    async fn enroll(&self, camp: &Camp, days: &[i64], names: &[&str]) -> anyhow::Result<()> {
        for (&name, &days) in names.iter().zip(days) {
            let account = self.sandbox.zsxq().add_user(NewUser {
                name: name.to_owned(),
                ..NewUser::default()
            });
            for day in 0..days {
                let at = start_of(camp.first_day) + TimeDelta::days(day) + TimeDelta::hours(8);
                self.sandbox.zsxq().post(camp.checkin_id, account, at);
            }
            let order = json!({
                "campId": camp.id, "channel": "native",
                "planetUserId": account.to_string(), "planetNickname": name,
                "wechatNickname": name,
            });
            let ordered = self.post("/api/h5/payments", &order).await?;
            let order_no = ordered["orderNo"].as_str().context("an order")?;
            self.sandbox.wechat_pay().pay(order_no)?;
            self.until_paid(order_no).await?;
        }
        Ok(())
    }

    async fn until_paid(&self, order_no: &str) -> anyhow::Result<()> {
        for _ in 0..200 {
            let status = self
                .get(&format!("/api/h5/payments/{order_no}/status"))
                .await?;
            if status["status"] == "paid" {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        anyhow::bail!("the payment of {order_no} did not arrive")
    }

    async fn run(&self, job: &str) -> anyhow::Result<()> {
        self.post(&format!("/api/admin/jobs/{job}/run"), &json!({}))
            .await?;
        Ok(())
    }

    async fn upload(&self, colour: [u8; 3]) -> anyhow::Result<i64> {
        let mut png = std::io::Cursor::new(Vec::new());
        let picture = image::RgbImage::from_pixel(480, 270, image::Rgb(colour));
        picture.write_to(&mut png, image::ImageFormat::Png)?;
        let part = Part::bytes(png.into_inner())
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

fn shanghai_day(at: DateTime<Utc>) -> NaiveDate {
    FixedOffset::east_opt(8 * 3600).map_or_else(
        || at.date_naive(),
        |shanghai| at.with_timezone(&shanghai).date_naive(),
    )
}

fn start_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(chrono::NaiveTime::MIN).and_utc() - TimeDelta::hours(8)
}
