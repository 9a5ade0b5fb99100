//! Cleaning up after sessions that were killed, on this machine; their Secrets in the clusters end with their time.

use serde::Serialize;

use crate::{
    Error, Fleet, Surroundings,
    ledger::{Entry, KILLED, Ledger},
    session, surroundings,
    use_cluster::session_id,
};

/// What was found and done.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sweeping {
    /// One line for each thing.
    pub told: Vec<String>,
}

/// Removes files and processes of sessions whose keeper is gone, and writes them into the ledger of the fleet.
pub fn sweep(around: &Surroundings, fleet: Option<&Fleet>) -> Result<Sweeping, Error> {
    let swept = session::sweep(&around.places(), fleet.map(Fleet::root))?;
    let mut told = Vec::new();
    for session in &swept.sessions {
        told.push(format!("A session of {} on {} was killed; its files are removed.", session.person, session.cluster));
        if let Some(secret) = &session.secret {
            told.push(format!(
                "  Its token ends with Secret kube-system/{secret}, which the next use of {} deletes.",
                session.cluster
            ));
        }
        let Some(fleet) = fleet else { continue };
        let entry = Entry {
            began: session.began,
            cluster: session.cluster.clone(),
            session: session.secret.as_deref().map_or(session.id.as_str(), session_id).to_owned(),
            person: session.person.clone(),
            host: surroundings::host(),
            reason: session.reason.clone(),
            work: "unknown".to_owned(),
            token: if session.secret.is_some() { "for this use" } else { "sealed" }.to_owned(),
            generation: None,
            seconds: None,
            ended: KILLED.to_owned(),
        };
        if let Err(error) = Ledger::of(fleet).add(&entry) {
            told.push(format!("  Warning: the ledger could not be written: {error}"));
        }
    }
    for process in &swept.ended {
        told.push(format!("Process {process}, left over from it, was ended."));
    }
    for file in &swept.kube_dc {
        let path = file.path.display();
        told.push(match file.used_by {
            Some(process) => {
                format!("{path} holds a token in clear and is used by process {process}: leave that first.")
            }
            None => format!(
                "{path} held a token in clear, left by kube-dc; it is removed. Rotate, if others could read it."
            ),
        });
    }
    Ok(Sweeping { told })
}
