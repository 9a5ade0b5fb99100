use fanlight_model::{LogQuery, LogStanding};

use crate::ObjectError;

/// What can be asked of a log otherwise, as links.
pub(super) struct Controls {
    pub(super) menus: Vec<Menu>,
    /// The log from before the last start, or back from there.
    pub(super) previous: (&'static str, String),
    /// The other way to show long lines.
    pub(super) wrap: (&'static str, String),
    /// Everything but what is searched for, for a form.
    pub(super) hidden: Vec<(&'static str, String)>,
}

/// Something to choose from.
pub(super) struct Menu {
    pub(super) name: &'static str,
    pub(super) title: String,
    pub(super) choices: Vec<Choice>,
}

pub(super) struct Choice {
    pub(super) word: String,
    pub(super) link: String,
    pub(super) chosen: bool,
}

impl Controls {
    pub(super) fn new(
        query: &LogQuery,
        standing: Option<&LogStanding<ObjectError>>,
        to: &dyn Fn(&LogQuery) -> String,
    ) -> Self {
        let choice = |word: String, other: LogQuery| Choice { word, link: to(&other), chosen: other == *query };
        let names = standing.map(|standing| &*standing.places.containers).unwrap_or_default();
        let container =
            |name: &str, word: &str| choice(word.to_owned(), LogQuery { container: name.to_owned(), ..query.clone() });
        let mut containers = vec![container("", "All containers")];
        containers.extend(names.iter().map(|name| container(name, name)));
        let title = if query.container.is_empty() { "All containers" } else { &query.container };
        let mut menus = Vec::new();
        if names.len() > 1 || !query.container.is_empty() {
            menus.push(Menu { name: "container", title: title.to_owned(), choices: containers });
        }
        let since = |seconds, word: &str| choice(word.to_owned(), LogQuery { since: seconds, ..query.clone() });
        let mut times = vec![since(None, "All there is")];
        times.extend(LogQuery::SINCE.iter().map(|(_, seconds)| since(Some(*seconds), &in_words(*seconds))));
        menus.push(Menu { name: "since", title: chosen(&times, "Since"), choices: times });
        let lines =
            |lines: &usize| choice(format!("The last {lines} lines"), LogQuery { lines: *lines, ..query.clone() });
        let lines: Vec<_> = LogQuery::LINES.iter().map(lines).collect();
        menus.push(Menu { name: "lines", title: chosen(&lines, "Lines"), choices: lines });
        let previous = if query.previous { "What it writes now" } else { "Before its last start" };
        let wrap = if query.wraps { "Long lines in one" } else { "Wrap long lines" };
        Self {
            menus,
            previous: (previous, to(&LogQuery { previous: !query.previous, ..query.clone() })),
            wrap: (wrap, to(&LogQuery { wraps: !query.wraps, ..query.clone() })),
            hidden: query.pairs().into_iter().filter(|(name, _)| *name != "q").collect(),
        }
    }
}

fn in_words(seconds: u32) -> String {
    let said = match seconds {
        3600.. => (seconds / 3600, "hour"),
        _ => (seconds / 60, "minute"),
    };
    match said {
        (1, unit) => format!("The last {unit}"),
        (count, unit) => format!("The last {count} {unit}s"),
    }
}

/// The word of what is chosen.
fn chosen(choices: &[Choice], otherwise: &str) -> String {
    choices.iter().find(|choice| choice.chosen).map_or(otherwise, |choice| &choice.word).to_owned()
}
