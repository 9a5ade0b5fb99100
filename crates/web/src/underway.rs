use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

/// The actions that are under way: a server that ends waits for them, whoever else still does. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Underway {
    actions: TaskTracker,
    given_up: CancellationToken,
}

impl Underway {
    /// Waits until none is under way, nor can begin.
    pub async fn ended(&self) {
        self.actions.close();
        self.actions.wait().await;
    }

    /// Has those that are left written down as unknown, instead of being waited for any longer.
    pub fn give_up(&self) {
        self.given_up.cancel();
    }

    /// How many are under way.
    pub fn count(&self) -> usize {
        self.actions.len()
    }

    /// One more, until what is returned is dropped.
    pub(crate) fn begin(&self) -> TaskTrackerToken {
        self.actions.token()
    }

    /// Waits until nothing is waited for any longer.
    pub(crate) async fn until_given_up(&self) {
        self.given_up.cancelled().await;
    }
}
