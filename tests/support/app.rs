//! The whole product beside the stand-ins: the real router on a real port, clocks that move.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use campkeeper::app::{App, Clocks, SystemClock};
use campkeeper::config::Sources;
use campkeeper::domain::{Clock, Role, Timestamp};
use campkeeper::services::staff::{self, NewAccount};
use campkeeper::store::Engine;
use sandbox::clock::SandboxClock;
use sandbox::wechat_pay::TrustMode;
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};

use crate::support::{fresh_postgres_url, test_master_key};

/// The password of every account that tests make.
pub const PASSWORD: &str = "correct horse battery 1";

/// Business time is the stand-ins': both move together.
struct SharedClock(SandboxClock);

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from(self.0.now())
    }
}

/// The product and the stand-ins.
pub struct TestApp {
    pub app: App,
    pub sandbox: Sandbox,
    pub url: String,
    pub database_url: String,
    config: String,
    variables: Vec<(String, String)>,
    folder: tempfile::TempDir,
}

/// What the real program needs to go on where the test stood.
pub struct HandOver {
    pub sandbox: Sandbox,
    pub file: std::path::PathBuf,
    pub variables: Vec<(String, String)>,
    pub url: String,
    /// Holds the database; removed when dropped.
    pub _folder: tempfile::TempDir,
}

/// An answer: status and the envelope.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
}

impl Reply {
    /// The data of a good answer; anything else fails the test with what was said.
    #[track_caller]
    pub fn data(&self) -> &Value {
        assert_eq!(self.status, 200, "{:#}", self.body);
        &self.body["data"]
    }

    /// The error word of a bad answer.
    #[track_caller]
    pub fn error(&self) -> (u16, &str) {
        (self.status, self.body["error"].as_str().unwrap_or("none"))
    }
}

impl TestApp {
    /// Starts both on an engine, with an admin (`lin.yue`) and a coach (`zhou.ke`).
    pub async fn start(engine: Engine) -> Self {
        Self::start_with(engine, &[]).await
    }

    /// The same with configuration of one's own: (`CAMPKEEPER__…`, value).
    pub async fn start_with(engine: Engine, variables: &[(&str, &str)]) -> Self {
        Self::start_trusting(TrustMode::default(), engine, variables).await
    }

    /// The same with other keys of WeChat Pay.
    pub async fn start_trusting(
        trust: TrustMode,
        engine: Engine,
        variables: &[(&str, &str)],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database_url = match engine {
            Engine::Sqlite => format!("sqlite://{}/campkeeper.db", folder.path().display()),
            Engine::Postgres => fresh_postgres_url().await,
        };
        let sandbox = Sandbox::start(SandboxConfig {
            key_dir: Some(folder.path().to_path_buf()),
            ..SandboxConfig::default()
        })
        .await
        .unwrap();
        sandbox.wechat_pay().set_trust(trust);
        let mut all = vec![
            ("CAMPKEEPER__SERVER__LISTEN", "127.0.0.1:0".to_owned()),
            ("CAMPKEEPER__SERVER__PUBLIC_URL", String::new()),
            (
                "CAMPKEEPER__SERVER__METRICS_LISTEN",
                "127.0.0.1:0".to_owned(),
            ),
            ("CAMPKEEPER__DATABASE__URL", database_url.clone()),
            (
                "CAMPKEEPER__FILES__URL",
                format!("file://{}/uploads", folder.path().display()),
            ),
            (
                "CAMPKEEPER__BACKUP__DIR",
                format!("{}/backups", folder.path().display()),
            ),
            ("CAMPKEEPER__SECURITY__MASTER_KEY", test_master_key()),
            ("CAMPKEEPER__LIMITS__REQUESTS_PER_MINUTE", "0".to_owned()),
            ("CAMPKEEPER__REFUND__UNDO_SECONDS", "0".to_owned()),
            ("CAMPKEEPER__NOTIFY__RECIPIENTS", "lin.yue".to_owned()),
            ("CAMPKEEPER__ZSXQ__MIN_INTERVAL_MS", "0".to_owned()),
            ("CAMPKEEPER__ZSXQ__JITTER_MS", "0".to_owned()),
        ];
        all.extend(
            variables
                .iter()
                .map(|(key, value)| (*key, (*value).to_owned())),
        );
        let variables: Vec<_> = all
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        let config = sandbox.campkeeper_toml();
        let app = start_app(&config, &variables, &sandbox).await;
        let url = format!("http://{}", app.address);
        sandbox.set_app_url(&url);
        let this = Self {
            app,
            sandbox,
            url,
            database_url,
            config,
            variables,
            folder,
        };
        this.add_staff("admin", Role::SuperAdmin, "林月", "lin.yue")
            .await;
        this.add_staff("admin2", Role::Admin, "陈安", "chen.an")
            .await;
        this.add_staff("coach", Role::Coach, "周可", "zhou.ke")
            .await;
        this
    }

