use std::{fmt::Write, time::Duration};

use serde::Serialize;
use serde_json::{Value, json};

/// What was measured, beside what it may be.
#[derive(Debug)]
pub(crate) struct Table {
    /// What the figures are of.
    heading: String,
    rows: Vec<Row>,
}

/// One figure.
#[derive(Debug, Serialize)]
struct Row {
    what: String,
    unit: &'static str,
    budget: Option<f64>,
    measured: f64,
    /// Measured by budget; none where there is no budget, or the budget is nothing.
    ratio: Option<f64>,
    note: String,
}

impl Table {
    pub(crate) fn new(heading: String) -> Self {
        Self { heading, rows: Vec::new() }
    }

    /// Adds a figure; `note` says what one has to know about it.
    pub(crate) fn add(
        &mut self,
        what: &str,
        unit: &'static str,
        budget: impl Into<Option<f64>>,
        measured: f64,
        note: &str,
    ) {
        let budget = budget.into();
        let ratio = budget.filter(|budget| *budget > 0.0).map(|budget| measured / budget);
        self.rows.push(Row { what: what.to_owned(), unit, budget, measured, ratio, note: note.to_owned() });
    }

    /// Adds the middle and the end of many durations; the budget is that of the end.
    pub(crate) fn add_times(
        &mut self,
        what: &str,
        percentile: usize,
        budget: impl Into<Option<f64>>,
        mut times: Vec<Duration>,
        note: &str,
    ) {
        times.sort_unstable();
        let note = format!("{} times{}{note}", times.len(), if note.is_empty() { "" } else { "; " });
        self.add(&format!("{what}, p50"), "ms", None, milliseconds(at(&times, 50)), "");
        self.add(&format!("{what}, p{percentile}"), "ms", budget, milliseconds(at(&times, percentile)), &note);
    }

    pub(crate) fn json(&self) -> Value {
        json!({"of": self.heading, "rows": self.rows})
    }

    pub(crate) fn text(&self) -> String {
        let width = self.rows.iter().map(|row| row.what.chars().count()).max().unwrap_or_default();
        let mut text = format!("{}\n\n", self.heading);
        let _ = writeln!(text, "{:width$} │ {:>12} │ {:>12} │ {:>6} │", "what", "budget", "measured", "ratio");
        let _ = writeln!(text, "{0:─<width$}─┼─{0:─<12}─┼─{0:─<12}─┼─{0:─<6}─┼─{0:─<4}", "");
        for row in &self.rows {
            let budget = row.budget.map_or("–".to_owned(), |budget| figure(budget, row.unit));
            let ratio = row.ratio.map_or("–".to_owned(), |ratio| format!("{ratio:.2}"));
            let measured = figure(row.measured, row.unit);
            let _ = writeln!(text, "{:width$} │ {budget:>12} │ {measured:>12} │ {ratio:>6} │ {}", row.what, row.note);
        }
        text
    }
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// The duration below which this many in a hundred lie.
fn at(sorted: &[Duration], percentile: usize) -> Duration {
    let index = (sorted.len() * percentile).div_ceil(100).saturating_sub(1);
    sorted.get(index).copied().unwrap_or_default()
}

fn figure(value: f64, unit: &str) -> String {
    let digits = if value.fract() == 0.0 || value >= 1_000.0 {
        0
    } else if value >= 100.0 {
        1
    } else {
        2
    };
    format!("{value:.digits$} {unit}").trim_end().to_owned()
}
