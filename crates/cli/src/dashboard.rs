//! `fanlight create dashboard`: has Flux install the dashboard, or prints the objects by which it would.
//!
//! ```text
//!   flags, value files ─► values ─► manifests ─┬─► --export: YAML
//!                                              └─► existing (Flux? another dashboard?) ─► install: apply, wait
//! ```

mod existing;
mod install;
mod manifests;
mod values;

use std::{
    io::{Write, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use fanlight_identity::is_hash_of;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde_json::{Value, json};

use crate::{
    bcrypt_hash,
    break_glass::{duration, terminal},
    way::{self, Way},
};

pub(crate) use existing::{Product, product_of_deployment};
use manifests::{Release, Served};

/// Have Flux install the dashboard, or print the objects by which it does.
///
/// Makes an `OCIRepository` and a `HelmRelease` of this name and waits until they are ready. Doing it again changes what
/// is different. What others than this command have set is not overwritten.
///
/// Exit codes: 0 done, 1 failed, 2 usage, 130 interrupted: what was applied stays, and the same command goes on.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What to call the two objects.
    #[arg(value_parser = name)]
    name: String,
    /// Print the objects as YAML, for Git or `kubectl apply`; no cluster is asked.
    #[arg(long)]
    export: bool,
    /// Where the chart is, such as <oci://registry.example.com/charts/fanlight>.
    #[arg(long, value_name = "URL", env = "FANLIGHT_CHART", value_parser = chart)]
    chart: String,
    /// Which versions of the chart may be installed.
    #[arg(long, value_name = "RANGE", default_value = "*")]
    chart_version: String,
    /// The emergency user's name.
    #[arg(long, short, value_name = "NAME", default_value = "admin", env = "WEAVE_GITOPS_USERNAME", hide_env = true)]
    username: String,
    /// The emergency user's password; others on the machine can see it here, but not in `$WEAVE_GITOPS_PASSWORD`.
    #[arg(
        long,
        short,
        value_name = "PASSWORD",
        env = "WEAVE_GITOPS_PASSWORD",
        hide_env = true,
        conflicts_with = "password_stdin"
    )]
    password: Option<SecretString>,
    /// Read the password from standard input, every byte of it; at a terminal it is asked for without being shown.
    #[arg(long)]
    password_stdin: bool,
    /// Files with values for the chart; the later one wins, and all win over --username and --password.
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    values: Vec<PathBuf>,
    /// Where to install it.
    #[arg(long, short, value_name = "NAMESPACE", default_value = "flux-system", value_parser = way::namespace)]
    namespace: String,
    /// How long to wait until it runs, such as 90s or 5m.
    #[arg(long, default_value = "3m", value_parser = duration, value_name = "DURATION")]
    timeout: Duration,
    #[command(flatten)]
    way: Way,
}

/// What the emergency user's part of the values is made of.
struct Admin {
    username: String,
    password: Option<SecretSlice<u8>>,
}

