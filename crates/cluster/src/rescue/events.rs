use fanlight_model::cut;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ACCOUNT, NAMESPACE, Rescue, RescueError};

/// Something that the cluster's own alerts should know of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// What.
    pub occasion: Occasion,
    /// When.
    pub at: Timestamp,
    /// One sentence: who, why, until when.
    pub note: String,
    /// The program and machine that tell of it.
    pub instance: String,
}

/// What can happen with the emergency credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// Somebody began to use it.
    SessionStarted,
    /// Somebody stopped using it.
    SessionEnded,
    /// Another token took the place of the old one.
    Rotated,
}

impl Occasion {
    /// The reason of the Event.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::SessionStarted => "BreakGlassSessionStarted",
            Self::SessionEnded => "BreakGlassSessionEnded",
            Self::Rotated => "BreakGlassRotated",
        }
    }
}

impl Rescue {
    /// Writes an Event of type `Warning` about the account. The cluster forgets it after about an hour.
    pub async fn tell(&self, happening: &Happening) -> Result<(), RescueError> {
        /// The longest that Kubernetes takes.
        const NOTE: usize = 1024;
        const INSTANCE: usize = 128;
        let Happening { occasion, at, note, instance } = happening;
        let event = json!({
            "apiVersion": "events.k8s.io/v1", "kind": "Event",
            "metadata": {"generateName": "break-glass-", "namespace": NAMESPACE},
            "eventTime": format!("{at:.6}"), "type": "Warning", "reason": occasion.reason(), "action": "BreakGlass",
            "note": cut(note, NOTE),
            "reportingController": "fanlight.dev/break-glass", "reportingInstance": cut(instance, INSTANCE),
            "regarding": {"apiVersion": "v1", "kind": "ServiceAccount", "namespace": NAMESPACE, "name": ACCOUNT},
        });
        let doing = format!("writing an Event {} in {NAMESPACE}", occasion.reason());
        let path = format!("/apis/events.k8s.io/v1/namespaces/{NAMESPACE}/events");
        self.post::<Value>(&doing, &path, &event).await.map(drop)
    }
}
