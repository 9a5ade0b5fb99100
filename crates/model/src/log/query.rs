use super::{LogLine, flux};
use crate::{ApiResource, ObjectKey};

/// Whose log somebody wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogSubject {
    /// Of a pod, or of the pods of a workload together.
    Pods {
        /// What runs them, or the kind of pods.
        kind: &'static ApiResource,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// What Flux's controllers say about one object.
    Flux(ObjectKey),
}

/// What somebody wants to see of it, as the URL says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    /// Whose log it is.
    pub subject: LogSubject,
    /// Only of this container; empty for all.
    pub container: String,
    /// What was written before the container was started the last time.
    pub previous: bool,
    /// Only what is so new, in seconds.
    pub since: Option<u32>,
    /// Only lines with this in them, in capitals or not.
    pub words: String,
    /// How many lines a page begins with.
    pub lines: usize,
    /// Whether long lines go on below.
    pub wraps: bool,
}

/// The kinds with logs, as addresses name them.
const KINDS: [(&str, &str); 5] = [
    ("pod", "Pod"),
    ("deployment", "Deployment"),
    ("statefulset", "StatefulSet"),
    ("daemonset", "DaemonSet"),
    ("job", "Job"),
];

impl LogSubject {
    /// What an address names; `None` for kinds without logs.
    pub fn of_address(kind: &str, namespace: &str, name: &str) -> Option<Self> {
        let (_, kind) = KINDS.iter().find(|(word, _)| *word == kind)?;
        let kind = ApiResource::builtin(kind, None)?;
        Some(Self::Pods { kind, namespace: namespace.to_owned(), name: name.to_owned() })
    }

    /// How addresses name a kind; `None` for kinds without logs.
    pub fn word(kind: &str) -> Option<&'static str> {
        KINDS.iter().find(|(_, name)| *name == kind).map(|(word, _)| *word)
    }
}

impl LogQuery {
    /// How many lines a page may begin with.
    pub const LINES: [usize; 3] = [100, 500, 2000];
    /// Since when: what addresses say, and in seconds.
    pub const SINCE: [(&'static str, u32); 6] =
        [("1m", 60), ("5m", 300), ("15m", 900), ("1h", 3600), ("6h", 21_600), ("24h", 86_400)];
    /// How long what is searched for may be, in bytes.
    const WORDS: usize = 200;

    /// Everything of a subject, as pages begin.
    pub fn new(subject: LogSubject) -> Self {
        let (container, words) = (String::new(), String::new());
        Self { subject, container, previous: false, since: None, words, lines: Self::LINES[1], wraps: true }
    }

    /// Reads the parameters of a URL; what is not understood is left out.
    #[must_use]
    pub fn with_pairs<'a>(mut self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        for (name, value) in pairs {
            let value = value.trim();
            match name {
                "container" if is_container(value) => value.clone_into(&mut self.container),
                "previous" => self.previous = value == "yes",
                "since" => {
                    self.since = Self::SINCE.iter().find(|(word, _)| *word == value).map(|(_, seconds)| *seconds);
                }
                "q" if value.len() <= Self::WORDS => value.clone_into(&mut self.words),
                "lines" => {
                    let wanted = value.parse().ok().filter(|wanted| Self::LINES.contains(wanted));
                    self.lines = wanted.unwrap_or(self.lines);
                }
                "wrap" => self.wraps = value != "no",
                _ => {}
            }
        }
        self
    }

    /// The parameters that [`LogQuery::with_pairs`] reads back to the same.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let since = Self::SINCE.iter().find(|(_, seconds)| Some(*seconds) == self.since).map(|(word, _)| *word);
        let said = [
            ("container", self.container.clone()),
            ("previous", if self.previous { "yes" } else { "" }.to_owned()),
            ("since", since.unwrap_or_default().to_owned()),
            ("q", self.words.clone()),
            ("lines", if self.lines == Self::LINES[1] { String::new() } else { self.lines.to_string() }),
            ("wrap", if self.wraps { "" } else { "no" }.to_owned()),
        ];
        said.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// Whether lines are left out, so that more of them have to be read for as many to be shown.
    pub fn is_narrow(&self) -> bool {
        !self.words.is_empty() || matches!(self.subject, LogSubject::Flux(_))
    }

