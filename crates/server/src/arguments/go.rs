//! Values as Go's libraries read them: what was in a manifest so far keeps its meaning.

use std::time::Duration;

use jiff::SignedDuration;

/// As Go's `strconv.ParseBool`.
pub(super) fn boolean(text: &str) -> Result<bool, &'static str> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("neither true nor false"),
    }
}

/// As Go's `time.ParseDuration`: `1h30m`. At least a second.
pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    let duration = wait(text)?;
    if duration < Duration::from_secs(1) {
        return Err("a session must last a second at least");
    }
    Ok(duration)
}

/// The same, also of no time at all.
pub(super) fn wait(text: &str) -> Result<Duration, &'static str> {
    let parsed: SignedDuration = text.parse().map_err(|_| "not a duration such as 1h or 30m")?;
    Duration::try_from(parsed).map_err(|_| "it cannot last less than no time")
}

/// An address as Go's `net.Listen` takes it: `:2112`, `127.0.0.1:2112`, `[::1]:2112`. Host and port; no host means all.
pub(super) fn address(text: &str) -> Result<(String, u16), &'static str> {
    const WRONG: &str = "not an address such as :2112 or 127.0.0.1:2112";
    let (host, port) = text.rsplit_once(':').ok_or(WRONG)?;
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    if bracketed.is_none() && host.contains(['[', ']', ':']) {
        return Err(WRONG);
    }
    Ok((bracketed.unwrap_or(host).to_owned(), port.parse().map_err(|_| WRONG)?))
}

/// A level by the names of Go's zap, as the filter of our log knows it.
pub(super) fn log_level(text: &str) -> Result<&'static str, &'static str> {
    match text.to_lowercase().as_str() {
        "debug" => Ok("debug"),
        "info" => Ok("info"),
        "warn" => Ok("warn"),
        "error" | "dpanic" | "panic" | "fatal" => Ok("error"),
        _ => Err("not one of debug, info, warn, error"),
    }
}
