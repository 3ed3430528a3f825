//! The two doors that platforms push through, under load: payment notifications and callbacks; and
//! the whole house under attack.
//!
//! `cargo bench --bench load`. The product runs as a process of its own, so that what it costs can
//! be told from what the load costs: CPU time and thread switches are summed over its threads.
//! `CAMPKEEPER_BENCH_BASE=path/to/another/campkeeper` runs that binary too, in turns with ours.
//! `CAMPKEEPER_BENCH_ROUNDS` (3) says how often; medians are printed. Then ours is attacked for
//! `CAMPKEEPER_BENCH_ATTACK_SECONDS` (60; 0: not at all).

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::disallowed_methods,
    reason = "a bench stops at the first surprise, signs with the present time, and prints rates"
)]

mod attack;
mod bombs;
mod callbacks;
mod database;
mod drive;
mod payments;
mod product;
mod report;

use std::time::Duration;

use drive::Pace;
use product::{Binary, Product};
use report::Report;

/// Requests of the paced half of a run, five seconds of them.
const PACED: usize = 2_500;
const PACE_PER_SECOND: u32 = 500;
/// Requests of the other half, as fast as the connections can.
const FLAT_OUT: usize = 5_000;
/// Connections that the load comes on.
const CONNECTIONS: usize = 16;

fn main() {
    let rounds = setting("CAMPKEEPER_BENCH_ROUNDS", 3);
    let mut binaries = vec![Binary::ours()];
    binaries.extend(Binary::base());
    let engines = database::engines();
    let mut report = Report::default();
    for _ in 0..rounds {
        for engine in &engines {
            for binary in &binaries {
                run(engine, binary, &mut report);
            }
        }
    }
    report.print();
    let lasting = setting("CAMPKEEPER_BENCH_ATTACK_SECONDS", 60);
    if lasting > 0 {
        attack::run(&Binary::ours(), Duration::from_secs(lasting));
    }
}

fn setting(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.map_or(default, |set| {
        set.parse().unwrap_or_else(|_| panic!("{name} is a number"))
    })
}

/// One round of one binary on a fresh database.
fn run(engine: &database::Engine, binary: &Binary, report: &mut Report) {
    let database = engine.fresh();
    binary.migrate(&database);
    let kinds = [payments::Claims::None, payments::Claims::Typed];
    for claims in kinds {
        database.add_orders(claims, PACED + FLAT_OUT);
    }
    let mut product = Product::start(binary, &database);
    for claims in kinds {
        let name = match claims {
            payments::Claims::None => "payment",
            payments::Claims::Typed => "payment+claim",
        };
        let notices = payments::notices(claims, PACED + FLAT_OUT);
        measure(&mut product, notices, |pace, measured| {
            report.add(engine.name(), name, binary, pace, measured);
        });
        database.check_applied_once(claims, PACED + FLAT_OUT);
    }
    let callbacks = callbacks::sealed(PACED + FLAT_OUT);
    measure(&mut product, callbacks, |pace, measured| {
        report.add(engine.name(), "callback", binary, pace, measured);
    });
    database.check_worked_off(PACED + FLAT_OUT);
    product.stop();
}

/// Sends the first requests at their pace and the rest as fast as it goes.
fn measure(
    product: &mut Product,
    mut requests: Vec<drive::Request>,
    mut tell: impl FnMut(Pace, drive::Measured),
) {
    let flat_out = requests.split_off(PACED);
    for (pace, requests) in [
        (Pace::PerSecond(PACE_PER_SECOND), requests),
        (Pace::FlatOut, flat_out),
    ] {
        tell(pace, drive::send(product, requests, pace, CONNECTIONS));
    }
}
