//! Break-glass end to end: the real program, a real API server, the real `git`, `sops` and `age`.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

mod adopting;
mod adversity;
mod documented;
mod elsewhere;
mod interrupted;
mod kube_dc;
mod others;
mod pool;
mod provider_down;
mod recipients;
mod rotating;
mod signed;
mod stage;
mod terminal;
mod using;
mod walk;
