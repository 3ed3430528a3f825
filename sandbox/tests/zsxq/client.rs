//! A signed client.

use aws_lc_rs::digest;
use chrono::{DateTime, TimeDelta, Utc};
use sandbox::zsxq::{GROUP_ID, NewProject, NewUser, TOKEN};
use sandbox::{Sandbox, SandboxConfig};
use serde_json::Value;

/// A sandbox and a client that talks to its planet.
pub(crate) struct Client {
    pub(crate) sandbox: Sandbox,
    http: reqwest::Client,
}

/// What a call was answered.
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) expires_in: String,
    pub(crate) raw: String,
}

impl Answered {
    /// The data of a call that succeeded.
    pub(crate) fn data(&self) -> Value {
        let body: Value = serde_json::from_str(&self.raw).unwrap();
        assert_eq!(body["succeeded"], true, "{}", self.raw);
        body["resp_data"].clone()
    }

    /// The code of a call that failed.
    pub(crate) fn code(&self) -> i64 {
        let body: Value = serde_json::from_str(&self.raw).unwrap();
        assert_eq!(body["succeeded"], false, "{}", self.raw);
        body["code"].as_i64().unwrap()
    }
}

/// How a call differs from a correct one.
#[derive(Clone, Copy)]
pub(crate) struct Manner<'a> {
    pub(crate) carrier: (&'a str, &'a str),
    pub(crate) signed_suffix: &'a str,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) user_agent: &'a str,
}

impl Default for Manner<'_> {
    fn default() -> Self {
        Self {
            carrier: ("authorization", TOKEN),
            signed_suffix: "",
            request_id: None,
            user_agent: "sandbox-test/1",
        }
    }
}

impl Client {
    pub(crate) async fn start() -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        Self {
            sandbox,
            http: reqwest::Client::new(),
        }
    }

    pub(crate) async fn get(&self, target: &str) -> Answered {
        self.call("GET", target, String::new(), Manner::default())
            .await
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        target: &str,
        body: String,
        manner: Manner<'_>,
    ) -> Answered {
        let url = format!("{}/zsxq{target}", self.sandbox.base_url());
        let timestamp = self.sandbox.clock().wall_now().timestamp();
        let fresh = uuid::Uuid::new_v4().to_string();
        let request_id = manner.request_id.unwrap_or(&fresh);
        let text = format!("{url}{} {timestamp} {request_id}", manner.signed_suffix);
        let sha1 = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        let signature: String = sha1
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let response = self
            .http
            .request(method.parse().unwrap(), url)
            .header("X-Timestamp", timestamp)
            .header("X-Request-Id", request_id)
            .header("X-Signature", signature)
            .header("X-Version", "2.83.0")
            .header("User-Agent", manner.user_agent)
            .header(manner.carrier.0, manner.carrier.1)
            .body(body)
            .send()
            .await
            .unwrap();
        Answered {
            status: response.status().as_u16(),
            expires_in: response
                .headers()
                .get("x-expire-in")
                .map(|value| value.to_str().unwrap().to_owned())
                .unwrap_or_default(),
            raw: response.text().await.unwrap(),
        }
    }

    /// A nine-day project that began ten days ago.
    pub(crate) fn project(&self) -> i64 {
        let now = self.sandbox.clock().now();
        self.sandbox.zsxq().add_project(NewProject {
            title: "写作营/01".to_owned(),
            checkin_days: 9,
            created_at: now - TimeDelta::days(10),
            expires_at: Some(now + TimeDelta::days(1)),
        })
    }

    pub(crate) fn user(&self, name: &str) -> i64 {
        let user = NewUser {
            name: name.to_owned(),
            ..NewUser::default()
        };
        self.sandbox.zsxq().add_user(user)
    }

    pub(crate) fn broken_rules(&self) -> Vec<String> {
        self.sandbox
            .violations()
            .all()
            .into_iter()
            .map(|violation| violation.rule)
            .collect()
    }
}

/// `/v2/groups/{the planet}` and what follows.
pub(crate) fn planet(rest: &str) -> String {
    format!("/v2/groups/{GROUP_ID}{rest}")
}

/// `…/checkins/{project}` and what follows.
pub(crate) fn checkins(project: i64, rest: &str) -> String {
    planet(&format!("/checkins/{project}{rest}"))
}

/// A moment by the planet's clock.
pub(crate) fn at(time: &str) -> DateTime<Utc> {
    DateTime::parse_from_str(time, "%Y-%m-%dT%H:%M:%S%.3f%z")
        .unwrap()
        .with_timezone(&Utc)
}
