//! Medians of the rounds, a line each.

use std::time::Duration;

use super::drive::{Measured, Pace};
use super::product::Binary;

/// What all rounds have measured, in the order in which it was first measured.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lines: Vec<(Line, Vec<Measured>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line {
    engine: &'static str,
    what: &'static str,
    pace: Pace,
    binary: &'static str,
}

impl Report {
    pub(crate) fn add(
        &mut self,
        engine: &'static str,
        what: &'static str,
        binary: &Binary,
        pace: Pace,
        measured: Measured,
    ) {
        let line = Line {
            engine,
            what,
            pace,
            binary: binary.name,
        };
        // The rounds take a while, and who watches wants to see that they go on.
        eprintln!("{line:?} {measured:?}");
        match self.lines.iter_mut().find(|(known, _)| *known == line) {
            Some((_, all)) => all.push(measured),
            None => self.lines.push((line, vec![measured])),
        }
    }

    pub(crate) fn print(&self) {
        println!(
            "{:<9} {:<14} {:<9} {:<5} {:>9} {:>9} {:>9} {:>12} {:>17}",
            "engine",
            "what",
            "pace",
            "",
            "per s",
            "p50 ms",
            "p99 ms",
            "CPU µs each",
            "switches each"
        );
        for (line, all) in &self.lines {
            let pace = match line.pace {
                Pace::PerSecond(rate) => format!("{rate}/s"),
                Pace::FlatOut => "flat out".to_owned(),
            };
            let ms = |of: fn(&Measured) -> Duration| {
                median(all, move |measured| of(measured).as_secs_f64() * 1e3)
            };
            println!(
                "{:<9} {:<14} {:<9} {:<5} {:>9.0} {:>9.2} {:>9.2} {:>12.0} {:>17.1}",
                line.engine,
                line.what,
                pace,
                line.binary,
                median(all, |measured| measured.per_second),
                ms(|measured| measured.p50),
                ms(|measured| measured.p99),
                median(all, |measured| measured.cpu_per_request.as_secs_f64() * 1e6),
                median(all, |measured| measured.switches_per_request),
            );
        }
    }
}

fn median(all: &[Measured], of: impl Fn(&Measured) -> f64) -> f64 {
    let mut values: Vec<f64> = all.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
