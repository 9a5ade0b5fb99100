//! Moments and durations in words.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// RFC 3339, in UTC, to the second; empty for moments that no calendar has.
pub(crate) fn timestamp(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let stamp = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    stamp.map(|stamp| stamp.to_string()).unwrap_or_default()
}

/// Hours and minutes in UTC: `14:32`.
pub(crate) fn clock(time: SystemTime) -> String {
    timestamp(time).get(11..16).unwrap_or_default().to_owned()
}

/// Hours and minutes in UTC, with the day before them if it is another one than now's: `2026-11-29 14:32`.
pub(crate) fn day_and_clock(time: SystemTime, now: SystemTime) -> String {
    let (stamp, today) = (timestamp(time), timestamp(now));
    match (stamp.get(..10), today.get(..10)) {
        (Some(day), Some(today)) if day != today => format!("{day} {}", clock(time)),
        _ => clock(time),
    }
}

/// Hours, minutes and seconds in UTC: `14:32:07`.
pub(crate) fn clock_with_seconds(time: SystemTime) -> String {
    timestamp(time).get(11..19).unwrap_or_default().to_owned()
}

/// The moment so many seconds after 1970; `None` before that.
pub(crate) fn moment(seconds: i64) -> Option<SystemTime> {
    let seconds = u64::try_from(seconds).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// As `kubectl` says it, in the largest unit: `4m`.
pub(crate) fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    }
}

/// A moment for machines, and how long ago it was.
pub(crate) fn ago(time: SystemTime, now: SystemTime) -> (String, String) {
    (timestamp(time), age(now.duration_since(time).unwrap_or_default()))
}

/// The same of the moment so many seconds after 1970.
pub(crate) fn since(seconds: Option<i64>, now: SystemTime) -> Option<(String, String)> {
    Some(ago(moment(seconds?)?, now))
}

/// A length of time in its two largest units: `5m 40s`, `10m`, `1h 30m`.
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let parts = units.into_iter().skip_while(|(count, _)| *count == 0).take(2).filter(|(count, _)| *count > 0);
    let words: Vec<_> = parts.map(|(count, unit)| format!("{count}{unit}")).collect();
    if words.is_empty() { "0s".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        for (seconds, word) in [(0, "0s"), (59, "59s"), (60, "1m"), (7199, "1h"), (86_400, "1d"), (8_640_000, "100d")] {
            assert_eq!(age(Duration::from_secs(seconds)), word);
        }
    }

    #[test]
    fn how_long_ago_something_was_is_told_with_its_moment_and_what_is_to_come_is_no_time_ago() {
        let now = UNIX_EPOCH + Duration::from_secs(3600);
        let told = |seconds| since(Some(seconds), now).map(|(stamp, age)| format!("{stamp} {age}"));
        assert_eq!(told(1800).as_deref(), Some("1970-01-01T00:30:00Z 30m"));
        assert_eq!(told(7200).as_deref(), Some("1970-01-01T02:00:00Z 0s"));
        assert_eq!((since(None, now), since(Some(-1), now)), (None, None));
    }

    #[test]
    fn a_moment_of_another_day_is_told_with_its_day() {
        let now = UNIX_EPOCH + Duration::from_secs(1_795_406_468);
        assert_eq!(day_and_clock(now - Duration::from_hours(1), now), "03:01");
        assert_eq!(day_and_clock(now - Duration::from_hours(5), now), "2026-11-22 23:01");
    }

    #[test]
    fn a_length_of_time_is_told_in_its_two_largest_units() {
        for (seconds, words) in
            [(0, "0s"), (340, "5m 40s"), (600, "10m"), (5400, "1h 30m"), (3601, "1h"), (90_061, "1d 1h")]
        {
            assert_eq!(span(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn a_moment_that_no_calendar_has_is_said_as_nothing_and_breaks_nothing() {
        assert_eq!(moment(-1), None);
        let far = moment(i64::MAX).map(timestamp).unwrap_or_default();
        assert_eq!(far, "");
        assert_eq!(moment(1_795_406_468).map(clock_with_seconds).as_deref(), Some("04:01:08"));
    }
}
