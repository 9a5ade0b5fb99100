use fanlight_breakglass::{Error, Exit, Finding, Health, Operator, doctor};

use super::{Shared, shown};

/// Look at keys, fleet, Git, ledger and machine: would you get in? No cluster is touched.
///
/// Exit code 9 if something would be in the way.
#[derive(clap::Args)]
pub(super) struct Arguments {}

pub(super) async fn run(shared: &Shared, operator: &Operator<'_>) -> Result<u8, Error> {
    let findings = doctor(operator).await;
    shown::print(shared.output, &findings, |findings| text(findings))?;
    let bad = findings.iter().any(|finding| finding.health == Health::Bad);
    Ok(if bad { Exit::Drift } else { Exit::Done } as u8)
}

fn text(findings: &[Finding]) -> String {
    let line = |finding: &Finding| {
        let mark = match finding.health {
            Health::Good => "ok",
            Health::Warning => "warn",
            Health::Bad => "BAD",
        };
        format!("{mark:<5} {:<11} {}\n", finding.about, finding.text)
    };
    findings.iter().map(line).collect()
}
