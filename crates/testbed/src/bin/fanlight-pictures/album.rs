use std::{path::PathBuf, time::Duration};

use anyhow::Context;
use fanlight_testbed::{Browser, Look};
use tokio::time::{interval, timeout};

use crate::say;

/// Takes pictures, and knows how many are wanted.
pub(crate) struct Album {
    pub(crate) browser: Browser,
    pub(crate) folder: PathBuf,
    /// Also those that the documentation does not keep.
    pub(crate) all: bool,
}

/// The page is there, and live if it has a stream.
const SETTLED: &str = "document.readyState === 'complete' \
    && (!document.querySelector('[data-live]') || document.querySelector('#mark')?.textContent === 'live')";

const DARK: Look = Look { dark: true, ..Look::DESK };
/// How each page is looked at, with what the names of its pictures end with; the last is not kept.
const LOOKS: [(Look, &str); 4] =
    [(Look::DESK, ""), (DARK, "-dark"), (Look::PHONE, "-phone"), (Look { dark: true, ..Look::PHONE }, "-phone-dark")];

impl Album {
    /// Opens a page on a desk.
    pub(crate) async fn open(&self, address: &str) -> anyhow::Result<()> {
        self.browser.look(Look::DESK).await?;
        self.browser.goto(address).await?;
        self.browser.until(SETTLED).await
    }

    /// Opens a page that does not change by itself, until it shows what the server has to find out first.
    pub(crate) async fn open_until(&self, address: &str, holds: &str) -> anyhow::Result<()> {
        let mut again = interval(Duration::from_millis(200));
        let found = async {
            loop {
                again.tick().await;
                self.browser.goto(address).await?;
                if self.browser.ask(holds).await?.as_bool().unwrap_or_default() {
                    return anyhow::Ok(());
                }
            }
        };
        timeout(Duration::from_secs(20), found).await.with_context(|| format!("{address} does not become {holds}"))?
    }

    /// The open page in every look.
    pub(crate) async fn shoot_looks(&self, name: &str) -> anyhow::Result<()> {
        let kept = if self.all { LOOKS.len() } else { LOOKS.len() - 1 };
        for (look, suffix) in LOOKS.into_iter().take(kept) {
            self.browser.look(look).await?;
            self.shoot(&format!("{name}{suffix}")).await?;
        }
        Ok(())
    }

    /// The open page, of which one look is kept.
    pub(crate) async fn shoot_once(&self, name: &str) -> anyhow::Result<()> {
        if self.all { self.shoot_looks(name).await } else { self.shoot(name).await }
    }

    /// The open page as it would be printed.
    pub(crate) async fn shoot_paper(&self, name: &str) -> anyhow::Result<()> {
        self.browser.look(Look::PAPER).await?;
        self.shoot(&format!("{name}-paper")).await
    }

    async fn shoot(&self, name: &str) -> anyhow::Result<()> {
        let file = self.folder.join(format!("{name}.png"));
        self.browser.picture(&file).await?;
        say(&file.display().to_string());
        Ok(())
    }
}
