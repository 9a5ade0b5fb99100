use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, ResourceExt, api::ListParams};
use tokio::time::sleep;

use super::PodLogs;

impl PodLogs {
    /// Has pods that run write something now and then, as programs do that are used; for ever.
    pub async fn chatter(self) {
        const PACE: Duration = Duration::from_millis(700);
        /// After so many lines it is looked which pods there are.
        const LINES: usize = 40;
        let pods: Api<Pod> = Api::all(self.admin.clone());
        let mut number = 0_usize;
        loop {
            let list = pods.list(&ListParams::default().match_any()).await;
            let running =
                |pod: &Pod| pod.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Running"));
            let containers: Vec<_> =
                list.into_iter().flatten().filter(running).filter_map(|pod| talker(&pod)).collect();
            for _ in 0..LINES {
                sleep(PACE).await;
                number += 1;
                let Some(container) = containers.get(number * 7 % containers.len().max(1)) else { continue };
                if let Err(error) = self.write(container, said(number)) {
                    tracing::debug!(%error, "a line cannot be written");
                }
            }
        }
    }
}

/// The first container of a pod that is not of Flux, nor crashes.
fn talker(pod: &Pod) -> Option<String> {
    let (namespace, name) = (pod.namespace()?, pod.name_any());
    let container = pod.spec.as_ref()?.containers.first()?;
    let crashes = container.image.as_deref().is_some_and(|image| image.contains("-rc"));
    (namespace != "flux-system" && !crashes).then(|| format!("{namespace}/{name}/{}", container.name))
}

fn said(number: usize) -> String {
    match number % 11 {
        5 => format!("level=warn msg=\"slow answer\" milliseconds={} path=/items/{number}", 800 + number % 900),
        9 => format!("level=error msg=\"no answer from upstream\" attempt=1 path=/items/{number}"),
        _ => format!("level=info msg=served status=200 milliseconds={} path=/items/{number}", 3 + number % 40),
    }
}
