use std::{ffi::OsString, time::Duration};

use clap::ValueEnum;
use fanlight_breakglass::{
    ClusterName, Error, Exit, Operator, RotateOptions, UseOptions, Used, rotate,
    session::{Mode, Work},
    use_cluster,
};

use super::{duration, terminal};

/// Open a guarded shell, or run a command, with a cluster's emergency credential.
///
/// `fanlight break-glass CLUSTER` does the same. Programs in it get a token of this use alone, which ends with it; only where the
/// cluster gives none they get the sealed one. The exit code is that of the shell or command; 124 if the time limit ended it.
#[derive(clap::Args)]
#[group(id = "use")]
pub(super) struct Arguments {
    /// The cluster's folder below clusters/.
    cluster: ClusterName,
    /// Why, for the audit; asked for otherwise.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// When to end it at the latest.
    #[arg(long, alias = "ttl", default_value = "1h", value_parser = duration, value_name = "DURATION")]
    limit: Duration,
    /// Hand out the sealed token itself, though the cluster may give one for this use.
    #[arg(long)]
    direct: bool,
    /// How programs get the token: by asking for it, or from the kubeconfig, for those that cannot ask.
    #[arg(long, value_enum, default_value = "exec", value_name = "MODE")]
    kubeconfig_mode: KubeconfigMode,
    /// Whether to rotate the credential afterwards.
    #[arg(long, value_enum, default_value = "ask", value_name = "WHEN")]
    rotate_after: RotateAfter,
    /// The cluster was moved: take its new address and CA, though nobody signed for them.
    #[arg(long)]
    accept_identity: bool,
    /// A command to run instead of a shell, after `--`.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KubeconfigMode {
    Exec,
    File,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RotateAfter {
    Ask,
    Always,
    Never,
}

pub(super) async fn run(arguments: &Arguments, operator: &Operator<'_>) -> Result<u8, Error> {
    let mut words = arguments.command.iter().cloned();
    let work = match words.next() {
        None => Work::Shell,
        Some(program) => Work::Command { program, arguments: words.collect() },
    };
    let is_shell = matches!(work, Work::Shell);
    let options = UseOptions {
        reason: arguments.reason.clone(),
        limit: arguments.limit,
        direct: arguments.direct,
        mode: if arguments.kubeconfig_mode == KubeconfigMode::File { Mode::File } else { Mode::Broker },
        accept_identity: arguments.accept_identity,
        work,
    };
    let used = match use_cluster(operator, &arguments.cluster, options).await {
        Err(Error::Session(error)) => {
            operator.talk.tell(&format!("Error: {}", terminal::chain(&error)));
            return Ok(error.exit_status().unwrap_or(Exit::Failed as u8));
        }
        used => used?,
    };
    if let Err(error) = rotate_after(arguments, operator, &used, is_shell).await {
        // What the work came to is what counts for the caller; the credential is as good as before.
        operator.talk.tell(&format!("Error: not rotated: {}", terminal::chain(&error)));
    }
    Ok(used.ended.status)
}

async fn rotate_after(
    arguments: &Arguments,
    operator: &Operator<'_>,
    used: &Used,
    is_shell: bool,
) -> Result<(), Error> {
    let cluster = &arguments.cluster;
    let wanted = match arguments.rotate_after {
        RotateAfter::Always => true,
        RotateAfter::Never => false,
        // Yes said beforehand is for the questions of the use, not for another change of the cluster.
        RotateAfter::Ask => {
            let asks = is_shell && operator.talk.is_attended() && !operator.talk.said_yes();
            asks && operator.talk.confirm("Rotate the credential now?")?
        }
    };
    if wanted {
        let rotated = rotate(operator, cluster, RotateOptions::default()).await?;
        operator.talk.tell(&super::rotate::text(&rotated));
        return Ok(());
    }
    if used.direct || is_shell {
        let why = if used.direct { "the sealed token was handed out" } else { "after every session" };
        operator.talk.tell(&format!("Rotate it, {why}: fanlight break-glass rotate {cluster}"));
    }
    Ok(())
}
