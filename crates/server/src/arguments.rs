use std::{path::PathBuf, time::Duration};

use anyhow::bail;

/// Fanlight: a dashboard for Flux that shows everybody what Kubernetes lets them see.
#[derive(Debug, clap::Parser)]
#[command(version)]
pub(crate) struct Arguments {
    /// Address to listen on.
    #[arg(long, default_value = "0.0.0.0")]
    pub(crate) host: String,
    /// Port to listen on; 0 for any free one.
    #[arg(long, default_value_t = 9001)]
    pub(crate) port: u16,
    /// How much to log: debug, info, warn or error.
    #[arg(long, default_value = "info")]
    pub(crate) log_level: String,
    /// Serve everything under this path.
    #[arg(long, default_value = "")]
    pub(crate) route_prefix: String,
    /// Ways to sign in. Of the predecessor's `user-account` and `oidc`, `oidc` has no effect so far.
    #[arg(long, value_delimiter = ',', default_value = "user-account,oidc")]
    pub(crate) auth_methods: Vec<String>,
    /// Serve plain HTTP.
    #[arg(long)]
    pub(crate) insecure: bool,
    /// Certificate to serve HTTPS with.
    #[arg(long)]
    pub(crate) tls_cert_file: Option<PathBuf>,
    /// Key of the certificate.
    #[arg(long)]
    pub(crate) tls_private_key_file: Option<PathBuf>,
    /// Secret, in the server's own namespace, that holds the emergency user.
    #[arg(long, default_value = "cluster-user-auth")]
    pub(crate) emergency_secret_name: String,
    /// File with the keys that seal sessions: base64, one a line; the first seals, all open.
    #[arg(long)]
    pub(crate) session_key_file: Option<PathBuf>,
    /// How long a session lasts, in minutes or as Go writes it (`1h`, `30m`).
    #[arg(long, default_value = "1h")]
    pub(crate) oidc_token_duration: String,
    /// Where to write the address once it is open, for scripts.
    #[arg(long, hide = true)]
    pub(crate) address_file: Option<PathBuf>,
}

impl Arguments {
    /// Finds what cannot work before anything is started.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        for method in &self.auth_methods {
            match method.to_lowercase().as_str() {
                "user-account" | "oidc" => {}
                "token-passthrough" | "anonymous" => bail!("--auth-methods: “{method}” is not offered yet"),
                _ => bail!("--auth-methods: there is no method “{method}”; methods: user-account, oidc"),
            }
        }
        if !self.insecure && (self.tls_cert_file.is_none() || self.tls_private_key_file.is_none()) {
            bail!("--tls-cert-file and --tls-private-key-file cannot be empty, unless --insecure is given");
        }
        if parse_duration(&self.oidc_token_duration).is_none() {
            bail!("--oidc-token-duration: “{}” is not a duration such as 1h or 30m", self.oidc_token_duration);
        }
        Ok(())
    }

    /// Whether the emergency user may sign in.
    pub(crate) fn has_emergency_user(&self) -> bool {
        self.auth_methods.iter().any(|method| method.eq_ignore_ascii_case("user-account"))
    }

    /// The route prefix without a slash at its end.
    pub(crate) fn base(&self) -> String {
        let path = self.route_prefix.trim_matches('/');
        if path.is_empty() { String::new() } else { format!("/{path}") }
    }

    /// How long a session lasts.
    pub(crate) fn session_duration(&self) -> Duration {
        parse_duration(&self.oidc_token_duration).unwrap_or(Duration::from_secs(3600))
    }
}

/// A duration as Go writes it, in hours, minutes and seconds.
fn parse_duration(text: &str) -> Option<Duration> {
    let mut total = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = match rest.as_bytes().get(digits)? {
            b'h' => 3600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        total += number.checked_mul(unit)?;
        rest = &rest[digits + 1..];
    }
    (total > 0).then(|| Duration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        assert_eq!(parse_duration("1h30m"), Some(Duration::from_secs(5400)));
        for bad in ["", "0s", "h", "5", "1x", "-1h", "99999999999999999999h"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }
}
