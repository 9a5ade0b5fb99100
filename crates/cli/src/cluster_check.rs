//! `fanlight check`: a cluster, its Flux and the dashboard in it, looked at from outside as the operator may.
//!
//! ```text
//!   flux ─────── Kubernetes, definitions, controllers
//!   installed ── the dashboard's Deployment: its arguments say what must be there ─┬─► rights   of its account, impersonation
//!                                                                                  └─► sign_in  Secrets, keys, provider
//! ```

mod flux;
mod impersonation;
mod installed;
mod rights;
mod sign_in;

use std::{
    io::{Write, stderr},
    process::ExitCode,
    time::Duration,
};

use fanlight_cluster::rescue::{Rescue, RescueError, Trouble};
use serde::Serialize;

use crate::{
    break_glass::{Output, duration, shown, terminal},
    way::{self, Way},
};

pub(crate) use installed::{Installed, installed};

/// Look whether something is set up as it must be: without a part, the cluster, its Flux and the dashboard in it.
///
/// Nothing is changed, and no Secret's value is printed. What you may not read is said to be not known.
///
/// Exit codes: 0 nothing failed (there may be warnings), 1 something failed or the cluster cannot be asked, 2 usage.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where to look for the dashboard; otherwise everywhere.
    #[arg(long, short, value_name = "NAMESPACE", value_parser = way::namespace)]
    namespace: Option<String>,
    /// How long everything may take, such as 30s or 2m.
    #[arg(long, default_value = "30s", value_parser = duration, value_name = "DURATION")]
    timeout: Duration,
    /// How to print the result.
    #[arg(long, short, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    way: Way,
}

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Health {
    /// As it should be.
    Ok,
    /// Works, and could be better.
    Warning,
    /// Does not work.
    Failure,
    /// It may not be read.
    Unknown,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    health: Health,
    about: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

#[derive(Serialize)]
struct Report {
    ok: bool,
    findings: Vec<Finding>,
}

impl Finding {
    fn ok(about: &'static str, text: impl Into<String>) -> Self {
        Self { health: Health::Ok, about, text: text.into(), remedy: None }
    }

    fn warning(about: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { health: Health::Warning, about, text: text.into(), remedy: Some(remedy.into()) }
    }

    fn failure(about: &'static str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { health: Health::Failure, about, text: text.into(), remedy: Some(remedy.into()) }
    }

    /// What a question that was not answered means: what one may not read is not known, all else failed.
    fn unanswered(about: &'static str, error: &RescueError) -> Self {
        match &error.trouble {
            Trouble::Forbidden(_) => Self {
                health: Health::Unknown,
                about,
                text: format!("not known: you may not do this: {}", error.doing),
                remedy: Some("Ask somebody who may, or for the right to".to_owned()),
            },
            _ => Self::failure(about, error.to_string(), "Try again; --timeout gives it longer"),
        }
    }
}

/// Looks at everything, prints it, and says by the exit code whether something failed.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    // Whoever has chosen already, keeps it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("the system has no means for this: {error}")),
    };
    let findings = runtime.block_on(look(arguments));
    let report = Report { ok: findings.iter().all(|finding| finding.health != Health::Failure), findings };
    if let Err(error) = shown::print(arguments.output, &report, text) {
        return fail(&error.to_string());
    }
    if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn fail(why: &str) -> ExitCode {
    let _ = writeln!(stderr(), "Error: {}", terminal::printable(why));
    ExitCode::FAILURE
}

async fn look(arguments: &Arguments) -> Vec<Finding> {
    let cluster = match arguments.way.connect(arguments.timeout, "check").await {
        Ok(cluster) => cluster,
        Err(error) => {
            return vec![Finding::failure("cluster", error.to_string(), "Choose a kubeconfig and a --context")];
        }
    };
    let mut findings = Vec::new();
    if !flux::kubernetes(&cluster, &mut findings).await {
        return findings;
    }
    flux::definitions(&cluster, &mut findings).await;
    flux::controllers(&cluster, &mut findings).await;
    match installed(&cluster, arguments.namespace.as_deref()).await {
        Ok(found) => dashboards(&cluster, &found, &mut findings).await,
        Err(error) => findings.push(Finding::unanswered("dashboard", &error)),
    }
    findings
}

async fn dashboards(cluster: &Rescue, found: &[Installed], findings: &mut Vec<Finding>) {
    const ABOUT: &str = "dashboard";
    let [one, more @ ..] = found else {
        let what = "there is no Fanlight, so nothing else was looked at";
        return findings.push(Finding::warning(ABOUT, what, "Install it: `fanlight create dashboard --help`"));
    };
    if !more.is_empty() {
        let others: Vec<_> = more.iter().map(|one| format!("{}/{}", one.namespace(), one.name())).collect();
        let what = format!("there is more than one: also {}", others.join(", "));
        findings.push(Finding::warning(ABOUT, what, "Choose one by --namespace; the first is looked at"));
    }
    findings.push(one.finding());
    rights::look(cluster, one, findings).await;
    sign_in::look(cluster, one, findings).await;
}

fn text(report: &Report) -> String {
    let mut lines = Vec::new();
    for Finding { health, about, text, remedy } in &report.findings {
        let mark = match health {
            Health::Ok => "✔ ok",
            Health::Warning => "! warning",
            Health::Failure => "✗ failure",
            Health::Unknown => "? unknown",
        };
        lines.push(format!("{mark:<10} {about:<14} {text}"));
        if let Some(remedy) = remedy {
            lines.push(format!("{:<25} → {remedy}", ""));
        }
    }
    lines.join("\n")
}
