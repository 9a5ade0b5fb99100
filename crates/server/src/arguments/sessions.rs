use std::{path::PathBuf, time::Duration};

use clap::{ArgAction, Args};

use super::go;

/// How long sessions last, what seals them, and how they are ended.
#[derive(Args)]
#[command(next_help_heading = "Sessions")]
pub(crate) struct SessionFlags {
    /// Keys that seal sessions, in a file or in the files of a folder: base64 of 32 bytes or more, one a line. All open.
    /// The first line seals, in a folder that of the file whose name is last in order (key-10 comes after key-9). Read
    /// again when they change. Without keys a restart signs everybody out.
    #[arg(long, value_name = "PATH")]
    pub(crate) session_key_file: Option<PathBuf>,
    /// How long a session of the provider's users lasts, such as 1h or 30m.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = go::duration)]
    pub(crate) oidc_token_duration: Duration,
    /// How long a session of the emergency user lasts.
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = go::duration)]
    pub(crate) emergency_session_duration: Duration,
    /// Let the emergency user in only with a reason, which is written into the audit log.
    #[arg(long, default_value = "false", value_parser = go::boolean,
        action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        hide_default_value = true, hide_possible_values = true, value_name = "BOOL")]
    pub(crate) emergency_require_reason: bool,
    /// ConfigMap, in the server's own namespace, in which replicas tell each other which sessions were ended. If empty,
    /// a session is ended in one replica alone.
    #[arg(long, value_name = "NAME", default_value = "fanlight-sessions", value_parser = name)]
    pub(crate) sessions_config_map: String,
}

/// A name as Kubernetes has them (DNS subdomains, RFC 1123), or none.
fn name(text: &str) -> Result<String, &'static str> {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    if text.len() <= 253 && text.bytes().all(letter) { Ok(text.to_owned()) } else { Err("not the name of a ConfigMap") }
}