    /// Another instance beside it, on the same database.
    pub async fn second_instance(&self) -> App {
        start_app(&self.config, &self.variables, &self.sandbox).await
    }

    /// Stops the product and starts it again at the same address with other configuration.
    pub async fn restarted_with(self, changed: &[(&str, String)]) -> Self {
        let listen = ("CAMPKEEPER__SERVER__LISTEN", self.app.address.to_string());
        self.app.stop().await;
        let mut variables = self.variables;
        for (key, value) in changed.iter().chain([&listen]) {
            variables.retain(|(name, _)| name != key);
            variables.push(((*key).to_owned(), value.clone()));
        }
        let app = start_app(&self.config, &variables, &self.sandbox).await;
        Self {
            app,
            variables,
            ..self
        }
    }

    /// The configuration file, for the real program to run beside it.
    pub fn config_file(&self) -> std::path::PathBuf {
        let file = self.folder.path().join("campkeeper.toml");
        std::fs::write(&file, &self.config).unwrap();
        file
    }

    /// What its environment says besides.
    pub fn variables(&self) -> Vec<(String, String)> {
        self.variables.clone()
    }

    /// Stops the product, so that the real program can go on with its database.
    pub async fn hand_over(self) -> HandOver {
        let Self {
            app,
            sandbox,
            config,
            mut variables,
            folder,
            ..
        } = self;
        app.stop().await;
        let free = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        for (key, value) in &mut variables {
            if key == "CAMPKEEPER__SERVER__LISTEN" {
                *value = free.to_string();
            }
        }
        let file = folder.path().join("campkeeper.toml");
        std::fs::write(&file, config).unwrap();
        let url = format!("http://{free}");
        sandbox.set_app_url(&url);
        HandOver {
            sandbox,
            file,
            variables,
            url,
            _folder: folder,
        }
    }

    async fn add_staff(&self, username: &str, role: Role, name: &str, userid: &str) {
        let account = NewAccount {
            username: username.to_owned(),
            password: PASSWORD.to_owned().into(),
            role,
            display_name: Some(name.to_owned()),
            wecom_userid: Some(userid.to_owned()),
        };
        staff::create(&self.app.context(), None, account)
            .await
            .unwrap();
    }

    /// A browser of its own, with a cookie jar.
    pub fn browser(&self) -> Browser {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Browser {
            client,
            url: self.url.clone(),
            cookies: Mutex::default(),
            bearer: None,
        }
    }

    /// A browser that is signed in as a member of staff.
    pub async fn staff(&self, username: &str) -> Browser {
        let mut browser = self.browser();
        let login = json!({"username": username, "password": PASSWORD});
        let reply = browser.post("/api/auth/login", &login).await;
        browser.bearer = reply.data()["token"].as_str().map(str::to_owned);
        assert!(browser.bearer.is_some(), "{reply:?}");
        browser
    }

    /// Stops everything; the test fails if the stand-ins saw a breach of protocol.
    pub async fn finish(self) {
        let violations = self.sandbox.violations().all();
        self.app.stop().await;
        self.sandbox.stop().await;
        assert!(violations.is_empty(), "{violations:#?}");
    }
}

async fn start_app(config: &str, variables: &[(String, String)], sandbox: &Sandbox) -> App {
    let sources = Sources::new(config, variables.to_vec());
    let clocks = Clocks {
        clock: Arc::new(SharedClock(sandbox.clock().clone())),
        wall: Arc::new(SystemClock),
    };
    App::start(sources, clocks).await.unwrap()
}

