use super::EventEntry;
use crate::cut;

/// The newest Events of several places, so many and no more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventLog {
    /// The newest first.
    entries: Vec<EventEntry>,
    /// Whether there was more than could be kept or read.
    pub more: bool,
}

impl EventLog {
    /// How many are kept.
    pub const MOST: usize = 500;
    /// How much of a message is kept, in bytes.
    const MESSAGE: usize = 1024;

    /// Takes in an Event, in place of what it was before.
    pub fn put(&mut self, mut event: EventEntry) {
        self.remove(&event.id);
        if event.message.len() > Self::MESSAGE {
            event.message = cut(&event.message, Self::MESSAGE);
        }
        let place = self.entries.partition_point(|other| newest_first(other, &event).is_lt());
        self.entries.insert(place, event);
        self.keep(Self::MOST);
    }

    /// Lets the oldest go, beyond so many.
    pub fn keep(&mut self, most: usize) {
        self.more |= self.entries.len() > most;
        self.entries.truncate(most);
    }

    /// Forgets an Event.
    pub fn remove(&mut self, id: &str) {
        self.entries.retain(|event| event.id != id);
    }

    /// The newest first.
    pub fn iter(&self) -> impl Iterator<Item = &EventEntry> {
        self.entries.iter()
    }

    /// Takes in everything of another.
    pub fn join(&mut self, other: Self) {
        self.more |= other.more;
        other.entries.into_iter().for_each(|event| self.put(event));
    }
}

fn newest_first(a: &EventEntry, b: &EventEntry) -> std::cmp::Ordering {
    b.last.cmp(&a.last).then_with(|| a.order().cmp(&b.order())).then_with(|| a.id.cmp(&b.id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(id: usize, minute: usize, count: usize) -> EventEntry {
        EventEntry::read(&json!({"metadata": {"uid": format!("u-{id}"), "resourceVersion": count.to_string()},
            "message": "x".repeat(3000), "count": count, "lastTimestamp": format!("1970-01-01T{:02}:{:02}:00Z", minute / 60, minute % 60)}))
    }

    fn ids(log: &EventLog) -> Vec<&str> {
        log.iter().map(|event| &*event.id).collect()
    }

    #[test]
    fn an_event_that_happens_again_moves_up_and_is_there_once() {
        let mut log = EventLog::default();
        [event(1, 1, 1), event(2, 2, 1), event(3, 3, 1)].into_iter().for_each(|event| log.put(event));
        assert_eq!(ids(&log), ["u-3", "u-2", "u-1"]);
        log.put(event(1, 4, 2));
        assert_eq!(ids(&log), ["u-1", "u-3", "u-2"]);
        assert_eq!(log.iter().next().map(|event| (event.count, event.version)), Some((2, 2)));
        log.remove("u-3");
        assert_eq!(ids(&log), ["u-1", "u-2"]);
        assert!(log.iter().all(|event| event.message.len() <= EventLog::MESSAGE) && !log.more);
    }

    #[test]
    fn of_too_many_the_oldest_are_let_go_and_that_is_known() {
        let mut log = EventLog::default();
        for number in 0..EventLog::MOST + 7 {
            log.put(event(number, number, 1));
        }
        assert_eq!((log.iter().count(), log.more), (EventLog::MOST, true));
        assert_eq!(ids(&log).last(), Some(&"u-7"));
        let mut joined = EventLog::default();
        joined.join(log);
        assert!(joined.more);
    }
}
