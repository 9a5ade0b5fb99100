use super::{LogBatch, LogPlaces, LogSource};

/// What somebody is told who reads logs, or follows them; `E` is why something cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogNews<E> {
    /// The lines, and how many are missing before them.
    pub batch: LogBatch,
    /// How it stands with what is read, if that is another way than before.
    pub standing: Option<LogStanding<E>>,
}

/// What is read, and what cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStanding<E> {
    /// Where there is something to read.
    pub places: LogPlaces,
    /// The containers among them whose logs cannot be read at this moment, or must not be.
    pub troubles: Vec<(LogSource, E)>,
    /// Why it is not known where to read.
    pub lost: Option<E>,
}

impl<E> LogNews<E> {
    /// The same, with other words for why.
    pub fn map_errors<F>(self, map: impl Fn(E) -> F) -> LogNews<F> {
        let standing = self.standing.map(|LogStanding { places, troubles, lost }| LogStanding {
            places,
            troubles: troubles.into_iter().map(|(source, why)| (source, map(why))).collect(),
            lost: lost.map(&map),
        });
        LogNews { batch: self.batch, standing }
    }
}
