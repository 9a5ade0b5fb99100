//! Whether it works, seen from outside: sign in, count, change one object, hear of it.

use std::time::Instant;

use anyhow::{Context, bail};
use fanlight_testbed::{Showcase, estate, keys};

use super::say;

pub(crate) async fn run(showcase: &Showcase) -> anyhow::Result<()> {
    let Showcase { server, plane, .. } = showcase;
    let client = server.sign_in(Showcase::USER, Showcase::PASSWORD).await?;
    let mut stream = server.stream(&client).await?;
    let page = stream.until(|page| !keys(page).is_empty()).await?;
    let count = count(&page).context("the page has no count")?;
    say(&format!("applications: {count}"));
    if count == 0 {
        bail!("no application is shown");
    }
    let probe = estate::kustomization(Showcase::NAMESPACE, "a-probe");
    plane.apply(&probe).await?;
    let probe = estate::with_ready(probe, "False", "BuildFailed", "a probe of the event stream");
    let began = Instant::now();
    plane.apply(&probe).await?;
    stream.until(|page| page.contains("a probe of the event stream")).await?;
    say(&format!("change to event stream: {} ms", began.elapsed().as_millis()));
    plane.delete(&probe).await
}

/// The number before “in N namespaces”.
fn count(page: &str) -> Option<usize> {
    let (_, rest) = page.split_once("id=\"count\">")?;
    rest.split_whitespace().next()?.parse().ok()
}
