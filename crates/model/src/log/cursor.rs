/// How far a log was told, so that who opens it again tells each line once.
///
/// The API server can be asked for what came since some second, and no finer. So what was told of that second comes again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogCursor {
    /// The time of the last line, and how many lines of that time were told.
    last: Option<(i64, u64)>,
    /// Of that time, how many have come again; `None` once what is new has begun.
    again: Option<u64>,
    /// Whether anything has come since the log was opened again.
    begun: bool,
}

impl LogCursor {
    /// The time of the last line.
    pub fn last(&self) -> Option<i64> {
        self.last.map(|(time, _)| time)
    }

    /// The log is opened again, from the second of the last line on.
    pub fn open_again(&mut self) {
        (self.again, self.begun) = (Some(0), false);
    }

    /// Whether a line is new. Lines come in the order in which they were written, and their times need not be.
    pub fn is_new(&mut self, time: Option<i64>) -> bool {
        self.begun = true;
        let Some(time) = time else { return true };
        let Some((last, told)) = self.last else {
            (self.last, self.again) = (Some((time, 1)), None);
            return true;
        };
        if let Some(again) = &mut self.again {
            if time < last {
                return false;
            }
            if time == last {
                *again += 1;
                if *again <= told {
                    return false;
                }
            }
            self.again = None;
        }
        if time > last {
            self.last = Some((time, 1));
        } else if time == last {
            self.last = Some((last, told + 1));
        }
        true
    }

    /// Whether something may be missing before a line of this time: the log was opened again, and does not begin with what
    /// was told already.
    pub fn skips(&self, time: Option<i64>) -> bool {
        !self.begun && matches!((self.last, time), (Some((last, _)), Some(time)) if time > last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(cursor: &mut LogCursor, times: &[i64]) -> Vec<i64> {
        times.iter().copied().filter(|time| cursor.is_new(Some(*time))).collect()
    }

    #[test]
    fn a_log_that_is_opened_again_tells_each_line_once() {
        let mut cursor = LogCursor::default();
        assert_eq!(new(&mut cursor, &[10, 11, 11]), [10, 11, 11]);
        cursor.open_again();
        assert!(!cursor.skips(Some(10)));
        assert_eq!(new(&mut cursor, &[10, 11, 11, 11, 12]), [11, 12], "one of the same moment was not there before");
        cursor.open_again();
        assert_eq!(new(&mut cursor, &[12, 12, 13]), [12, 13]);
        assert_eq!(cursor.last(), Some(13));
    }

    #[test]
    fn a_clock_that_goes_back_hides_no_line() {
        let mut cursor = LogCursor::default();
        assert_eq!(new(&mut cursor, &[10, 9, 8, 12]), [10, 9, 8, 12]);
        assert_eq!(cursor.last(), Some(12));
        assert!(cursor.is_new(None));
    }

    #[test]
    fn what_may_be_missing_is_known_where_a_log_begins_again() {
        let mut cursor = LogCursor::default();
        assert!(!cursor.skips(Some(20)), "nothing was told before");
        assert_eq!(new(&mut cursor, &[10, 11]), [10, 11]);
        cursor.open_again();
        assert!(cursor.skips(Some(12)), "the last line is gone");
        assert_eq!(new(&mut cursor, &[12]), [12]);
        assert!(!cursor.skips(Some(13)), "only where it begins");
    }
}
