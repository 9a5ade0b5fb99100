use std::{fmt, time::Duration};

use serde_json::Value;

use crate::{Kind, ObjectKey, Suspension, cut, go_duration};

/// One object as it was read, looked at as something to act on. Fields of an unexpected type count as missing.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub(super) key: &'a ObjectKey,
    object: &'a Value,
}

/// Why an object cannot be asked to reconcile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle<'a> {
    /// Its controller would take note of the request and do nothing.
    Suspended(Suspension<'a>),
    /// It is on its way out.
    Deleting,
    /// Nobody answers requests about such an object.
    Mute(&'static str),
}

impl Obstacle<'_> {
    /// Why no object of this kind is ever reconciled on request.
    pub fn of_kind(kind: Kind) -> Option<Obstacle<'static>> {
        let why = match kind.info().name {
            "Alert" | "Provider" => "there is nothing to reconcile: it is read whenever an event is sent",
            "ExternalArtifact" => "no controller answers requests: whoever makes this artifact decides when",
            _ => return None,
        };
        Some(Obstacle::Mute(why))
    }
}

impl fmt::Display for Obstacle<'_> {
    /// A clause that completes “cannot be synced: …”.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Obstacle::Suspended(suspension) => write!(f, "it is suspended{suspension}; resume it first"),
            Obstacle::Deleting => f.write_str("it is being deleted"),
            Obstacle::Mute(why) => f.write_str(why),
        }
    }
}

/// One entry of `status.conditions`, as far as actions go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) status: &'a str,
    pub(super) reason: &'a str,
    message: &'a str,
}

impl Said<'_> {
    /// The sentence, at a length that a page can show; the reason if there is no sentence.
    pub(super) fn sentence(&self) -> String {
        const LIMIT: usize = 1000;
        cut(if self.message.is_empty() { self.reason } else { self.message }, LIMIT)
    }
}

impl<'a> Target<'a> {
    /// `object` is what was read under the name `key`.
    pub fn new(key: &'a ObjectKey, object: &'a Value) -> Self {
        Self { key, object }
    }

    /// Why a request to reconcile would be in vain, if it would.
    pub fn obstacle(&self) -> Option<Obstacle<'a>> {
        if let Some(obstacle) = Obstacle::of_kind(self.key.kind) {
            return Some(obstacle);
        }
        if self.is_deleting() {
            return Some(Obstacle::Deleting);
        }
        if let Some(suspension) = self.suspension() {
            return Some(Obstacle::Suspended(suspension));
        }
        let why = match self.key.kind.info().name {
            "HelmRepository" if self.text("/spec/type") == Some("oci") => {
                "there is nothing to reconcile: a Helm repository of type oci holds an address that charts are pulled from"
            }
            // The status that answers came with v1.
            "ImagePolicy" if self.is_old_policy() => "image policies answer requests from version v1 of their API on",
            _ => return None,
        };
        Some(Obstacle::Mute(why))
    }

    /// Whether it is an `ImagePolicy` of a version in which those can be neither reconciled nor suspended.
    pub(super) fn is_old_policy(&self) -> bool {
        let old = || self.text("/apiVersion").is_some_and(|version| version.contains("/v1beta"));
        self.key.kind == Kind::IMAGE_POLICY && old()
    }

    /// How long the controller may take by the object's own word: `spec.timeout`; without one, Kustomizations may take
    /// their whole interval, HelmReleases five minutes, all others one.
    pub fn timeout(&self) -> Duration {
        let read = |pointer| self.text(pointer).and_then(go_duration);
        let fallback = || match self.key.kind {
            Kind::KUSTOMIZATION => read("/spec/interval"),
            Kind::HELM_RELEASE => Some(Duration::from_secs(300)),
            _ => None,
        };
        read("/spec/timeout").or_else(fallback).unwrap_or(Duration::from_secs(60))
    }

    /// The revision of the artifact that a source offers.
    pub fn artifact(&self) -> Option<&'a str> {
        self.text("/status/artifact/revision")
    }

    pub(super) fn is_deleting(&self) -> bool {
        self.text("/metadata/deletionTimestamp").is_some()
    }

    pub(super) fn annotation(&self, name: &str) -> Option<&'a str> {
        self.object.pointer("/metadata/annotations")?.get(name)?.as_str()
    }

    /// The text at a JSON pointer (RFC 6901); an empty one counts as missing.
    pub(super) fn text(&self, pointer: &str) -> Option<&'a str> {
        self.at(pointer)?.as_str().filter(|text| !text.is_empty())
    }

    pub(super) fn at(&self, pointer: &str) -> Option<&'a Value> {
        self.object.pointer(pointer)
    }

    pub(super) fn condition(&self, kind: &str) -> Option<Said<'a>> {
        let all = self.at("/status/conditions")?.as_array()?;
        let found = all.iter().find(|one| one.get("type").and_then(Value::as_str) == Some(kind))?;
        let text = |field: &str| found.get(field).and_then(Value::as_str).unwrap_or_default();
        Some(Said { status: text("status"), reason: text("reason"), message: text("message") })
    }
}
