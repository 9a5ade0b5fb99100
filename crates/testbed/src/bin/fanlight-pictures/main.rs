//! Takes the pictures of the documentation: every page in light and dark, wide and on a phone, some on paper.

mod album;
mod pages;
mod scenes;

use std::{io::Write, path::PathBuf};

use anyhow::Context;
use clap::Parser;
use fanlight_testbed::{Browser, Estate, Look, Showcase, stand_in};

use album::Album;
use pages::{MISSING, ON_PAPER, PAGES};

/// Takes the pictures of the documentation.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask pictures")]
struct Arguments {
    /// Where to put them.
    #[arg(default_value = "docs/pictures")]
    folder: PathBuf,
    /// Also those that the documentation does not keep: an object of each kind, what is missing, everything on a phone in
    /// the dark.
    #[arg(long, requires = "folder")]
    all: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Arguments { folder, all } = Arguments::parse();
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let estate = Estate::company()?;
    let objects = pages::objects(&estate);
    let mut showcase = Showcase::build(estate, stand_in::Options::quick(), &[], say).await?;
    showcase.logs_told().await?;
    let url = showcase.server.url();
    let album = Album { browser: Browser::open(Look::DESK).await?, folder, all };
    album.browser.goto(format!("{url}/sign_in")).await?;
    album.browser.one("input[name=username]").await?;
    album.shoot_looks("sign-in").await?;
    scenes::with_provider(&showcase, &album).await?;
    album.browser.look(Look::DESK).await?;
    album.browser.sign_in(url, Showcase::USER, Showcase::PASSWORD).await?;
    scenes::elsewhere(&showcase.server).await?;
    scenes::unknown_kind(&showcase).await?;
    scenes::two_versions(&showcase, &album).await?;
    for (name, address) in PAGES {
        album.open(&format!("{url}{address}")).await?;
        album.shoot_looks(name).await?;
        if ON_PAPER.contains(&name) {
            album.shoot_paper(name).await?;
        }
    }
    if all {
        let missing = MISSING.map(|(name, address)| (name.to_owned(), address.to_owned()));
        for (name, address) in objects.into_iter().chain(missing) {
            album.open(&format!("{url}{address}")).await?;
            album.shoot_looks(&name).await?;
        }
    }
    scenes::outcomes(&showcase, &album).await?;
    scenes::not_allowed(&showcase, &album).await?;
    scenes::barred(&showcase, &album).await?;
    if all { scenes::not_installed(&showcase, &album).await } else { Ok(()) }
}

fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
