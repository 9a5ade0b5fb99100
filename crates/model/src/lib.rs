//! What Flux state means: pure functions over plain values.
//!
//! Nothing here waits, reads, writes or asks for the time. The other crates bring facts in and carry results out:
//!
//! ```text
//!   Kind ── ObjectKey ── Row ◄── judge() ◄── Facts (what a controller wrote), Particulars (what only some kinds have)
//!    │                    │
//!    │                  Query ── filter, sort, search, page
//!    │
//!    └── Target (a whole object) ── Action ──► patches, refusals, Progress ──► Stage
//!
//!   LogLine ── LogQuery (what is wanted of logs) ── LogRing (no more than there is room for)
//!   Workload, Pod (what runs) ── WorkloadAction ──► patches, Jobs ──► Stage
//!
//!   Scope ── Change (list and watch events) ── Rights (who may see it) ── Identity (who asks)
//! ```

mod access;
mod action;
mod applier;
mod cause;
mod change;
mod commands;
mod details;
mod duration;
mod events;
mod graph;
mod guise;
mod identity;
mod kind;
mod lines;
mod log;
mod object_key;
mod other_kind;
mod particulars;
mod query;
mod revision;
mod row;
mod runtime;
mod scope;
mod selector;
mod status;
mod text;
mod tree;
mod web_link;
mod workload;

pub use access::{Answer, Deed, Question, Rights, Rule, Rules, Verb, Verdict};
pub use action::{
    Abilities, Action, Demand, Field, Forecast, Obstacle, Plan, Progress, Source, Stage, Step, Target, Undoing, Why,
};
pub use applier::Applier;
pub use cause::{
    ApiResource, Cause, Clue, Evidence, Explanation, Finding, Gap, Hearsay, Inquiry, Link, Lookup, Subject, explain,
    glance, leads_further,
};
pub use change::{Change, FeedError, Listing, Version};
pub use commands::{Command, Viewed, commands, happenings, listing, reading};
pub use details::{
    About, Badge, BuildEntry, ConditionEntry, Dependency, Details, Entry, History, InventoryEntry, OtherObject,
    OtherObjects, Properties, Property, PropertyValue, ReleaseEntry, Roster, Settings, ValuesFrom,
};
pub use duration::go_duration;
pub use events::{EventEntry, EventFilter, EventLog, EventNews, Events};
pub use graph::{Bond, Edge, Glimpse, Graph, Layout, Node, Place, Side, Surroundings, Wire};
pub use guise::{Face, Form, Guise};
pub use identity::{Holder, Identity, Name, NameRefused, Persona, Token, TokenRefused, UserName};
pub use kind::{Family, Kind, KindInfo};
pub use lines::{LineChange, line_changes};
pub use log::{
    LogBatch, LogCursor, LogLevel, LogLine, LogNews, LogPlaces, LogQuery, LogRing, LogSource, LogStanding, LogSubject,
};
pub use object_key::ObjectKey;
pub use other_kind::OtherKind;
pub use particulars::{Particulars, Verification};
pub use query::{Query, Sort};
pub use revision::short_revision;
pub use row::{Links, Row, SourceLink};
pub use runtime::{Controller, Definition, DefinitionVersion};
pub use scope::Scope;
pub use selector::label_selector;
pub use status::{
    Build, Condition, ConditionStatus, Facts, Judgement, Release, Request, State, Suspension, WeaveStatus, judge, weave,
};
pub use text::cut;
pub use tree::{
    Applied, Folds, Found, Growth, HelmStorage, Known, Lack, Lot, Placed, Scene, Shown, Standing, Thing, Tree,
    TreeNode, Want, Yield, grow,
};
pub use web_link::{host, image_link, split_image, web_link, without_credentials};
pub use workload::{
    Container, ContainerState, ContainerSummary, Listed, Pod, PodKey, PodUsage, ReplicaSet, Termination, Workload,
    WorkloadAction, WorkloadFamily, WorkloadFilter, WorkloadKey, WorkloadKind, WorkloadPlace, Workloads, job_of,
    roll_out,
};
