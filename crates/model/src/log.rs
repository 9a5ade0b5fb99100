//! What containers write: lines as people read them, whose they are, which of them somebody wants to see.
//!
//! ```text
//!   bytes ──► LogLine (time, level, text that steers nothing) ──► LogQuery::shows ──► LogRing ──► LogBatch
//!                └── flux: what a line of Flux's controllers says about one object       (so many, and no more)
//! ```

mod cursor;
mod flux;
mod level;
mod line;
mod news;
mod places;
mod query;
mod ring;
mod telling;

pub use cursor::LogCursor;
pub use level::LogLevel;
pub use line::LogLine;
pub use news::{LogNews, LogStanding};
pub use places::{LogPlaces, LogSource};
pub use query::{LogQuery, LogSubject};
pub use ring::{LogBatch, LogRing};
pub(crate) use telling::telling;
