//! Points in time as sops spells them: RFC 3339, fractions without trailing zeros, `Z` for no offset.

use std::sync::LazyLock;

use jiff::Timestamp;
use regex::Regex;

#[expect(clippy::unwrap_used, reason = "the pattern is fixed")]
static SPELLINGS: LazyLock<Regex> = LazyLock::new(|| {
    let date = r"(\d{4})-(\d{1,2})-(\d{1,2})";
    let clock = r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?";
    Regex::new(&format!("^{date}(?:[Tt]{clock}(Z|[+-][0-9]{{2}}:[0-9]{{2}})| {clock})?$")).unwrap()
});

/// The time that a plain YAML scalar means, in the spelling of sops; `None` if it means none.
pub(crate) fn from_yaml(text: &str) -> Option<String> {
    if !text.is_ascii() {
        return None;
    }
    let found = SPELLINGS.captures(text)?;
    let number = |first: usize, other: usize| {
        let digits = found.get(first).or(found.get(other)).map_or("0", |digits| digits.as_str());
        format!("{digits:0>2}")
    };
    let fraction = found.get(7).or(found.get(12)).map_or("", |digits| digits.as_str()).trim_end_matches('0');
    let offset = found.get(8).map_or("Z", |offset| offset.as_str());
    let canonical = format!(
        "{}-{}-{}T{}:{}:{}{}{fraction}{}",
        &found[1],
        number(2, 2),
        number(3, 3),
        number(4, 9),
        number(5, 10),
        number(6, 11),
        if fraction.is_empty() { "" } else { "." },
        if matches!(offset, "+00:00" | "-00:00") { "Z" } else { offset },
    );
    canonical.parse::<Timestamp>().is_ok().then_some(canonical)
}

/// Whether a text is a time in the spelling of sops.
pub(crate) fn is_canonical(text: &str) -> bool {
    from_yaml(text).is_some_and(|canonical| canonical == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spellings_that_sops_takes_for_times_become_one() {
        for (written, meant) in [
            ("2026-01-02", "2026-01-02T00:00:00Z"),
            ("2026-1-2", "2026-01-02T00:00:00Z"),
            ("2001-12-14 21:59:43.10", "2001-12-14T21:59:43.1Z"),
            ("2001-12-14t21:59:43.10-05:00", "2001-12-14T21:59:43.1-05:00"),
            ("2001-12-15T2:59:43.1Z", "2001-12-15T02:59:43.1Z"),
            ("2001-12-15T02:59:43+00:00", "2001-12-15T02:59:43Z"),
        ] {
            assert_eq!(from_yaml(written).as_deref(), Some(meant), "{written}");
        }
        for other in ["2026-13-01", "2026-02-30", "26-01-02", "2026-01", "2001-12-14 21:59:43.10 -5", "x2026-01-02"] {
            assert_eq!(from_yaml(other), None, "{other}");
        }
    }
}
