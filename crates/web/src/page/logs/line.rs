use std::sync::Arc;

use askama::Template;
use fanlight_model::{LogBatch, LogLevel, LogLine, LogPlaces, LogQuery, LogSource, LogSubject};
use jiff::Timestamp;

/// Lines as elements, and what is missing before them.
#[derive(Template)]
#[template(path = "logs/lines.html")]
pub(super) struct Lines<'a> {
    left_out: u64,
    lines: Vec<Line<'a>>,
}

/// One line.
struct Line<'a> {
    class: &'static str,
    /// How grave it says it is.
    word: &'static str,
    /// Its time for machines, and for people.
    time: Option<(String, String)>,
    /// Its time, to sort by.
    nanoseconds: String,
    source: String,
    /// Whose it is, where there are several; with the whole name.
    from: Option<(String, String)>,
    pieces: Vec<Piece<'a>>,
    cut: usize,
}

/// A piece of a line: what is searched for, or not.
struct Piece<'a> {
    text: &'a str,
    found: bool,
}

impl<'a> Lines<'a> {
    /// `places` says whether lines of more than one pod, or container, may be among them.
    pub(super) fn new(query: &LogQuery, batch: &'a LogBatch, places: Option<&LogPlaces>) -> Self {
        let line = |(source, line): &'a (Arc<LogSource>, LogLine)| Line::new(query, source, line, places);
        Self { left_out: batch.left_out, lines: batch.lines.iter().map(line).collect() }
    }

    /// The same at the beginning of a page, where everybody knows that there was something before.
    pub(super) fn without_gap(self) -> Self {
        Self { left_out: 0, ..self }
    }
}

impl<'a> Line<'a> {
    fn new(query: &LogQuery, source: &LogSource, line: &'a LogLine, places: Option<&LogPlaces>) -> Self {
        let time = line.time.and_then(|time| Timestamp::from_nanosecond(i128::from(time)).ok());
        let (class, word) = level(line.level);
        Self {
            class,
            word,
            time: time.map(|time| (format!("{time:.3}"), time.strftime("%H:%M:%S").to_string())),
            nanoseconds: line.time.map(|time| time.to_string()).unwrap_or_default(),
            source: source.id(),
            from: places.filter(|places| places.sources.len() > 1).map(|places| from(query, source, places)),
            pieces: pieces(&line.text, &query.found(&line.text)),
            cut: line.cut,
        }
    }
}

fn level(level: Option<LogLevel>) -> (&'static str, &'static str) {
    let class = match level {
        Some(LogLevel::Error) => "failed",
        Some(LogLevel::Warning) => "waiting",
        Some(LogLevel::Info | LogLevel::Debug) => "quiet",
        None => "",
    };
    (class, level.map(LogLevel::word).unwrap_or_default())
}

/// The name of a pod without that of what runs it, and the container where there may be several.
fn from(query: &LogQuery, source: &LogSource, places: &LogPlaces) -> (String, String) {
    let own = match &query.subject {
        LogSubject::Pods { name, .. } => source.pod.strip_prefix(&**name),
        LogSubject::Flux(_) => None,
    };
    let pod = own.map_or(&*source.pod, |rest| rest.trim_start_matches('-'));
    let short = match (pod, query.container.is_empty() && places.containers.len() > 1) {
        ("", _) => source.container.clone(),
        (pod, true) => format!("{pod} {}", source.container),
        (pod, false) => pod.to_owned(),
    };
    (short, format!("Pod {}, container {}", source.pod, source.container))
}

fn pieces<'a>(text: &'a str, found: &[std::ops::Range<usize>]) -> Vec<Piece<'a>> {
    let mut pieces = Vec::with_capacity(2 * found.len() + 1);
    let mut at = 0;
    for range in found {
        pieces.push(Piece { text: &text[at..range.start], found: false });
        pieces.push(Piece { text: &text[range.clone()], found: true });
        at = range.end;
    }
    pieces.push(Piece { text: &text[at..], found: false });
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &[u8], pairs: &[(&str, &str)], containers: usize) -> String {
        let query = LogQuery::new(LogSubject::of_address("deployment", "shop", "cart").expect("a kind with logs"));
        let query = query.with_pairs(pairs.iter().copied());
        let source =
            LogSource { namespace: "shop".to_owned(), pod: "cart-7d9f-x2".to_owned(), container: "web".to_owned() };
        let line = query.shows(LogLine::read(text, 0)).expect("a line that is shown");
        let names = ["web", "proxy"].map(ToOwned::to_owned);
        let sources = vec![source.clone(); containers];
        let places = LogPlaces { sources, containers: names[..containers].to_vec(), ..LogPlaces::default() };
        let batch = LogBatch { left_out: 0, lines: vec![(Arc::new(source), line)] };
        Lines::new(&query, &batch, Some(&places)).render().expect("a template")
    }

    #[test]
    fn a_line_is_text_and_nothing_else_whatever_is_in_it() {
        let told = html(b"2026-11-30T09:41:02.5Z <script>alert(1)</script> & \x1b[31m\"x\"", &[], 1);
        assert!(!told.contains("<script") && !told.contains('\u{1b}'), "{told}");
        assert!(told.contains("&#60;script&#62;") || told.contains("&lt;script&gt;"), "{told}");
        assert!(told.contains("<time datetime=\"2026-11-30T09:41:02.500Z\">09:41:02</time>"), "{told}");
        assert!(
            told.contains("data-t=\"1796031662500000000\"") && told.contains("data-s=\"shop/cart-7d9f-x2/web\""),
            "{told}"
        );
        assert!(!told.contains('\n') && !told.contains('\r'), "{told}");
    }

    #[test]
    fn what_is_found_is_marked_also_where_it_would_have_to_be_escaped() {
        let told = html(b"2026-11-30T09:41:02Z ERROR a<b and A<B", &[("q", "a<b")], 2);
        assert_eq!(told.matches("<mark>").count(), 2, "{told}");
        assert!(told.contains("class=\"failed\"") && told.contains(">ERROR</b>"), "{told}");
        assert!(told.contains("7d9f-x2 web"), "{told}");
    }
}
