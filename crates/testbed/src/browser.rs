use std::{
    ops::Deref,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use serde_json::json;
use thirtyfour::{
    By, CapabilitiesHelper, ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver,
    prelude::ElementQueryable,
};
use tokio::time::{Instant, sleep};

use crate::minder::Minder;

/// A real browser: headless Chromium, driven by chromedriver (W3C WebDriver). Ends when dropped.
pub struct Browser {
    driver: WebDriver,
    _chromedriver: Minder,
    _folder: tempfile::TempDir,
}

/// How a browser looks at pages.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Width of the window, in CSS pixels; below 500 it pretends to be a phone.
    pub width: u32,
    /// Height, in CSS pixels.
    pub height: u32,
    /// Whether the system prefers dark colours.
    pub dark: bool,
    /// Whether scripts run.
    pub script: bool,
    /// Whether pages look as they do on paper.
    pub paper: bool,
}

impl Look {
    /// A wide window in light colours.
    pub const DESK: Look = Look { width: 1440, height: 900, dark: false, script: true, paper: false };
    /// A phone held upright.
    pub const PHONE: Look = Look { width: 390, height: 844, dark: false, script: true, paper: false };
    /// A sheet of paper (A4, without its margins), printed by somebody whose screen is dark.
    pub const PAPER: Look = Look { width: 718, height: 1046, dark: true, script: true, paper: true };
}

impl Browser {
    /// How long something on a page may take.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// Opens a browser with a profile of its own.
    pub async fn open(look: Look) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("chromedriver.log");
        let chromedriver = Minder::start(Path::new("chromedriver"), ["--port=0"], &log)?;
        let port = port(&log).await?;
        let mut wishes = DesiredCapabilities::chrome();
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--lang=en",
        ] {
            wishes.add_arg(argument)?;
        }
        wishes.add_arg(&format!("--user-data-dir={}", folder.path().join("profile").display()))?;
        wishes.add_arg(&format!("--window-size={},{}", look.width.max(500), look.height))?;
        // It knows none of the testbed's authorities.
        wishes.accept_insecure_certs(true)?;
        wishes.set_browser_log_level(LoggingPrefsLogLevel::All)?;
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wishes).await?;
        let browser = Self { driver, _chromedriver: chromedriver, _folder: folder };
        browser.look(look).await?;
        Ok(browser)
    }

    /// Looks at pages in another way from now on.
    pub async fn look(&self, look: Look) -> anyhow::Result<()> {
        let phone = look.width < 500;
        let metrics = json!({"width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": phone});
        let scheme = if look.dark { "dark" } else { "light" };
        let medium = if look.paper { "print" } else { "screen" };
        let media = json!({"media": medium, "features": [{"name": "prefers-color-scheme", "value": scheme}]});
        let cdp = self.driver.cdp();
        cdp.send_raw("Emulation.setDeviceMetricsOverride", metrics).await?;
        cdp.send_raw("Emulation.setEmulatedMedia", media).await?;
        cdp.send_raw("Emulation.setScriptExecutionDisabled", json!({"value": !look.script})).await?;
        Ok(())
    }

    /// Signs in on the page for people.
    pub async fn sign_in(&self, url: &str, name: &str, password: &str) -> anyhow::Result<()> {
        self.goto(format!("{url}/sign_in")).await?;
        self.one("input[name=username]").await?.send_keys(name).await?;
        self.one("input[name=password]").await?.send_keys(password).await?;
        self.one("button.primary").await?.click().await?;
        self.one(".rail").await?;
        Ok(())
    }

    /// Takes on forged cookies, as `name=value; …` or whole `Set-Cookie` values, instead of those it has.
    pub async fn become_somebody(&self, url: &str, cookies: &[String]) -> anyhow::Result<()> {
        self.goto(format!("{url}/sign_in")).await?;
        self.driver.delete_all_cookies().await?;
        for cookie in cookies {
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').context("a cookie without a value")?;
            let mut cookie = thirtyfour::Cookie::new(name, value);
            cookie.set_path("/");
            self.driver.add_cookie(cookie).await?;
        }
        Ok(())
    }

    /// The first element that the selector finds, as soon as there is one.
    pub async fn one(&self, selector: &str) -> anyhow::Result<thirtyfour::WebElement> {
        let wait = self.driver.query(By::Css(selector)).wait(Self::PATIENCE, Duration::from_millis(50));
        wait.first().await.with_context(|| format!("the page has no {selector}"))
    }

    /// Waits until a JavaScript expression is true. It may be about elements that are not there yet.
    pub async fn until(&self, expression: &str) -> anyhow::Result<()> {
        self.until_in(Self::PATIENCE, expression).await
    }

    /// The same of something that may take longer.
    pub async fn until_in(&self, patience: Duration, expression: &str) -> anyhow::Result<()> {
        let deadline = Instant::now() + patience;
        let so_far = format!("(() => {{ try {{ return ({expression}); }} catch {{ return false; }} }})()");
        while !self.ask(&so_far).await?.as_bool().unwrap_or_default() {
            if Instant::now() > deadline {
                bail!("did not become true on {}: {expression}", self.driver.current_url().await?);
            }
            sleep(Duration::from_millis(30)).await;
        }
        Ok(())
    }

    /// Loads the page anew until its rows say all of this: how somebody without script sees what came of an action.
    pub async fn reload_until(&self, parts: &[&str]) -> anyhow::Result<()> {
        let deadline = Instant::now() + Self::PATIENCE;
        loop {
            let rows = self.ask("document.getElementById('rows')?.innerText ?? ''").await?;
            let rows = rows.as_str().unwrap_or_default();
            if parts.iter().all(|part| rows.contains(part)) {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("the rows do not say {parts:?}: {rows}");
            }
            sleep(Duration::from_millis(100)).await;
            self.driver.refresh().await?;
        }
    }

    /// The value of a JavaScript expression.
    pub async fn ask(&self, expression: &str) -> anyhow::Result<serde_json::Value> {
        let script = format!("return ({expression});");
        let answer = self.driver.execute(script, vec![]).await.with_context(|| expression.to_owned())?;
        Ok(answer.json().clone())
    }

    /// What the browser complained about since it was last asked: errors of scripts, refused content, failed loads.
    pub async fn complaints(&self) -> anyhow::Result<Vec<String>> {
        let log = self.driver.browser_log().await?;
        let grave = log.into_iter().filter(|entry| matches!(entry.level.as_str(), "SEVERE" | "WARNING"));
        Ok(grave.map(|entry| entry.message).collect())
    }

    /// A picture of the window, as PNG.
    pub async fn picture(&self, file: &Path) -> anyhow::Result<()> {
        let bytes = self.driver.screenshot_as_png().await?;
        std::fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))
    }
}

impl Drop for Browser {
    /// The session ends with chromedriver's process group; asked to end by itself, it would block this thread, which may
    /// be the one that has to ask.
    fn drop(&mut self) {
        let _ = self.driver.clone().leak();
    }
}

impl Deref for Browser {
    type Target = WebDriver;

    fn deref(&self) -> &WebDriver {
        &self.driver
    }
}

/// The port that chromedriver chose, out of its log.
async fn port(log: &PathBuf) -> anyhow::Result<u16> {
    let deadline = Instant::now() + Browser::PATIENCE;
    loop {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        if let Some((_, rest)) = text.split_once("started successfully on port ") {
            return rest.trim().trim_end_matches('.').parse().context("chromedriver’s port");
        }
        if Instant::now() > deadline {
            bail!("chromedriver did not start: {text}");
        }
        sleep(Duration::from_millis(20)).await;
    }
}
