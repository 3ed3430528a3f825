//! Reads the sources and fails on an arrow that runs back, so that the map in
//! `docs/architecture.md` stays true: doors → services → {domain, store, platforms, wecom},
//! store → domain, and nothing of ours below `domain`, `platforms`, `wecom` and `sandbox`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a source that cannot be read must fail the test"
)]

#[path = "architecture/circles.rs"]
mod circles;
#[path = "architecture/docs.rs"]
mod docs;
#[path = "architecture/limits.rs"]
mod limits;
#[path = "architecture/scenes.rs"]
mod scenes;
#[path = "architecture/source.rs"]
mod source;
#[path = "architecture/transactions.rs"]
mod transactions;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use source::Source;

/// What each part of `src/` may name of the others. `app` and `cli` put the parts together.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("platforms", &[]),
    ("store", &["domain"]),
    // Services refuse with its reasons, and doors tell them with its sentences.
    ("catalogue", &["domain"]),
    (
        "services",
        &["config", "catalogue", "domain", "store", "platforms"],
    ),
    (
        "bot",
        &["services", "catalogue", "domain", "store", "platforms"],
    ),
    (
        "web",
        &["services", "catalogue", "domain", "store", "platforms"],
    ),
    (
        "jobs",
        &["services", "catalogue", "domain", "store", "platforms"],
    ),
    ("config", &["domain"]),
    (
        "app",
        &[
            "config",
            "catalogue",
            "domain",
            "store",
            "platforms",
            "services",
            "bot",
            "web",
            "jobs",
        ],
    ),
];
/// The doors may name the words and rows that services hand on, but not call what is below.
const DOORS: &[&str] = &["bot", "web", "jobs"];
const BELOW_SERVICES: &[&str] = &["store", "platforms"];
/// Types that would let a door talk to the database itself.
const DATABASE: &[&str] = &["Db", "Tx", "Conn"];
/// What goes past the map on purpose: the file's part, the path, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "jobs",
        "store::job_runs",
        "the clock keeps its own book of ticks",
    ),
    (
        "web",
        "jobs",
        "the staff API lists the clock's jobs and starts them",
    ),
];
/// The file that keeps that book, each tick claimed and recorded in a transaction of its own.
const BOOK_OF_TICKS: &str = "src/jobs/runner.rs";
/// The one thing of the database that a door may wait for: a commit that wakes it.
const WAKING: &str = "db.signalled";
/// Files of `src/` that are no part of the map: the crate's root and the command line.
const OUTSIDE_THE_MAP: &[&str] = &["lib", "main", "cli"];
/// Outside crates, and the parts that may know them (tests inside a file are free).
const ONLY_IN: &[(&str, &[&str])] = &[
    ("sqlx", &["store"]),
    ("axum", &["web", "app"]),
    ("tower", &["web", "app"]),
    ("hyper", &["web"]),
    ("hyper_util", &["web"]),
    ("rlimit", &["web"]),
    ("utoipa", &["web"]),
    ("reqwest", &["platforms", "config", "app"]),
    // `platforms` takes its reading of bad JSON, and nothing else (`docs/decisions`).
    ("wecom", &["services", "bot", "web", "app", "platforms"]),
    ("clap", &["main", "cli"]),
    ("tokio_cron_scheduler", &["jobs", "app"]),
    ("sandbox", &[]),
];
/// What would give a rule of `domain` a clock, a network or a scheduler.
const UNKNOWN_TO_DOMAIN: &[&str] = &["tokio", "futures", "rand", "secrecy", "minijinja"];
/// Parts of `src/` whose files must not need each other in a circle, as all of the sandbox's.
const FREE_OF_CIRCLES: &[&str] = &["app", "bot", "domain", "jobs", "platforms", "services"];
const VAGUE_NAMES: &[&str] = &[
    "util", "utils", "common", "helper", "helpers", "manager", "misc",
];
const MAX_FILE_LINES: usize = 600;
/// Of services and web together: what the books keep in words, what WeChat Pay shows a payer (a
/// request that is sent again must be the same), and examples of the API's document.
const MAX_CHINESE_LINES: usize = 30;
/// A guard against looking at an empty folder: fewer files than this were never in `src/`.
const FEWEST_FILES: usize = 100;

