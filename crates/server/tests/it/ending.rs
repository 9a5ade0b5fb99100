//! How the server ends.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    time::Duration,
};

use anyhow::{Context, ensure};
use fanlight_testbed::{ControlPlane, FanlightServer, Stream, Wire, estate, rights::flux_rules};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::shared::{PROGRAM, in_namespace, until};

/// What it takes to look and to act.
const ACT: [&str; 4] = ["get", "list", "watch", "patch"];

/// The program as a process of this one's, so that its end is seen.
struct Process {
    child: Child,
    address: String,
    log: PathBuf,
}

impl Process {
    async fn start(plane: &ControlPlane, namespace: &str, more: &[&str]) -> anyhow::Result<Self> {
        let kubeconfig = plane.kubeconfig_for(namespace, "fanlight").await?;
        Self::start_by(&kubeconfig, plane, namespace, more).await
    }

    async fn start_by(kubeconfig: &Path, plane: &ControlPlane, namespace: &str, more: &[&str]) -> anyhow::Result<Self> {
        plane.set_emergency_user(namespace, "admin", "secret").await?;
        plane.grant_in(namespace, "admin", flux_rules(&ACT)).await?;
        let [log, address] = ["log", "address"].map(|what| plane.folder().join(format!("{namespace}.{what}")));
        let mut command = Command::new(PROGRAM);
        command.env("KUBECONFIG", kubeconfig).args(["--insecure", "--host=127.0.0.1", "--port=0"]);
        command.arg(format!("--address-file={}", address.display())).args(more);
        let child = command.stdout(File::create(&log)?).spawn()?;
        let mut process = Self { child, address: String::new(), log };
        until(async || Ok(address.exists())).await?;
        process.address = std::fs::read_to_string(&address)?;
        until(async || Ok(process.get(&FanlightServer::client()?, "/ready").await?.status() == 200)).await?;
        Ok(process)
    }

    async fn get(&self, client: &Client, path: &str) -> reqwest::Result<Response> {
        client.get(format!("http://{}{path}", self.address)).send().await
    }

    /// Asks for an object to be suspended, as the page's script does.
    async fn suspend(&self, client: &Client, object: &str) -> reqwest::Result<Response> {
        let form = [("action", "suspend"), ("object", object)];
        let request = client.post(format!("http://{}/actions", self.address)).form(&form);
        request.header("accept", "application/x-ndjson").send().await
    }

