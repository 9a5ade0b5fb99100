use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use crate::minder::Minder;

/// A program that can be ended as a crash would, and started again with the same arguments.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    running: Mutex<Option<Minder>>,
}

impl Program {
    pub(crate) fn new(path: PathBuf, arguments: Vec<String>, log: PathBuf) -> Self {
        Self { path, arguments, log, running: Mutex::default() }
    }

    pub(crate) fn start(&self) -> anyhow::Result<()> {
        let started = Minder::start(&self.path, &self.arguments, &self.log)?;
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(started);
        Ok(())
    }

    /// Its process, if it runs.
    pub(crate) fn process(&self) -> Option<u32> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.minded(&self.path)
    }

    pub(crate) fn stop(&self) {
        drop(self.running.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}
