//! The real program before a real API server.

mod actions;
mod browser;
mod faults;
mod hand_over;
mod house;
mod lists;
mod odd_objects;
mod oidc;
mod oidc_faults;
mod people;
mod rights;
mod shared;
mod sign_in;
mod styleguide;
