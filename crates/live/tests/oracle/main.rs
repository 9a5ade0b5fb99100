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

use std::time::Duration;

use fanlight_model::Rights;
use proptest::{prelude::*, test_runner::Config};
use tokio::runtime::Builder;

use crate::{
    deed::{Deed, Health, LIST},
    house::House,
};

/// A script takes long beside other properties: an eighth as many are tried, also where more are wanted of all.
fn config() -> Config {
    let wanted = Config::default();
    Config { cases: wanted.cases / 8, max_shrink_time: 60_000, failure_persistence: None, ..wanted }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn everybody_sees_exactly_what_is_true_and_allowed_or_is_told_that_it_is_not_known(script in deed::script()) {
        play(&script).map_err(TestCaseError::fail)?;
    }
}

fn play(script: &[Deed]) -> Result<(), String> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let mut house = House::open();
        for deed in script {
            house.play(deed).await?;
        }
        house.settle().await?;
        house.close().await
    })
}

#[test]
fn a_survey_finds_what_somebody_gained_who_had_it_asked_again_while_nobody_answered() -> Result<(), String> {
    let enter = |person, kinds| Deed::Enter { person, session: 0, kinds, soon: false };
    play(&[
        Deed::Write { kind: 0, namespace: 0, name: 0 },
        // With two here, it is the turn of the first after two minutes.
        enter(2, 1),
        enter(1, 1),
        Deed::Shut { view: 1 },
        Deed::Wait(Duration::from_secs(59)),
        Deed::Allow { person: 1, namespace: Some(0), kind: None, rights: LIST },
        Deed::Fall { health: Health::Away },
        Deed::Wait(Duration::from_secs(62)),
        Deed::Recheck { person: 1 },
        enter(1, 5),
    ])
}

#[test]
fn a_right_is_found_in_time_that_somebody_gained_while_they_looked_at_what_they_see_everywhere() -> Result<(), String> {
    let enter = |kinds| Deed::Enter { person: 0, session: 0, kinds, soon: false };
    play(&[
        Deed::Allow { person: 0, namespace: None, kind: Some(0), rights: Rights::ALL },
        Deed::Write { kind: 1, namespace: 1, name: 0 },
        enter(2),
        Deed::Shut { view: 0 },
        enter(1),
        Deed::Wait(Duration::from_secs(60)),
        Deed::Allow { person: 0, namespace: Some(1), kind: Some(1), rights: Rights::ALL },
        // Meanwhile they are surveyed for what they may change there.
        Deed::Wait(Duration::from_secs(190)),
        enter(2),
    ])
}
