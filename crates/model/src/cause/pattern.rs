//! A small language for the words of controllers: `couldn't find remote ref "refs/heads/{branch}"`.
//!
//! What stands between braces is captured, up to whatever stands behind them; at the end of a pattern up to the end of
//! the line, or of the next one that is not empty. A capture is never empty nor longer than a line, and does not run over the quote that ends it; one named
//! `_` may be empty, and is thrown away. Names of things have no spaces, and a `line` is a number. A pattern that begins with a capture begins at the beginning of a line.

/// The captures that are names of things: one word each.
const ONE_WORD: [&str; 9] = ["account", "address", "file", "host", "name", "object", "repository", "secret", "url"];

/// What a pattern captured.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Captures<'a>(Vec<(&'static str, &'a str)>);

impl<'a> Captures<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, text)| *text)
    }
}

/// Looks for a pattern anywhere in a text.
pub(super) fn find<'a>(pattern: &'static str, text: &'a str) -> Option<Captures<'a>> {
    let (first, rest) = pattern.split_once('{').unwrap_or((pattern, ""));
    if first.is_empty() {
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        return std::iter::once(0).chain(ends).find_map(|begin| follow(rest, &text[begin..]));
    }
    text.match_indices(first).find_map(|(at, _)| {
        let behind = &text[at + first.len()..];
        if rest.is_empty() { Some(Captures::default()) } else { follow(rest, behind) }
    })
}

/// The part of a pattern behind its first brace.
fn follow<'a>(mut pattern: &'static str, mut text: &'a str) -> Option<Captures<'a>> {
    let mut captures = Captures::default();
    loop {
        let (name, rest) = pattern.split_once('}')?;
        let (literal, next) = match rest.split_once('{') {
            Some((literal, next)) => (literal, Some(next)),
            None => (rest, None),
        };
        // Where a message goes on with an empty line, what it says comes after it.
        if literal.is_empty() && text.starts_with(['\n', ' ']) {
            text = text.trim_start();
        }
        let line = text.lines().next().unwrap_or_default();
        let end = if literal.is_empty() { line.len() } else { line.find(literal)? };
        let found = line[..end].trim();
        let quote = literal.chars().next().filter(|letter| matches!(letter, '"' | '\''));
        let runs_over = quote.is_some_and(|quote| found.contains(quote));
        let is_several = ONE_WORD.contains(&name) && found.contains(char::is_whitespace);
        let is_no_number = name == "line" && !found.bytes().all(|letter| letter.is_ascii_digit());
        if name != "_" && (found.is_empty() || runs_over || is_several || is_no_number) {
            return None;
        }
        captures.0.push((name, found));
        match next {
            None => return Some(captures),
            Some(next) => (pattern, text) = (next, &text[end + literal.len()..]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    fn got(pattern: &'static str, text: &str, name: &str) -> Option<String> {
        find(pattern, text)?.get(name).map(ToOwned::to_owned)
    }

    #[test]
    fn captures_end_at_what_follows_them() {
        let text = "a: b: 'u': couldn't find remote ref \"refs/heads/release/1\"\nmore";
        assert_eq!(got("ref \"refs/heads/{branch}\"", text, "branch").as_deref(), Some("release/1"));
        assert_eq!(got("'{url}': couldn't", text, "url").as_deref(), Some("u"));
        assert_eq!(
            got("a: {why}", text, "why").as_deref(),
            Some("b: 'u': couldn't find remote ref \"refs/heads/release/1\"")
        );
        assert_eq!(
            got("secrets \"{x}\" not found", "secrets \"a\" are, secrets \"b\" not found", "x").as_deref(),
            Some("b")
        );
        assert_eq!(
            got("{object} dry-run failed", "first\nJob/a/b dry-run failed (Invalid)", "object").as_deref(),
            Some("Job/a/b")
        );
        assert_eq!(got("{_}x{rest}", "xy", "rest").as_deref(), Some("y"));
        assert_eq!(got("denied: {why}", "denied: \n\nby policy\nmore", "why").as_deref(), Some("by policy"));
    }

    #[test]
    fn what_does_not_fit_does_not_match() {
        for (pattern, text) in [
            ("ref \"{branch}\"", "ref \"\""),
            ("ref {branch}", "ref "),
            ("from '{a}' to '{b}'", "from 'x' to y"),
            ("line {line}:", "line by line: no"),
            ("one{a}two", "one\ntwo"),
            ("nothing", ""),
        ] {
            assert_eq!(find(pattern, text), None, "{pattern} in {text}");
        }
        assert!(find("no captures", "here are no captures at all").is_some());
    }
}
