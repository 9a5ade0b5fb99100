use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use fanlight_testbed::{ControlPlane, Stream, keys};
use kube::{
    Api, Client, ResourceExt,
    api::{ApiResource, DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use crate::people::Person;

/// Changes objects, and hears of it from an event stream.
pub(crate) struct Changes {
    admin: Client,
    /// What is changed and watched for: a Kustomization in trouble, on the first page of who watches.
    watched: DynamicObject,
    /// What else is changed.
    others: Vec<DynamicObject>,
    heard: UnboundedReceiver<(usize, Instant)>,
    last: usize,
}

impl Changes {
    /// What a changed message begins with.
    const MARK: &str = "measured change ";

    /// `watcher` has opened `stream`; it is read by one of the `readers` from now on.
    pub(crate) async fn new(
        plane: &ControlPlane,
        watcher: &Person,
        stream: Stream,
        readers: &mut JoinSet<()>,
    ) -> anyhow::Result<Self> {
        let page = watcher.load("/applications?kind=Kustomization&status=failed", "identity").await?;
        let key = keys(&String::from_utf8(page)?).into_iter().next().context("no Kustomization has failed")?;
        let admin = plane.admin();
        let mut others =
            Api::<DynamicObject>::all_with(admin.clone(), &kustomizations()).list(&Default::default()).await?.items;
        let is_watched = |object: &DynamicObject| {
            key == format!("Kustomization/{}/{}", object.namespace().unwrap_or_default(), object.name_any())
        };
        let index = others.iter().position(is_watched).with_context(|| format!("there is no {key}"))?;
        let subject = others.swap_remove(index);
        let (tell, heard) = unbounded_channel();
        readers.spawn(read(stream, move |data| {
            let mentioned = data.split(Self::MARK).skip(1).filter_map(|rest| rest.get(..6)?.parse().ok()).max();
            if let Some(number) = mentioned {
                let _ = tell.send((number, Instant::now()));
            }
        }));
        Ok(Self { admin, watched: subject, others, heard, last: 0 })
    }

    /// Changes the watched object so many times, each time waiting for the stream to say so. Between two changes there
    /// is time for the server to have told everybody.
    pub(crate) async fn one_by_one(&mut self, times: usize) -> anyhow::Result<Vec<Duration>> {
        let mut taken = Vec::with_capacity(times);
        for _ in 0..times {
            sleep(Duration::from_millis(150)).await;
            taken.push(self.change_watched().await?);
        }
        Ok(taken)
    }

    /// Makes ten changes a second, for so long; every second one is of the watched object.
    pub(crate) async fn steadily(&mut self, window: Duration) -> anyhow::Result<Vec<Duration>> {
        let mut taken = Vec::new();
        let mut pace = interval(Duration::from_millis(100));
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (began, mut number) = (Instant::now(), 0);
        while began.elapsed() < window {
            pace.tick().await;
            number += 1;
            if number % 2 == 0 {
                taken.push(self.change_watched().await?);
            } else if !self.others.is_empty() {
                patch(&self.admin, &self.others[number * 7 % self.others.len()], number).await?;
            }
        }
        Ok(taken)
    }

    /// How long after the API server's answer the stream says it; nothing if it was quicker than the answer.
    async fn change_watched(&mut self) -> anyhow::Result<Duration> {
        self.last += 1;
        patch(&self.admin, &self.watched, self.last).await?;
        let answered = Instant::now();
        let heard = async {
            while let Some((number, at)) = self.heard.recv().await {
                if number >= self.last {
                    return Ok(at.saturating_duration_since(answered));
                }
            }
            bail!("the event stream has ended")
        };
        timeout(Duration::from_secs(30), heard).await.context("the event stream does not tell a change")?
    }
}

/// Reads a stream to its end.
pub(crate) async fn read(mut stream: Stream, mut hear: impl FnMut(&str)) {
    while let Ok(Some((_, data))) = stream.next().await {
        hear(&data);
    }
}

/// Gives the object's `Ready` condition another message.
async fn patch(admin: &Client, object: &DynamicObject, number: usize) -> anyhow::Result<()> {
    let namespace = object.namespace().unwrap_or_default();
    let api: Api<DynamicObject> = Api::namespaced_with(admin.clone(), &namespace, &kustomizations());
    let mut conditions = object.data.pointer("/status/conditions").cloned().unwrap_or_default();
    let ready = conditions.as_array_mut().into_iter().flatten().find(|condition| condition["type"] == "Ready");
    ready.context("an object that does not say whether it is ready")?["message"] =
        Value::from(format!("{}{number:06}", Changes::MARK));
    let patch = Patch::Merge(json!({"status": {"conditions": conditions}}));
    let name = object.name_any();
    api.patch_status(&name, &PatchParams::default(), &patch).await.with_context(|| format!("changing {name}"))?;
    Ok(())
}

fn kustomizations() -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("kustomize.toolkit.fluxcd.io", "v1", "Kustomization"))
}
