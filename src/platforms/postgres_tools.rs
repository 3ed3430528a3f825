//! PostgreSQL's own programs for copying a database, `pg_dump` and `pg_restore`. They are told where
//! the database is by their environment: arguments can be seen by others on the machine. It blocks.

use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Url;
use tokio_util::sync::CancellationToken;

/// The longest that one of them may take.
const WITHIN: Duration = Duration::from_secs(3600);
/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The longest complaint that is kept.
const MAX_COMPLAINT_BYTES: u64 = 2_000;
/// What an address may say besides, and the variable that says it to the programs.
const PARAMETERS: &[(&str, &str)] = &[
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("dbname", "PGDATABASE"),
    ("sslmode", "PGSSLMODE"),
    ("ssl-mode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("ssl-root-cert", "PGSSLROOTCERT"),
    ("ssl-ca", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("ssl-cert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("ssl-key", "PGSSLKEY"),
    ("options", "PGOPTIONS"),
];

/// Why one of the programs did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The address of the database cannot be read.
    #[error("the address of the database cannot be read")]
    Address,
    /// It could not be started.
    #[error("{tool} could not be started ({error}); install PostgreSQL's client programs")]
    NotStarted {
        /// Its name.
        tool: &'static str,
        /// Why.
        error: io::Error,
    },
    /// It came to no end in time.
    #[error("{tool} took longer than {} minutes", WITHIN.as_secs() / 60)]
    TooSlow {
        /// Its name.
        tool: &'static str,
    },
    /// We were told to stop, and stopped it.
    #[error("{tool} was stopped")]
    Stopped {
        /// Its name.
        tool: &'static str,
    },
    /// It failed.
    #[error("{tool} failed: {complaint}")]
    Failed {
        /// Its name.
        tool: &'static str,
        /// What it said.
        complaint: String,
    },
}

/// Where a database is, as the programs read it.
#[derive(Clone)]
pub struct Place {
    variables: Vec<(&'static str, String)>,
}

impl Place {
    /// Reads an address as the configuration gives it.
    ///
    /// # Errors
    /// [`ToolError::Address`].
    pub fn of(url: &str) -> Result<Self, ToolError> {
        let url = Url::parse(url).map_err(|_| ToolError::Address)?;
        let mut place = Self {
            variables: Vec::new(),
        };
        // The folder of a socket is written with percent signs, an IPv6 address in brackets.
        let host = decoded(url.host_str().unwrap_or_default())?;
        place.set("PGHOST", host.trim_matches(['[', ']']));
        let port = url.port().map(|port| port.to_string());
        place.set("PGPORT", &port.unwrap_or_default());
        place.set("PGUSER", &decoded(url.username())?);
        place.set("PGPASSWORD", &decoded(url.password().unwrap_or_default())?);
        let database = url.path().trim_start_matches('/');
        place.set("PGDATABASE", &decoded(database)?);
        for (key, value) in url.query_pairs() {
            let variable = PARAMETERS.iter().find(|(parameter, _)| *parameter == key);
            if let Some((_, variable)) = variable {
                place.set(variable, &value);
            }
        }
        Ok(place)
    }

    /// The name of the database.
    #[must_use]
    pub fn database(&self) -> &str {
        let database = self
            .variables
            .iter()
            .find(|(name, _)| *name == "PGDATABASE");
        database.map_or("", |(_, database)| database)
    }

    fn set(&mut self, variable: &'static str, value: &str) {
        if !value.is_empty() {
            self.variables.retain(|(name, _)| *name != variable);
            self.variables.push((variable, value.to_owned()));
        }
    }
}

/// The address of another database on the same server.
///
/// # Errors
/// [`ToolError::Address`], also where the address would name another one after all.
pub fn neighbour(url: &str, database: &str) -> Result<String, ToolError> {
    let mut url = Url::parse(url).map_err(|_| ToolError::Address)?;
    url.set_path(database);
    if let Some(query) = url.query() {
        // It would win over the path.
        let names_database = |parameter: &&str| {
            let mut pairs = form_urlencoded::parse(parameter.as_bytes());
            pairs.next().is_some_and(|(key, _)| key == "dbname")
        };
        let others = query.split('&').filter(|it| !names_database(it));
        let others = others.collect::<Vec<_>>().join("&");
        url.set_query(
            Some(&others)
                .filter(|others| !others.is_empty())
                .map(String::as_str),
        );
    }
    let there = Place::of(url.as_str())?;
    if there.database() == database {
        Ok(url.into())
    } else {
        Err(ToolError::Address)
    }
}

/// Copies a whole database into a file, unless `stop` is cancelled.
///
/// # Errors
/// [`ToolError`].
pub fn dump(place: &Place, into: &Path, stop: &CancellationToken) -> Result<(), ToolError> {
    let mut command = Command::new("pg_dump");
    let arguments = [
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        "--no-password",
    ];
    command.args(arguments).arg("--file").arg(into);
    run("pg_dump", command, place, stop)
}

/// Puts what [`dump`] wrote into an empty database, all of it or nothing, unless `stop` is cancelled.
///
/// # Errors
/// [`ToolError`], also if something of it is there already.
pub fn restore(place: &Place, from: &Path, stop: &CancellationToken) -> Result<(), ToolError> {
    let mut command = Command::new("pg_restore");
    let database = place.database();
    command
        .args([
            "--single-transaction",
            "--exit-on-error",
            "--no-owner",
            "--no-privileges",
        ])
        .args(["--no-password", "--dbname", database])
        .arg(from);
    run("pg_restore", command, place, stop)
}

fn run(
    tool: &'static str,
    mut command: Command,
    place: &Place,
    stop: &CancellationToken,
) -> Result<(), ToolError> {
    command
        .envs(place.variables.iter().map(|(name, value)| (*name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let started = command.spawn();
    let mut child = started.map_err(|error| ToolError::NotStarted { tool, error })?;
    let complaint = complaint_of(&mut child);
    let deadline = Instant::now() + WITHIN;
    let failed = |complaint| ToolError::Failed { tool, complaint };
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(_)) => return Err(failed(complaint.join().unwrap_or_default())),
            Ok(None) if !stop.is_cancelled() && Instant::now() < deadline => {
                std::thread::sleep(LOOK_EVERY);
            }
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(if stop.is_cancelled() {
                    ToolError::Stopped { tool }
                } else {
                    ToolError::TooSlow { tool }
                });
            }
            Err(error) => return Err(failed(error.to_string())),
        }
    }
}

/// Reads what it says to its end, so that it never waits for us, and keeps the beginning.
fn complaint_of(child: &mut Child) -> std::thread::JoinHandle<String> {
    let stderr = child.stderr.take();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut stderr) = stderr {
            let _ = (&mut stderr)
                .take(MAX_COMPLAINT_BYTES)
                .read_to_end(&mut text);
            let _ = io::copy(&mut stderr, &mut io::sink());
        }
        String::from_utf8_lossy(&text).trim().replace('\n', "; ")
    })
}