    /// Whether a line may be shown at all: most that are not need not be understood for that.
    pub fn may_show(&self, line: &[u8]) -> bool {
        match &self.subject {
            LogSubject::Flux(key) => memchr::memmem::find(line, key.name.as_bytes()).is_some(),
            LogSubject::Pods { .. } => true,
        }
    }

    /// The line as it is shown; `None` if it is not.
    pub fn shows(&self, line: LogLine) -> Option<LogLine> {
        Some(self.picks(line)?.short())
    }

    /// The line as it is taken away: as much as was read of it.
    pub fn picks(&self, line: LogLine) -> Option<LogLine> {
        let line = match &self.subject {
            LogSubject::Flux(key) => flux::about(line, key)?,
            LogSubject::Pods { .. } => line,
        };
        (self.words.is_empty() || !self.found(&line.text).is_empty()).then_some(line)
    }

    /// Where in a text it is what is searched for.
    pub fn found(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        let (text, words) = (text.as_bytes(), self.words.as_bytes());
        let mut found = Vec::new();
        let mut at = 0;
        while !words.is_empty() && at + words.len() <= text.len() {
            // Letters of several bytes are compared as they are, so that nothing is found in the middle of one.
            if text[at..at + words.len()].eq_ignore_ascii_case(words) {
                found.push(at..at + words.len());
                at += words.len();
            } else {
                at += 1;
            }
        }
        found
    }
}

/// Whether a container can be called that.
fn is_container(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use crate::Kind;

    use super::*;

    fn query() -> LogQuery {
        LogQuery::new(LogSubject::of_address("deployment", "shop", "cart").expect("a kind with logs"))
    }

    #[test]
    fn a_query_is_read_back_from_its_own_parameters_and_nonsense_is_left_out() {
        let pairs = [
            ("container", "web"),
            ("previous", "yes"),
            ("since", "1h"),
            ("q", "No Route"),
            ("lines", "2000"),
            ("wrap", "no"),
        ];
        let read = query().with_pairs(pairs);
        assert_eq!(read.pairs().len(), pairs.len());
        let again = read.pairs();
        assert_eq!(query().with_pairs(again.iter().map(|(name, value)| (*name, &**value))), read);
        assert_eq!(query().pairs(), []);
        let nonsense = [("container", "../x"), ("previous", "1"), ("since", "9y"), ("lines", "99999"), ("wrap", "")];
        assert_eq!(query().with_pairs(nonsense), query());
        let long = "x".repeat(999);
        assert_eq!(query().with_pairs([("q", &*long)]), query());
    }

    #[test]
    fn only_pods_and_what_runs_them_have_logs() {
        for (word, kind) in KINDS {
            assert!(LogSubject::of_address(word, "shop", "cart").is_some());
            assert_eq!(LogSubject::word(kind), Some(word));
        }
        assert_eq!(LogSubject::of_address("secret", "shop", "cart"), None);
        assert_eq!(LogSubject::word("ConfigMap"), None);
    }

    #[test]
    fn what_is_searched_for_is_found_in_capitals_or_not_and_never_inside_a_letter() {
        let query = query().with_pairs([("q", "no ROUTE")]);
        assert_eq!(query.found("No route, no ROUTE"), [0..8, 10..18]);
        let line = |text: &str| LogLine::read(text.as_bytes(), 0);
        assert!(query.shows(line("no route")).is_some() && query.shows(line("a route")).is_none());
        let letter = LogQuery { words: "ü".to_owned(), ..query.clone() };
        assert_eq!(letter.found("für größer für"), [1..3, 15..17]);
        assert!(LogQuery { words: String::new(), ..query }.shows(line("")).is_some());
    }

    #[test]
    fn of_fluxs_controllers_only_lines_about_the_object_are_shown() {
        let key = ObjectKey::new(Kind::KUSTOMIZATION, "apps", "shop");
        let query = LogQuery::new(LogSubject::Flux(key));
        let line = |name: &str| {
            let text =
                format!(r#"{{"msg":"done","controllerKind":"Kustomization","name":"{name}","namespace":"apps"}}"#);
            query.shows(LogLine::read(text.as_bytes(), 0)).map(|line| line.text)
        };
        assert_eq!((line("shop").as_deref(), line("till")), (Some("done"), None));
        assert!(query.is_narrow() && query.may_show(b"x apps/shop") && !query.may_show(b"till"));
    }
}
