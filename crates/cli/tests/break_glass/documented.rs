//! The commands of the documentation, in the order in which it tells them.

use std::{fs, os::unix::fs::symlink, path::Path};

use anyhow::ensure;

use crate::stage::{PROGRAM, Run, Stage, path_with, with};

/// What is to be read, from introducing it to the emergency.
const PAGES: [&str; 3] = ["break-glass-setup.md", "break-glass.md", "break-glass-audit.md"];

/// How a command is tried.
enum Trial {
    /// As it stands, ending with one of these codes.
    Run(&'static [i32]),
    /// With this behind it, since nobody is there to answer.
    With(&'static str),
    /// It needs what is not here.
    Not,
}

fn trial(command: &str) -> Trial {
    match command {
        // It asks why, and opens a shell.
        "fanlight break-glass eu/prod" => Trial::With(" --reason drill -- true"),
        // A new RKE2's own file, on its own machine.
        rke2 if rke2.contains("/etc/rancher") => Trial::Not,
        // Nobody is there to say yes, as the page says.
        "fanlight break-glass rotate eu/prod --push" => Trial::Run(&[11]),
        // One cluster of the fleet is not adopted, and the other's address is this machine's.
        "fanlight break-glass status --all" => Trial::Run(&[9]),
        _ => Trial::Run(&[0]),
    }
}

/// The indented lines of a page that are commands.
fn commands(page: &str) -> anyhow::Result<Vec<String>> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let text = fs::read_to_string(docs.join(page))?;
    let indented = text.lines().filter_map(|line| line.strip_prefix("    "));
    let is_command = |line: &&str| line.starts_with("fanlight ") || line.starts_with("git ");
    Ok(indented.filter(is_command).map(ToOwned::to_owned).collect())
}

#[test]
fn every_command_of_the_documentation_does_what_it_says() {
    with(async {
        let stage = Stage::new().await?;
        let home = stage.fleet.home();
        fs::create_dir_all(home.join(".fanlight"))?;
        symlink(stage.fleet.root(), home.join(".fanlight/fleet"))?;
        fs::create_dir_all(home.join("bin"))?;
        symlink(PROGRAM, home.join("bin/fanlight"))?;
        let mut tried = 0;
        for page in PAGES {
            for command in commands(page)? {
                let (script, codes): (String, &[i32]) = match trial(&command) {
                    Trial::Run(codes) => (command.clone(), codes),
                    Trial::With(more) => (command.clone() + more, &[0]),
                    Trial::Not => continue,
                };
                let path = path_with(&home.join("bin"));
                let mut shell = stage.fleet.as_engineer("bash");
                shell.args(["-c", &script]).env("PATH", path).env("KUBECONFIG", stage.plane.admin_kubeconfig());
                let run = Run::of(&shell.current_dir(&home).stdin(std::process::Stdio::null()).output()?);
                ensure!(codes.contains(&run.code), "{page}: {command}: {run:?}");
                tried += 1;
            }
        }
        ensure!(tried >= 10, "only {tried} commands were found");
        stage.must_open_in("@{upstream}")
    });
}

#[test]
fn the_exit_codes_of_help_and_documentation_are_the_same() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let audit = fs::read_to_string(docs.join("break-glass-audit.md")).expect("the page");
    let help = std::process::Command::new(PROGRAM).args(["break-glass", "--help"]).output().expect("it runs");
    let help = String::from_utf8_lossy(&help.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    for code in 0..=12 {
        assert!(audit.contains(&format!("\n| {code} | ")), "code {code} is in no row");
        assert!(help.contains(&format!(" {code} ")), "code {code} is not in the help: {help}");
    }
    assert!(!audit.contains("\n| 13 | "));
}
