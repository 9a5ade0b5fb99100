//! The Helm chart, by the real `helm`, before a real API server, with the real program.
//!
//! What each of `cases/*.yaml` is rendered to stands in `golden/`; the list of known values and docs/values.md are written
//! from the schema. `FANLIGHT_WRITE=1 cargo xtask test --only foundation -- as_written` writes them anew.

mod acting;
mod admission;
mod documented;
mod groups;
mod helm;
mod install;
mod mistakes;
mod neighbours;
mod newcomer;
mod privileged;
mod reference;
mod release;
mod renders;
mod rights;
mod robots;
mod rules;
mod upgrade;
