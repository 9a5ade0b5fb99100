//! The operator's side of Fanlight: what is done at a terminal, not in a browser.
//!
//! Exit codes: 0 if it was done, 1 if it failed, 2 if the command line makes no sense; `break-glass` has more of them.

mod bcrypt_hash;
mod break_glass;
mod check;
mod cluster_check;
mod completion;
mod dashboard;
mod leftovers;
mod version;
mod way;

use std::{
    io::{Write, stderr},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

/// The operator's side of Fanlight, a dashboard for Flux. It answers to the name `gitops` too.
#[derive(Parser)]
#[command(name = "fanlight", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
    /// The predecessor asked whether it may report what is done; Fanlight reports nothing to anybody.
    #[arg(long, global = true, hide = true)]
    no_analytics: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Print something that other commands or files need.
    #[command(subcommand)]
    Get(Get),
    Check(CheckArguments),
    /// Make something in a cluster.
    #[command(subcommand)]
    Create(Create),
    Version(version::Arguments),
    #[command(name = "break-glass")]
    BreakGlass(Box<break_glass::Arguments>),
    #[command(hide = true)]
    Bootstrap(Box<break_glass::Bootstrap>),
    #[command(name = "__break-glass-token", hide = true)]
    BreakGlassToken(break_glass::TokenArguments),
    /// Print the script that completes commands in a shell.
    Completion(completion::Arguments),
}

#[derive(Subcommand)]
enum Get {
    BcryptHash(bcrypt_hash::Arguments),
}

#[derive(Subcommand)]
enum Create {
    Dashboard(Box<dashboard::Arguments>),
}

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
struct CheckArguments {
    #[command(subcommand)]
    part: Option<Check>,
    #[command(flatten)]
    whole: cluster_check::Arguments,
}

#[derive(Subcommand)]
enum Check {
    OidcConfig(Box<check::Arguments>),
}

fn main() -> ExitCode {
    let line =
        CommandLine::try_parse().unwrap_or_else(|error| match leftovers::answer(&error, std::env::args().skip(1)) {
            Some(answer) => {
                let _ = writeln!(stderr(), "Error: {answer}");
                std::process::exit(error.exit_code())
            }
            None => error.exit(),
        });
    let done = match line.command {
        Command::Get(Get::BcryptHash(arguments)) => bcrypt_hash::run(&arguments),
        Command::Check(CheckArguments { part: Some(Check::OidcConfig(arguments)), .. }) => {
            return check::run(&arguments);
        }
        Command::Check(CheckArguments { part: None, whole }) => return cluster_check::run(&whole),
        Command::Create(Create::Dashboard(arguments)) => return dashboard::run(&arguments),
        Command::Version(arguments) => version::run(&arguments),
        Command::Completion(arguments) => completion::run(&arguments),
        Command::BreakGlass(arguments) => return break_glass::run(*arguments),
        Command::Bootstrap(arguments) => return break_glass::run_bootstrap(*arguments),
        Command::BreakGlassToken(arguments) => return break_glass::run_token(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
