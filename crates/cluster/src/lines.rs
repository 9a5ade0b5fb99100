use bytes::{Buf, Bytes, BytesMut};

/// Cuts a stream of bytes into lines, looking at each byte once.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    buffer: BytesMut,
    /// How far the buffer has been searched.
    searched: usize,
}

/// A line longer than [`Lines::LIMIT`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Lines {
    /// The longest line, in bytes: more than etcd stores in one object.
    pub(crate) const LIMIT: usize = 8 << 20;

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete line without its end.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, TooLong> {
        let Some(found) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') else {
            self.searched = self.buffer.len();
            return if self.searched > Self::LIMIT { Err(TooLong) } else { Ok(None) };
        };
        let line = self.buffer.split_to(self.searched + found).freeze();
        self.buffer.advance(1);
        self.searched = 0;
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_whole_however_they_arrive() {
        let text = b"one\ntwo\n\nthree\nunfinished";
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let mut found = Vec::new();
            for part in text.chunks(size) {
                lines.push(part);
                while let Some(line) = lines.next().expect("short lines") {
                    found.push(line);
                }
            }
            assert_eq!(found, [&b"one"[..], b"two", b"", b"three"], "in parts of {size}");
        }
    }

    #[test]
    fn a_line_without_end_is_an_error_and_not_all_memory() {
        let mut lines = Lines::default();
        lines.push(&vec![b'x'; Lines::LIMIT + 1]);
        assert_eq!(lines.next(), Err(TooLong));
    }
}
