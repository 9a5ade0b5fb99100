use std::process::Stdio;

use anyhow::{Context, bail, ensure};
use fanlight_testbed::{FanlightServer, secrets};
use reqwest::{Client, Response};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, ChildStderr, Command},
    sync::Mutex,
    time::{Duration, timeout},
};

use crate::stage::{PROGRAM, Run};

/// Held by who has the command listen where it does by itself: there is only one such port.
pub(super) static ITS_PORT: Mutex<()> = Mutex::const_new(());

/// The command while it runs, and what it has told so far.
pub(super) struct Walk {
    child: Child,
    telling: BufReader<ChildStderr>,
    told: String,
}

impl Walk {
    /// Far longer than any of it takes.
    const PATIENCE: Duration = Duration::from_secs(120);

    /// Starts it as on a machine without a desktop and without a cluster.
    pub(super) fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(PROGRAM);
        command.args(["check", "oidc-config"]).args(arguments);
        for variable in ["DISPLAY", "WAYLAND_DISPLAY", "FANLIGHT_OIDC_CLIENT_SECRET", "KUBECONFIG", "HOME"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        Self::of(command.spawn()?)
    }

    pub(super) fn of(mut child: Child) -> anyhow::Result<Self> {
        // For whoever plays the browser; whoever has chosen already, keeps it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let telling = BufReader::new(child.stderr.take().context("standard error")?);
        Ok(Self { child, telling, told: String::new() })
    }

    /// Waits for a line that begins like this, and returns the rest of it.
    pub(super) async fn line(&mut self, beginning: &str) -> anyhow::Result<String> {
        let reading = async {
            loop {
                let mut line = String::new();
                let read = self.telling.read_line(&mut line).await?;
                self.told.push_str(&line);
                if let Some(rest) = line.trim().strip_prefix(beginning) {
                    return anyhow::Ok(rest.to_owned());
                }
                if read == 0 {
                    let mut out = String::new();
                    if let Some(mut stdout) = self.child.stdout.take() {
                        stdout.read_to_string(&mut out).await?;
                    }
                    bail!("it ended without “{beginning}”: {out}");
                }
            }
        };
        let found = timeout(Self::PATIENCE, reading).await;
        found.map_err(anyhow::Error::from).flatten().with_context(|| format!("it has told: {}", self.told))
    }

    /// The address that somebody is asked to open.
    pub(super) async fn address(&mut self) -> anyhow::Result<String> {
        self.line("Sign in here:").await?;
        self.line("").await?;
        Ok(format!("http{}", self.line("http").await?))
    }

    /// Signs in as a browser does at a provider that asks nothing; what the browser shows at the end.
    pub(super) async fn sign_in(&mut self) -> anyhow::Result<(Client, Response)> {
        let browser = FanlightServer::client()?;
        let sent_back = browser.get(self.address().await?).send().await?;
        let shown = browser.get(location(&sent_back)?).send().await?;
        Ok((browser, shown))
    }

    /// Waits for its end; whatever it was about, no secret is printed.
    pub(super) async fn end(self) -> anyhow::Result<Run> {
        let Self { child, mut telling, mut told } = self;
        let ended = timeout(Self::PATIENCE, async {
            // What was told so far is to be known too if it does not end, so nothing may be in between.
            let mut line = String::new();
            while telling.read_line(&mut line).await? > 0 {
                told.push_str(&std::mem::take(&mut line));
            }
            anyhow::Ok(())
        })
        .await;
        ended.with_context(|| format!("it goes on, and has told: {told}"))??;
        let output = child.wait_with_output().await?;
        let (code, out) = (output.status.code().unwrap_or(-1), String::from_utf8(output.stdout)?);
        let run = Run { code, out, err: told };
        let found = secrets::found_in(&format!("{}{}", run.out, run.err));
        ensure!(found.is_empty(), "secrets are printed: {found:?} in {run:?}");
        Ok(run)
    }

    /// The report, for a run with `--output json`.
    pub(super) async fn report(self, code: i32) -> anyhow::Result<Value> {
        let run = self.end().await?.ended(code);
        let report: Value = serde_json::from_str(&run.out).with_context(|| format!("{run:?}"))?;
        ensure!(report["ok"] == (code == 0), "{report}");
        for finding in findings(&report) {
            let has = |name: &str| finding[name].as_str().is_some_and(|text| !text.is_empty());
            ensure!(has("code") && has("says") && has("remedy"), "each finding has a remedy: {finding}");
        }
        Ok(report)
    }
}

/// What a report says is wrong.
pub(super) fn findings(report: &Value) -> &[Value] {
    report["findings"].as_array().map_or(&[], Vec::as_slice)
}

/// Where an answer sends the browser.
pub(super) fn location(answer: &Response) -> anyhow::Result<String> {
    let place = answer.headers().get("location").with_context(|| format!("{} leads nowhere", answer.status()))?;
    Ok(place.to_str()?.to_owned())
}
