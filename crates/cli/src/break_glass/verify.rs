use fanlight_breakglass::{ClusterName, Error, Exit, Operator, Verified, verify};
use serde::Serialize;

use super::{Shared, shown};

/// Prove that a credential opens its cluster: TLS, identity and rights.
///
/// The API server's audit log shows it with the user agent `fanlight-break-glass-verify`, so that alerts can tell it from use.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The cluster's folder below clusters/.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    cluster: Option<ClusterName>,
    /// Every cluster of the fleet that has a credential; the exit code is that of the first that fails.
    #[arg(long)]
    all: bool,
    /// The cluster was moved: take its new address and CA.
    #[arg(long)]
    accept_identity: bool,
}

/// One of many, which may have failed.
#[derive(Serialize)]
struct Outcome {
    cluster: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<Verified>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    exit_code: u8,
}

pub(super) async fn run(arguments: &Arguments, shared: &Shared, operator: &Operator<'_>) -> Result<u8, Error> {
    if let Some(cluster) = &arguments.cluster {
        let verified = verify(operator, cluster, arguments.accept_identity).await?;
        shown::print(shared.output, &verified, text)?;
        return Ok(exit(&verified) as u8);
    }
    let mut outcomes = Vec::new();
    for place in operator.fleet.places().into_iter().filter(|place| place.sealed().exists()) {
        let cluster = place.name.to_string();
        outcomes.push(match verify(operator, &place.name, arguments.accept_identity).await {
            Ok(verified) => {
                let exit_code = exit(&verified) as u8;
                Outcome { cluster, verified: Some(verified), error: None, exit_code }
            }
            Err(error) => {
                let exit_code = error.exit() as u8;
                Outcome { cluster, verified: None, error: Some(error.to_string()), exit_code }
            }
        });
    }
    shown::print(shared.output, &outcomes, |outcomes| overview(outcomes))?;
    Ok(outcomes.iter().map(|outcome| outcome.exit_code).find(|code| *code != 0).unwrap_or_default())
}

fn exit(verified: &Verified) -> Exit {
    if verified.warnings.is_empty() { Exit::Done } else { Exit::Drift }
}

fn text(verified: &Verified) -> String {
    let Verified { cluster, server, user, cluster_uid, generation, milliseconds, warnings, .. } = verified;
    let generation = generation.map(|generation| format!("\ngeneration:   {generation}")).unwrap_or_default();
    let warnings: Vec<String> = warnings.iter().map(|warning| format!("\nwarning:      {warning}")).collect();
    let warnings = warnings.concat();
    format!(
        "{cluster} opens.\nserver:       {server}, by the sealed CA\nidentity:     {user}, may do everything\n\
        cluster UID:  {cluster_uid}{generation}\ntook:         {milliseconds} ms{warnings}"
    )
}

fn overview(outcomes: &[Outcome]) -> String {
    if outcomes.is_empty() {
        return "No cluster of the fleet has a sealed credential.".to_owned();
    }
    let rows: Vec<Vec<String>> = outcomes
        .iter()
        .map(|outcome| {
            let state = if outcome.verified.is_some() { "opens" } else { "FAILED" };
            let took =
                outcome.verified.as_ref().map_or("-".to_owned(), |verified| format!("{} ms", verified.milliseconds));
            let warnings = outcome.verified.as_ref().map(|verified| verified.warnings.join("; ")).unwrap_or_default();
            let said = outcome.error.clone().unwrap_or(warnings);
            vec![outcome.cluster.clone(), state.to_owned(), took, said]
        })
        .collect();
    shown::table(&["CLUSTER", "CREDENTIAL", "TOOK", "REMARKS"], &rows)
}
