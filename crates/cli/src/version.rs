use std::{
    io::{Write, stdout},
    time::Duration,
};

use anyhow::Context;
use fanlight_cluster::rescue::RescueError;
use serde::Serialize;

use crate::{
    break_glass::Output,
    cluster_check::{Installed, installed},
    way::{self, Way},
};

/// Print the version of this program, and that of the dashboard in the cluster if there is one.
///
/// That the cluster does not answer is no failure.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Ask no cluster.
    #[arg(long)]
    client: bool,
    /// Where to look for the dashboard; otherwise everywhere.
    #[arg(long, short, value_name = "NAMESPACE", value_parser = way::namespace)]
    namespace: Option<String>,
    /// How to print it.
    #[arg(long, short, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    way: Way,
}

/// How long a cluster that does not answer may hold this up.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Serialize)]
struct Versions {
    client: Client,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<Server>,
    /// Why nothing is known of a server.
    #[serde(rename = "serverUnknown", skip_serializing_if = "Option::is_none")]
    unknown: Option<String>,
}

#[derive(Serialize)]
struct Client {
    version: String,
}

#[derive(Serialize)]
struct Server {
    version: String,
    namespace: String,
    deployment: String,
    image: String,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = Client { version: concat!("v", env!("CARGO_PKG_VERSION")).to_owned() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = (!arguments.client).then(|| runtime.block_on(look(arguments)));
    let (server, unknown) = match found {
        None => (None, None),
        Some(Ok(Some(server))) => (Some(server), None),
        Some(Ok(None)) => (None, Some("there is no Fanlight in the cluster".to_owned())),
        Some(Err(error)) => (None, Some(error.to_string())),
    };
    let versions = Versions { client, server, unknown };
    let text = match arguments.output {
        Output::Json => serde_json::to_string_pretty(&versions)?,
        Output::Text => text(&versions),
    };
    writeln!(stdout(), "{text}").context("cannot write the version")
}

/// The first line is the predecessor's.
fn text(Versions { client, server, unknown }: &Versions) -> String {
    let first = format!("Current Version: {}", client.version);
    match (server, unknown) {
        (Some(Server { version, namespace, deployment, .. }), _) => {
            format!("{first}\nServer Version: {version} (Deployment {namespace}/{deployment})")
        }
        (None, Some(why)) => format!("{first}\nServer Version: not known: {why}"),
        (None, None) => first,
    }
}

async fn look(arguments: &Arguments) -> Result<Option<Server>, RescueError> {
    let cluster = arguments.way.connect(PATIENCE, "version").await?;
    let found = installed(&cluster, arguments.namespace.as_deref()).await?;
    Ok(found.into_iter().next().map(|one: Installed| Server {
        version: one.version(),
        namespace: one.namespace().to_owned(),
        deployment: one.name().to_owned(),
        image: one.image().to_owned(),
    }))
}
