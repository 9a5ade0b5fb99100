use std::time::{Duration, Instant};

use fanlight_testbed::{AuditLog, FanlightServer};

use crate::{
    house::House,
    process,
    requests::{Requests, a_minute},
    table::Table,
};

/// Meters that were read at the beginning of a while.
pub(crate) struct Reading {
    log: AuditLog,
    began: Instant,
    server: (u32, Duration),
    api_server: (u32, Duration),
}

/// What they told at its end, per minute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rates {
    /// Requests in people's names.
    pub(crate) requests: f64,
    /// Processor seconds of the server.
    pub(crate) processor: f64,
}

impl Reading {
    pub(crate) fn begin(house: &House, server: &FanlightServer) -> anyhow::Result<Self> {
        let (server, api_server) = (server.process()?, house.plane.api_server_process()?);
        let used = |process: u32| anyhow::Ok((process, process::processor_time(process)?));
        Ok(Self {
            log: house.plane.audit().from_now()?,
            began: Instant::now(),
            server: used(server)?,
            api_server: used(api_server)?,
        })
    }

    /// Reads them again, and puts all of it into the table.
    pub(crate) fn end(self, what: &str, budgets: (f64, f64), table: &mut Table) -> anyhow::Result<Rates> {
        let took = self.began.elapsed();
        let used = |(process, before): (u32, Duration)| {
            anyhow::Ok(seconds_a_minute(process::processor_time(process)?.saturating_sub(before), took))
        };
        let (processor, api_server) = (used(self.server)?, used(self.api_server)?);
        let log = Requests::in_log(&self.log)?;
        let requests = a_minute(log.for_people(), took);
        let note = format!("in {:.0} s", took.as_secs_f64());
        table.add(&format!("API requests a minute, {what}"), "", budgets.0, requests, &note);
        for (errand, count) in log.by_errand() {
            table.add(&format!("· {errand}"), "", None, a_minute(count, took), "");
        }
        let [secrets, namespaces] = ["secrets", "namespaces"].map(|about| a_minute(log.own_about(about), took));
        let note = format!("secrets {secrets:.0}, namespaces {namespaces:.0}");
        table.add("· own polls, apart", "", None, a_minute(log.own(), took), &note);
        table.add(&format!("processor seconds a minute, {what}"), "s", budgets.1, processor, "");
        table.add("· the API server’s", "s", None, api_server, "for everybody who asks it");
        Ok(Rates { requests, processor })
    }
}

pub(crate) fn seconds_a_minute(used: Duration, took: Duration) -> f64 {
    used.as_secs_f64() * 60.0 / took.as_secs_f64()
}
