use fanlight_model::LogLine;

/// Cuts a log into lines. Of a line that is too long the end is counted, and not kept.
#[derive(Debug, Default)]
pub(super) struct LogCutter {
    begun: Vec<u8>,
    surplus: usize,
}

impl LogCutter {
    /// Takes bytes in, and passes on each line that is whole with how much of it is missing.
    pub(super) fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(&[u8], usize)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let line = &bytes[..end];
            if self.begun.is_empty() && self.surplus == 0 && line.len() <= LogLine::READ {
                each(line, 0);
            } else {
                self.keep(line);
                each(&self.begun, self.surplus);
                self.begun.clear();
                self.surplus = 0;
            }
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
    }

    /// The line that was begun, if there is one: at the end of a log it may be all there is of it.
    pub(super) fn rest(&mut self, each: impl FnOnce(&[u8], usize)) {
        if !self.begun.is_empty() {
            each(&self.begun, self.surplus);
        }
        *self = Self::default();
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LogLine::READ - self.begun.len();
        let kept = bytes.len().min(room);
        self.begun.extend_from_slice(&bytes[..kept]);
        self.surplus += bytes.len() - kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8], size: usize) -> Vec<(Vec<u8>, usize)> {
        let mut cutter = LogCutter::default();
        let mut lines = Vec::new();
        for part in text.chunks(size) {
            cutter.push(part, |line, surplus| lines.push((line.to_vec(), surplus)));
        }
        cutter.rest(|line, surplus| lines.push((line.to_vec(), surplus)));
        lines
    }

    #[test]
    fn lines_come_out_whole_however_they_arrive_and_the_last_one_without_its_end() {
        let text = b"one\n\ntwo\nthree";
        for size in 1..=text.len() {
            let told: Vec<_> = lines(text, size).into_iter().map(|(line, _)| line).collect();
            assert_eq!(told, [&b"one"[..], b"", b"two", b"three"], "in parts of {size}");
        }
        assert!(lines(b"", 1).is_empty());
    }

    #[test]
    fn a_line_without_end_takes_so_much_memory_and_says_how_much_is_missing() {
        let mut text = vec![b'x'; 3 * LogLine::READ];
        text.extend_from_slice(b"\nnext\n");
        for size in [100, 1 << 20] {
            let told = lines(&text, size);
            assert_eq!(told.len(), 2);
            assert_eq!((told[0].0.len(), told[0].1), (LogLine::READ, 2 * LogLine::READ));
            assert_eq!(told[1], (b"next".to_vec(), 0));
        }
    }
}
