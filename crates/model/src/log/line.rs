use jiff::Timestamp;

use super::LogLevel;
use crate::cut;

/// A line that a container wrote, harmless to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When the kubelet got it, in nanoseconds since 1970; `None` if that is not said.
    pub time: Option<i64>,
    /// How grave it says it is.
    pub level: Option<LogLevel>,
    /// What it says, without what steers terminals.
    pub text: String,
    /// How many bytes of it are not shown.
    pub cut: usize,
}

impl LogLine {
    /// How much of a line is read, in bytes: a line may be JSON that has to be understood.
    pub const READ: usize = 32 << 10;
    /// How much of it is shown.
    pub const SHOWN: usize = 4 << 10;

    /// Reads a line as the API server sends it, with its time before it; `surplus` bytes of it were not read.
    pub fn read(line: &[u8], surplus: usize) -> Self {
        let (time, words) = split(line);
        let text = legible(&String::from_utf8_lossy(words));
        Self { time, level: LogLevel::of(&text), text, cut: surplus }
    }

    /// The time of a line alone.
    pub fn moment(line: &[u8]) -> Option<i64> {
        split(line).0
    }

    /// The same with no more of its text than is shown.
    #[must_use]
    pub fn short(mut self) -> Self {
        if self.text.len() > Self::SHOWN {
            let short = cut(&self.text, Self::SHOWN);
            self.cut += self.text.len() - short.len();
            self.text = short;
        }
        self
    }

    /// What it takes in memory, about.
    pub(super) fn weight(&self) -> usize {
        const ITSELF: usize = 96;
        self.text.len() + ITSELF
    }
}

/// The time that a line begins with, and the rest.
fn split(line: &[u8]) -> (Option<i64>, &[u8]) {
    const LONGEST: usize = 40;
    let end = line.iter().take(LONGEST).position(|byte| *byte == b' ').unwrap_or(line.len().min(LONGEST));
    let time = std::str::from_utf8(&line[..end]).ok().and_then(|text| text.parse::<Timestamp>().ok());
    match time.and_then(|time| i64::try_from(time.as_nanosecond()).ok()) {
        Some(time) => (Some(time), line.get(end + 1..).unwrap_or_default()),
        None => (None, line),
    }
}

/// Words without what terminals are told by, such as colours; other control characters as signs that stand for them, so
/// that nothing is hidden and nothing steers.
fn legible(text: &str) -> String {
    /// How far ahead the end of a control sequence is looked for, in letters: a line may begin very many that do not end.
    const CONTROL: usize = 64;
    /// The same of a title or a link.
    const COMMAND: usize = 512;
    let mut told = String::with_capacity(text.len());
    let mut letters = text.trim_end_matches(['\r', '\n']).chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => match letters.peek() {
                // A control sequence ends with a letter; one that does not end is shown.
                Some('[') => {
                    let mut ahead = letters.clone();
                    ahead.next();
                    let ends = ahead.by_ref().take(CONTROL).any(|end| ('@'..='~').contains(&end));
                    if ends { letters = ahead } else { told.push('␛') }
                }
                // What a terminal would do with its title or a link.
                Some(']') => {
                    let mut ahead = letters.clone();
                    let mut before = ' ';
                    let ends = ahead.by_ref().take(COMMAND).any(|end| {
                        let is_end = end == '\u{7}' || (before == '\u{1b}' && end == '\\');
                        before = end;
                        is_end
                    });
                    if ends { letters = ahead } else { told.push('␛') }
                }
                _ => told.push('␛'),
            },
            '\t' => told.push('\t'),
            '\0'..='\u{1f}' => {
                told.push(char::from_u32(0x2400 + u32::from(letter)).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            '\u{7f}' => told.push('␡'),
            '\u{80}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                told.push(char::REPLACEMENT_CHARACTER);
            }
            letter => told.push(letter),
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &[u8]) -> String {
        LogLine::read(line, 0).text
    }

    #[test]
    fn a_line_is_read_with_its_time_and_its_level() {
        let line = LogLine::read(b"2026-11-30T09:41:02.123456789Z {\"level\":\"error\",\"msg\":\"no\"}", 0);
        assert_eq!(line.time, Some(1_796_031_662_123_456_789));
        assert_eq!((line.level, &*line.text), (Some(LogLevel::Error), "{\"level\":\"error\",\"msg\":\"no\"}"));
        let empty = LogLine::read(b"2026-11-30T09:41:02Z ", 0);
        assert_eq!((empty.time, &*empty.text), (Some(1_796_031_662_000_000_000), ""));
        let bare = LogLine::read(b"failed to open the log file", 7);
        assert_eq!((bare.time, &*bare.text, bare.cut), (None, "failed to open the log file", 7));
        assert_eq!(LogLine::read(b"2026-11-30T09:41:02Z", 0).time, Some(1_796_031_662_000_000_000));
    }

    #[test]
    fn nothing_in_a_line_steers_a_terminal_or_a_page_and_nothing_is_hidden() {
        assert_eq!(text(b"\x1b[1;31mERROR\x1b[0m: no\r"), "ERROR: no");
        assert_eq!(text(b"\x1b]0;title\x07x\x1b]8;;http://evil\x1b\\y"), "xy");
        assert_eq!(text(b"a\x1b[999"), "a␛[999", "a sequence without an end");
        assert_eq!(text(b"a\x07b\tc\x00\x7f"), "a␇b\tc␀␡");
        assert_eq!(text("a\u{202e}b\u{9b}31mc".as_bytes()), "a\u{fffd}b\u{fffd}31mc");
        assert_eq!(text(b"50% \rdone"), "50% ␍done");
        assert_eq!(text(b"caf\xe9 \xff"), "caf\u{fffd} \u{fffd}");
        assert_eq!(text("größer ✓".as_bytes()), "größer ✓");
    }

    #[test]
    fn sequences_without_an_end_are_shown_however_many_a_line_begins() {
        let count = LogLine::READ / 2;
        assert!(text("\u{1b}]".repeat(count).as_bytes()) == "␛]".repeat(count));
        let digits = "1".repeat(100);
        assert_eq!(text(format!("\u{1b}[{digits}m").as_bytes()), format!("␛[{digits}m"));
        let link = format!("a\u{1b}]8;;https://example.com/{}\u{7}b", "x".repeat(400));
        assert_eq!(text(link.as_bytes()), "ab");
        let endless = format!("a\u{1b}]0;{}\u{7}", "x".repeat(4000));
        assert_eq!(text(endless.as_bytes()), format!("a␛]0;{}␇", "x".repeat(4000)));
    }

    #[test]
    fn a_long_line_is_cut_and_says_by_how_much() {
        let line = LogLine::read(&[b'x'; 10_000], 5).short();
        assert!(line.text.len() <= LogLine::SHOWN && line.text.ends_with('…'));
        assert_eq!(line.text.len() + line.cut, 10_005);
    }
}
