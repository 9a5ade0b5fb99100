//! The world as `live` meets it: lists, watches and reviews.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use fanlight_live::{Feeds, Reviews};
use fanlight_model::{Answer, Change, FeedError, Identity, Kind, Listing, Question, Rights, Rules, Scope, Version};
use futures_util::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    deed::PEOPLE,
    world::{Open, World},
};

/// Answers as the API server would.
#[derive(Debug)]
pub(crate) struct Face {
    world: World,
    counter: AtomicU64,
}

impl Face {
    pub(crate) fn new(world: &World) -> Self {
        Self { world: world.clone(), counter: AtomicU64::new(0) }
    }

    fn number(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    /// A short time, another one for each request.
    fn latency(number: u64) -> Duration {
        Duration::from_millis(2 + number * 37 % 90)
    }
}

fn name(who: &Identity) -> &'static str {
    let name = PEOPLE.into_iter().find(|name| *name == who.user().as_str());
    name.expect("one of the people of the script")
}

impl Reviews for Face {
    fn may(&self, who: &Identity, question: &Question) -> BoxFuture<'static, Answer> {
        let (world, who, question, number) = (self.world.clone(), name(who), question.clone(), self.number());
        async move {
            world.truth().asked.reviews += 1;
            sleep(Face::latency(number) / 4).await;
            let answer = world.truth().answer(who, &question);
            sleep(Face::latency(number) / 4).await;
            answer
        }
        .boxed()
    }

    fn rules(&self, who: &Identity, namespace: &str) -> BoxFuture<'static, Rules> {
        let (world, who, namespace, number) = (self.world.clone(), name(who), namespace.to_owned(), self.number());
        async move {
            world.truth().asked.reviews += 1;
            sleep(Face::latency(number) / 4).await;
            let rules = world.truth().rules(who, &namespace);
            sleep(Face::latency(number) / 4).await;
            rules
        }
        .boxed()
    }
}

impl Feeds for Face {
    fn watch(
        &self,
        who: &Identity,
        kind: Kind,
        scope: &Scope,
        from: Option<Version>,
    ) -> BoxStream<'static, Result<Change, FeedError>> {
        let number = self.number();
        let watch = Watch {
            world: self.world.clone(),
            open: Open { who: name(who), kind, scope: scope.clone() },
            number,
            step: Step::Begin(from),
            registered: None,
        };
        stream::unfold(watch, Watch::advance).flat_map(stream::iter).boxed()
    }

    fn list(&self, who: &Identity, kind: Kind, scope: &Scope) -> BoxFuture<'static, Result<Listing, FeedError>> {
        let (world, who, scope, number) = (self.world.clone(), name(who), scope.clone(), self.number());
        async move {
            sleep(Face::latency(number)).await;
            let listing = {
                let mut truth = world.truth();
                truth.asked.lists += 1;
                truth.admit(who, kind, &scope, |rights| rights.list)?;
                truth.listing(kind, &scope)
            };
            sleep(Face::latency(number) * 3).await;
            Ok(listing)
        }
        .boxed()
    }
}

/// One watch.
struct Watch {
    world: World,
    open: Open,
    number: u64,
    step: Step,
    registered: Option<Registered>,
}

enum Step {
    Begin(Option<Version>),
    /// The second half of the first list.
    Rest(Vec<Told>, Version, u64),
    Read(Version, u64),
    Ended,
}

type Told = Result<Change, FeedError>;

/// Says in the world that a watch is open, as long as it is.
struct Registered(World, u64);

impl Drop for Registered {
    fn drop(&mut self) {
        self.0.truth().open.remove(&self.1);
    }
}

impl Watch {
    async fn advance(mut self) -> Option<(Vec<Told>, Self)> {
        let step = std::mem::replace(&mut self.step, Step::Ended);
        let told = match step {
            Step::Ended => return None,
            Step::Begin(from) => {
                sleep(Face::latency(self.number)).await;
                self.begin(from)
            }
            Step::Rest(rest, version, cuts) => {
                sleep(self.lag() / 2).await;
                if self.cuts() == cuts {
                    self.step = Step::Read(version, cuts);
                    rest
                } else {
                    vec![Err(FeedError::Unreachable("cut".to_owned()))]
                }
            }
            Step::Read(position, cuts) => self.read(position, cuts).await?,
        };
        Some((told, self))
    }

    fn begin(&mut self, from: Option<Version>) -> Vec<Told> {
        let world = self.world.clone();
        let mut truth = world.truth();
        truth.asked.watches += 1;
        let Open { who, kind, scope } = self.open.clone();
        if let Err(error) = truth.admit(who, kind, &scope, |rights: &Rights| rights.may_sponsor()) {
            return vec![Err(error)];
        }
        let cuts = truth.cuts[&kind].0;
        if from.is_some_and(|from| from < truth.forgotten) {
            // It may also say so a moment after it has accepted the watch.
            let late = self.number.is_multiple_of(2).then_some(Ok(Change::Opened));
            return late.into_iter().chain([Err(FeedError::Gone)]).collect();
        }
        truth.open.insert(self.number, self.open.clone());
        self.registered = Some(Registered(world.clone(), self.number));
        match from {
            Some(from) => {
                self.step = Step::Read(from, cuts);
                vec![Ok(Change::Opened)]
            }
            None => {
                let Listing { rows, version } = truth.listing(kind, &scope);
                let mut first: Vec<_> = rows.into_iter().map(|row| Ok(Change::Applied(row))).collect();
                let mut rest = first.split_off(first.len() / 2);
                rest.push(Ok(Change::Synced(version)));
                self.step = Step::Rest(rest, version, cuts);
                first
            }
        }
    }

    /// What happened in the meantime, a little late; `None` at the end.
    async fn read(&mut self, position: Version, cuts: u64) -> Option<Vec<Told>> {
        let mut moves = self.world.moves();
        loop {
            let next = {
                let truth = self.world.truth();
                let (now_cut, cleanly) = truth.cuts[&self.open.kind];
                if now_cut != cuts {
                    return (!cleanly).then(|| vec![Err(FeedError::Unreachable("cut".to_owned()))]);
                }
                let events = &truth.objects.events;
                let new = &events[events.partition_point(|event| event.version <= position)..];
                let now = Instant::now();
                let due: Vec<_> = new.iter().take_while(|event| event.at + self.lag() <= now).collect();
                if let Some(last) = due.last() {
                    self.step = Step::Read(last.version, cuts);
                    let mine = |key: &fanlight_model::ObjectKey| {
                        key.kind == self.open.kind && self.open.scope.covers(&key.namespace)
                    };
                    let told = due.iter().filter(|event| mine(&event.key)).map(|event| {
                        Ok(if event.exists {
                            Change::Applied(crate::world::row(&event.key, event.version))
                        } else {
                            Change::Deleted(event.key.clone(), event.version)
                        })
                    });
                    let mark = (last.version % 3 == 0).then_some(Ok(Change::Mark(last.version)));
                    return Some(told.chain(mark).collect());
                }
                new.first().map(|event| event.at + self.lag())
            };
            let due = async {
                match next {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                _ = moves.changed() => {}
            }
        }
    }

    fn lag(&self) -> Duration {
        World::LAG * u32::try_from(self.number % 4).unwrap_or_default() / 3
    }

    fn cuts(&self) -> u64 {
        self.world.truth().cuts[&self.open.kind].0
    }
}
