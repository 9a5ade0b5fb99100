//! The real program before a real API server.

mod faults;
mod hand_over;
mod house;
mod lists;
mod people;
mod shared;
mod sign_in;
