use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep};

use super::family::Family;

/// How processes are asked to end, and how long each time.
const STEPS: [(Signal, Duration); 3] = [
    (Signal::SIGHUP, Duration::from_secs(1)),
    (Signal::SIGTERM, Duration::from_secs(2)),
    (Signal::SIGKILL, Duration::from_secs(2)),
];
/// How often is looked whether they are gone.
const GLANCE: Duration = Duration::from_millis(20);

/// Ends a whole family, politely first. Those that remain belong to somebody else, or hang in the kernel.
pub(super) async fn end(family: &Family) -> Vec<i32> {
    for (signal, patience) in STEPS {
        let until = Instant::now() + patience;
        let mut asked = Vec::new();
        loop {
            let members = family.members();
            if members.is_empty() {
                return Vec::new();
            }
            // Each is asked once; only killing is repeated, as some may bring forth others meanwhile.
            let new: Vec<_> =
                members.into_iter().filter(|member| signal == Signal::SIGKILL || !asked.contains(member)).collect();
            Family::signal(&new, signal);
            asked.extend(new);
            if Instant::now() >= until {
                break;
            }
            sleep(GLANCE).await;
        }
    }
    family.members().iter().map(|member| member.pid).collect()
}
