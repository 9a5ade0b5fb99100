use clap::{ArgAction, Args};
use fanlight_web::AuditTarget;

use super::go;

/// Where the server gives account of what happens.
#[derive(Args)]
#[command(next_help_heading = "Audit and metrics")]
pub(crate) struct Accounts {
    /// Where to write who signed in, did and saw what: stdout, or a file to add to.
    #[arg(long, value_name = "stdout|FILE", default_value = "stdout")]
    pub(crate) audit_log: AuditTarget,
    /// Listen for Prometheus.
    #[arg(long, default_value = "false", value_parser = go::boolean,
        action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        hide_default_value = true, hide_possible_values = true, value_name = "BOOL")]
    enable_metrics: bool,
    /// Where to listen for Prometheus [default: :2112]
    #[arg(long, value_name = "ADDRESS", value_parser = go::address)]
    metrics_address: Option<(String, u16)>,
}

impl Accounts {
    /// Host and port to listen on for Prometheus, if it is wanted; no host means all.
    pub(crate) fn metrics(&self) -> Option<(String, u16)> {
        let address = || self.metrics_address.clone().unwrap_or((String::new(), 2112));
        self.enable_metrics.then(address)
    }

    /// Whether it is said where to listen, but not that it is wanted.
    pub(super) fn is_address_in_vain(&self) -> bool {
        self.metrics_address.is_some() && !self.enable_metrics
    }
}
