//! The pages of the matrix: lists, every tab of every object, and their streams.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, ensure};
use fanlight_model::{Kind, ObjectKey};
use fanlight_testbed::{Stream, keys};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::timeout;

use super::{
    Lists, Looker, Matrix, Pages, WORDS,
    estate::{NAMESPACES, Planted},
};
use crate::{house::follow, shared::until};

/// Every tab that an object of a kind may have, but its values.
const TABS: [&str; 8] = ["details", "yaml", "graph", "dependencies", "events", "logs", "compare", "history"];
/// Those that show more once an object has changed.
const LATER: [&str; 2] = ["compare", "history"];
/// Lists, with the kinds that they show.
const LISTS: [(&str, &[Kind]); 4] = [
    ("/sources", &Kind::SOURCES),
    ("/image_automation/repositories", &[Kind::IMAGE_REPOSITORY]),
    ("/notifications/alerts", &[Kind::ALERT]),
    ("/operator", &Kind::OPERATOR),
];
/// Pages without rows of objects.
const OTHERS: [&str; 5] = ["/", "/events", "/workloads", "/flux_runtime", "/oauth2/userinfo"];
/// Pages of which the stream is opened.
const FOLLOWED: [&str; 4] = ["/sources", "/search?q=ns:amber", "/events", "/workloads"];

/// The stream of an object's page.
pub(super) struct Open<'a> {
    object: &'a Planted,
    stream: Stream,
    /// Whether the person may see it.
    may: bool,
}

impl Matrix {
    /// Lists, whatever is asked for, and the page of every object.
    pub(super) async fn look(&self, looker: &Looker, number: usize) -> anyhow::Result<()> {
        self.applications(looker).await?;
        for (path, kinds) in LISTS {
            self.list(looker, path, |key| kinds.contains(&key.kind)).await?;
        }
        for namespace in NAMESPACES {
            self.list(looker, &format!("/search?q=ns:{namespace}"), |key| *key.namespace == *namespace).await?;
        }
        for path in OTHERS {
            let (_, page) = self.get(looker, path).await?;
            self.is_silent(looker, path, &page, Lists, &[])?;
        }
        for path in FOLLOWED {
            let mut stream = follow(&self.house, &looker.client, path).await?;
            self.hear(looker, path, &mut stream, "", &[]).await?;
        }
        let visits = self.garden.objects.iter().enumerate().flat_map(|(place, object)| {
            let may = looker.sees(object, Pages);
            // To whom an object is closed every tab says the same.
            let tabs = TABS.into_iter().enumerate();
            let tabs = tabs.filter(move |(tab, _)| may || *tab < 2 || *tab == (place + number) % TABS.len());
            tabs.map(move |(_, tab)| self.visit(looker, object, tab))
        });
        let visits: Vec<_> = visits.collect();
        stream::iter(visits).buffer_unordered(8).try_collect().await
    }

    async fn applications(&self, looker: &Looker) -> anyhow::Result<()> {
        let expected = self.rows(looker);
        let (_, page) = self.get(looker, "/applications").await?;
        let rows: BTreeSet<_> = keys(&page).into_iter().collect();
        ensure!(rows == expected, "the list shows {rows:?} and not {expected:?}");
        let places: BTreeSet<_> = expected.iter().filter_map(|row| row.split('/').nth(1)).collect();
        let count = match expected.len() {
            0 => "id=\"count\"></span>".to_owned(),
            all => format!("id=\"count\">{all} in {} namespace", places.len()),
        };
        ensure!(page.contains(&count), "no {count}: {page}");
        self.is_silent(looker, "/applications", &page, Lists, &[])?;
        for object in self.garden.objects.iter().filter(|object| Kind::APPLICATIONS.contains(&object.key.kind)) {
            let row = object.key.to_string();
            for query in [
                format!("search={}", object.key.name),
                format!("search={}", object.mark),
                format!("namespace={}&kind={}", object.key.namespace, object.key.kind),
            ] {
                let (_, page) = self.get(looker, &format!("/applications?{query}")).await?;
                let found = keys(&page);
                let right: Vec<_> = expected.get(&row).cloned().into_iter().collect();
                ensure!(found == right, "{query} finds {found:?}");
            }
        }
        Ok(())
    }