/// Runs the command and says by the exit code how it ended.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let done = if arguments.export { export(arguments) } else { install(arguments) };
    match done {
        Ok(code) => code,
        Err(error) => {
            tell(&format!("Error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn export(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let values = Admin::of(arguments)?.values(&values::read(&arguments.values)?, None)?;
    advise(&values);
    let (release, served) = (arguments.release(&values), Served::today());
    let text = manifests::yaml(&[release.source(&served), release.release(&served)])?;
    stdout().write_all(text.as_bytes()).context("cannot write the objects")?;
    Ok(ExitCode::SUCCESS)
}

fn install(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let admin = Admin::of(arguments)?;
    let files = values::read(&arguments.values)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let work = install::install(arguments, &admin, &files);
        tokio::select! {
            done = work => done.map(|()| ExitCode::SUCCESS),
            _ = tokio::signal::ctrl_c() => {
                tell("Interrupted. What was applied stays, and Flux goes on with it; the same command waits for it again.");
                Ok(ExitCode::from(130))
            }
        }
    })
}

impl Arguments {
    fn release<'a>(&'a self, values: &'a Value) -> Release<'a> {
        let Self { name, namespace, chart, chart_version, .. } = self;
        Release { name, namespace, chart, versions: chart_version, values }
    }
}

impl Admin {
    fn of(arguments: &Arguments) -> anyhow::Result<Self> {
        let password = match &arguments.password {
            Some(password) if password.expose_secret().is_empty() => None,
            Some(password) => Some(SecretSlice::from(password.expose_secret().as_bytes().to_vec())),
            None if arguments.password_stdin => Some(SecretSlice::from(bcrypt_hash::password()?.to_vec())),
            None => None,
        };
        Ok(Self { username: arguments.username.clone(), password })
    }

    /// The values: those of the files over the emergency user's. What the release `before` says of that one stays if
    /// nothing new is said, and its hash if it is the password's: another hash would start all pods anew.
    fn values(&self, files: &Value, before: Option<&Value>) -> anyhow::Result<Value> {
        let before = before.map(|release| &release["spec"]["values"]["adminUser"]);
        let mut values = json!({});
        if let Some(password) = &self.password {
            let password = password.expose_secret();
            let old = before.and_then(|admin| admin["passwordHash"].as_str());
            let hash = match old.filter(|old| is_hash_of(old, password)) {
                Some(old) => old.to_owned(),
                None => bcrypt_hash::hash(password)?,
            };
            values["adminUser"] = json!({"create": true, "username": self.username, "passwordHash": hash});
        } else if let Some(admin) = before.filter(|admin| admin.is_object()) {
            values["adminUser"] = admin.clone();
        }
        values::merge(&mut values, files.clone());
        Ok(values)
    }
}

/// Says at once what the chart would complain of later.
fn advise(values: &Value) {
    if values["image"]["repository"].as_str().is_none_or(str::is_empty) {
        tell(
            "! The values lack image.repository, and the chart has no default for it: where your image of fanlight-server is.",
        );
    }
}

/// Says on standard error what is going on.
fn tell(line: &str) {
    let _ = writeln!(stderr(), "{}", terminal::printable(line));
}

/// As the predecessor has it, which leaves room for what the chart adds.
fn name(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let whole = text.starts_with(|first: char| first.is_ascii_lowercase()) && !text.ends_with('-');
    if (2..=53).contains(&text.len()) && text.bytes().all(fits) && whole {
        return Ok(text.to_owned());
    }
    Err(format!("{text:?} is no name: 2 to 53 lower-case letters, digits and hyphens, a letter first, no hyphen last"))
}

fn chart(text: &str) -> Result<String, String> {
    match text.strip_prefix("oci://") {
        Some(rest) if rest.contains('/') && !rest.ends_with('/') => Ok(text.to_owned()),
        _ => Err(format!("{text:?} is no chart in a registry, such as oci://registry.example.com/charts/fanlight")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admin(password: Option<&str>) -> Admin {
        let password = password.map(|password| SecretSlice::from(password.as_bytes().to_vec()));
        Admin { username: "ops".to_owned(), password }
    }

    #[test]
    fn the_same_password_keeps_its_hash_and_another_gets_another() {
        let first = admin(Some("secret")).values(&json!({}), None).expect("values");
        let before = json!({"spec": {"values": first}});
        let again = admin(Some("secret")).values(&json!({}), Some(&before)).expect("values");
        assert_eq!(again, first);
        let other = admin(Some("other")).values(&json!({}), Some(&before)).expect("values");
        assert_ne!(other, first);
        assert_eq!(admin(None).values(&json!({}), Some(&before)).expect("values"), first, "nothing new was said");
        assert_eq!(admin(None).values(&json!({}), None).expect("values"), json!({}));
    }

    #[test]
    fn files_win_over_flags() {
        let files = json!({"adminUser": {"username": "root"}, "replicaCount": 2});
        let values = admin(Some("secret")).values(&files, None).expect("values");
        assert_eq!((&values["adminUser"]["username"], &values["replicaCount"]), (&json!("root"), &json!(2)));
        assert_eq!(values["adminUser"]["create"], true);
    }
}
