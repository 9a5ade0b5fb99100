use std::time::Duration;

use clap::Args;

use super::go;
use crate::{door::Places, listen::Farewell};

/// How many may be connected, and how the server ends.
#[derive(Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct Limits {
    /// Most connections at a time.
    #[arg(long, value_name = "NUMBER", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,
    /// Most connections at a time from one address, those of --trusted-proxies excepted; and most requests of one address
    /// that are answered at a time, open pages' streams included, also where it is behind such a proxy.
    #[arg(long, value_name = "NUMBER", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..))]
    max_connections_per_address: u32,
    /// How long, when told to end, to go on letting people in who were not sent elsewhere yet.
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = go::wait)]
    shutdown_delay: Duration,
    /// How long, when ending, to wait for requests and actions that run.
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = go::wait)]
    shutdown_timeout: Duration,
}

impl Limits {
    /// The places for connections.
    pub(crate) fn places(&self) -> Places {
        let [all, each] = [self.max_connections, self.max_connections_per_address]
            .map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        Places { all, each, standing: 128, standing_each: 8, kept: 32 }
    }

    /// How the server ends.
    pub(crate) fn farewell(&self) -> Farewell {
        Farewell { delay: self.shutdown_delay, patience: self.shutdown_timeout }
    }
}
