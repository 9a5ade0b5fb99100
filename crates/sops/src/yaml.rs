//! The part of YAML that sops files are written in.

mod read;
mod scalar;
mod write;

pub(crate) use read::read;
pub(crate) use write::write;
