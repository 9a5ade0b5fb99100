use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use anyhow::{Context, bail};
use reqwest::Response;
use tokio::time::timeout;

/// An open event stream, and the page as a browser has it by now.
#[derive(Debug)]
pub struct Stream {
    response: Response,
    text: String,
    page: Page,
}

/// What the pieces told so far make together.
#[derive(Debug, Default)]
struct Page {
    pieces: BTreeMap<String, String>,
    order: Vec<String>,
    rows: HashMap<String, String>,
}

impl Stream {
    /// The stream that an answer is.
    pub fn of(response: Response) -> Self {
        Self { response, text: String::new(), page: Page::default() }
    }

    /// The next event: its name and data; `None` at the end.
    pub async fn next(&mut self) -> anyhow::Result<Option<(String, String)>> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| {
                    let lines = event.lines().filter_map(|line| line.strip_prefix(name));
                    lines.map(|value| value.strip_prefix(' ').unwrap_or(value)).collect::<Vec<_>>().join("\n")
                };
                let name = field("event:");
                if !name.is_empty() {
                    return Ok(Some((name, field("data:"))));
                }
                continue;
            }
            match self.response.chunk().await? {
                Some(bytes) => self.text.push_str(&String::from_utf8_lossy(&bytes)),
                None => return Ok(None),
            }
        }
    }

    /// Reads on until the data of one event is as wanted.
    pub async fn until_event(&mut self, wanted: impl Fn(&str) -> bool) -> anyhow::Result<String> {
        let read = async {
            while let Some((_, data)) = self.next().await? {
                if wanted(&data) {
                    return Ok(data);
                }
            }
            bail!("the stream ended")
        };
        timeout(Duration::from_secs(60), read).await.context("no such event in time")?
    }

    /// Reads on until exactly these rows are shown, in any order.
    pub async fn until_rows(&mut self, wanted: &[&str]) -> anyhow::Result<String> {
        let wanted: BTreeSet<_> = wanted.iter().map(ToString::to_string).collect();
        self.until(|page| keys(page).into_iter().collect::<BTreeSet<_>>() == wanted).await
    }

    /// Reads on until the page is as wanted; returns it.
    pub async fn until(&mut self, mut wanted: impl FnMut(&str) -> bool) -> anyhow::Result<String> {
        let read = async {
            while let Some((name, data)) = self.next().await? {
                if name == "pieces" {
                    self.page.take(&data)?;
                }
                let page = self.page.html();
                if wanted(&page) {
                    return Ok(page);
                }
            }
            bail!("the stream ended")
        };
        let done = timeout(Duration::from_secs(60), read).await;
        done.with_context(|| format!("the stream did not say it in time; the page is: {}", self.page.html()))?
    }
}

impl Page {
    /// Takes in the pieces of one event. As in the browser, a row that is named but unknown is an error.
    fn take(&mut self, data: &str) -> anyhow::Result<()> {
        let (plain, table) = match data.find("<table id=\"rows\"") {
            Some(start) => data.split_at(start),
            None => (data, ""),
        };
        let starts: Vec<usize> =
            plain.match_indices('<').map(|(at, _)| at).filter(|at| is_piece(&plain[*at..])).collect();
        for (index, start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).copied().unwrap_or(plain.len());
            let piece = &plain[*start..end];
            self.pieces.insert(attribute(piece, "id").unwrap_or_default().to_owned(), piece.to_owned());
        }
        if !table.is_empty() {
            for row in table.split("<tbody").skip(1) {
                let key = attribute(row, "data-key").context("a row without a key")?;
                self.rows.insert(key.to_owned(), format!("<tbody{row}"));
            }
            let order = attribute(table, "data-order").context("rows without an order")?;
            self.order = order.split_whitespace().map(ToOwned::to_owned).collect();
            let order = &self.order;
            self.rows.retain(|key, _| order.contains(key));
            if let Some(unknown) = order.iter().find(|key| !self.rows.contains_key(*key)) {
                bail!("the stream names a row that it never told: {unknown}");
            }
        }
        Ok(())
    }

    fn html(&self) -> String {
        let pieces = self.pieces.values().map(String::as_str);
        let rows = self.order.iter().filter_map(|key| self.rows.get(key)).map(String::as_str);
        pieces.chain(rows).collect()
    }
}

/// Whether the element is one of the page's pieces: those have these ids.
fn is_piece(html: &str) -> bool {
    const LIST: [&str; 7] = ["count", "note", "strip", "filters", "empty", "pages", "act"];
    const OVERVIEW: [&str; 6] = ["lead", "failing", "sync", "controllers", "counts", "latest"];
    let tag = html.split('>').next().unwrap_or_default();
    attribute(tag, "id").is_some_and(|id| LIST.contains(&id) || OVERVIEW.contains(&id))
}

fn attribute<'a>(html: &'a str, name: &str) -> Option<&'a str> {
    html.split_once(&format!(" {name}=\""))?.1.split('"').next()
}

/// The keys (`Kind/namespace/name`) of the rows in some HTML, in order.
pub fn keys(html: &str) -> Vec<String> {
    html.split("data-key=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(ToOwned::to_owned).collect()
}
