use fanlight_breakglass::{ClusterName, Course, Error, Exit, Operator, RotateOptions, Rotated, rotate};

use super::{Reach, Shared, adopt::PublishArguments, shown};

/// Replace a cluster's emergency token without ever being without a valid one.
///
/// A new token is made beside the old, proven, sealed, read back and committed; only then the old one is revoked. It goes by the
/// sealed credential itself unless --kubeconfig or --kube-context name another way in. If nobody is there to commit and push, it
/// ends with exit code 11: the file is new, the old token still valid; push it and run it again with --finish.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Arguments {
    /// The cluster's folder below clusters/.
    cluster: ClusterName,
    #[command(flatten)]
    reach: Reach,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Only revoke what an earlier rotation replaced, once the new file is pushed.
    #[arg(long, conflicts_with_all = ["revoke_now", "dry_run"])]
    finish: bool,
    /// Commit, and revoke the old token at once, though the others may not have pulled the new one.
    #[arg(long)]
    revoke_now: bool,
    #[command(flatten)]
    publish: PublishArguments,
    /// The cluster was moved: take its new address and CA, though nobody signed for them.
    #[arg(long)]
    accept_identity: bool,
}

pub(super) async fn run(arguments: &Arguments, shared: &Shared, operator: &Operator<'_>) -> Result<u8, Error> {
    let options = RotateOptions {
        access: arguments.reach.access(),
        course: match arguments {
            Arguments { dry_run: true, .. } => Course::DryRun,
            Arguments { finish: true, .. } => Course::Finish,
            Arguments { revoke_now: true, .. } => Course::RevokeNow,
            _ => Course::Usual,
        },
        publish: arguments.publish.wanted(),
        accept_identity: arguments.accept_identity,
    };
    let rotated = rotate(operator, &arguments.cluster, options).await?;
    shown::print(shared.output, &rotated, text)?;
    Ok(if rotated.still_valid.is_empty() { Exit::Done } else { Exit::OldStillValid } as u8)
}

/// What a rotation came to, for people.
pub(super) fn text(rotated: &Rotated) -> String {
    let Rotated { cluster, generation, revoked, still_valid, dry_run, .. } = rotated;
    if *dry_run {
        return String::new();
    }
    let revoked = match revoked.as_slice() {
        [] => String::new(),
        names => format!(" Revoked: {}.", names.join(", ")),
    };
    let sealed = format!("{cluster}: generation {generation} is sealed and proven.{revoked}");
    if still_valid.is_empty() {
        return sealed;
    }
    format!(
        "{sealed}\nThe old token is still valid ({}). When the new file is pushed: fanlight break-glass rotate {cluster} --finish",
        still_valid.join(", ")
    )
}
