//! Actions on what runs, in the person's name: as those on objects of Flux, a task of its own each.
//!
//! Each request may be made again when its answer is lost: a restart has a fixed time, a Job a fixed name, and a pod is
//! deleted only if it still is the one that was meant.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use bytes::Bytes;
use fanlight_model::{Identity, PodKey, Stage, WorkloadAction, WorkloadKey, job_of, roll_out};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, sleep},
};

use super::{
    Deed,
    patience::{Failure, insist},
    words,
};
use crate::{
    ApiServer, ReadError,
    api_server::{As, Errand, Order, decode},
    workloads::{folder, object_path, workload_path},
};

/// One action.
struct Undertaking {
    server: ApiServer,
    who: Identity,
    action: WorkloadAction,
    stages: mpsc::UnboundedSender<Stage>,
    requests: Semaphore,
}

impl ApiServer {
    /// Does something to a workload or a pod in the person's name and tells what becomes of it; ends when that is final.
    ///
    /// Dropping the stream ends only the watching: what was asked for happens nevertheless.
    pub fn act_on_workload(&self, who: &Identity, action: &WorkloadAction) -> BoxStream<'static, Stage> {
        let (stages, told) = mpsc::unbounded_channel();
        let requests = Semaphore::new(1);
        let undertaking =
            Undertaking { server: self.clone(), who: who.clone(), action: action.clone(), stages, requests };
        tokio::spawn(async move {
            let stage = undertaking.settle().await;
            undertaking.tell(stage);
        });
        stream::unfold(told, |mut told| async move { Some((told.recv().await?, told)) }).boxed()
    }
}

impl Undertaking {
    /// How long a roll-out is watched: it goes on without.
    const ROLL_OUT: Duration = Duration::from_secs(300);
    /// How long a pod may take to be gone, besides what it is granted to end.
    const GOING: Duration = Duration::from_secs(60);
    /// The longest time to end that is waited for.
    const GRACE: i64 = 300;
    /// How long a lost answer is asked for again.
    const REACH: Duration = Deed::REACH;

    async fn settle(&self) -> Stage {
        let settled = match &self.action {
            WorkloadAction::Restart(key) => self.restart(key).await,
            WorkloadAction::Run(key) => self.run(key).await,
            WorkloadAction::DeletePod(key) => self.delete(key).await,
        };
        settled.unwrap_or_else(|stage| stage)
    }

    async fn restart(&self, key: &WorkloadKey) -> Result<Stage, Stage> {
        let path = self.path(workload_path(key))?;
        self.read_first(&path).await?;
        // Fine enough that two restarts are never one.
        let change = WorkloadAction::restart_patch(&format!("{:.3}", Timestamp::now()));
        let changed = format!("{path}?fieldManager={}", ApiServer::FIELD_MANAGER);
        let written = self.insist(Self::REACH, || self.send(&changed, Order::Patch(body(&change)))).await;
        written.map_err(|failure| words::not_written(key, &failure.error))?;
        self.tell(Stage::Asked("Asked for; its pods are being replaced".to_owned()));
        let unfinished = |text: &str| {
            let seconds = Self::ROLL_OUT.as_secs();
            Stage::Unknown(format!("Not rolled out after {seconds} s, and it goes on: {text}. Look at its page"))
        };
        Ok(self.follow(&path, Self::ROLL_OUT, |read| Some(roll_out(key.kind, read?)), unfinished).await)
    }

    async fn run(&self, key: &WorkloadKey) -> Result<Stage, Stage> {
        let cron_job = self.read_first(&self.path(workload_path(key))?).await?;
        let job = job_of(&cron_job, &mark());
        let name = job["metadata"]["name"].as_str().unwrap_or_default();
        let jobs = self.path(folder("batch", "jobs", Some(&key.namespace)))?;
        let path = format!("{jobs}?fieldManager={}", ApiServer::FIELD_MANAGER);
        let attempts = AtomicUsize::new(0);
        let create = async || {
            let is_first = attempts.fetch_add(1, Ordering::Relaxed) == 0;
            match self.send(&path, Order::Create(body(&job))).await {
                // Nobody else gives this name: an answer was lost.
                Err(error) if error.code() == Some(StatusCode::CONFLICT) && !is_first => Ok(Ok(())),
                Err(error) if error.code() == Some(StatusCode::CONFLICT) => Ok(Err(error)),
                other => other.map(|_| Ok(())),
            }
        };
        let outcome = self.insist(Self::REACH, create).await.map_err(|failure| failure.error).flatten();
        outcome.map_err(|error| not_made(&format!("Job/{}/{name}", key.namespace), &error))?;
        Ok(Stage::Done(format!("Job/{}/{name} was created", key.namespace)))
    }

