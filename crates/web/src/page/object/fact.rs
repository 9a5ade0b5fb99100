use std::{borrow::Cow, time::SystemTime};

use fanlight_model::{Property, PropertyValue, image_link, short_revision, web_link};

use super::past::took;
use crate::{status::StatusView, when};

/// One fact: what it is called, and its value.
pub(super) struct Fact {
    pub(super) name: Cow<'static, str>,
    pub(super) value: String,
    /// The value in full, where it is shortened.
    pub(super) full: String,
    /// Whether the value is set like code.
    pub(super) code: bool,
    /// Whether people paste it elsewhere.
    pub(super) copies: bool,
    pub(super) link: Option<String>,
    pub(super) status: Option<StatusView>,
    /// The moment that it is instead of words: for machines, and how long ago it was.
    pub(super) since: Option<(String, String)>,
    /// The same of a moment to come: for machines, and by the clock.
    pub(super) ahead: Option<(String, String)>,
}

impl Fact {
    pub(super) fn new(name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            full: String::new(),
            code: false,
            copies: false,
            link: None,
            status: None,
            since: None,
            ahead: None,
        }
    }

    /// A revision, a path, a name: short where it has a short form.
    pub(super) fn code(name: impl Into<Cow<'static, str>>, full: &str) -> Self {
        Self { code: true, copies: true, full: full.to_owned(), ..Self::new(name, short_revision(full)) }
    }

    /// An address, with a link where that is a page.
    pub(super) fn address(name: impl Into<Cow<'static, str>>, address: &str) -> Self {
        Self { copies: true, link: web_link(address), ..Self::new(name, address) }
    }

    /// An image, with a link to the page of its name.
    pub(super) fn image(name: impl Into<Cow<'static, str>>, image: &str) -> Self {
        Self { copies: true, link: image_link(image), ..Self::new(name, image) }
    }

    /// A moment; `None` where no calendar has it.
    pub(super) fn moment(name: impl Into<Cow<'static, str>>, moment: Option<i64>, now: SystemTime) -> Option<Self> {
        let time = when::moment(moment?)?;
        let fact = Self::new(name, String::new());
        Some(if time > now {
            Self { ahead: Some((when::timestamp(time), when::day_and_clock(time, now))), ..fact }
        } else {
            Self { since: Some(when::ago(time, now)), ..fact }
        })
    }

    pub(super) fn of(property: &Property, now: SystemTime) -> Option<Self> {
        let name = property.name.clone();
        Some(match &property.value {
            PropertyValue::Words(words) => Self::new(name, &**words),
            PropertyValue::Code(code) => Self::code(name, code),
            PropertyValue::Address(address) => Self::address(name, address),
            PropertyValue::Image(image) => Self::image(name, image),
            PropertyValue::Moment(moment) => return Self::moment(name, Some(*moment), now),
            PropertyValue::Took(what, time) => {
                let time = time.map(|time| format!(", {}", took(time))).unwrap_or_default();
                Self::new(name, format!("{what}{time}"))
            }
            PropertyValue::Size(bytes) => Self::new(name, size(*bytes)),
        })
    }

    /// What somebody copies: the whole of it.
    pub(super) fn copied(&self) -> &str {
        if self.full.is_empty() { &self.value } else { &self.full }
    }

    /// Whether its link leads to another site.
    pub(super) fn leads_away(&self) -> bool {
        self.link.as_ref().is_some_and(|link| !link.starts_with('/'))
    }
}

/// `4120` bytes as people say it: `4.0 KiB`.
fn size(bytes: u64) -> String {
    let (unit, word) = match bytes {
        0..1024 => return format!("{bytes} bytes"),
        1024..1_048_576 => (1024, "KiB"),
        _ => (1_048_576, "MiB"),
    };
    format!("{}.{} {word}", bytes / unit, bytes % unit * 10 / unit)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_moment_that_was_counts_on_and_one_to_come_is_told_by_the_clock() {
        let now = UNIX_EPOCH + Duration::from_secs(36_000);
        let fact = |moment| Fact::moment("Last run", Some(moment), now).expect("a fact");
        assert_eq!(fact(32_400).since, Some(("1970-01-01T09:00:00Z".to_owned(), "1h".to_owned())));
        assert_eq!(fact(39_600).ahead, Some(("1970-01-01T11:00:00Z".to_owned(), "11:00".to_owned())));
        assert!(Fact::moment("Last run", None, now).is_none());
    }

    #[test]
    fn sizes_are_told_in_units_that_people_know() {
        for (bytes, said) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (4120, "4.0 KiB"),
            (1_572_864, "1.5 MiB"),
            (u64::MAX, "17592186044415.9 MiB"),
        ] {
            assert_eq!(size(bytes), said);
        }
    }
}
