//! Everything at once, by a random script: people come, look, sign out, gain and lose rights; objects, namespaces and
//! kinds come and go; the API server breaks, forgets and is away. Time is that of a paused clock.
//!
//! ```text
//!   deed (random) ──► House ── drives ──► Live ── Feeds, Reviews ──► World (what is true, and since when)
//!                       │                   │                          │
//!                       └── after each step, for each open view: Oracle compares what it shows with that
//! ```

#![expect(clippy::expect_used, reason = "a script that cannot be played is a mistake in the test")]

mod deed;
mod faces;
mod history;
mod house;
mod oracle;
mod view;
mod world;

use proptest::{prelude::*, test_runner::Config};
use tokio::runtime::Builder;

use crate::house::House;

/// A script takes long beside other properties: an eighth as many are tried, also where more are wanted of all.
fn config() -> Config {
    let wanted = Config::default();
    Config { cases: wanted.cases / 8, max_shrink_time: 60_000, failure_persistence: None, ..wanted }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn everybody_sees_exactly_what_is_true_and_allowed_or_is_told_that_it_is_not_known(script in deed::script()) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build()?;
        runtime.block_on(async {
            let mut house = House::open();
            for deed in &script {
                house.play(deed).await.map_err(TestCaseError::fail)?;
            }
            house.settle().await.map_err(TestCaseError::fail)?;
            house.close().await.map_err(TestCaseError::fail)
        })?;
    }
}