    async fn delete(&self, key: &PodKey) -> Result<Stage, Stage> {
        let path = self.path(object_path("", "pods", &key.namespace, &key.name))?;
        let conditions = json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": &*key.uid}});
        let attempts = AtomicUsize::new(0);
        let delete = async || {
            attempts.fetch_add(1, Ordering::Relaxed);
            match self.send(&path, Order::Delete(body(&conditions))).await {
                // That it is another one by now does not pass.
                Err(error) if error.code() == Some(StatusCode::CONFLICT) => Ok(Err(error)),
                other => other.map(Ok),
            }
        };
        let deleted = match self.insist(Self::REACH, delete).await.map_err(|failure| failure.error).flatten() {
            Ok(pod) => pod,
            Err(error) => {
                let is_first = attempts.load(Ordering::Relaxed) <= 1;
                return Ok(not_deleted(&self.action.to_string(), &error, is_first));
            }
        };
        let grace = deleted["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or_default();
        let grace = Duration::from_secs(grace.clamp(0, Self::GRACE).unsigned_abs());
        self.tell(Stage::Asked(format!("It is told to end, and has {} s for that", grace.as_secs())));
        let gone = |read: Option<&Value>| match read {
            Some(pod) if pod["metadata"]["uid"] == *key.uid => None,
            _ => Some(Stage::Done("It is gone".to_owned())),
        };
        let unfinished = |_: &str| {
            let finalizers = "a finalizer, or a node that does not answer, may hold it back";
            Stage::Unknown(format!("It is told to end and was still there after its time was over: {finalizers}"))
        };
        Ok(self.follow(&path, grace + Self::GOING, gone, unfinished).await)
    }

    /// The object before anything is done to it, unless that must not be done.
    async fn read_first(&self, path: &str) -> Result<Value, Stage> {
        let read = self.insist(Self::REACH, || self.send(path, Order::Read)).await;
        let object = read.map_err(|failure| words::not_read(&self.action, &failure.error))?;
        match self.action.obstacle(&object) {
            Some(obstacle) => Err(Stage::Refused(format!("Nothing was changed. {obstacle}"))),
            None => Ok(object),
        }
    }

    /// Reads the object again and again until `end` tells of it, or of its being gone, how it ended.
    async fn follow(
        &self,
        path: &str,
        patience: Duration,
        end: impl Fn(Option<&Value>) -> Option<Stage>,
        unfinished: impl Fn(&str) -> Stage,
    ) -> Stage {
        let deadline = Instant::now() + patience;
        let (mut pause, mut said) = (Deed::SHORTEST, String::new());
        loop {
            sleep(pause).await;
            pause = Deed::longer(pause);
            let is_late = Instant::now() > deadline;
            let read = self.insist(Duration::ZERO, || self.send(path, Order::Read)).await;
            let stage = match read {
                Ok(object) => end(Some(&object)),
                Err(Failure { error, is_certain: false }) if is_late => return words::away(&error),
                Err(Failure { error, is_certain: false }) => Some(Stage::Asked(words::not_answering(&error))),
                Err(Failure { error, .. }) if error.code() == Some(StatusCode::NOT_FOUND) => {
                    Some(end(None).unwrap_or_else(|| words::lost_from_sight(&self.action, &error)))
                }
                Err(Failure { error, .. }) => return words::lost_from_sight(&self.action, &error),
            };
            match stage {
                Some(Stage::Asked(text)) if text != said => {
                    said.clone_from(&text);
                    self.tell(Stage::Asked(text));
                }
                Some(Stage::Asked(_)) | None => {}
                Some(stage) => return stage,
            }
            if is_late {
                return unfinished(&said);
            }
        }
    }

    async fn send(&self, path: &str, order: Order) -> Result<Value, ReadError> {
        let what = self.action.to_string();
        let errand = Errand { order, ..Errand::read(As::Person(&self.who), &what, path) };
        decode(&what, &self.server.run(&errand).await?.body)
    }

    async fn insist<T, F>(&self, reach: Duration, attempt: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, ReadError>>,
    {
        insist(&self.server, &self.requests, Instant::now() + reach, attempt, |stage| self.tell(stage)).await
    }

    fn path(&self, path: Result<String, ReadError>) -> Result<String, Stage> {
        path.map_err(|error| words::not_read(&self.action, &error))
    }

    fn tell(&self, stage: Stage) {
        // Nobody may be listening any more, and nothing depends on it.
        let _ = self.stages.send(stage);
    }
}

fn body(value: &Value) -> Bytes {
    Bytes::from(value.to_string())
}

/// That a pod was not deleted, or was before, or nobody knows.
fn not_deleted(pod: &str, error: &ReadError, is_first: bool) -> Stage {
    let reason = error.reason();
    match error.code() {
        Some(StatusCode::NOT_FOUND) => Stage::Done("It was gone already".to_owned()),
        // The answer that it is deleted was lost, and what runs it has made another.
        Some(StatusCode::CONFLICT) if reason.contains("UID") && !is_first => {
            Stage::Done("It is gone; another pod has its name by now".to_owned())
        }
        Some(StatusCode::CONFLICT) if reason.contains("UID") => Stage::Refused(format!(
            "Nothing was deleted: another pod has this name by now. The API server says: {reason}"
        )),
        Some(StatusCode::FORBIDDEN) => {
            Stage::Refused(format!("Deleting {pod} is forbidden. The API server says: {reason}"))
        }
        Some(StatusCode::CONFLICT) => {
            Stage::Refused(format!("Nothing was deleted; try again. The API server says: {reason}"))
        }
        _ if error.is_passing() || matches!(error, ReadError::Nonsense { .. }) => Stage::Unknown(format!(
            "The API server gave no answer, so it is not known whether {pod} is deleted; deleting it again does no harm. \
             {reason}"
        )),
        _ => Stage::Refused(format!("The API server refused to delete {pod}: {reason}")),
    }
}

/// That a Job was not created, or nobody knows.
fn not_made(job: &str, error: &ReadError) -> Stage {
    let reason = error.reason();
    match error.code() {
        Some(StatusCode::CONFLICT) => Stage::Refused(format!("There is a {job} already; try again. {reason}")),
        Some(StatusCode::FORBIDDEN) => {
            Stage::Refused(format!("Creating {job} is forbidden. The API server says: {reason}"))
        }
        _ if error.is_passing() || matches!(error, ReadError::Nonsense { .. }) => Stage::Unknown(format!(
            "The API server gave no answer, so it is not known whether {job} was created: look for it before you try again. \
             {reason}"
        )),
        _ => Stage::Refused(format!("The API server refused to create {job}: {reason}")),
    }
}

/// A few letters that no word can be read from.
fn mark() -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let letter = |_| char::from(LETTERS[rand::random_range(0..LETTERS.len())]);
    (0..5).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_a_pod_is_another_by_now_says_of_the_first_attempt_and_of_later_ones_what_became_of_it() {
        let words = b"Precondition failed: UID in precondition: 1, UID in object meta: 2";
        let error = ReadError::refused("x", StatusCode::CONFLICT, None, words);
        let told = |is_first| not_deleted("Deletion of Pod/shop/cart-0", &error, is_first);
        assert!(matches!(told(true), Stage::Refused(text) if text.starts_with("Nothing was deleted: another pod")));
        assert_eq!(told(false), Stage::Done("It is gone; another pod has its name by now".to_owned()));
        let other = ReadError::refused("x", StatusCode::CONFLICT, None, b"being changed");
        assert!(matches!(not_deleted("x", &other, false), Stage::Refused(_)));
    }
}
