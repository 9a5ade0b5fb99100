//! `cargo xtask test`: everything that CI runs.

use std::time::Instant;

use anyhow::bail;

use crate::{
    check, image, keycloak,
    prerequisites::{self, CHROMEDRIVER, CHROMIUM, GO, HTPASSWD, JAVA, MAVEN, NPM, SSH_KEYGEN},
    progress::{cargo, elapsed, say, step},
    tools,
};

/// What the names of all tests have in them that need Keycloak.
const WITH_KEYCLOAK: &str = "keycloak";

/// Which tests.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only the tests of one area, without the checks. Areas: foundation.
    #[arg(long, value_name = "AREA")]
    only: Option<String>,
    /// Also what is slow: long property runs, images built in two places.
    #[arg(long)]
    full: bool,
    /// Only tests whose name contains this.
    #[arg(last = true)]
    filter: Option<String>,
}

pub(crate) fn run_tests(args: &Args) -> anyhow::Result<()> {
    let mut places = tools::variables()?;
    places.push(tools::axe()?);
    let with_keycloak = prerequisites::allow(&[JAVA, MAVEN]);
    if with_keycloak {
        places.push(keycloak::prepare()?);
    }
    // The whole workspace: a part of it would be another choice of features, and be built all over again.
    step("build the programs", || crate::progress::run(&mut cargo(&["build", "--workspace", "--bins"])))?;
    if !with_keycloak {
        say("skipped, as there is no Keycloak without Java and Maven:");
        let of_keycloak = ["test", "--workspace", "--quiet", "--", "--list", WITH_KEYCLOAK];
        crate::progress::run(&mut cargo(&of_keycloak))?;
    }
    step("tests", || {
        let mut tests = cargo(&["test", "--workspace"]);
        tests.envs(places);
        if args.full {
            tests.env("PROPTEST_CASES", "20000");
        }
        tests.arg("--").args(&args.filter);
        if !with_keycloak {
            tests.args(["--skip", WITH_KEYCLOAK]);
        }
        crate::progress::run(&mut tests)
    })
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if let Some(area) = &args.only
        && area != "foundation"
    {
        bail!("there is no area “{area}”; areas: foundation");
    }
    let began = Instant::now();
    let mut needs = vec![GO, NPM, HTPASSWD, SSH_KEYGEN, CHROMIUM, CHROMEDRIVER];
    if std::env::var_os("CI").is_some() {
        // Whoever tries a change need not have Java; whoever decides about it must.
        needs.extend([JAVA, MAVEN]);
    }
    prerequisites::demand(&needs)?;
    let checked = if args.only.is_none() { check::run() } else { Ok(()) };
    run_tests(args)?;
    if args.full {
        step("the same images wherever they are built", image::are_the_same_wherever_built)?;
    }
    checked?;
    say(&format!("all of it in {}", elapsed(began.elapsed())));
    Ok(())
}
