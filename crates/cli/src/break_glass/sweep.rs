use fanlight_breakglass::{Error, Exit, Fleet, Surroundings, Sweeping, sweep};

use super::{Shared, shown, terminal::Terminal};

/// Remove what killed sessions have left on this machine: files, processes, and drafts of kube-dc in clear.
///
/// Every other command but `status` and `doctor` does so before it begins.
#[derive(clap::Args)]
pub(super) struct Arguments {}

pub(super) fn run(shared: &Shared, around: &Surroundings, _: &Terminal) -> Result<u8, Error> {
    // Without a fleet there is still this machine to sweep; one that was named must be there.
    let fleet = match Fleet::find(shared.repo.as_deref(), around) {
        Ok(fleet) => Some(fleet),
        Err(Error::NoFleet) => None,
        Err(error) => return Err(error),
    };
    let swept = sweep(around, fleet.as_ref())?;
    shown::print(shared.output, &swept, text)?;
    Ok(Exit::Done as u8)
}

fn text(swept: &Sweeping) -> String {
    if swept.told.is_empty() { "Nothing was left behind.".to_owned() } else { swept.told.join("\n") }
}
