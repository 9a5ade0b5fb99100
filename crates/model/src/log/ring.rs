use std::{collections::VecDeque, sync::Arc};

use super::{LogLine, LogSource};

/// Lines that wait to be told: so many and no more. When there is no room, the oldest go, and are counted.
#[derive(Debug)]
pub struct LogRing {
    lines: VecDeque<(Arc<LogSource>, LogLine)>,
    bytes: usize,
    left_out: u64,
    most_lines: usize,
    most_bytes: usize,
}

/// What is told at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogBatch {
    /// How many lines before these were left out, since more came than could be told.
    pub left_out: u64,
    /// The lines with whose they are, by their time.
    pub lines: Vec<(Arc<LogSource>, LogLine)>,
}

impl LogRing {
    /// The most lines that wait for somebody who follows.
    pub const LINES: usize = 1000;
    /// The most bytes.
    pub const BYTES: usize = 128 << 10;
    /// The most bytes of a page.
    pub const PAGE: usize = 1 << 20;

    /// For somebody who follows.
    pub fn for_stream() -> Self {
        Self::new(Self::LINES, Self::BYTES)
    }

    /// For a page with so many lines.
    pub fn for_page(lines: usize) -> Self {
        Self::new(lines, Self::PAGE)
    }

    fn new(most_lines: usize, most_bytes: usize) -> Self {
        Self { lines: VecDeque::new(), bytes: 0, left_out: 0, most_lines, most_bytes }
    }

    /// Takes a line in.
    pub fn push(&mut self, source: &Arc<LogSource>, line: LogLine) {
        self.bytes += line.weight();
        self.lines.push_back((Arc::clone(source), line));
        while self.lines.len() > self.most_lines || (self.bytes > self.most_bytes && self.lines.len() > 1) {
            let Some((_, gone)) = self.lines.pop_front() else { break };
            self.bytes -= gone.weight();
            self.left_out += 1;
        }
    }

    /// Notes that lines are missing that nobody could count.
    pub fn skip(&mut self, lines: u64) {
        self.left_out += lines;
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.left_out == 0
    }

    /// Everything, which is then no longer here.
    pub fn take(&mut self) -> LogBatch {
        self.bytes = 0;
        let left_out = std::mem::take(&mut self.left_out);
        let lines = std::mem::take(&mut self.lines).into();
        LogBatch { left_out, lines }.sorted()
    }
}

impl LogBatch {
    /// The same in the order of time. What one container wrote stays in its order; lines without a time stay behind those
    /// before them.
    fn sorted(mut self) -> Self {
        let mut latest = i64::MIN;
        let mut keyed: Vec<_> = self
            .lines
            .into_iter()
            .map(|(source, line)| {
                latest = line.time.unwrap_or(latest);
                (latest, source, line)
            })
            .collect();
        keyed.sort_by_key(|(time, ..)| *time);
        self.lines = keyed.into_iter().map(|(_, source, line)| (source, line)).collect();
        self
    }

    /// The same with what was read of another container, of which together the last so many lines are kept, and no more
    /// bytes than a page has.
    #[must_use]
    pub fn and(mut self, other: Self, most: usize) -> Self {
        self.left_out += other.left_out;
        self.lines.extend(other.lines);
        let mut all = self.sorted();
        let mut bytes = 0;
        let kept = all.lines.iter().rev().take(most).take_while(|(_, line)| {
            bytes += line.weight();
            bytes <= LogRing::PAGE
        });
        let surplus = all.lines.len() - kept.count();
        all.lines.drain(..surplus);
        all.left_out += surplus as u64;
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(pod: &str) -> Arc<LogSource> {
        Arc::new(LogSource { namespace: "shop".to_owned(), pod: pod.to_owned(), container: "web".to_owned() })
    }

    fn line(time: i64, text: &str) -> LogLine {
        LogLine { time: Some(time), level: None, text: text.to_owned(), cut: 0 }
    }

    fn texts(batch: &LogBatch) -> Vec<&str> {
        batch.lines.iter().map(|(_, line)| &*line.text).collect()
    }

    #[test]
    fn lines_of_several_containers_are_told_by_their_time() {
        let mut ring = LogRing::for_stream();
        let (a, b) = (source("a"), source("b"));
        ring.push(&a, line(10, "a10"));
        ring.push(&a, line(30, "a30"));
        ring.push(&a, LogLine { time: None, ..line(0, "no time") });
        ring.push(&b, line(20, "b20"));
        let batch = ring.take();
        assert_eq!(texts(&batch), ["a10", "b20", "a30", "no time"]);
        assert!(ring.is_empty() && ring.take() == LogBatch::default());
    }

    #[test]
    fn however_much_comes_so_many_lines_and_bytes_are_kept_and_the_others_counted() {
        let mut ring = LogRing::for_stream();
        let a = source("a");
        for number in 0..50_000 {
            ring.push(&a, line(number, &number.to_string()));
        }
        assert_eq!(ring.lines.len(), LogRing::LINES);
        let batch = ring.take();
        assert_eq!((batch.left_out, batch.lines.len()), (49_000, 1000));
        assert_eq!(texts(&batch).last(), Some(&"49999"));
        for number in 0..1000 {
            ring.push(&a, line(number, &"x".repeat(4096)));
            assert!(ring.bytes <= LogRing::BYTES);
        }
        let batch = ring.take();
        assert_eq!(batch.left_out + batch.lines.len() as u64, 1000);
        let mut page = LogRing::for_page(2000);
        (0..3000).for_each(|number| page.push(&a, line(number, &"x".repeat(200))));
        assert_eq!(page.take().lines.len(), 2000, "a page has more room");
        ring.skip(3);
        assert!(!ring.is_empty());
        assert_eq!(ring.take().left_out, 3);
    }

    #[test]
    fn what_was_read_of_several_containers_is_one_log_with_its_end_kept() {
        let batch = |pod: &str, times: &[i64]| LogBatch {
            left_out: 1,
            lines: times.iter().map(|time| (source(pod), line(*time, &format!("{pod}{time}")))).collect(),
        };
        let merged = LogBatch::default().and(batch("a", &[1, 4]), 3).and(batch("b", &[2, 3]), 3);
        assert_eq!((texts(&merged), merged.left_out), (vec!["b2", "b3", "a4"], 3));
    }
}
