use fanlight_model::without_credentials;

use super::{Hiding, asks_for_secret, below, looks_secret};

/// A text may be an address with a password, a key, or a file of settings.
pub(super) fn text_of(text: &str, path: &str, hiding: &mut Hiding<'_>) -> String {
    if text.contains("PRIVATE KEY") {
        return hiding.hide(text, path);
    }
    let is_long = text.contains('\n');
    let has_secret = text.lines().any(|line| value_of(line, "kind") == Some("Secret"));
    // How far an entry is indented that is called like something secret: its value may be below.
    let mut named = None;
    // How far the name was indented of which the lines below may be the value, or more of it.
    let mut outer: Option<Outer> = None;
    let lines = text.split('\n').enumerate().map(|(number, line)| {
        let mut hide = |text: &str| {
            if is_long {
                hiding.hide(text, &below(path, format_args!(", line {}", number + 1)))
            } else {
                hiding.hide(text, path)
            }
        };
        let (indent, words) = line.split_at(line.len() - line.trim_start().len());
        if without_comment(words).is_empty() {
            return line.to_owned();
        }
        if let Some(outer) = outer.as_mut().filter(|outer| outer.has(indent.len(), words)) {
            outer.goes_on();
            return indent.to_owned() + &hide(words);
        }
        outer = None;
        if let Some(name) = value_of(line, "name") {
            named = looks_secret(name).then(|| indent_of(line));
        }
        let is_value = named == Some(indent_of(line)) && value_of(line, "value").is_some();
        let secret = if is_value { line.find(':').map(|at| line.split_at(at + 1)) } else { secret_in(line) };
        let Some((name, value)) = secret else {
            if has_secret && ["data", "stringData"].iter().any(|part| value_of(line, part) == Some("")) {
                outer = Some(Outer::of_name(line));
                return line.to_owned();
            }
            outer = Outer::of_map(line).or_else(|| Outer::of_argument(line));
            return without_credentials(line);
        };
        outer = Some(Outer::of_name(line));
        if says_nothing(value) { line.to_owned() } else { format!("{name} {}", hide(value.trim())) }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What the lines below may be the value of, and how far these have to be indented at least.
struct Outer {
    lines: usize,
    /// The entries of a list may stand as far out as its name.
    entries: usize,
    /// The same of what goes on with the value, once it has begun: lines, and entries.
    then: (usize, usize),
}

impl Outer {
    /// `password:`, with a text or a list below it.
    fn of_name(line: &str) -> Self {
        let indent = indent_of(line);
        Self { lines: indent + 1, entries: indent, then: (indent + 1, indent) }
    }

    /// `passwords:`, with a map below it.
    fn of_map(line: &str) -> Option<Self> {
        let name = line.trim_end().strip_suffix(':')?.trim_end_matches(['"', '\'']).strip_suffix(['s', 'S'])?;
        let name = name.trim_start_matches(['-', ' ', '\t', '"', '\'']);
        looks_secret(name).then(|| Self { entries: usize::MAX, ..Self::of_name(line) })
    }

    /// `- --password`, or a line `"--password",`: the next of the list is its value, and no other.
    fn of_argument(line: &str) -> Option<Self> {
        let words = without_comment(line);
        let entry = words.strip_prefix("- ").map(str::trim_start);
        let indent = line.len() - line.trim_start().len();
        asks_for_secret(bare(entry.unwrap_or(words))).then(|| Self {
            lines: indent + usize::from(entry.is_some()),
            entries: indent,
            then: (indent + 1, indent + 1),
        })
    }

    fn has(&self, indent: usize, words: &str) -> bool {
        let is_entry = words == "-" || words.starts_with("- ");
        indent >= if is_entry { self.entries } else { self.lines }
    }

    fn goes_on(&mut self) {
        (self.lines, self.entries) = self.then;
    }
}

/// A word without what marks it as a text or as a part of a list.
fn bare(word: &str) -> &str {
    word.trim_matches(['"', '\'', ',', '[', ']'])
}

/// What a line of YAML says of this name, if it is about it.
fn value_of<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let words = line.trim_start_matches(['-', ' ', '\t']);
    Some(bare(without_comment(words.strip_prefix(name)?.strip_prefix(':')?)))
}

fn without_comment(words: &str) -> &str {
    let words = words.trim();
    if words.starts_with('#') { "" } else { words.split(" #").next().unwrap_or(words).trim_end() }
}

/// How far a name is indented: as an entry of a list, with what marks it as that.
fn indent_of(line: &str) -> usize {
    let mut name = line.trim_start_matches([' ', '\t']);
    while let Some(rest) = name.strip_prefix("- ") {
        name = rest.trim_start();
    }
    line.len() - name.len()
}

/// Whether what follows a name says only that its value is below: `|-`.
fn says_nothing(value: &str) -> bool {
    let value = value.trim();
    let block = value.strip_prefix(['|', '>']);
    value.is_empty() || block.is_some_and(|how| how.len() <= 2 && how.bytes().all(|one| b"+-123456789".contains(&one)))
}

/// The line up to the first name of something secret, and what follows: `host=h password=`, `hunter2`; `--token`, `hunter2`;
/// `["--token"`, `"hunter2"]`.
fn secret_in(line: &str) -> Option<(&str, &str)> {
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    let named = line.match_indices([':', '=']).find_map(|(at, _)| {
        let before = line[..at].trim_end_matches(['"', '\'', ' ']);
        let name = before.rsplit(|letter| !is_of_name(letter)).next().unwrap_or_default();
        looks_secret(name).then(|| line.split_at(at + 1))
    });
    let asked = line.match_indices([' ', ',']).find_map(|(at, _)| {
        let word = line[..at].rsplit([' ', ',', '[', ':']).next().unwrap_or_default();
        // What ends a line has its value below.
        let asks = asks_for_secret(bare(word)) && !without_comment(&line[at + 1..]).is_empty();
        asks.then(|| line.split_at(at))
    });
    match (named, asked) {
        (Some(named), Some(asked)) => Some(if named.0.len() < asked.0.len() { named } else { asked }),
        (named, asked) => named.or(asked),
    }
}