    /// A list shows those of the objects that its viewer may list, once it has read them.
    async fn list(&self, looker: &Looker, path: &str, wanted: impl Fn(&ObjectKey) -> bool) -> anyhow::Result<()> {
        let expected = self.listed(looker, wanted);
        let mut last = String::new();
        let come = until(async || {
            let (_, page) = self.get(looker, path).await?;
            self.is_silent(looker, path, &page, Lists, &[])?;
            let rows: BTreeSet<_> = keys(&page).into_iter().collect();
            last = page;
            Ok(rows == expected)
        });
        let come = come.await;
        come.with_context(|| format!("{path} shows not {expected:?}: {last}"))
    }

    /// The page of an object opens for who may get it, and says of others what the viewer may see of them.
    async fn visit(&self, looker: &Looker, object: &Planted, tab: &str) -> anyhow::Result<()> {
        let may = looker.sees(object, Pages);
        let path = path(object, tab);
        let (code, page) = self.get(looker, &path).await?;
        ensure!(code == if may { 200 } else { 403 }, "{path} answers {code}");
        let is_said = page.contains(&object.mark);
        ensure!(if matches!(tab, "details" | "yaml") { is_said == may } else { may || !is_said }, "{path}: {page}");
        self.is_silent(looker, &path, &page, Pages, &[&object.key])
    }

    /// The streams of the pages of an object that somebody may see, and of one that they may not, as far as there are.
    pub(super) async fn open(&self, looker: &Looker) -> anyhow::Result<Vec<Open<'_>>> {
        let mut open = Vec::new();
        for may in [true, false] {
            let mut apps = self.garden.objects.iter().filter(|object| object.key.kind == Kind::KUSTOMIZATION);
            let Some(object) = apps.rfind(|object| looker.sees(object, Pages) == may) else { continue };
            let mut stream = follow(&self.house, &looker.client, &path(object, "details")).await?;
            self.hear(looker, "the first of a stream", &mut stream, "", &[&object.key]).await?;
            open.push(Open { object, stream, may });
        }
        Ok(open)
    }

    /// Once all objects have changed: what the streams say, and the tabs that tell of changes.
    pub(super) async fn look_again(&self, looker: &Looker, open: Vec<Open<'_>>) -> anyhow::Result<()> {
        for Open { object, mut stream, may } in open {
            if may {
                self.hear(looker, "a stream", &mut stream, WORDS[1], &[&object.key]).await?;
            }
        }
        let visits = self.garden.objects.iter().filter(|object| looker.sees(object, Pages));
        let visits = visits.flat_map(|object| LATER.map(|tab| self.visit(looker, object, tab)));
        let visits: Vec<_> = visits.collect();
        stream::iter(visits).buffer_unordered(8).try_collect().await
    }

    /// Reads a stream until it says a word.
    async fn hear(
        &self,
        looker: &Looker,
        what: &str,
        stream: &mut Stream,
        word: &str,
        spoken: &[&ObjectKey],
    ) -> anyhow::Result<()> {
        let heard = async {
            loop {
                let (_, data) = stream.next().await?.context("the stream ended")?;
                self.is_silent(looker, what, &data, Pages, spoken)?;
                if data.contains(word) {
                    return Ok(());
                }
            }
        };
        timeout(Duration::from_secs(60), heard).await.with_context(|| format!("{what} does not say {word:?}"))?
    }
}

fn path(object: &Planted, tab: &str) -> String {
    let part = match object.key.kind {
        Kind::KUSTOMIZATION => "kustomization",
        Kind::HELM_RELEASE => "helm_release",
        Kind::GIT_REPOSITORY => "git_repo",
        Kind::IMAGE_REPOSITORY => "image_repo",
        Kind::ALERT => "alert",
        _ => "resource_set",
    };
    format!("/{part}/{tab}?name={}&namespace={}", object.key.name, object.key.namespace)
}
