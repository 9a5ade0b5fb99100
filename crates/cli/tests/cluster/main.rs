//! The commands that talk to a cluster: the real program, a real API server; Flux's controllers are played.

mod check;
mod dashboard;
mod documented;
mod oidc_config;
mod stage;
mod version;