    fn log(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(&self.log)?)
    }

    /// What the audit says of how actions ended.
    fn outcomes(&self) -> anyhow::Result<Vec<Value>> {
        let log = self.log()?;
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        Ok(lines.filter(|line| line["audit"] == "action-outcome").collect())
    }

    async fn signed_in(&self) -> anyhow::Result<Client> {
        let client = FanlightServer::client()?;
        let form = json!({"username": "admin", "password": "secret"});
        let signed = client.post(format!("http://{}/oauth2/sign_in", self.address)).json(&form).send().await?;
        signed.error_for_status()?;
        Ok(client)
    }

    /// Asks for something, but does not say all of it yet.
    async fn half_a_request(&self) -> anyhow::Result<TcpStream> {
        let mut wire = TcpStream::connect(&self.address).await?;
        wire.write_all(
            b"POST /oauth2/sign_in HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
        )
        .await?;
        let mut word = [0; 25];
        // The server waits for the rest.
        timeout(Duration::from_secs(60), wire.read_exact(&mut word)).await??;
        ensure!(word.starts_with(b"HTTP/1.1 100 "), "{}", String::from_utf8_lossy(&word));
        Ok(wire)
    }

    fn tell(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(kill(Pid::from_raw(self.child.id().try_into()?), signal)?)
    }

    async fn end(&mut self) -> anyhow::Result<ExitStatus> {
        let mut ended = None;
        until(async || {
            ended = self.child.try_wait()?;
            Ok(ended.is_some())
        })
        .await
        .with_context(|| std::fs::read_to_string(&self.log).unwrap_or_default())?;
        ended.context("it has ended")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn everything(wire: &mut TcpStream) -> anyhow::Result<String> {
    let mut answer = Vec::new();
    let _ = timeout(Duration::from_secs(60), wire.read_to_end(&mut answer)).await.context("it stays open")?;
    Ok(String::from_utf8(answer)?)
}

#[test]
fn told_to_end_the_server_sends_people_elsewhere_answers_what_was_asked_and_ends_well() {
    in_namespace("ending", async |plane| {
        let mut process = Process::start(plane, "ending", &["--shutdown-delay=6s"]).await?;
        let client = process.signed_in().await?;
        let mut stream = Stream::of(process.get(&client, "/applications/events").await?.error_for_status()?);
        stream.next().await?.context("it begins")?;
        let mut asked = process.half_a_request().await?;

        process.tell(Signal::SIGTERM)?;
        while stream.next().await?.is_some() {}
        let ready = process.get(&FanlightServer::client()?, "/ready").await?;
        ensure!(ready.status() == 503 && ready.headers().get("connection").is_some_and(|word| word == "close"));
        ensure!(ready.text().await?.starts_with("the server is about to end\n"));
        let again = process.get(&client, "/applications/events").await?;
        ensure!(again.status() == 503 && again.headers().contains_key("retry-after"));
        ensure!(
            process.get(&client, "/applications").await?.status() == 200,
            "who is not sent elsewhere yet is served"
        );
        ensure!(process.get(&client, "/health/").await?.status() == 200, "it is not dead");

        until(async || Ok(TcpStream::connect(&process.address).await.is_err())).await?;
        ensure!(process.child.try_wait()?.is_none(), "a request is not answered yet");
        asked.write_all(b"{}").await?;
        let answer = everything(&mut asked).await?;
        ensure!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        ensure!(process.end().await?.success());
        let log = std::fs::read_to_string(&process.log)?;
        ensure!(log.contains(r#""audit":"stream-closed""#), "{log}");
        Ok(())
    });
}

#[test]
fn what_is_asked_too_slowly_does_not_keep_the_server_from_ending() {
    in_namespace("ending-late", async |plane| {
        let flags = ["--shutdown-delay=0s", "--shutdown-timeout=1s"];
        let mut process = Process::start(plane, "ending-late", &flags).await?;
        let mut asked = process.half_a_request().await?;
        process.tell(Signal::SIGTERM)?;
        ensure!(process.end().await?.success());
        ensure!(everything(&mut asked).await?.is_empty(), "cut off, not answered");
        Ok(())
    });
}

#[test]
fn at_the_second_signal_the_server_ends_at_once() {
    in_namespace("ending-twice", async |plane| {
        let flags = ["--shutdown-delay=10m", "--shutdown-timeout=10m"];
        for (first, second) in [(Signal::SIGTERM, Signal::SIGTERM), (Signal::SIGINT, Signal::SIGINT)] {
            let mut process = Process::start(plane, "ending-twice", &flags).await?;
            let mut asked = process.half_a_request().await?;
            process.tell(first)?;
            until(async || Ok(std::fs::read_to_string(&process.log)?.contains("about to end"))).await?;
            ensure!(process.child.try_wait()?.is_none());
            process.tell(second)?;
            process.end().await?;
            ensure!(everything(&mut asked).await?.is_empty());
            std::fs::remove_file(plane.folder().join("ending-twice.address"))?;
        }
        Ok(())
    });
}

/// A server cut off from the API server after it accepted the suspension of `shop`, and who asked it for that.
async fn cut_off(
    plane: &ControlPlane,
    namespace: &str,
    flags: &[&str],
) -> anyhow::Result<(Process, Wire, Client, Response)> {
    plane.apply(&estate::kustomization(namespace, "shop")).await?;
    let wire = Wire::to(plane).await?;
    let kubeconfig = wire.kubeconfig_for(plane, namespace, "fanlight").await?;
    let process = Process::start_by(&kubeconfig, plane, namespace, flags).await?;
    let client = process.signed_in().await?;
    wire.close();
    let accepted = process.suspend(&client, &format!("Kustomization/{namespace}/shop")).await?;
    ensure!(accepted.status() == 200, "{}", accepted.status());
    Ok((process, wire, client, accepted))
}

#[test]
fn an_action_that_was_accepted_is_done_before_the_server_ends_though_nobody_waits_for_it() {
    in_namespace("ending-act", async |plane| {
        let flags = ["--shutdown-delay=0s", "--shutdown-timeout=2m"];
        let (mut process, wire, client, accepted) = cut_off(plane, "ending-act", &flags).await?;
        drop((accepted, client));

        process.tell(Signal::SIGTERM)?;
        until(async || Ok(process.log()?.contains("actions are under way"))).await?;
        ensure!(process.child.try_wait()?.is_none() && process.outcomes()?.is_empty());
        wire.open();
        ensure!(process.end().await?.success());
        let shop = plane.apply(&estate::kustomization("ending-act", "shop")).await?;
        ensure!(shop.data["spec"]["suspend"] == true, "{}", shop.data["spec"]);
        let outcomes = process.outcomes()?;
        ensure!(outcomes.len() == 1 && outcomes[0]["outcome"] == "done", "{outcomes:?}");
        Ok(())
    });
}

#[test]
fn an_action_that_is_not_over_in_time_is_written_down_as_unknown_and_none_begins_any_more() {
    in_namespace("ending-unknown", async |plane| {
        let flags = ["--shutdown-delay=10s", "--shutdown-timeout=1s"];
        let (mut process, _wire, client, _accepted) = cut_off(plane, "ending-unknown", &flags).await?;

        process.tell(Signal::SIGTERM)?;
        until(async || Ok(process.log()?.contains("about to end"))).await?;
        let late = process.suspend(&client, "Kustomization/ending-unknown/late").await?;
        ensure!(late.status() == 503 && late.headers().contains_key("retry-after"), "{}", late.status());
        let told: Value = serde_json::from_str(&late.text().await?)?;
        ensure!(told["word"] == "Refused" && told["object"] == "Kustomization/ending-unknown/late", "{told}");
        let form = [("action", "suspend"), ("object", "Kustomization/ending-unknown/late")];
        let page = client.post(format!("http://{}/actions", process.address)).form(&form).send().await?;
        ensure!(page.status() == 503);
        let page = page.text().await?;
        ensure!(
            page.contains("This server is about to end and begins nothing new") && page.contains("Request "),
            "{page}"
        );

        ensure!(process.end().await?.success());
        let outcomes = process.outcomes()?;
        let of = |name: &str, outcome: &str| {
            let object = format!("Kustomization/ending-unknown/{name}");
            outcomes.iter().filter(|line| line["object"] == object.as_str() && line["outcome"] == outcome).count()
        };
        ensure!(outcomes.len() == 3 && of("late", "refused") == 2 && of("shop", "unknown") == 1, "{outcomes:?}");
        Ok(())
    });
}
