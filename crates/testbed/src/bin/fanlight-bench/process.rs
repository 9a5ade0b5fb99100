//! What Linux says about a process: <https://www.kernel.org/doc/html/latest/filesystems/proc.html>.

use std::time::Duration;

use anyhow::Context;

/// The memory of a process, in MiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) resident: f64,
    pub(crate) peak: f64,
}

pub(crate) fn memory(process: u32) -> anyhow::Result<Memory> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let mebibytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kibibytes: f64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).context("no memory")?;
        anyhow::Ok(kibibytes / 1_024.0)
    };
    Ok(Memory { resident: mebibytes("VmRSS")?, peak: mebibytes("VmHWM")? })
}

/// The processor time that a process has used so far.
pub(crate) fn processor_time(process: u32) -> anyhow::Result<Duration> {
    /// The length of a tick, the same on every machine that the server is built for.
    const TICK: Duration = Duration::from_millis(10);
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name before it, in brackets, may contain blanks.
    let (_, rest) = stat.rsplit_once(')').context("an odd /proc/…/stat")?;
    let ticks = rest.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
    Ok(TICK * ticks.sum::<Result<u32, _>>()?)
}