/// Undoes what an address writes with percent signs.
fn decoded(text: &str) -> Result<String, ToolError> {
    // A plus is itself outside of a query.
    let pair = format!("={}", text.replace('+', "%2B"));
    let mut pairs = form_urlencoded::parse(pair.as_bytes());
    let value = pairs.next().map(|(_, value)| value.into_owned());
    value.ok_or(ToolError::Address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(url: &str) -> Vec<(&'static str, String)> {
        let mut variables = Place::of(url).unwrap().variables;
        variables.sort();
        variables
    }

    #[test]
    fn an_address_becomes_variables() {
        let all = "postgres://ann:p%40s+s@db.example.com:5433/camp?sslmode=require&statement-cache-capacity=5";
        let expected = [
            ("PGDATABASE", "camp"),
            ("PGHOST", "db.example.com"),
            ("PGPASSWORD", "p@s+s"),
            ("PGPORT", "5433"),
            ("PGSSLMODE", "require"),
            ("PGUSER", "ann"),
        ];
        assert_eq!(
            variables(all),
            expected.map(|(name, value)| (name, value.to_owned()))
        );
        let socket = variables("postgres://postgres@localhost/t1?host=/tmp/pg");
        assert!(socket.contains(&("PGHOST", "/tmp/pg".to_owned())));
        assert_eq!(
            neighbour("postgres://a@b/c?host=/x", "d").unwrap(),
            "postgres://a@b/d?host=/x"
        );
    }

    #[test]
    fn a_host_is_read_as_the_driver_reads_it() {
        for (url, host) in [
            (
                "postgres://ann@%2Fvar%2Frun%2Fpostgresql/camp",
                "/var/run/postgresql",
            ),
            ("postgres://ann@[::1]:5433/camp", "::1"),
            ("postgres://ann@127.0.0.1/camp", "127.0.0.1"),
        ] {
            let expected = ("PGHOST", host.to_owned());
            assert!(variables(url).contains(&expected), "{url}");
        }
    }

    #[test]
    fn a_neighbour_is_never_the_database_itself() {
        for (url, expected) in [
            ("postgres://a@b/c?dbname=live", "postgres://a@b/d"),
            (
                "postgres://a@b/?host=/x&dbname=live",
                "postgres://a@b/d?host=/x",
            ),
            (
                "postgres://a@b/c?%64bname=live&port=5",
                "postgres://a@b/d?port=5",
            ),
        ] {
            let beside = neighbour(url, "d").unwrap();
            assert_eq!(beside, expected);
            assert_eq!(Place::of(&beside).unwrap().database(), "d");
        }
    }

    #[test]
    fn who_is_told_to_stop_kills_what_runs() {
        let stop = CancellationToken::new();
        let place = Place::of("postgres://nobody@localhost/none").unwrap();
        let mut command = Command::new("sleep");
        command.arg("60");
        let begun = Instant::now();
        let stopper = stop.clone();
        let stopping = std::thread::spawn(move || {
            std::thread::sleep(LOOK_EVERY);
            stopper.cancel();
        });
        let ran = run("sleep", command, &place, &stop);
        stopping.join().unwrap();
        assert!(matches!(ran, Err(ToolError::Stopped { .. })), "{ran:?}");
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn what_fails_says_why() {
        let place = Place::of("postgres://nobody@localhost/none?host=/nowhere").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let dumped = dump(
            &place,
            &folder.path().join("dump"),
            &CancellationToken::new(),
        );
        let failed = dumped.unwrap_err();
        let said = failed.to_string();
        assert!(
            said.starts_with("pg_dump failed: ") && said.contains("/nowhere"),
            "{said}"
        );
    }
}
