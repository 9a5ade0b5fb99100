//! The real program before a real API server.

mod actions;
mod audit;
mod browser;
mod faults;
mod hand_over;
mod house;
mod kinds;
mod limits;
mod lists;
mod metrics;
mod odd_objects;
mod oidc;
mod oidc_faults;
mod people;
mod rights;
mod shared;
mod sign_in;
mod styleguide;
