use std::{
    ffi::OsStr,
    io::{Write, stdout},
    path::Path,
};

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::CommandLine;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// For which shell.
    shell: Shell,
}

/// The script completes the name by which the program was called.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let called = std::env::args_os().next();
    let called = called.as_deref().map(Path::new).and_then(Path::file_name).and_then(OsStr::to_str);
    // Not straight to standard output, where a closed pipe would be a panic.
    let mut script = Vec::new();
    let command = &mut CommandLine::command();
    clap_complete::generate(arguments.shell, command, called.unwrap_or("fanlight"), &mut script);
    stdout().write_all(&script).context("cannot write the script")
}
