//! What Flux itself runs on, read in the person's name.

use fanlight_model::{Controller, Definition, Identity, Kind};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::Value;

use crate::{ApiServer, ReadError, api_server::As};

#[derive(Deserialize)]
struct List {
    items: Vec<Value>,
}

impl ApiServer {
    /// Definitions that are read at the same time: each may have a schema of many kilobytes.
    const AT_ONCE: usize = 4;

    /// Flux's controllers: the Deployments with its label, in the whole cluster; in the namespace that Flux is usually
    /// in, for those who may not list them everywhere.
    pub async fn controllers(&self, who: &Identity) -> Result<Vec<Controller>, ReadError> {
        let mut controllers: Vec<_> = self.flux_deployments(who).await?.iter().map(Controller::read).collect();
        controllers.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        Ok(controllers)
    }

    /// Their Deployments, as they are.
    async fn flux_deployments(&self, who: &Identity) -> Result<Vec<Value>, ReadError> {
        match self.flux_deployments_anywhere(who).await {
            Err(error) if is_forbidden(&error) => self.flux_deployments_at_home(who).await,
            answer => answer,
        }
    }

    /// The Deployments of which nobody doubts that they are Flux's controllers: whoever sets its label elsewhere neither
    /// hides them nor is among them.
    pub(crate) async fn genuine_flux_deployments(&self, who: &Identity) -> Result<Vec<Value>, ReadError> {
        let home = match self.flux_deployments_at_home(who).await {
            Err(error) if !is_forbidden(&error) => return Err(error),
            answer => answer.map(Controller::genuine),
        };
        if home.as_ref().is_ok_and(|home| !home.is_empty()) {
            return home;
        }
        match self.flux_deployments_anywhere(who).await {
            // The smaller right is the one to ask for.
            Err(error) if is_forbidden(&error) => home,
            answer => answer.map(Controller::genuine),
        }
    }

    async fn flux_deployments_anywhere(&self, who: &Identity) -> Result<Vec<Value>, ReadError> {
        let path = format!("/apis/apps/v1/{}", labelled());
        Ok(self.get::<List>(As::Person(who), "Flux's Deployments", &path).await?.items)
    }

    async fn flux_deployments_at_home(&self, who: &Identity) -> Result<Vec<Value>, ReadError> {
        let home = Controller::HOME;
        let path = format!("/apis/apps/v1/namespaces/{home}/{}", labelled());
        Ok(self.get::<List>(As::Person(who), &format!("Flux's Deployments in {home}"), &path).await?.items)
    }

    /// The definitions of the kinds that are installed.
    pub async fn definitions(&self, who: &Identity) -> Result<Vec<Definition>, ReadError> {
        let installed = Kind::all().filter(|kind| self.served(*kind).is_some());
        let read = installed.map(async |kind| {
            let name = kind.full_name();
            let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
            let definition: Value =
                self.get(As::Person(who), &format!("CustomResourceDefinition {name}"), &path).await?;
            Ok(Definition::read(kind, &definition))
        });
        stream::iter(read).buffered(Self::AT_ONCE).try_collect().await
    }
}

fn labelled() -> String {
    let [label, value] = Controller::LABEL;
    format!("deployments?limit=100&labelSelector={label}%3D{value}")
}

fn is_forbidden(error: &ReadError) -> bool {
    error.code() == Some(http::StatusCode::FORBIDDEN)
}
