use std::time::Duration;

/// A duration as Go writes it (`10m0s`, `1h30m`, `1.5s`, `250ms`); nothing for any other text, or below zero.
pub fn go_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, tail) = rest.split_at(end);
        let end = tail.find(|letter: char| letter.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let nanoseconds = match unit {
            "h" => 3_600_000_000_000,
            "m" => 60_000_000_000,
            "s" => 1_000_000_000,
            "ms" => 1_000_000,
            "us" | "µs" | "μs" => 1_000,
            "ns" => 1,
            _ => return None,
        };
        total = total.checked_add(scaled(number, nanoseconds)?)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

/// `number`, which may have a fraction, times `nanoseconds`.
fn scaled(number: &str, nanoseconds: u64) -> Option<Duration> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut total = whole.checked_mul(nanoseconds)?;
    let mut place = nanoseconds;
    for digit in fraction.bytes() {
        place /= 10;
        total = total.checked_add(u64::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?) * place)?;
    }
    Some(Duration::from_nanos(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        for (text, milliseconds) in [
            ("10m0s", 600_000),
            ("1h30m", 5_400_000),
            ("1h0m0s", 3_600_000),
            ("1.5s", 1500),
            (".5h", 1_800_000),
            ("250ms", 250),
            ("6.366697569s", 6366),
            ("500us", 0),
            ("500µs", 0),
            ("0", 0),
            ("0s", 0),
        ] {
            assert_eq!(go_duration(text).map(|duration| duration.as_millis()), Some(milliseconds), "{text}");
        }
        for bad in ["", "5", "h", ".s", "1x", "-1h", "1.2.3s", "1h 5m", "99999999999999999999h", "9999999999h", "ten"] {
            assert_eq!(go_duration(bad), None, "{bad}");
        }
    }
}
