//! Lists that are long: page by page, and each page only when few enough others are read.

use fanlight_model::Identity;
use serde::{Deserialize, de::DeserializeOwned};
use tokio::sync::Semaphore;

use crate::{ApiServer, ReadError, api_server::As, evidence::encoded};

/// A page of a list, of which each object can be cut to size before the next one is read.
#[derive(Deserialize)]
pub(crate) struct Page<T> {
    #[serde(default)]
    pub(crate) metadata: Meta,
    // Named, so that the objects themselves need none.
    #[serde(default = "Vec::new")]
    pub(crate) items: Vec<T>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Meta {
    pub(crate) resource_version: String,
    /// The token for the next page; empty if this is the last one.
    #[serde(rename = "continue")]
    pub(crate) next: String,
}

impl ApiServer {
    /// One page of the list at this path, which has a question begun, as soon as it is its turn.
    #[expect(clippy::expect_used, reason = "the semaphores are never closed")]
    pub(crate) async fn page_at<T: DeserializeOwned>(
        &self,
        who: &Identity,
        what: &str,
        mut path: String,
        token: &str,
        turns: &Semaphore,
    ) -> Result<Page<T>, ReadError> {
        if !token.is_empty() {
            path.push_str("&continue=");
            path.push_str(&encoded(token));
        }
        let _turn = turns.acquire().await.expect("never closed");
        self.get(As::Person(who), what, &path).await
    }
}
