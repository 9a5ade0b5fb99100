//! Takes the pictures of the documentation: every page in light and dark, wide and on a phone, some on paper.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Parser;
use fanlight_testbed::{Browser, Estate, Look, Showcase, rights::flux_rules, stand_in};

/// Takes the pictures of the documentation.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask pictures")]
struct Arguments {
    /// Where to put them.
    #[arg(default_value = "docs/pictures")]
    folder: PathBuf,
}

/// A page: the name of its picture, and its address.
const PAGES: [(&str, &str); 7] = [
    ("applications", "/applications"),
    ("filtered", "/applications?status=failed&kind=Kustomization"),
    ("kustomization", "/kustomization/details?name=orders&namespace=orders"),
    ("helm-release", "/helm_release/details?name=orders-api&namespace=orders"),
    ("suspended", "/kustomization/details?name=web-staging&namespace=web"),
    ("manifest", "/kustomization/yaml?name=orders&namespace=orders"),
    ("styleguide", "/styleguide"),
];

/// The pages that somebody may print.
const ON_PAPER: [&str; 3] = ["applications", "kustomization", "manifest"];

/// The page is there, and live if it has a stream.
const SETTLED: &str = "document.readyState === 'complete' \
    && (!document.querySelector('[data-live]') || document.querySelector('#mark')?.textContent === 'live')";

const DARK: Look = Look { dark: true, ..Look::DESK };

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Arguments { folder } = Arguments::parse();
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let showcase = Showcase::build(Estate::company()?, stand_in::Options::quick(), &[], say).await?;
    let url = showcase.server.url();
    let browser = Browser::open(Look::DESK).await?;
    browser.goto(format!("{url}/sign_in")).await?;
    browser.one("input[name=username]").await?;
    for (look, suffix) in [(Look::DESK, ""), (DARK, "-dark"), (Look::PHONE, "-phone")] {
        browser.look(look).await?;
        shoot(&browser, &folder, &format!("sign-in{suffix}")).await?;
    }
    browser.look(Look::DESK).await?;
    browser.sign_in(url, Showcase::USER, Showcase::PASSWORD).await?;
    for (name, address) in PAGES {
        browser.look(Look::DESK).await?;
        browser.goto(format!("{url}{address}")).await?;
        browser.until(SETTLED).await?;
        for (look, suffix) in [(Look::DESK, ""), (DARK, "-dark"), (Look::PHONE, "-phone")] {
            browser.look(look).await?;
            shoot(&browser, &folder, &format!("{name}{suffix}")).await?;
        }
        if ON_PAPER.contains(&name) {
            browser.look(Look::PAPER).await?;
            shoot(&browser, &folder, &format!("{name}-paper")).await?;
        }
    }
    outcomes(&browser, url, &folder).await?;
    not_allowed(&showcase, &browser, &folder).await
}

/// What became of an action on several objects.
async fn outcomes(browser: &Browser, url: &str, folder: &Path) -> anyhow::Result<()> {
    browser.look(Look::DESK).await?;
    browser.goto(format!("{url}/applications?namespace=web")).await?;
    browser.until("document.querySelector('#mark')?.textContent === 'live'").await?;
    browser.one("#all").await?.click().await?;
    shoot(browser, folder, "selected").await?;
    browser.one("#act button[value=sync]").await?.click().await?;
    browser.until("document.querySelectorAll('#outcomes li:not(.moving)').length > 2").await?;
    shoot(browser, folder, "outcomes").await
}

/// What somebody sees who may see nothing, and who may look but not touch.
async fn not_allowed(showcase: &Showcase, browser: &Browser, folder: &Path) -> anyhow::Result<()> {
    let url = showcase.server.url();
    browser.look(Look::DESK).await?;
    showcase.plane.grant_in("orders", "viewer", flux_rules(&["get", "list", "watch"])).await?;
    for (user, name, address) in [
        ("nobody", "not-allowed", "/applications"),
        ("viewer", "viewer", "/kustomization/details?name=orders&namespace=orders"),
    ] {
        browser.become_somebody(url, &showcase.forge.cookies(user, &[])?).await?;
        browser.goto(format!("{url}{address}")).await?;
        browser.until("document.querySelector('#mark')?.textContent === 'live'").await?;
        shoot(browser, folder, name).await?;
    }
    browser.goto(format!("{url}/applications")).await?;
    browser.until("document.querySelector('#act [data-of]') !== null").await?;
    browser.one("#all").await?.click().await?;
    shoot(browser, folder, "viewer-selected").await
}

async fn shoot(browser: &Browser, folder: &Path, name: &str) -> anyhow::Result<()> {
    let file = folder.join(format!("{name}.png"));
    browser.picture(&file).await?;
    say(&file.display().to_string());
    Ok(())
}

fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
