use std::{
    env,
    io::{IsTerminal, stdin},
    process::Command,
};

use nix::unistd::Pid;

use super::{
    SessionError, Work, environment,
    folder::Folder,
    prompt::{self, Marked},
    seat::Seat,
    terms::Handed,
};

/// Starts shell or command.
pub(super) fn start(work: &Work, handed: &Handed, folder: &Folder, seat: &mut Seat) -> Result<Pid, SessionError> {
    let mut command = match work {
        Work::Shell => shell(handed, folder)?,
        Work::Command { program, arguments } => {
            let mut command = Command::new(program);
            command.args(arguments);
            dress(&mut command, handed, Vec::new());
            command
        }
    };
    seat.arrange(&mut command);
    let program = command.get_program().to_string_lossy().into_owned();
    let child = command.spawn().map_err(|source| SessionError::CannotStart { program, source })?;
    let child = Pid::from_raw(child.id().cast_signed());
    seat.started(child);
    Ok(child)
}

/// A shell that reads a script is left as it is; one that talks to somebody marks its prompt.
fn shell(handed: &Handed, folder: &Folder) -> Result<Command, SessionError> {
    let shell = prompt::shell(env::var_os("SHELL"));
    let marked = if stdin().is_terminal() {
        let pinned = environment::pinned(handed);
        prompt::mark(shell.as_os_str(), &handed.cluster, &pinned, env::var_os("ZDOTDIR").as_deref(), folder)?
    } else {
        Marked::default()
    };
    let mut command = Command::new(shell);
    command.args(marked.arguments);
    dress(&mut command, handed, marked.variables);
    Ok(command)
}

fn dress(command: &mut Command, handed: &Handed, more: Vec<(&'static str, std::ffi::OsString)>) {
    command.env_clear().envs(environment::environment(environment::own(), handed)).envs(more);
}
