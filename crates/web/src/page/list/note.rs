use std::time::SystemTime;

use fanlight_live::Freshness;

use crate::when;

/// That what is shown is not what there is at this moment.
pub(crate) struct Note {
    /// What stands before the moment, or all there is to say.
    pub(crate) before: String,
    /// As of when: for machines, and as people say it in UTC.
    pub(crate) moment: Option<(String, String)>,
    /// What stands behind it.
    pub(crate) after: &'static str,
}

impl Note {
    pub(crate) fn of(freshness: Freshness, now: SystemTime) -> Option<Self> {
        let moment = |age| Some((when::timestamp(now - age), when::clock_with_seconds(now - age)));
        let as_of = |age, after| Self { before: "As of".to_owned(), moment: moment(age), after };
        Some(match freshness {
            Freshness::Current => return None,
            Freshness::Loading { ready, of, age: None } => {
                Self { before: format!("Still loading: {ready} of {of} lists are read."), moment: None, after: "" }
            }
            Freshness::Loading { ready, of, age: Some(age) } => {
                let before = format!("Still loading: {ready} of {of} lists are read; what is shown is as of");
                Self { before, moment: moment(age), after: "." }
            }
            Freshness::Stale { age } => as_of(age, ": the API server does not answer, or is too busy."),
            Freshness::Rotating { age } => {
                as_of(age, ": more is looked at than can be watched at once, so that lists are read in turn.")
            }
        })
    }
}
