//! `fanlight break-glass`: the commands, what they share, and how they end.

mod adopt;
mod doctor;
mod rotate;
pub(crate) mod shown;
mod status;
mod sweep;
pub(crate) mod terminal;
mod token;
mod use_it;
mod verify;

use std::{ffi::OsString, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, Subcommand, ValueEnum};
use fanlight_breakglass::{
    Access, Conversation, Error, Exit, Fleet, Operator, Surroundings, session, sweep as sweep_up,
};

use terminal::Terminal;

pub(crate) use token::{Arguments as TokenArguments, run as run_token};

/// Emergency credentials of a fleet's clusters: sealed in Git, used when nothing else works.
///
/// `fanlight break-glass CLUSTER` is short for `fanlight break-glass use CLUSTER`.
///
/// Exit codes: 0 done, 1 failed, 2 usage, 3 not adopted, 4 the sealed file cannot be opened, 5 the sealed file or its recipients
/// are not as they must be, 6 API server unreachable or not trusted, 7 credential rejected, 8 another cluster, 9 out of date or
/// not as the fleet says, 10 somebody else is rotating, 11 the old token is still valid, 12 refused by a policy, a signature or
/// you. `use` passes on the exit code of the shell or command.
#[derive(Args)]
#[command(subcommand_negates_reqs = true, subcommand_precedence_over_arg = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    bare: Option<use_it::Arguments>,
    #[command(flatten)]
    shared: Shared,
}

/// What kube-dc has its commands under.
#[derive(Args)]
pub(crate) struct Bootstrap {
    #[command(subcommand)]
    command: BootstrapCommand,
    /// The fleet repository.
    #[arg(long, value_name = "FOLDER")]
    repo: Option<PathBuf>,
}

#[derive(Subcommand)]
enum BootstrapCommand {
    #[command(name = "break-glass")]
    BreakGlass(Arguments),
}

#[derive(Subcommand)]
enum Command {
    Adopt(adopt::Arguments),
    Use(use_it::Arguments),
    Rotate(rotate::Arguments),
    Status(status::Arguments),
    Verify(verify::Arguments),
    Sweep(sweep::Arguments),
    Doctor(doctor::Arguments),
}

/// The flags of every command.
#[derive(Args)]
struct Shared {
    /// The fleet repository; otherwise `$FANLIGHT_FLEET`, `$KUBE_DC_FLEET`, ~/.fanlight/fleet or ~/.kube-dc/fleet.
    #[arg(long, global = true, value_name = "FOLDER")]
    repo: Option<PathBuf>,
    /// How to print the result; what is being done is told on standard error either way.
    #[arg(long, short, global = true, value_enum, default_value = "text")]
    output: Output,
    /// Say yes beforehand to every question.
    #[arg(long, short, global = true)]
    yes: bool,
    /// How long to wait for the API server's answers and controllers, such as 30s or 2m.
    #[arg(long, global = true, default_value = "30s", value_parser = duration, value_name = "DURATION")]
    timeout: Duration,
}

/// How a result is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For scripts.
    Json,
}

/// How to reach a cluster other than by its sealed credential.
#[derive(Args)]
struct Reach {
    /// The context of the kubeconfig to use.
    #[arg(long, value_name = "CONTEXT")]
    kube_context: Option<String>,
    /// The kubeconfig to use, such as /etc/rancher/rke2/rke2.yaml; otherwise $KUBECONFIG or ~/.kube/config.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The address of the API server to seal, https://…; otherwise `KUBE_API_EXTERNAL_URL` of the cluster's
    /// cluster-config.env.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

impl Reach {
    fn access(&self) -> Access {
        Access { kubeconfig: self.kubeconfig.clone(), context: self.kube_context.clone(), server: self.server.clone() }
    }
}

/// Runs what was asked for under kube-dc's name.
pub(crate) fn run_bootstrap(bootstrap: Bootstrap) -> ExitCode {
    let BootstrapCommand::BreakGlass(mut arguments) = bootstrap.command;
    arguments.shared.repo = arguments.shared.repo.or(bootstrap.repo);
    run(arguments)
}

/// Runs a command and says by the exit code how it ended.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let terminal = Terminal::new(arguments.shared.yes);
    // From here on there may be tokens in memory.
    if let Err(error) = session::forbid_core_dumps().and_then(|()| session::forbid_readers()) {
        terminal.tell(&format!("Warning: {}", terminal::chain(&error)));
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal.tell(&format!("Error: the system has no means for this: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(perform(arguments, &terminal)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            terminal.fail(&error);
            ExitCode::from(error.exit() as u8)
        }
    }
}

async fn perform(arguments: Arguments, terminal: &Terminal) -> Result<u8, Error> {
    let shared = arguments.shared;
    let around = surroundings()?;
    if let Some(Command::Sweep(_)) = arguments.command {
        return sweep::run(&shared, &around, terminal);
    }
    let fleet = Fleet::find(shared.repo.as_deref(), &around)?;
    if !matches!(arguments.command, Some(Command::Status(_) | Command::Doctor(_))) {
        match sweep_up(&around, Some(&fleet)) {
            Ok(swept) => swept.told.iter().for_each(|line| terminal.tell(line)),
            Err(error) => terminal.tell(&format!("Warning: what killed sessions left could not be swept: {error}")),
        }
    }
    let operator = Operator::new(fleet, around, terminal, shared.timeout);
    match arguments.command {
        None => match &arguments.bare {
            Some(arguments) => use_it::run(arguments, &operator).await,
            None => Err(Error::Refused("name a cluster; `fanlight break-glass status --all` lists them".to_owned())),
        },
        Some(Command::Use(arguments)) => use_it::run(&arguments, &operator).await,
        Some(Command::Adopt(arguments)) => adopt::run(&arguments, &shared, &operator).await,
        Some(Command::Rotate(arguments)) => rotate::run(&arguments, &shared, &operator).await,
        Some(Command::Status(arguments)) => status::run(&arguments, &shared, &operator).await,
        Some(Command::Verify(arguments)) => verify::run(&arguments, &shared, &operator).await,
        Some(Command::Doctor(_)) => doctor::run(&shared, &operator).await,
        Some(Command::Sweep(_)) => Ok(Exit::Done as u8),
    }
}

fn surroundings() -> Result<Surroundings, Error> {
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    let home = home.ok_or_else(|| Error::Refused("the home folder is not known: set HOME".to_owned()))?;
    let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    Ok(Surroundings { home, variables: std::env::vars_os().filter_map(text).collect() })
}

/// A duration such as `90s`, `15m` or `1h30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let why = || format!("{text:?} is no duration such as 30s, 15m or 1h");
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| why())?;
    Duration::try_from(parsed).ok().filter(|duration| !duration.is_zero()).ok_or_else(why)
}
