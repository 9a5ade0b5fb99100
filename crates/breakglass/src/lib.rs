//! A way into the cluster that is always there: emergency credentials, sealed in Git.

pub mod generations;
