//! What an address has left of its attempts to sign in, in headers.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode},
    middleware::Next,
    response::Response,
};
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};

use crate::{App, request::Origin};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Says it on every answer, also on refusals.
pub(crate) async fn tell(State(app): State<Arc<App>>, origin: Origin, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let Some(desk) = &app.emergency else { return response };
    let allowance = desk.allowance(origin.address);
    // Also one name may have been tried too often, whatever is left for others.
    let refused = response.status() == StatusCode::TOO_MANY_REQUESTS;
    let remaining = if refused { 0 } else { allowance.remaining };
    let headers = response.headers_mut();
    headers.insert(LIMIT, allowance.limit.into());
    headers.insert(REMAINING, remaining.into());
    if let Some(date) = date((app.clock)(), allowance.resets_in) {
        headers.insert(RESET, date);
    }
    response
}

/// The moment when a wait that begins now is over, as HTTP writes dates: to the second, never too early.
pub(crate) fn date(now: SystemTime, wait: Duration) -> Option<HeaderValue> {
    let moment = Timestamp::try_from(now + wait + Duration::from_millis(999)).ok()?;
    HeaderValue::from_str(&DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up_to_a_second() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_776);
        let dates = [0, 1, 1000, 1001].map(|wait| date(now, Duration::from_millis(wait)).expect("a date"));
        let seconds = [36, 37, 37, 38].map(|second| format!("Sun, 06 Nov 1994 08:49:{second} GMT"));
        assert_eq!(dates, seconds.map(|date| HeaderValue::from_str(&date).expect("a value")));
    }
}
