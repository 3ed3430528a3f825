//! What Prometheus reads, on a listener of its own: who reaches it sees sums of money, and no names.
//!
//! Counters and times are of this process, and counted where things happen. Gauges are read from the
//! database when they are asked for, into a recorder that lives as long as the answer: what is gone
//! from the database is gone from the answer.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ::metrics::{gauge, with_local_recorder};
use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use tokio::sync::Mutex;

use crate::domain::Timestamp;
use crate::jobs::{JOBS, Jobs};
use crate::services::LiveContext;
use crate::services::gauges::{self, Gauges};

/// The text that Prometheus reads.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Upper bounds of the histograms, in seconds: the aims of design §9, and the time limits of calls.
const BUCKETS: &[f64] = &[
    0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0,
];
/// How often times that were measured are summed up, if nobody asks.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// The counters of this process. Made once, since the process has one recorder.
pub fn counters() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let recorder = recorder();
        let handle = recorder.handle();
        if let Err(error) = ::metrics::set_global_recorder(recorder) {
            tracing::error!(%error, "nothing is counted: something else counts already");
        }
        handle
    })
}

fn recorder() -> PrometheusRecorder {
    let times = Matcher::Suffix("_duration_seconds".to_owned());
    let builder = PrometheusBuilder::new();
    match builder.set_buckets_for_metric(times, BUCKETS) {
        Ok(builder) => builder.build_recorder(),
        // Only an empty list is refused.
        Err(_) => PrometheusBuilder::new().build_recorder(),
    }
}

/// Sums up what was measured, so that it takes no more memory than its answer. Never ends; it may
/// be cut off anywhere.
pub async fn keep_up() {
    loop {
        tokio::time::sleep(UPKEEP_EVERY).await;
        counters().run_upkeep();
    }
}

/// What an answer is made of.
#[derive(Clone)]
struct Scraped {
    live: LiveContext,
    jobs: Jobs,
    /// One at a time asks the database, however many want to know.
    turn: Arc<Mutex<()>>,
}

/// The one route of the listener.
pub fn router(live: LiveContext, jobs: Jobs) -> Router {
    let turn = Arc::default();
    Router::new()
        .route("/metrics", get(scrape))
        .with_state(Scraped { live, jobs, turn })
}

async fn scrape(State(scraped): State<Scraped>) -> Response {
    let _turn = scraped.turn.lock().await;
    let names: Vec<&str> = JOBS.iter().map(|job| job.name).collect();
    let mut text = counters().render();
    match gauges::read(&scraped.live.snapshot(), &names).await {
        Ok(gauges) => text.push_str(&rendered(&gauges, &scraped.jobs.last_rounds())),
        // Prometheus sees that they are missing; what is counted here is told all the same.
        Err(error) => tracing::error!(%error, "the database did not tell the gauges"),
    }
    ([(CONTENT_TYPE, TEXT)], text).into_response()
}

fn rendered(gauges: &Gauges, rounds: &[(&'static str, Timestamp)]) -> String {
    let recorder = recorder();
    with_local_recorder(&recorder, || set(gauges, rounds));
    recorder.handle().render()
}

fn set(gauges: &Gauges, rounds: &[(&'static str, Timestamp)]) {
    let version = env!("CARGO_PKG_VERSION");
    gauge!("campkeeper_build_info", "version" => version).set(1.0);
    for (status, count) in &gauges.refunds {
        gauge!("campkeeper_refunds", "status" => status.as_str()).set(*count as f64);
    }
    for (account, fen) in &gauges.held_fen {
        gauge!("campkeeper_held_fen", "account" => *account).set(*fen as f64);
    }
    for (who, count) in &gauges.overdue {
        gauge!("campkeeper_overdue", "who" => who.as_str()).set(*count as f64);
    }
    for queue in &gauges.queues {
        gauge!("campkeeper_queue_depth", "queue" => queue.name).set(queue.depth as f64);
        gauge!("campkeeper_queue_oldest_seconds", "queue" => queue.name)
            .set(queue.oldest.num_seconds() as f64);
    }
    let mut succeeded: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for (job, at) in gauges.last_success.iter().chain(rounds) {
        // A worker may have been run by hand as well.
        let newest = succeeded.entry(job).or_insert(*at);
        *newest = (*newest).max(*at);
    }
    for (job, at) in succeeded {
        gauge!("campkeeper_job_last_success_timestamp_seconds", "job" => job.to_owned())
            .set(at.secs() as f64);
    }
    if let Some(at) = gauges.backup_verified {
        gauge!("campkeeper_backup_last_verified_timestamp_seconds").set(at.secs() as f64);
    }
    if let Some(count) = gauges.books_differences {
        gauge!("campkeeper_books_differences").set(count as f64);
    }
}
