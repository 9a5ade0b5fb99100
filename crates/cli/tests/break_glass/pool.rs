use std::{
    mem,
    ops::Deref,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, bail};
use fanlight_testbed::{ControlPlane, Options};
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{sleep, timeout},
};

use crate::stage::PATIENCE;

/// Three control planes at a time: more than a small machine has cores, since tests wait a lot for tokens to die.
static ROOM: Semaphore = Semaphore::const_new(3);
/// Those that nobody has at the moment.
static IDLE: Mutex<Vec<ControlPlane>> = Mutex::new(Vec::new());

/// A control plane for one test, on which nobody has adopted anything; the next test gets the same.
pub(crate) struct Lent {
    plane: Option<ControlPlane>,
    /// Nobody may have it after this test.
    spoilt: bool,
    _room: SemaphorePermit<'static>,
}

impl Lent {
    pub(crate) async fn take() -> anyhow::Result<Self> {
        Self::within(ROOM.acquire().await?).await
    }

    /// Two of them at once.
    pub(crate) async fn two() -> anyhow::Result<[Self; 2]> {
        let mut room = ROOM.acquire_many(2).await?;
        let half = room.split(1).context("half of the room")?;
        Ok([Self::within(room).await?, Self::within(half).await?])
    }

    /// One of another kind, which ends with this test.
    pub(crate) async fn with(options: Options) -> anyhow::Result<Self> {
        let room = ROOM.acquire().await?;
        Ok(Self { plane: Some(ControlPlane::with(options).await?), spoilt: true, _room: room })
    }

    async fn within(room: SemaphorePermit<'static>) -> anyhow::Result<Self> {
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let plane = match idle {
            Some(plane) => plane,
            None => ControlPlane::start().await?,
        };
        clear(&plane).await.context("clearing up after the test before")?;
        Ok(Self { plane: Some(plane), spoilt: false, _room: room })
    }

    /// Ends the control plane with this test.
    pub(crate) fn spoil(&mut self) {
        self.spoilt = true;
    }
}

impl Deref for Lent {
    type Target = ControlPlane;

    fn deref(&self) -> &ControlPlane {
        self.plane.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let spoilt = mem::take(&mut self.spoilt) || std::thread::panicking();
        if let Some(plane) = self.plane.take().filter(|_| !spoilt) {
            IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(plane);
        }
    }
}

/// Takes away what a test has left.
pub(crate) async fn clear(plane: &ControlPlane) -> anyhow::Result<()> {
    let secrets: Api<Secret> = Api::namespaced(plane.admin(), "kube-system");
    let account = object("v1", "ServiceAccount", "break-glass");
    let has_tokens = names(&secrets).await?.iter().any(|name| name.starts_with("break-glass-token"));
    gone(plane, &object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "break-glass")).await?;
    gone(plane, &object("coordination.k8s.io/v1", "Lease", "break-glass-rotate")).await?;
    for session in names(&secrets).await?.iter().filter(|name| name.starts_with("break-glass-session")) {
        gone(plane, &object("v1", "Secret", session)).await?;
    }
    if !has_tokens {
        // The token controller may hear of an account that goes only after the next one has its first Secret.
        return Ok(());
    }
    gone(plane, &account).await?;
    let cleared = async {
        while !names(&secrets).await?.is_empty() {
            sleep(Duration::from_millis(50)).await;
        }
        Ok::<_, anyhow::Error>(())
    };
    if timeout(PATIENCE, cleared).await.is_err() {
        bail!("the token controller does not clear up: {:?}", names(&secrets).await?);
    }
    Ok(())
}

fn object(version: &str, kind: &str, name: &str) -> Value {
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "kube-system"}})
}

async fn names(secrets: &Api<Secret>) -> anyhow::Result<Vec<String>> {
    let all = secrets.list(&Default::default()).await?;
    Ok(all.iter().map(ResourceExt::name_any).filter(|name| name.starts_with("break-glass")).collect())
}

/// Deletes an object that may not be there.
pub(crate) async fn gone(plane: &ControlPlane, object: &Value) -> anyhow::Result<()> {
    match plane.delete(object).await {
        Err(error) if format!("{error:#}").contains("not found") => Ok(()),
        outcome => outcome,
    }
}
