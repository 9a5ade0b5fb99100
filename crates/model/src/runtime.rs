//! What Flux itself runs on: its controllers, and the definitions of its kinds.

mod controller;
mod definition;

pub use controller::Controller;
pub use definition::{Definition, DefinitionVersion};
