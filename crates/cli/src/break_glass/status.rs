use fanlight_breakglass::{ClusterName, Error, Exit, Operator, Status, status};

use super::{Shared, shown};

/// Show what the fleet says of a cluster's credential, or of all: no cluster is touched, nothing is written.
///
/// Exit code 9 if something is not as it should be, 3 if the one cluster asked for has no credential.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The cluster's folder below clusters/.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    cluster: Option<ClusterName>,
    /// All clusters of the fleet, as a table.
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(arguments: &Arguments, shared: &Shared, operator: &Operator<'_>) -> Result<u8, Error> {
    let statuses = status(&operator.fleet, arguments.cluster.as_ref(), &operator.keys).await?;
    let exit = match &*statuses {
        [one] if !arguments.all && !one.adopted => Exit::NotAdopted,
        all if all.iter().any(|status| !status.problems.is_empty()) => Exit::Drift,
        _ => Exit::Done,
    };
    match (&*statuses, arguments.all) {
        ([one], false) => shown::print(shared.output, one, details)?,
        _ => shown::print(shared.output, &statuses, |statuses| overview(statuses))?,
    }
    Ok(exit as u8)
}

fn overview(statuses: &[Status]) -> String {
    if statuses.is_empty() {
        return "The fleet has no clusters.".to_owned();
    }
    let rows: Vec<Vec<String>> = statuses.iter().map(row).collect();
    shown::table(&["CLUSTER", "SERVER", "GENERATION", "AGE", "RECIPIENTS", "GIT", "PROBLEMS"], &rows)
}

fn row(status: &Status) -> Vec<String> {
    let none = || "-".to_owned();
    let recipients = if status.adopted { status.recipients.len().to_string() } else { none() };
    vec![
        status.cluster.clone(),
        status.server.clone().unwrap_or_else(none),
        status.generation.map_or_else(none, |generation| generation.to_string()),
        status.committed.or(status.sealed).map_or_else(none, shown::age),
        recipients,
        if status.adopted { status.git.to_owned() } else { none() },
        if status.problems.is_empty() { "none".to_owned() } else { status.problems.join("; ") },
    ]
}

fn details(status: &Status) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            lines.push(format!("{name:<14}{value}"));
        }
    };
    let time = |at: jiff::Timestamp| format!("{at:.0} ({} ago)", shown::age(at));
    line("cluster:", Some(status.cluster.clone()));
    line("file:", Some(status.file.display().to_string()));
    line("size:", status.size.map(|size| format!("{size} bytes, sealed")));
    line("last-modified:", status.modified.map(|at| format!(" {}", time(at))));
    let by = status.committed_by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    line("committed:", status.committed.map(|at| time(at) + &by));
    line("sealed:", status.sealed.map(time));
    line("server:", status.server.clone());
    line("CA SHA-256:", status.ca_sha256.clone());
    line("cluster UID:", status.cluster_uid.clone());
    line("generation:", status.generation.map(|generation| generation.to_string()));
    line("recipients:", (!status.recipients.is_empty()).then(|| status.recipients.join("\n              ")));
    line("git:", status.adopted.then(|| status.git.to_owned()));
    let problems =
        if status.problems.is_empty() { "none".to_owned() } else { status.problems.join("\n              ") };
    line("problems:", Some(problems));
    lines.join("\n")
}
