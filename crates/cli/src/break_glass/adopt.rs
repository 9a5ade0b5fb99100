use fanlight_breakglass::{AdoptOptions, Adopted, ClusterName, Error, Exit, Operator, Publish, adopt};

use super::{Reach, Shared, shown};

/// Give a cluster its emergency credential, sealed into the fleet; doing it again changes nothing.
///
/// Makes account, binding to cluster-admin and token Secret `break-glass` in kube-system by way of your present access, proves
/// the token at the address to be sealed, and seals it for the recipients of the fleet's .sops.yaml.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The cluster's folder below clusters/.
    cluster: ClusterName,
    #[command(flatten)]
    reach: Reach,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    publish: PublishArguments,
    /// The cluster was built anew, or moved: take it for the one that was there before.
    #[arg(long)]
    accept_identity: bool,
}

/// What to do with the changed file.
#[derive(clap::Args)]
pub(super) struct PublishArguments {
    /// Commit the sealed file.
    #[arg(long)]
    commit: bool,
    /// Commit and push it.
    #[arg(long)]
    push: bool,
}

impl PublishArguments {
    pub(super) fn wanted(&self) -> Publish {
        Publish { commit: self.commit || self.push, push: self.push }
    }
}

pub(super) async fn run(arguments: &Arguments, shared: &Shared, operator: &Operator<'_>) -> Result<u8, Error> {
    let options = AdoptOptions { dry_run: arguments.dry_run, accept_identity: arguments.accept_identity };
    let Arguments { cluster, reach, publish, .. } = arguments;
    let adopted = adopt(operator, cluster, &reach.access(), publish.wanted(), options).await?;
    shown::print(shared.output, &adopted, text)?;
    Ok(Exit::Done as u8)
}

fn text(adopted: &Adopted) -> String {
    let Adopted { cluster, server, generation, file, written, dry_run, .. } = adopted;
    let file = file.display();
    match (dry_run, written) {
        (true, _) => String::new(),
        (false, true) => format!(
            "{cluster} adopted: generation {generation} for {server} in {file}\nTry it: fanlight break-glass verify {cluster}"
        ),
        (false, false) => format!("{cluster} is adopted: generation {generation} for {server} in {file}, unchanged"),
    }
}
