//! The product as its own process, and what its threads have used.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::ops::Sub;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;

use super::callbacks::{AES_KEY, CORP_ID, TOKEN};
use super::database::Database;
use super::payments;

/// A built product.
#[derive(Debug, Clone)]
pub(crate) struct Binary {
    pub(crate) name: &'static str,
    path: PathBuf,
}

/// A running product.
pub(crate) struct Product {
    pub(crate) address: SocketAddr,
    child: Child,
}

/// What a process has used since its start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) cpu: Duration,
    /// Times that a thread has given up a processor, or had to.
    pub(crate) switches: u64,
}

impl Sub for Cost {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            cpu: self.cpu - before.cpu,
            switches: self.switches - before.switches,
        }
    }
}

impl Binary {
    /// The binary that was built with this bench.
    pub(crate) fn ours() -> Self {
        Self {
            name: "now",
            path: env!("CARGO_BIN_EXE_campkeeper").into(),
        }
    }

    /// The binary to compare with, if one is named.
    pub(crate) fn base() -> Option<Self> {
        let path = std::env::var_os("CAMPKEEPER_BENCH_BASE")?;
        Some(Self {
            name: "base",
            path: path.into(),
        })
    }

    /// Makes the tables.
    pub(crate) fn migrate(&self, database: &Database) {
        let status = self.command("migrate", database).status();
        assert!(status.expect("it runs").success(), "the tables are made");
    }

    /// Adds `admin`, who may do everything.
    pub(crate) fn add_super_admin(&self, database: &Database, password: &str) {
        let mut child = self
            .command("user", database)
            .args(["add", "--username", "admin", "--role", "super_admin"])
            .arg("--password-stdin")
            .stdin(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut stdin = child.stdin.take().expect("it is piped");
        writeln!(stdin, "{password}").expect("it reads the password");
        drop(stdin);
        assert!(child.wait().expect("it ends").success(), "they are added");
    }

    fn command(&self, verb: &str, database: &Database) -> Command {
        let folder = database.folder();
        let config = folder.join("campkeeper.toml");
        std::fs::write(&config, "").expect("the folder can be written to");
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(folder.join("log"))
            .expect("the folder can be written to");
        let mut command = Command::new(&self.path);
        command
            .arg("--config")
            .arg(config)
            .arg(verb)
            .stdout(Stdio::piped())
            .stderr(log)
            .envs(variables(database));
        command
    }
}

/// The whole configuration: no platform is ever asked anything.
fn variables(database: &Database) -> Vec<(&'static str, String)> {
    let folder = database.folder().display();
    let key = folder.to_string() + "/merchant_private_key.pem";
    std::fs::write(&key, payments::MERCHANT_PRIVATE_KEY_PEM).expect("the folder can be written to");
    let public_key = folder.to_string() + "/wechatpay_public_key.pem";
    std::fs::write(&public_key, payments::PUBLIC_KEY_PEM).expect("the folder can be written to");
    let nobody = "http://127.0.0.1:9".to_owned();
    vec![
        ("CAMPKEEPER__SERVER__LISTEN", "127.0.0.1:0".to_owned()),
        ("CAMPKEEPER__SERVER__METRICS_LISTEN", String::new()),
        ("CAMPKEEPER__DATABASE__URL", database.url().to_owned()),
        ("CAMPKEEPER__FILES__URL", format!("file://{folder}/uploads")),
        (
            "CAMPKEEPER__SECURITY__MASTER_KEY",
            base64::engine::general_purpose::STANDARD.encode([7; 32]),
        ),
        ("CAMPKEEPER__WECOM__API_BASE", nobody.clone()),
        ("CAMPKEEPER__WECOM__CORP_ID", CORP_ID.to_owned()),
        ("CAMPKEEPER__WECOM__AGENT_ID", "1000002".to_owned()),
        ("CAMPKEEPER__WECOM__SECRET", "secret".to_owned()),
        ("CAMPKEEPER__WECOM__TOKEN", TOKEN.to_owned()),
        ("CAMPKEEPER__WECOM__ENCODING_AES_KEY", AES_KEY.to_owned()),
        ("CAMPKEEPER__WECHAT_PAY__API_BASE", nobody),
        (
            "CAMPKEEPER__WECHAT_PAY__APP_ID",
            payments::APP_ID.to_owned(),
        ),
        (
            "CAMPKEEPER__WECHAT_PAY__MCH_ID",
            payments::MERCHANT_ID.to_owned(),
        ),
        (
            "CAMPKEEPER__WECHAT_PAY__SERIAL_NO",
            payments::MERCHANT_SERIAL.to_owned(),
        ),
        ("CAMPKEEPER__WECHAT_PAY__PRIVATE_KEY_FILE", key),
        (
            "CAMPKEEPER__WECHAT_PAY__API_V3_KEY",
            payments::API_V3_KEY.to_owned(),
        ),
        (
            "CAMPKEEPER__WECHAT_PAY__PUBLIC_KEY_ID",
            payments::PUBLIC_KEY_ID.to_owned(),
        ),
        ("CAMPKEEPER__WECHAT_PAY__PUBLIC_KEY_FILE", public_key),
    ]
}

impl Product {
    /// Starts it; it listens when this returns.
    pub(crate) fn start(binary: &Binary, database: &Database) -> Self {
        let mut child = binary.command("serve", database).spawn().expect("it runs");
        let stdout = child.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it says where it listens");
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| {
            let log = std::fs::read_to_string(database.folder().join("log"));
            panic!("it did not start: {line}{}", log.unwrap_or_default())
        });
        Self {
            address: address.parse().expect("an address"),
            child,
        }
    }

    /// What it has used up to now.
    pub(crate) fn cost(&self) -> Cost {
        let threads = format!("/proc/{}/task", self.child.id());
        let mut cost = Cost::default();
        for thread in std::fs::read_dir(threads).expect("Linux counts it") {
            let thread = thread.expect("a thread").path();
            // A thread may end meanwhile.
            let read = |name| std::fs::read_to_string(thread.join(name)).unwrap_or_default();
            let nanoseconds = read("schedstat");
            let nanoseconds = nanoseconds.split(' ').next().unwrap_or_default();
            cost.cpu += Duration::from_nanos(nanoseconds.parse().unwrap_or(0));
            let switches = read("status");
            cost.switches += switches
                .lines()
                .filter(|line| line.contains("ctxt_switches"))
                .filter_map(|line| line.rsplit('\t').next())
                .filter_map(|number| number.trim().parse::<u64>().ok())
                .sum::<u64>();
        }
        cost
    }

    /// The most memory that it has had at once.
    pub(crate) fn peak_megabytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("Linux counts it");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = peak.and_then(|peak| peak.split_whitespace().next());
        let kilobytes: u64 = kilobytes.expect("a peak").parse().expect("a number");
        kilobytes / 1_000
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(&mut self) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.expect("kill runs").success());
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "it ends in order");
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        // Only if the bench has failed: it has ended by then otherwise.
        let _ = self.child.kill();
    }
}
