use std::{
    env,
    io::{Write, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
};

use fanlight_breakglass::session;

/// What programs of a session run to get the token.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where the session answers.
    #[arg(long)]
    socket: PathBuf,
}

/// Standard output is for the program that asks; all words go to standard error.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let _ = session::forbid_core_dumps();
    let pass = env::var("FANLIGHT_BREAK_GLASS_SESSION").ok();
    let info = env::var("KUBERNETES_EXEC_INFO").ok();
    let answer = session::ask(&arguments.socket, pass.as_deref(), info.as_deref());
    let written = match answer {
        Ok(credential) => stdout().write_all(credential.as_bytes()).map_err(|error| error.to_string()),
        Err(error) => Err(super::terminal::chain(&error)),
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(stderr(), "fanlight: {why}");
            ExitCode::FAILURE
        }
    }
}
