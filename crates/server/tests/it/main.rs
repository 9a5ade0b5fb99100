//! The real program before a real API server.

mod accounts;
mod actions;
mod audit;
mod browser;
mod faults;
mod hand_over;
mod house;
mod limits;
mod lists;
mod matrix;
mod metrics;
mod odd_objects;
mod oidc;
mod oidc_faults;
mod people;
mod rights;
mod shared;
mod sign_in;
mod storms;
mod styleguide;
mod turns;
