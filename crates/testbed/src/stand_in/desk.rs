//! What is remembered about one object between two looks at it; pure.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
};

use serde_json::Value;

use super::{
    case::Verdict,
    helm_release::ingredients,
    world::{Source, World, is_suspended, text},
};

/// One object's file.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// How it looked when it was attended to last.
    pub(super) handled: Option<Mark>,
    /// Whether somebody attends to it right now.
    pub(super) busy: bool,
    /// Whether it is to be attended to without being changed.
    pub(super) poked: bool,
    /// How often it was attended to; a timer set in an earlier turn means nothing.
    pub(super) turn: u64,
    /// How the next reconciliations end.
    pub(super) verdicts: VecDeque<Verdict>,
    /// What its last Helm action was made from.
    pub(super) ingredients: Option<u64>,
}

/// What makes a controller look at an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    generation: i64,
    deleted: bool,
    request: Option<String>,
    source: Source,
}

impl Mark {
    pub(super) fn of(object: &Value, world: &World) -> Self {
        let request = object["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"].as_str();
        Self {
            generation: object["metadata"]["generation"].as_i64().unwrap_or(1),
            deleted: object["metadata"]["deletionTimestamp"].is_string(),
            request: request.map(ToOwned::to_owned),
            source: world.source(object),
        }
    }
}

impl Desk {
    /// The file of an object that was there before the stand-in: what is settled is left alone.
    pub(super) fn found(object: &Value, world: &World) -> Self {
        let status = &object["status"];
        let generation = object["metadata"]["generation"].as_i64().unwrap_or(1);
        let conditions = status["conditions"].as_array().into_iter().flatten();
        let seen = conditions.map(|one| &one["observedGeneration"]).chain([&status["observedGeneration"]]);
        let seen = seen.filter_map(Value::as_i64).max();
        let request = object["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"].as_str();
        let known = seen.is_some_and(|seen| seen >= generation || (seen < 0 && is_suspended(object)));
        let settled = known
            && object["metadata"]["deletionTimestamp"].is_null()
            && (request.is_none() || request == status["lastHandledReconcileAt"].as_str());
        let tried = status["lastAttemptedGeneration"].as_i64() == Some(generation);
        Self {
            handled: settled.then(|| Mark::of(object, world)),
            ingredients: tried.then(|| recipe(object)),
            ..Self::default()
        }
    }

    /// Whether the object, as it is now, needs attention; an annotation that was taken away does not.
    pub(super) fn is_due(&self, now: &Mark) -> bool {
        let Some(handled) = &self.handled else { return true };
        let asked = now.request.is_some() && now.request != handled.request;
        self.poked
            || asked
            || (now.generation, now.deleted, &now.source) != (handled.generation, handled.deleted, &handled.source)
    }
}

/// Stands for everything that makes a Helm upgrade necessary.
pub(super) fn recipe(object: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    text(object, "/metadata/uid").hash(&mut hasher);
    ingredients(object).map(ToString::to_string).hash(&mut hasher);
    hasher.finish()
}
