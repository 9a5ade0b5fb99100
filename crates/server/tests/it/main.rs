//! The real program before a real API server.

mod actions;
mod audit;
mod browser;
mod ending;
mod faults;
mod hand_over;
mod house;
mod limits;
mod lists;
mod metrics;
mod mutual;
mod odd_objects;
mod oidc;
mod oidc_faults;
mod outside;
mod patience;
mod people;
mod refused;
mod rights;
mod shared;
mod sign_in;
mod styleguide;
