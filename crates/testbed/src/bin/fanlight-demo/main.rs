//! The demo: Fanlight on a control plane of its own, with something to look at. Runs until it is interrupted and leaves
//! nothing behind.

mod check;

use std::{
    cell::Cell,
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context;
use clap::Parser;
use fanlight_testbed::{Estate, Showcase, before_cluster, stand_in};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// Starts Fanlight on a control plane of its own, with something to look at.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask demo")]
struct Arguments {
    /// Port to serve on; any free one if not given.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Write `{url, username, password, kubeconfig, namespace}` as JSON to this file once all is ready.
    #[arg(long, value_name = "FILE")]
    info: Option<PathBuf>,
    /// A large estate of so many Flux objects instead of the plausible company.
    #[arg(long, value_name = "N", requires = "namespaces")]
    objects: Option<usize>,
    /// In so many namespaces.
    #[arg(long, value_name = "M", requires = "objects")]
    namespaces: Option<usize>,
    /// Only see whether it works: sign in, count, change one object, and say how long the page took to hear of it.
    #[arg(long, conflicts_with = "kubeconfig")]
    check: bool,
    /// Use the cluster of this kubeconfig as it is, and put nothing into it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["objects", "namespaces"])]
    kubeconfig: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = Arguments::parse();
    tracing_subscriber::fmt().with_env_filter("warn,kube_client=off").with_writer(std::io::stderr).init();
    let mut terminated = signal(SignalKind::terminate())?;
    let interrupted = async {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
    };
    // Also while it starts: whatever is there by then ends with it.
    tokio::select! {
        done = demonstrate(&arguments) => done,
        () = interrupted => Ok(()),
    }
}

async fn demonstrate(arguments: &Arguments) -> anyhow::Result<()> {
    let port = format!("--port={}", arguments.port);
    if let Some(kubeconfig) = &arguments.kubeconfig {
        let folder = tempfile::tempdir()?;
        let server = before_cluster(kubeconfig, folder.path(), &[&port]).await?;
        inform(arguments, server.url(), None, kubeconfig)?;
        return std::future::pending().await;
    }
    let estate = match (arguments.objects, arguments.namespaces) {
        (Some(objects), Some(namespaces)) => Estate::large(objects, namespaces),
        _ => Estate::company()?,
    };
    let last = Cell::new(Instant::now());
    let progress =
        |what: &str| say(&format!("── {what}: {:.1}s", last.replace(Instant::now()).elapsed().as_secs_f64()));
    let showcase = Showcase::build(estate, stand_in::Options::lively(), &[&port], progress).await?;
    if arguments.check {
        return check::run(&showcase).await;
    }
    tokio::spawn(showcase.plane.pod_logs().chatter());
    let person = Some((Showcase::USER, Showcase::PASSWORD));
    inform(arguments, showcase.server.url(), person, &showcase.kubeconfig())?;
    std::future::pending().await
}

/// Says where it is and how to get in.
fn inform(arguments: &Arguments, url: &str, person: Option<(&str, &str)>, kubeconfig: &Path) -> anyhow::Result<()> {
    if let Some(file) = &arguments.info {
        let (name, password) = person.unzip();
        let namespace = person.map(|_| Showcase::NAMESPACE);
        let info = json!({
            "url": url, "username": name, "password": password, "kubeconfig": kubeconfig, "namespace": namespace,
        });
        // Moved into place: whoever waits for the file finds it whole.
        let draft = file.with_extension("draft");
        std::fs::write(&draft, format!("{info:#}\n")).with_context(|| format!("cannot write {}", draft.display()))?;
        std::fs::rename(&draft, file).with_context(|| format!("cannot write {}", file.display()))?;
    }
    say(&format!("\n  Fanlight     {url}"));
    match person {
        Some((name, password)) => say(&format!("  sign in as   {name} / {password}")),
        None => say("  sign in as   the emergency user in the Secret cluster-user-auth of the context’s namespace"),
    }
    say(&format!("  kubectl      kubectl --kubeconfig {} get ks,hr -A", kubeconfig.display()));
    say("  end          Ctrl-C\n");
    Ok(())
}

/// Says one line.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
