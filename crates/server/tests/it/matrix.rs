//! Fanlight's answers beside the API server's: people with all sorts of rights, every kind, namespace and verb, and in
//! everything that reaches them not a word of what they may not see.

mod beside;
mod estate;
mod pages;
mod people;
mod truth;

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, ensure};
use fanlight_model::{Kind, ObjectKey};
use fanlight_testbed::{ControlPlane, Options, Stream, keys};
use futures_util::{StreamExt, TryStreamExt, stream};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::Client;
use serde_json::Value;

use crate::{
    house::{House, plane},
    shared::until,
};
use beside::Hint;
use estate::{ASKED, Garden, KINDS, NAMESPACES, Planted};
use people::{Person, people};
use truth::{Deed, Truth, VERBS, What};

/// What the controllers say of everything at first, and at the end.
const WORDS: [&str; 2] = ["First words of", "Last words of"];

/// Somebody who looks, with what they may.
struct Looker {
    person: Person,
    truth: Truth,
    client: Client,
}

struct Matrix {
    house: House,
    garden: Garden,
    hints: Vec<Hint>,
    deeds: Vec<Deed>,
    /// The words of hints that somebody has read.
    read: Mutex<BTreeSet<String>>,
}

#[tokio::test]
async fn everybody_sees_and_does_exactly_what_the_api_server_lets_them() -> anyhow::Result<()> {
    const SEED: u64 = 8;
    let seed = std::env::var("FANLIGHT_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    everybody(seed).await.with_context(|| format!("with FANLIGHT_SEED={seed}"))
}

async fn everybody(seed: u64) -> anyhow::Result<()> {
    const DRAWN: usize = 10;
    let plane = plane(Options { nodes: true, ..Options::default() }).await?;
    for namespace in NAMESPACES {
        plane.create_namespace(namespace).await?;
    }
    let garden = Garden::new();
    garden.plant(&plane, WORDS[0]).await?;
    let hints = beside::plant(&plane, &garden).await?;
    let people = people(&garden, seed, DRAWN);
    for person in &people {
        person.bind(&plane).await?;
    }
    gathered(&plane, &people).await?;
    let deeds = Deed::all(&garden);
    let matrix = Matrix { house: House::before(plane).await?, garden, hints, deeds, read: Mutex::default() };
    let mut lookers = Vec::new();
    for person in people {
        lookers.push(matrix.looker(person).await?);
    }
    let compared = lookers.len() * KINDS.len() * NAMESPACES.len() * VERBS.len();
    ensure!(compared >= 500, "{compared} combinations are too few");

    let streams: Vec<_> = lookers.iter().map(|looker| matrix.house.server.stream(&looker.client)).collect();
    let mut streams: Vec<Stream> = stream::iter(streams).buffered(8).try_collect().await?;
    for (looker, stream) in lookers.iter().zip(&mut streams) {
        matrix.watch(looker, stream, WORDS[0]).await?;
    }
    for (number, looker) in lookers.iter().enumerate() {
        matrix.look(looker, number).await.with_context(|| looker.person.user.clone())?;
        matrix.ask(looker).await.with_context(|| looker.person.user.clone())?;
    }
    matrix.somebody_has_read_every_hint()?;
    for looker in &lookers {
        matrix.act(looker).await.with_context(|| looker.person.user.clone())?;
    }
    let mut open = Vec::new();
    for looker in &lookers {
        open.push(matrix.open(looker).await.with_context(|| looker.person.user.clone())?);
    }
    matrix.garden.plant(&matrix.house.plane, WORDS[1]).await?;
    for (looker, stream) in lookers.iter().zip(&mut streams) {
        matrix.watch(looker, stream, WORDS[1]).await?;
    }
    for (looker, open) in lookers.iter().zip(open) {
        matrix.look_again(looker, open).await.with_context(|| looker.person.user.clone())?;
    }
    matrix.nobody_was_made_to_list_what_they_may_not()?;
    matrix.kubectl_says_the_same(&lookers, seed)
}

/// Waits for the roles that Kubernetes gathers from others.
async fn gathered(plane: &ControlPlane, people: &[Person]) -> anyhow::Result<()> {
    let person = people.iter().find(|person| person.user.starts_with("gathered")).context("somebody")?;
    let deed = Deed { verb: "list", what: KINDS[0].into(), namespace: "elm", name: String::new() };
    until(async || Ok(Truth::ask(plane, person, [&deed]).await?.may(&deed))).await
}

impl Matrix {
    async fn looker(&self, person: Person) -> anyhow::Result<Looker> {
        let beside = Deed::beside();
        let truth = Truth::ask(&self.house.plane, &person, self.deeds.iter().chain(&beside)).await?;
        let client = self.house.client(&person.user, &person.group_names())?;
        Ok(Looker { person, truth, client })
    }

    async fn get(&self, looker: &Looker, path: &str) -> anyhow::Result<(u16, String)> {
        let response = looker.client.get(format!("{}{path}", self.house.server.url())).send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    /// The stream brings exactly the rows, and none of its states says anything else.
    async fn watch(&self, looker: &Looker, stream: &mut Stream, word: &str) -> anyhow::Result<()> {
        let expected = self.rows(looker);
        if expected.is_empty() {
            // One that has nothing to tell says so once.
            *stream = self.house.server.stream(&looker.client).await?;
        }
        let written = expected.iter().filter(|row| !row.ends_with("/shop")).count();
        let mut leaks = BTreeSet::new();
        let arrived = |page: &str| {
            leaks.extend(self.leaks(looker, page, Lists, &[]));
            let rows: BTreeSet<_> = keys(page).into_iter().collect();
            let told = page.matches(word).count() >= written;
            rows == expected && told && !page.contains("Still loading") && !page.contains("is not known at this moment")
        };
        stream.until(arrived).await.with_context(|| looker.person.user.clone())?;
        ensure!(leaks.is_empty(), "the stream of {} says {leaks:?}", looker.person.user);
        Ok(())
    }

    /// The access page, and “may I” for everything.
    async fn ask(&self, looker: &Looker) -> anyhow::Result<()> {
        let (_, page) = self.get(looker, "/user_info").await?;
        for kind in KINDS {
            let see = cell(&page, kind, "See")?;
            ensure!(see == looker.extent("list", kind, &[]), "sees {kind} {see}");
            let change = cell(&page, kind, "Reconcile")?;
            let of_kind: Vec<_> = self.garden.objects.iter().filter(|object| object.key.kind == kind).collect();
            ensure!(change == looker.extent("patch", kind, &of_kind), "changes {kind} {change}");
        }
        let asked = self.deeds.iter().filter(|deed| ASKED.iter().any(|kind| deed.what == What::from(*kind)));
        let asked = asked.map(|deed| async move {
            let Deed { verb, what, namespace, name } = deed;
            let query = format!("verb={verb}&resource={what}&namespace={namespace}&name={name}");
            let (_, page) = self.get(looker, &format!("/user_info?{query}")).await?;
            let may = looker.truth.may(deed);
            let answer = if may { "Yes, you may" } else { "No, you may not" };
            ensure!(page.contains(answer), "not “{answer}” {deed:?}: {page}");
            ensure!(page.contains("kind: ") != may, "what to grant for {deed:?}: {page}");
            anyhow::Ok(())
        });
        let asked: Vec<_> = asked.collect();
        stream::iter(asked).buffer_unordered(8).try_collect().await
    }

    /// Suspends everything and resumes it: done where both reading and changing are allowed, and nowhere else.
    async fn act(&self, looker: &Looker) -> anyhow::Result<()> {
        for action in ["suspend", "resume"] {
            let objects = self.garden.objects.iter().map(|object| ("object", object.key.to_string()));
            let form: Vec<_> = [("action", action.to_owned())].into_iter().chain(objects).collect();
            let request = looker.client.post(format!("{}/actions", self.house.server.url())).form(&form);
            let told =
                request.header("accept", "application/x-ndjson").send().await?.error_for_status()?.text().await?;
            let steps = told.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
            for object in &self.garden.objects {
                let mut of_it = steps.iter().filter(|step| step["object"] == object.key.to_string());
                let last = of_it.next_back().with_context(|| format!("nothing of {}", object.key))?;
                let done = last["class"] == "ready";
                // What is not suspended is resumed by leaving it alone.
                let changes = action == "resume" || looker.truth.may(&object.deed("patch"));
                let may = looker.sees(object, Pages) && changes;
                ensure!(done == may, "{action}: {last}");
            }
            let all: Vec<_> = self.garden.objects.iter().map(|object| &object.key).collect();
            self.is_silent(looker, action, &told, Pages, &all)?;
        }
        Ok(())
    }

    fn nobody_was_made_to_list_what_they_may_not(&self) -> anyhow::Result<()> {
        let entries = self.house.plane.audit().entries()?;
        let lists = entries.iter().filter(|entry| entry.is_of_flux() && matches!(&*entry.verb, "list" | "watch"));
        let server = lists.filter(|entry| entry.user.username == "system:serviceaccount:fanlight:fanlight");
        let refused: Vec<_> = server.filter(|entry| entry.code() == Some(403)).collect();
        ensure!(refused.is_empty(), "{refused:#?}");
        Ok(())
    }

    fn kubectl_says_the_same(&self, lookers: &[Looker], seed: u64) -> anyhow::Result<()> {
        const SAMPLE: usize = 40;
        let mut lot = StdRng::seed_from_u64(seed);
        for _ in 0..SAMPLE {
            let looker = &lookers[lot.random_range(0..lookers.len())];
            let deed = &self.deeds[lot.random_range(0..self.deeds.len())];
            truth::ask_kubectl(&self.house.plane, &looker.person, deed, looker.truth.may(deed))?;
        }
        Ok(())
    }

    /// The rows that somebody is to see.
    fn rows(&self, looker: &Looker) -> BTreeSet<String> {
        let shown = self.listed(looker, |key| Kind::APPLICATIONS.contains(&key.kind));
        // Those which stand in every house.
        let shops = ["apps", "data", "edge"].map(|place| ObjectKey::new(Kind::KUSTOMIZATION, place, "shop"));
        let everywhere = looker.truth.may_all("list", Kind::KUSTOMIZATION, "");
        shown.into_iter().chain(shops.iter().filter(|_| everywhere).map(ToString::to_string)).collect()
    }

    /// Those of the objects that somebody may list.
    fn listed(&self, looker: &Looker, wanted: impl Fn(&ObjectKey) -> bool) -> BTreeSet<String> {
        let shown = self.garden.objects.iter().filter(|object| wanted(&object.key) && looker.sees(object, Lists));
        shown.map(|object| object.key.to_string()).collect()
    }

    fn is_silent(
        &self,
        looker: &Looker,
        what: &str,
        text: &str,
        place: Place,
        spoken: &[&ObjectKey],
    ) -> anyhow::Result<()> {
        let leaks = self.leaks(looker, text, place, spoken);
        ensure!(leaks.is_empty(), "{what} says {leaks:?}: {text}");
        Ok(())
    }

    /// The marks in a text that its reader may not know; the names in `spoken` are the reader's own words.
    fn leaks(&self, looker: &Looker, text: &str, place: Place, spoken: &[&ObjectKey]) -> BTreeSet<String> {
        let sees =
            |object: &Planted| looker.sees(object, Lists) || (matches!(place, Pages) && looker.sees(object, Pages));
        let mut leaks = BTreeSet::new();
        let (known, unknown): (Vec<_>, Vec<_>) = self.hints.iter().partition(|hint| looker.reads(hint));
        let said = |hints: Vec<&Hint>| -> BTreeSet<String> {
            hints.into_iter().filter(|hint| text.contains(&hint.word)).map(|hint| hint.word.clone()).collect()
        };
        leaks.extend(said(unknown));
        for object in self.garden.objects.iter().filter(|object| !sees(object)) {
            let name = &*object.key.name;
            let is_beside = known.iter().any(|hint| hint.about == object.key);
            let is_known = is_beside || spoken.contains(&&object.key) || self.garden.is_named(&object.key, sees);
            leaks.extend([&*object.mark].into_iter().filter(|mark| text.contains(mark)).map(ToOwned::to_owned));
            leaks.extend([name].into_iter().filter(|name| !is_known && text.contains(name)).map(ToOwned::to_owned));
        }
        self.read.lock().unwrap_or_else(PoisonError::into_inner).extend(said(known));
        leaks
    }

    /// Else it would say nothing that others do not read them.
    fn somebody_has_read_every_hint(&self) -> anyhow::Result<()> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let unread: Vec<_> = self.hints.iter().map(|hint| &hint.word).filter(|word| !read.contains(*word)).collect();
        ensure!(unread.is_empty(), "nobody has read {unread:?}");
        Ok(())
    }
}

/// Where something is read.
#[derive(Clone, Copy)]
enum Place {
    /// In lists: what may be listed.
    Lists,
    /// On the page of an object: what may be got, too.
    Pages,
}
use Place::{Lists, Pages};

impl Planted {
    fn deed(&self, verb: &'static str) -> Deed {
        let namespace = NAMESPACES.into_iter().find(|one| **one == *self.key.namespace).unwrap_or_default();
        Deed { verb, what: self.key.kind.into(), namespace, name: self.key.name.to_string() }
    }
}

impl Looker {
    fn sees(&self, object: &Planted, place: Place) -> bool {
        match place {
            Lists => self.truth.may_all("list", object.key.kind, &object.key.namespace),
            Pages => self.truth.may(&object.deed("get")),
        }
    }

    /// Whether they may know what stands beside an object.
    fn reads(&self, hint: &Hint) -> bool {
        let may = |verb| hint.of.iter().any(|what| self.truth.may_all(verb, *what, &hint.namespace));
        may("list") || may("get")
    }

    /// How the access page says how far a right reaches; `named` are objects to which it may be limited.
    fn extent(&self, verb: &'static str, kind: Kind, named: &[&Planted]) -> String {
        const FEW: usize = 3;
        if self.truth.may_all(verb, kind, "") {
            return "everywhere".to_owned();
        }
        let places: Vec<_> = NAMESPACES.into_iter().filter(|place| self.truth.may_all(verb, kind, place)).collect();
        match places.len() {
            0 if named.iter().any(|object| self.truth.may(&object.deed(verb))) => "some, by name".to_owned(),
            0 => "nothing".to_owned(),
            1..=FEW => format!("in {}", places.join(", ")),
            many => format!("in {many} namespaces{}", places.join(", ")),
        }
    }
}

/// The text of a cell of the table of rights.
fn cell(page: &str, kind: Kind, title: &str) -> anyhow::Result<String> {
    let line = page.split_once(&format!("<th scope=\"row\">{} ", kind.info().name)).context("no line of the kind")?.1;
    let cell = line.split_once(&format!("data-title=\"{title}\"")).context("no such cell")?.1;
    let cell = cell.split_once('>').context("no cell")?.1.split("</td>").next().unwrap_or_default();
    let mut text = String::new();
    let mut in_tag = false;
    for letter in cell.chars() {
        match letter {
            '<' => in_tag = true,
            '>' => in_tag = false,
            letter if !in_tag => text.push(letter),
            _ => {}
        }
    }
    Ok(text.trim().to_owned())
}
