use serde_json::Value;

/// How grave a line says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// For whoever wrote the program.
    Debug,
    /// For the record.
    Info,
    /// Something may go wrong.
    Warning,
    /// Something went wrong.
    Error,
}

/// What programs call their levels.
const WORDS: [(&str, LogLevel); 22] = [
    ("trace", LogLevel::Debug),
    ("debug", LogLevel::Debug),
    ("debu", LogLevel::Debug),
    ("dbg", LogLevel::Debug),
    ("info", LogLevel::Info),
    ("information", LogLevel::Info),
    ("inf", LogLevel::Info),
    ("notice", LogLevel::Info),
    ("warn", LogLevel::Warning),
    ("warning", LogLevel::Warning),
    ("wrn", LogLevel::Warning),
    ("error", LogLevel::Error),
    ("err", LogLevel::Error),
    ("eror", LogLevel::Error),
    ("severe", LogLevel::Error),
    ("fatal", LogLevel::Error),
    ("critical", LogLevel::Error),
    ("crit", LogLevel::Error),
    ("alert", LogLevel::Error),
    ("emergency", LogLevel::Error),
    ("panic", LogLevel::Error),
    ("dpanic", LogLevel::Error),
];

impl LogLevel {
    /// How much of a line is looked at for a word that says it.
    const HEAD: usize = 96;

    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            LogLevel::Debug => "DEBUG",
            LogLevel::Info => "INFO",
            LogLevel::Warning => "WARN",
            LogLevel::Error => "ERROR",
        }
    }

    /// What a line says: by its fields if it is JSON or logfmt, by its first letter as klog writes it, or by a word in
    /// capitals or brackets near its beginning.
    pub(super) fn of(text: &str) -> Option<Self> {
        let text = text.trim_start();
        if let Some(level) = Self::of_json(text) {
            return Some(level);
        }
        Self::of_klog(text).or_else(|| Self::of_logfmt(text)).or_else(|| Self::of_words(text))
    }

    fn of_json(text: &str) -> Option<Self> {
        if !text.starts_with('{') {
            return None;
        }
        let object: Value = serde_json::from_str(text).ok()?;
        let field =
            ["level", "severity", "lvl", "loglevel", "log.level", "@l"].iter().find_map(|name| object.get(*name))?;
        match field {
            Value::String(word) => Self::by_word(word),
            // As pino and bunyan write it.
            Value::Number(number) => Some(match number.as_u64()? {
                0..30 => LogLevel::Debug,
                30..40 => LogLevel::Info,
                40..50 => LogLevel::Warning,
                _ => LogLevel::Error,
            }),
            _ => None,
        }
    }

    /// `E1130 09:41:02.123456       1 main.go:41] …`
    fn of_klog(text: &str) -> Option<Self> {
        let head = text.as_bytes().get(..6)?;
        if !head[1..5].iter().all(u8::is_ascii_digit) || head[5] != b' ' {
            return None;
        }
        match head[0] {
            b'I' => Some(LogLevel::Info),
            b'W' => Some(LogLevel::Warning),
            b'E' | b'F' => Some(LogLevel::Error),
            _ => None,
        }
    }

    fn of_logfmt(text: &str) -> Option<Self> {
        let value = ["level=", "lvl=", "severity="].iter().find_map(|name| {
            let at = text.find(name)?;
            let begins = at == 0 || text.as_bytes()[at - 1] == b' ';
            begins.then(|| &text[at + name.len()..])
        })?;
        let value = value.trim_start_matches('"');
        Self::by_word(value.split(|end: char| !end.is_ascii_alphabetic()).next().unwrap_or_default())
    }

    /// A word in capitals is one anywhere near the beginning; another one only in brackets or before a colon: `[error]`,
    /// `panic: …`.
    fn of_words(text: &str) -> Option<Self> {
        let head = &text[..text.floor_char_boundary(Self::HEAD)];
        let mut at = 0;
        for word in head.split(|end: char| !end.is_ascii_alphabetic()) {
            let begin = at;
            at += word.len() + head[at + word.len()..].chars().next().map_or(0, char::len_utf8);
            if word.len() < 3 {
                continue;
            }
            let before = head[..begin].chars().next_back();
            let after = head[begin + word.len()..].chars().next();
            let is_marked = matches!((before, after), (Some('['), Some(']')) | (Some('<'), Some('>')))
                || (before.is_none() && after == Some(':'));
            if (is_marked || word.bytes().all(|letter| letter.is_ascii_uppercase()))
                && let Some(level) = Self::by_word(word)
            {
                return Some(level);
            }
        }
        None
    }

    fn by_word(word: &str) -> Option<Self> {
        WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, level)| *level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_say_in_many_ways_how_grave_a_line_is() {
        use LogLevel::{Debug, Error, Info, Warning};
        for (text, level) in [
            (r#"{"level":"error","msg":"no"}"#, Some(Error)),
            (r#"{"severity":"WARNING"}"#, Some(Warning)),
            (r#"{"level":30,"msg":"x"}"#, Some(Info)),
            (r#"{"level":"verbose","msg":"ERROR"}"#, Some(Error)),
            ("I1130 09:41:02.123456       1 main.go:41] up", Some(Info)),
            ("F1130 09:41:02.123456       1 main.go:41] down", Some(Error)),
            ("time=\"…\" level=warning msg=\"x\"", Some(Warning)),
            ("msg=x lvl=\"dbug\"", None),
            ("ts=1 level=debug", Some(Debug)),
            ("2026-11-30T09:41:02Z ERROR no database", Some(Error)),
            ("[warn] slow", Some(Warning)),
            ("panic: no database", Some(Error)),
            ("error: no such file", Some(Error)),
            ("an error that is only mentioned", None),
            ("the ERRORS of others", None),
            ("größer INFO x", Some(Info)),
            ("Emergency exits are open", None),
            ("", None),
            ("I113", None),
        ] {
            assert_eq!(LogLevel::of(text), level, "{text}");
        }
        let late = format!("{} ERROR", "x".repeat(200));
        assert_eq!(LogLevel::of(&late), None, "far into a line it may be anything");
    }
}
