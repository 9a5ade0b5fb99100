use std::path::PathBuf;

use fanlight_testbed::{ControlPlane, Estate, FanlightServer, Options, SessionForge, Showcase, rights::flux_rules};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{say, size::Size};

/// A control plane with many objects, people with rights, and the means to start the server before it. Where there are no
/// nodes, nothing changes unless it is changed here.
pub(crate) struct House {
    pub(crate) plane: ControlPlane,
    pub(crate) forge: SessionForge,
    /// Everybody's name: first who sees everything, then those who see some namespaces each.
    pub(crate) names: Vec<String>,
    program: PathBuf,
}

impl House {
    /// How many namespaces those see who do not see everything: what the budgets say of them.
    const SHARE: usize = 30;

    pub(crate) async fn build(size: &Size) -> anyhow::Result<Self> {
        let estate = Estate::large(size.objects, size.namespaces);
        let (house, namespaces) = Self::around(Options::default(), &estate, size.people).await?;
        house.grant(&namespaces).await?;
        say(&format!("the rights of {} people", size.people));
        Ok(house)
    }

    /// A control plane with these objects, and so many people who have no rights so far; the namespaces that are not the
    /// server's.
    pub(crate) async fn around(
        options: Options,
        estate: &Estate,
        people: usize,
    ) -> anyhow::Result<(Self, Vec<String>)> {
        let program = Showcase::program()?;
        let plane = ControlPlane::with(options).await?;
        say("a Kubernetes control plane");
        let summary = estate.apply(&plane).await?;
        say(&format!("{} Flux objects in {} namespaces", summary.flux, summary.namespaces.len()));
        plane.install_server_account(Showcase::NAMESPACE).await?;
        plane.install_session_record(Showcase::NAMESPACE).await?;
        plane.set_emergency_user(Showcase::NAMESPACE, Showcase::USER, Showcase::PASSWORD).await?;
        let forge = SessionForge::new(&plane, Showcase::NAMESPACE, Showcase::USER, Showcase::PASSWORD).await?;
        let names: Vec<_> = (0..people).map(|number| format!("person-{number:02}")).collect();
        let namespaces = summary.namespaces.into_iter().filter(|name| name != Showcase::NAMESPACE).collect();
        Ok((Self { plane, forge, names, program }, namespaces))
    }

    /// The first sees everything; the others at most [`Self::SHARE`] namespaces each, spread, each others than the one before.
    async fn grant(&self, namespaces: &[String]) -> anyhow::Result<()> {
        let rules = flux_rules(&["get", "list", "watch"]);
        let (all, some) = self.names.split_first().map_or((None, &[][..]), |(first, rest)| (Some(first), rest));
        if let Some(name) = all {
            self.plane.grant_everywhere(name, rules.clone()).await?;
        }
        let pairs = some.iter().enumerate().flat_map(|(number, name)| {
            let step = namespaces.len().div_ceil(Self::SHARE).max(3);
            let share = namespaces.iter().enumerate().filter(move |(index, _)| (index + number) % step == 0);
            share.map(move |(_, namespace)| (namespace, name))
        });
        let granted = stream::iter(pairs).map(|(namespace, name)| self.plane.grant_in(namespace, name, rules.clone()));
        granted.buffer_unordered(32).try_for_each(async |_| Ok(())).await
    }

    /// Starts the server.
    pub(crate) async fn server(&self) -> anyhow::Result<FanlightServer> {
        let key = self.forge.argument();
        FanlightServer::start(&self.program, &self.plane, Showcase::NAMESPACE, &[&key]).await
    }
}
