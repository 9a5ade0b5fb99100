use std::time::SystemTime;

use fanlight_live::Visit;
use fanlight_model::Identity;
use tokio_util::sync::CancellationToken;

use super::Following;
use crate::stream::{Told, View};

/// The page as its stream keeps it current.
pub(super) struct LogsView {
    following: Following,
    /// Of no kind: it is what ends with the session.
    visit: Visit,
}

impl LogsView {
    pub(super) fn new(following: Following, visit: Visit) -> Self {
        Self { following, visit }
    }
}

impl View for LogsView {
    async fn news(&mut self, _: &Identity, _: SystemTime, told: &mut Told) -> String {
        self.following.told(told)
    }

    fn logs(&self) -> &[String] {
        self.following.read()
    }

    async fn changed(&mut self) {
        self.following.changed().await;
    }

    fn over(&self) -> CancellationToken {
        self.visit.over()
    }
}
