use super::LogLine;
use crate::LogLevel;

/// How programs begin to say why they end, before they say where.
const LAST_WORDS: [&str; 4] = ["panic: ", "fatal error: ", "Caused by: ", "Exception in thread "];

/// The line of the end of a log that says most about why a program ended: what it says of a panic, else its last error,
/// else its last words.
pub(crate) fn telling(log: &str) -> Option<String> {
    let lines: Vec<_> = log.lines().map(|line| LogLine::read(line.as_bytes(), 0)).collect();
    let lines: Vec<_> = lines.iter().filter(|line| !line.text.trim().is_empty()).collect();
    let told = |line: &&LogLine| line.text.trim().to_owned();
    // Rust says what it was on the line after the one with the place.
    let panicked = |text: &str| text.starts_with("thread '") && text.contains("panicked at ");
    if let Some(at) = lines.iter().rposition(|line| panicked(&line.text)) {
        let place = lines[at];
        let next = lines.get(at + 1).filter(|_| place.text.trim_end().ends_with(':'));
        return Some(told(next.unwrap_or(&place)));
    }
    let words = lines.iter().rfind(|line| LAST_WORDS.iter().any(|words| line.text.starts_with(words)));
    let error = || lines.iter().rfind(|line| line.level == Some(LogLevel::Error));
    words.or_else(error).or_else(|| lines.last()).map(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_panics_is_quoted_with_what_it_says_and_not_with_where() {
        for (log, told) in [
            (
                "level=info msg=x\npanic: no database\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:41 +0x1d\n",
                "panic: no database",
            ),
            ("thread 'main' panicked at src/main.rs:3:5:\nno database\nnote: run with RUST_BACKTRACE=1", "no database"),
            (
                "thread 'main' panicked at 'no database', src/main.rs:3:5",
                "thread 'main' panicked at 'no database', src/main.rs:3:5",
            ),
            (
                "Exception in thread \"main\" java.lang.X: a\n\tat Main\nCaused by: java.io.Y: no database\n\t... 3 more",
                "Caused by: java.io.Y: no database",
            ),
            (
                "Traceback (most recent call last):\n  File \"x.py\", line 1\nKeyError: 'DATABASE'",
                "KeyError: 'DATABASE'",
            ),
            ("level=error msg=\"no database\"\nlevel=info msg=\"good-bye\"", "level=error msg=\"no database\""),
            ("one\n\u{1b}[31mtwo\u{1b}[0m\n\n", "two"),
        ] {
            assert_eq!(telling(log).as_deref(), Some(told), "{log}");
        }
        assert_eq!(telling("\n \n"), None);
    }
}
