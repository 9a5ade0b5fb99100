//! The program under test in a cluster of its own, with people of any name.

use std::path::Path;

use anyhow::Context;
use fanlight_testbed::{AuditEntry, ControlPlane, FanlightServer, Options, SessionForge, Stream, Wire, estate, keys};
use reqwest::Client;
use serde_json::{Value, json};

pub(crate) use crate::shared::WATCH;
use crate::shared::{PROGRAM, until};

/// How many feeds the Applications page needs for somebody who sees everything, or one namespace: two kinds, and three of
/// their sources.
pub(crate) const FEEDS: usize = 5;

/// A control plane with the server's account and the emergency user `admin`, whose password is `secret`; in each of the
/// namespaces `apps`, `data` and `edge` a Kustomization `shop`.
pub(crate) async fn plane(options: Options) -> anyhow::Result<ControlPlane> {
    let plane = ControlPlane::with(options).await?;
    plane.install_server_account("fanlight").await?;
    plane.set_emergency_user("fanlight", "admin", "secret").await?;
    for namespace in ["apps", "data", "edge"] {
        plane.create_namespace(namespace).await?;
        plane.apply(&estate::kustomization(namespace, "shop")).await?;
    }
    Ok(plane)
}

/// The server before a control plane, and the means to sign in to it as anybody.
pub(crate) struct House {
    pub(crate) plane: ControlPlane,
    pub(crate) server: FanlightServer,
    forge: SessionForge,
}

/// Somebody with an open page.
pub(crate) struct Guest {
    pub(crate) client: Client,
    pub(crate) stream: Stream,
}

impl House {
    pub(crate) async fn before(plane: ControlPlane) -> anyhow::Result<Self> {
        let forge = SessionForge::new(&plane, "fanlight", "admin", "secret").await?;
        let mut arguments = vec!["--log-level=debug"];
        arguments.extend(SessionForge::PROVIDER);
        let key = forge.argument();
        arguments.push(&key);
        let server = FanlightServer::start(Path::new(PROGRAM), &plane, "fanlight", &arguments).await?;
        Ok(Self { plane, server, forge })
    }

    /// The server behind a way that can be cut.
    pub(crate) async fn behind(wire: &Wire, plane: ControlPlane) -> anyhow::Result<Self> {
        let forge = SessionForge::new(&plane, "fanlight", "admin", "secret").await?;
        let server = replica(&plane, &forge, ("first", wire)).await?;
        Ok(Self { plane, server, forge })
    }

    /// One more replica of it.
    pub(crate) async fn replica(&self, name: &str, wire: &Wire) -> anyhow::Result<FanlightServer> {
        replica(&self.plane, &self.forge, (name, wire)).await
    }

    /// Somebody opens the page of another replica.
    pub(crate) async fn guest_of(&self, server: &FanlightServer, user: &str) -> anyhow::Result<Guest> {
        let client = self.forge.client(server, user, &[])?;
        let stream = server.stream(&client).await?;
        Ok(Guest { client, stream })
    }

    pub(crate) fn client(&self, user: &str, groups: &[&str]) -> anyhow::Result<Client> {
        self.forge.client(&self.server, user, groups)
    }

    /// Somebody who came from the provider, and so not as the emergency user.
    pub(crate) fn member(&self, user: &str, groups: &[&str]) -> anyhow::Result<Client> {
        self.forge.member(&self.server, user, groups)
    }

    /// Somebody opens the Applications page.
    pub(crate) async fn guest(&self, user: &str) -> anyhow::Result<Guest> {
        let client = self.client(user, &[])?;
        let stream = self.server.stream(&client).await?;
        Ok(Guest { client, stream })
    }

    /// The rows of the page that somebody loads, sorted.
    pub(crate) async fn page(&self, guest: &Guest) -> anyhow::Result<Vec<String>> {
        let mut rows = self.server.applications(&guest.client, "").await?;
        rows.sort_unstable();
        Ok(rows)
    }
}

async fn replica(plane: &ControlPlane, forge: &SessionForge, by: (&str, &Wire)) -> anyhow::Result<FanlightServer> {
    let key = forge.argument();
    FanlightServer::replica(Path::new(PROGRAM), plane, "fanlight", by, &["--log-level=debug", &key]).await
}

/// What somebody is shown at a path, where nothing is wrong.
pub(crate) async fn get(house: &House, client: &Client, path: &str) -> anyhow::Result<String> {
    answer(house, client, path, 200).await
}

/// The same once it is as wanted: a page does not wait for long until everything is read that it shows.
pub(crate) async fn get_until(
    house: &House,
    client: &Client,
    path: &str,
    wanted: impl Fn(&str) -> bool,
) -> anyhow::Result<String> {
    let mut page = String::new();
    let come = until(async || {
        page = get(house, client, path).await?;
        Ok(wanted(&page))
    });
    let come = come.await;
    come.with_context(|| format!("{path}: {page}"))?;
    Ok(page)
}

/// What somebody is told at a path that is answered with this status.
pub(crate) async fn answer(house: &House, client: &Client, path: &str, status: u16) -> anyhow::Result<String> {
    let response = client.get(format!("{}{path}", house.server.url())).send().await?;
    anyhow::ensure!(response.status() == status, "{path} answers {}", response.status());
    Ok(response.text().await?)
}

/// What keeps the page at a path current while somebody looks.
pub(crate) async fn follow(house: &House, client: &Client, page: &str) -> anyhow::Result<Stream> {
    let (path, query) = page.split_at(page.find('?').unwrap_or(page.len()));
    let address = format!("{}{path}/events{query}", house.server.url());
    Ok(Stream::of(client.get(address).send().await?.error_for_status()?))
}

/// These verbs on everything.
pub(crate) fn all(verbs: &[&str]) -> Value {
    json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": verbs}])
}

/// The requests about objects of Flux that the server under test made.
pub(crate) fn of_flux(entries: &[AuditEntry]) -> Vec<&AuditEntry> {
    entries.iter().filter(|entry| of_server(entry) && entry.is_of_flux()).collect()
}

/// Whether the server under test made a request.
pub(crate) fn of_server(entry: &AuditEntry) -> bool {
    entry.user.username == "system:serviceaccount:fanlight:fanlight"
}

/// A condition on views: they contain a row of this name.
pub(crate) fn shows(view: &str, row: &str) -> bool {
    keys(view).iter().any(|key| key == row)
}
