use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use fanlight_testbed::FanlightServer;
use reqwest::{Client, header::ACCEPT_ENCODING};
use tokio::time::sleep;

use crate::house::House;

/// Somebody in front of a browser.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) client: Client,
    url: String,
}

impl Person {
    /// Signs somebody in. As their session is forged, the server first hears of them by their first request.
    pub(crate) fn sign_in(house: &House, server: &FanlightServer, name: &str) -> anyhow::Result<Self> {
        let client = house.forge.client(server, name, &[])?;
        Ok(Self { name: name.to_owned(), client, url: server.url().to_owned() })
    }

    /// Loads a page until everything is on it, and says how long that took.
    pub(crate) async fn first_page(&self) -> anyhow::Result<Duration> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(120) {
            let page = String::from_utf8(self.load("/applications", "identity").await?)?;
            if page.contains("data-key=") && !page.contains("Still loading") {
                return Ok(began.elapsed());
            }
            sleep(Duration::from_millis(10)).await;
        }
        bail!("the page of {} does not become complete", self.name)
    }

    /// What the server sends for an address, in the encoding in which it sends it.
    pub(crate) async fn load(&self, address: &str, encoding: &str) -> anyhow::Result<Vec<u8>> {
        let request = self.client.get(format!("{}{address}", self.url)).header(ACCEPT_ENCODING, encoding);
        let response = request.send().await?;
        if !response.status().is_success() {
            bail!("{address} was answered {}", response.status());
        }
        Ok(response.bytes().await?.into())
    }

    /// How long a page takes, again and again, as a browser loads it.
    pub(crate) async fn load_often(&self, address: &str, times: usize) -> anyhow::Result<Vec<Duration>> {
        let mut taken = Vec::with_capacity(times);
        for _ in 0..times {
            let began = Instant::now();
            self.load(address, "br").await.with_context(|| format!("{} loads {address}", self.name))?;
            taken.push(began.elapsed());
        }
        Ok(taken)
    }
}