/// Somebody's browser.
pub struct Browser {
    client: reqwest::Client,
    url: String,
    cookies: Mutex<BTreeMap<String, String>>,
    bearer: Option<String>,
}

impl Browser {
    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.client.get(format!("{}{path}", self.url)))
            .await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(self.client.post(format!("{}{path}", self.url)).json(body))
            .await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        self.send(self.client.put(format!("{}{path}", self.url)).json(body))
            .await
    }

    /// As the console's own pages ask, by its cookie.
    pub async fn get_in_console(&self, path: &str) -> Reply {
        let request = self.client.get(format!("{}{path}", self.url));
        self.send(request.header("x-requested-with", "campkeeper"))
            .await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.client.delete(format!("{}{path}", self.url)))
            .await
    }

    /// With an access token.
    pub async fn get_as(&self, token: &str, path: &str) -> Reply {
        let request = self.client.get(format!("{}{path}", self.url));
        self.send(request.header("x-access-token", token)).await
    }

    /// With an access token.
    pub async fn post_as(&self, token: &str, path: &str, body: &Value) -> Reply {
        let request = self.client.post(format!("{}{path}", self.url)).json(body);
        self.send(request.header("x-access-token", token)).await
    }

    /// Uploads a picture; its id.
    pub async fn upload_picture(&self) -> i64 {
        self.upload(a_png()).await.data()["id"].as_i64().unwrap()
    }

    /// Uploads what is said to be a picture.
    pub async fn upload(&self, bytes: Vec<u8>) -> Reply {
        let part = reqwest::multipart::Part::bytes(bytes).file_name("picture.png");
        let part = part.mime_str("image/png").unwrap();
        let form = reqwest::multipart::Form::new().part("file", part);
        let request = self
            .client
            .post(format!("{}/api/admin/uploads", self.url))
            .multipart(form);
        self.send(request).await
    }

    /// The session that only this browser knows.
    pub fn cookie_value(&self) -> String {
        self.cookies.lock().unwrap()["ck_session"].clone()
    }

    /// Puts a session into the browser.
    pub fn plant(&self, session: &str) {
        let mut cookies = self.cookies.lock().unwrap();
        cookies.insert("ck_session".to_owned(), session.to_owned());
    }

    /// Goes to an address as somebody does who taps a link: status, headers and what is shown.
    pub async fn go(&self, path: &str) -> (u16, reqwest::header::HeaderMap, String) {
        let request = self.client.get(format!("{}{path}", self.url));
        let request = request.header("accept", "text/html,*/*;q=0.8");
        let response = self.with_identity(request).send().await.unwrap();
        self.keep_cookies(&response);
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        (status, headers, response.text().await.unwrap())
    }

    /// Imports a roster.
    pub async fn import_roster(&self, table: &[u8]) -> Reply {
        let part = reqwest::multipart::Part::bytes(table.to_vec()).file_name("roster.csv");
        let form = reqwest::multipart::Form::new().part("file", part);
        let url = format!("{}/api/admin/roster/import", self.url);
        self.send(self.client.post(url).multipart(form)).await
    }

    /// Follows a redirect by hand: where it leads.
    pub async fn location(&self, path_or_url: &str) -> String {
        let url = if path_or_url.starts_with('/') {
            format!("{}{path_or_url}", self.url)
        } else {
            path_or_url.to_owned()
        };
        let response = self
            .with_identity(self.client.get(url))
            .send()
            .await
            .unwrap();
        self.keep_cookies(&response);
        assert_eq!(response.status(), 302, "{path_or_url}");
        response.headers()["location"].to_str().unwrap().to_owned()
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let response = self.with_identity(request).send().await.unwrap();
        self.keep_cookies(&response);
        let status = response.status().as_u16();
        let bytes = response.bytes().await.unwrap();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Reply { status, body }
    }

    fn with_identity(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        let cookies = self.cookies.lock().unwrap();
        let cookies = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        let request = if cookies.is_empty() {
            request
        } else {
            request.header("cookie", cookies)
        };
        match &self.bearer {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    fn keep_cookies(&self, response: &reqwest::Response) {
        let mut cookies = self.cookies.lock().unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = cookie.split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

fn a_png() -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(64, 64, image::Rgb([20, 120, 200]));
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}
