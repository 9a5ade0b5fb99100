use std::{fmt, time::Duration};

/// How much there is and how long it is watched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) objects: usize,
    pub(crate) namespaces: usize,
    pub(crate) people: usize,
    /// How long each window is in which processor time and requests are counted.
    pub(crate) window: Duration,
    /// How often each page is loaded.
    pub(crate) loads: usize,
    /// How many changes are waited for, one after the other.
    pub(crate) changes: usize,
}

impl Size {
    pub(crate) const DEFAULT: Self =
        Self { objects: 2_000, namespaces: 100, people: 20, window: Duration::from_secs(60), loads: 500, changes: 200 };
    pub(crate) const LARGE: Self = Self { objects: 10_000, namespaces: 300, people: 50, ..Self::DEFAULT };
    pub(crate) const QUICK: Self =
        Self { objects: 200, namespaces: 20, people: 5, window: Duration::from_secs(10), loads: 100, changes: 50 };

    /// The budget of processor seconds a minute while ten objects a second change: that of 50 people.
    pub(crate) const CHANGING: f64 = 2.0;

    /// The budget of processor seconds a minute: a straight line through that of 11 people and that of 50.
    #[expect(clippy::cast_precision_loss, reason = "a handful of people")]
    pub(crate) fn processor_seconds(&self) -> f64 {
        let people = self.people.max(11) as f64;
        0.5 + (people - 11.0) * 1.5 / 39.0
    }

    /// The budget of requests a minute: a straight line through that of 11 people and that of 50.
    #[expect(clippy::cast_precision_loss, reason = "a handful of people")]
    pub(crate) fn requests_a_minute(&self) -> f64 {
        let people = self.people.max(11) as f64;
        (1_500.0 + (people - 11.0) * 2_000.0 / 39.0).round()
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Flux objects in {} namespaces, {} people", self.objects, self.namespaces, self.people)
    }
}