#[test]
fn arrows_of_the_product_point_inwards() {
    let sources = product();
    assert!(sources.len() > FEWEST_FILES, "src/ was not read");
    let wrong: Vec<String> = sources.iter().flat_map(wrong_arrows).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Who reads one file of a circle has to read them all. Move what both sides need into a file of
/// its own, or hand it in.
#[test]
fn no_files_need_each_other_in_a_circle() {
    let sources = product();
    let is_held = |source: &Source| FREE_OF_CIRCLES.contains(&source.part());
    let mut found = circles::circles(sources, is_held);
    found.extend(circles::circles(&rust_sources("sandbox/src"), |_| true));
    let found: Vec<String> = found.into_iter().collect();
    assert!(found.is_empty(), "\n{}", found.join("\n\n"));
}

#[test]
fn the_reader_finds_circles_past_re_exports() {
    let folder = |parent: &str, child: &str| {
        let sources = [
            Source::read("src/bot/mod.rs", parent),
            Source::read("src/bot/card.rs", child),
            Source::read(
                "src/bot/draw.rs",
                "use super::Card; #[cfg(test)] mod tests { use super::super::show; }",
            ),
        ];
        circles::circles(&sources, |_| true).len()
    };
    let card = "pub struct Card;";
    assert_eq!(folder("mod card; mod draw; pub use card::Card;", card), 0);
    assert_eq!(
        folder(
            "mod card; mod draw; use card::Card; fn show() { draw::it() }",
            card
        ),
        0
    );
    assert_eq!(
        folder("mod draw; pub struct Card; fn show() { draw::it() }", card),
        1
    );
    assert_eq!(
        folder(
            "mod card; pub use card::Card;",
            "fn f() { super::draw::it() }"
        ),
        1
    );
    assert_eq!(
        folder(
            "mod card;",
            "#[cfg(test)] mod tests { use super::super::draw; }"
        ),
        0
    );
}

#[test]
fn outside_crates_stay_in_their_parts() {
    let sources = product();
    let test_only: BTreeSet<String> = sources
        .iter()
        .flat_map(|s| s.test_modules.clone())
        .collect();
    let is_test = |source: &Source| {
        let name = source.module.join("::");
        test_only
            .iter()
            .any(|test| name == *test || name.starts_with(&format!("{test}::")))
    };
    let wrong: Vec<String> = sources
        .iter()
        .filter(|source| !is_test(source))
        .flat_map(wrong_crates)
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_domain_waits_for_nothing() {
    for source in rust_sources("src/domain") {
        for word in ["async", "await"] {
            assert!(!source.words.contains(word), "{}: `{word}`", source.file);
        }
    }
}

#[test]
fn doors_leave_the_database_alone() {
    let sources = product();
    let doors = sources.iter().filter(|s| DOORS.contains(&s.part()));
    let wrong: Vec<String> = doors.flat_map(touched_databases).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_exception_is_still_needed() {
    let sources = product();
    for (part, exception, _) in EXCEPTIONS {
        let mut users = sources.iter().filter(|source| source.part() == *part);
        let is_used = users.any(|source| source.inside().any(|path| begins_with(path, exception)));
        assert!(is_used, "{part} → {exception}: strike it from the list");
    }
}

#[test]
fn no_call_goes_out_of_an_open_transaction() {
    for file in files("src/services", &["rs"]) {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        let calls = transactions::calls_inside(&text);
        assert!(calls.is_empty(), "{file}: {calls:?}");
    }
    let wrong = "async fn settle(ctx: &Context, tx: &mut Tx) { ctx.pay()?.query().await; }
                 async fn ask(ctx: &Context) { ctx.db.write(|tx| ctx.planet()).await; }
                 async fn again(ctx: &Context) { ctx.transact(id, |tx, id| ctx.wecom()).await; }
                 async fn fine(ctx: &Context) { ctx.planet(); ctx.db.write(|tx| note(tx)).await; }";
    let found = transactions::calls_inside(wrong);
    assert_eq!(
        found,
        ["settle: .pay", "write(…): .planet", "transact(…): .wecom"]
    );
}

#[test]
fn sentences_for_people_stand_in_the_templates() {
    let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let files = [files("src/services", &["rs"]), files("src/web", &["rs"])].concat();
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let code = text.split("\nmod tests {").next().unwrap();
        let lines = code.lines().map(str::trim_start);
        let in_chinese = lines.filter(|line| !line.starts_with("//") && line.contains(is_chinese));
        found.extend(in_chinese.map(|line| format!("{file}: {line}")));
    }
    let n_lines = found.len();
    assert!(
        (1..=MAX_CHINESE_LINES).contains(&n_lines),
        "{n_lines}\n{}",
        found.join("\n")
    );
}

#[test]
fn statements_are_named() {
    for source in rust_sources("src/store") {
        assert!(
            source.literal_queries.is_empty(),
            "{}: SQL written into the call of {:?}; declare it in `statements!`",
            source.file,
            source.literal_queries
        );
    }
}

#[test]
fn wecom_and_the_sandbox_know_nothing_of_the_product() {
    for source in rust_sources("wecom").iter().chain(&rust_sources("sandbox")) {
        assert!(
            !source.words.contains("campkeeper"),
            "{}: names the product",
            source.file
        );
    }
    for source in rust_sources("wecom") {
        assert!(
            !source.words.contains("sandbox"),
            "{}: names the sandbox",
            source.file
        );
    }
    // Written from the reference: of our client the stand-ins take the envelope's crypto alone.
    for source in rust_sources("sandbox/src") {
        for path in source.outside().filter(|path| path[0] == "wecom") {
            assert_eq!(
                path.get(1).map(String::as_str),
                Some("crypto"),
                "{}: {}",
                source.file,
                path.join("::")
            );
        }
    }
}

#[test]
fn the_environment_is_read_in_one_place() {
    for source in product().iter().filter(|s| s.part() != "config") {
        for path in source.outside() {
            let reads = path.starts_with(&["std".into(), "env".into()])
                && path.last().is_some_and(|name| name.starts_with("var"));
            assert!(!reads, "{}: {}", source.file, path.join("::"));
        }
    }
}

#[test]
fn schemas_of_the_api_have_names_of_their_own() {
    let mut seen = BTreeSet::new();
    for file in files("src/web", &["rs"]) {
        let text = fs::read_to_string(root().join(&file)).unwrap();
        let items = text.split("ToSchema)]").skip(1);
        for name in items.filter_map(name_of_item) {
            // In the document the second would silently take the place of the first.
            assert!(seen.insert(name.clone()), "{file}: a second schema {name}");
        }
    }
    assert!(seen.contains("ProgressView"), "no schema was found");
}

/// The name behind the first `struct` or `enum` of a text.
fn name_of_item(text: &str) -> Option<String> {
    let mut words = text.split_whitespace();
    words.find(|word| ["struct", "enum"].contains(word))?;
    let name = words.next()?;
    let end = name.find(|c: char| !c.is_alphanumeric());
    name.get(..end.unwrap_or(name.len())).map(str::to_owned)
}

#[test]
fn files_are_named_for_what_they_hold_and_stay_short() {
    let folders = [
        "src", "wecom", "sandbox", "tests", "benches", "examples", "scripts", "h5",
    ];
    let endings = ["rs", "ts", "vue", "js", "mjs", "sh", "css", "html"];
    let mut seen = 0;
    for file in folders.iter().flat_map(|folder| files(folder, &endings)) {
        seen += 1;
        let stem = Path::new(&file).file_stem().unwrap().to_string_lossy();
        let vague = stem
            .split(['_', '-', '.'])
            .find(|word| VAGUE_NAMES.contains(word));
        assert_eq!(vague, None, "{file}: say what it holds");
        let n_lines = fs::read_to_string(root().join(&file))
            .unwrap()
            .lines()
            .count();
        assert!(n_lines <= MAX_FILE_LINES, "{file}: {n_lines} lines");
    }
    assert!(seen > 2 * FEWEST_FILES, "only {seen} files were read");
}

/// The reader itself, held by what it must find: a test that reads nothing would always pass.
#[test]
fn the_reader_finds_what_the_rules_forbid() {
    let backwards = [
        ("src/domain/camp.rs", "use crate::store::Db;"),
        (
            "src/domain/camp.rs",
            "use crate::{domain::Fen, store::{self, camps}};",
        ),
        (
            "src/domain/camp.rs",
            "fn f() { super::super::store::camps::find(); }",
        ),
        (
            "src/domain/camp.rs",
            "mod tests { use super::super::super::store::Db; }",
        ),
        (
            "src/store/camps.rs",
            "macro_rules! m { () => { crate::services::enroll::order() }; }",
        ),
        (
            "src/platforms/files.rs",
            "type T = Option<crate::domain::Fen>;",
        ),
        ("src/services/bind.rs", "use crate::web as door;"),
        ("src/web/h5/camps.rs", "use crate::store::camps;"),
        ("src/web/h5/camps.rs", "use crate::store::Db;"),
        ("src/web/h5/camps.rs", "use crate::bot::Command;"),
        ("src/nowhere.rs", "struct NotOnTheMap;"),
    ];
    for (file, text) in backwards {
        let source = Source::read(file, text);
        assert!(!wrong_arrows(&source).is_empty(), "{file}: {text}");
    }
    let inwards = [
        (
            "src/web/h5/camps.rs",
            "use crate::store::camps::Camp; // crate::store::Db",
        ),
        (
            "src/services/bind.rs",
            "use crate::{domain::Fen, store::{self, camps}};",
        ),
        (
            "src/domain/camp.rs",
            "mod tests { use super::super::money::Fen; }",
        ),
        (
            "src/domain/camp.rs",
            r#"const TEXT: &str = "crate::store::Db";"#,
        ),
    ];
    for (file, text) in inwards {
        assert_eq!(
            wrong_arrows(&Source::read(file, text)),
            Vec::<String>::new(),
            "{text}"
        );
    }
}

#[test]
fn the_reader_finds_strangers_and_open_databases() {
    let strangers = [
        ("src/services/bind.rs", "fn f(r: axum::extract::Request) {}"),
        ("src/web/h5/camps.rs", "use ::sqlx::PgPool;"),
        ("src/domain/camp.rs", "use {tokio::sync::Mutex, std::fmt};"),
        ("src/app.rs", "use sandbox::Sandbox;"),
    ];
    for (file, text) in strangers {
        assert!(
            !wrong_crates(&Source::read(file, text)).is_empty(),
            "{text}"
        );
    }
    let own_module = Source::read(
        "sandbox/src/server.rs",
        "use crate::wecom; fn f() { wecom::router() }",
    );
    assert_eq!(own_module.outside().count(), 0);
    let literal = r#"fn f() { sqlx::query_as::<_, Row>("SELECT 1") }"#;
    assert_eq!(
        Source::read("src/store/x.rs", literal).literal_queries,
        ["query_as"]
    );
    let touching = Source::read("src/web/x.rs", "fn f() { state.ctx.db.write(); }");
    assert_eq!(touched_databases(&touching).len(), 1);
    let woken = Source::read("src/bot/x.rs", "fn f() { ctx.db.signalled(signal) }");
    assert_eq!(touched_databases(&woken), Vec::<String>::new());
}

fn wrong_arrows(source: &Source) -> Vec<String> {
    let part = source.part();
    if OUTSIDE_THE_MAP.contains(&part) {
        return Vec::new();
    }
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == part) else {
        return vec![format!("{}: `{part}` is not on the map", source.file)];
    };
    let known = |name: &str| ARROWS.iter().any(|(part, _)| *part == name);
    let is_excepted = |path: &[String]| {
        EXCEPTIONS
            .iter()
            .any(|(excepted, start, _)| *excepted == part && begins_with(path, start))
    };
    let mut wrong = Vec::new();
    for path in source
        .inside()
        .filter(|path| known(&path[0]) && path[0] != part && !is_excepted(path))
    {
        let target = path[0].as_str();
        if !allowed.contains(&target) {
            wrong.push(format!("{}: {part} → {}", source.file, path.join("::")));
        } else if DOORS.contains(&part) && BELOW_SERVICES.contains(&target) {
            // A type may be named, a module or a function may not.
            let item = path.iter().find(|name| is_type(name));
            if item.is_none_or(|name| DATABASE.contains(&name.as_str())) {
                wrong.push(format!(
                    "{}: a door reaches past the services: {}",
                    source.file,
                    path.join("::")
                ));
            }
        }
    }
    wrong
}

fn wrong_crates(source: &Source) -> Vec<String> {
    let part = source.part();
    let forbidden = |name: &str| {
        let only_in = ONLY_IN.iter().find(|(stranger, _)| *stranger == name);
        only_in.is_some_and(|(_, parts)| !parts.contains(&part))
            || (part == "domain" && UNKNOWN_TO_DOMAIN.contains(&name))
    };
    source
        .outside()
        .filter(|path| forbidden(&path[0]))
        .map(|path| format!("{}: {part} knows {}", source.file, path.join("::")))
        .collect()
}

fn touched_databases(source: &Source) -> Vec<String> {
    source
        .fields
        .iter()
        .filter(|field| field.starts_with("db.") && *field != WAKING)
        .filter(|_| source.file != BOOK_OF_TICKS)
        .map(|field| format!("{}: .{field} in a door; a service must do it", source.file))
        .collect()
}

fn begins_with(path: &[String], start: &str) -> bool {
    path.join("::") == start || path.join("::").starts_with(&format!("{start}::"))
}

/// Types and constants begin with a capital; modules and functions do not.
fn is_type(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
}

/// The sources of `src/`, read once for all tests.
fn product() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(|| rust_sources("src"))
}

fn rust_sources(folder: &str) -> Vec<Source> {
    files(folder, &["rs"])
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(root().join(&file)).unwrap();
            Source::read(&file, &text)
        })
        .collect()
}

/// Files under `folder` with one of the endings, from the repository's root. What tools make is
/// left out.
fn files(folder: &str, endings: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        let Ok(entries) = fs::read_dir(root().join(&folder)) else {
            continue;
        };
        for entry in entries.map(Result::unwrap) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{folder}/{name}");
            let ending = Path::new(&name).extension().unwrap_or_default();
            if entry.file_type().unwrap().is_dir() {
                if !["node_modules", "dist", "target"].contains(&name.as_str()) {
                    waiting.push(path);
                }
            } else if endings.contains(&ending.to_string_lossy().as_ref())
                && !name.ends_with(".d.ts")
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
