mod accounts;
mod go;
mod limits;
mod method;
mod notices;
mod outside;
mod sessions;
mod single_sign_on;

use std::path::PathBuf;

use anyhow::bail;
use clap::{ArgAction, Args, Parser};

use accounts::Accounts;
use limits::Limits;
use method::Method;
pub(crate) use notices::features;
use outside::Outside;
pub(crate) use outside::{ExternalUrl, origin};
use sessions::SessionFlags;
use single_sign_on::SingleSignOn;

use crate::tls::{Certificate, Clients};

/// Fanlight: a dashboard for Flux that shows everybody what Kubernetes lets them see.
///
/// The Kubernetes API server is found by the variable KUBECONFIG, the pod's service account, or ~/.kube/config, in this
/// order. Every flag of `gitops-server` is accepted.
#[derive(Parser)]
#[command(version, args_override_self = true, max_term_width = 120)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) listening: Listening,
    #[command(flatten)]
    pub(crate) outside: Outside,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) sign_in: SignIn,
    #[command(flatten)]
    pub(crate) sessions: SessionFlags,
    #[command(flatten)]
    pub(crate) single_sign_on: SingleSignOn,
    #[command(flatten)]
    pub(crate) accounts: Accounts,
    #[command(flatten)]
    without_effect: WithoutEffect,
}

/// Where and how the server is reached, and what it says.
#[derive(Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct Listening {
    /// Address to listen on.
    #[arg(long, default_value = "0.0.0.0")]
    pub(crate) host: String,
    /// Port to listen on; 0 for any free one.
    #[arg(long, default_value_t = 9001)]
    pub(crate) port: u16,
    /// Serve everything under this path.
    #[arg(long, value_name = "PATH", default_value = "", hide_default_value = true)]
    pub(crate) route_prefix: String,
    /// Serve plain HTTP.
    #[arg(long, default_value = "false", value_parser = go::boolean,
        action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        hide_default_value = true, hide_possible_values = true, value_name = "BOOL")]
    pub(crate) insecure: bool,
    /// Certificate to serve HTTPS with; read again when it changes.
    #[arg(long, value_name = "FILE")]
    tls_cert_file: Option<PathBuf>,
    /// Key of the certificate.
    #[arg(long, value_name = "FILE")]
    tls_private_key_file: Option<PathBuf>,
    /// Demand a certificate from clients, issued by one of those in --mtls-ca-file; without that, in --tls-cert-file.
    #[arg(long, default_value = "false", value_parser = go::boolean,
        action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        hide_default_value = true, hide_possible_values = true, value_name = "BOOL")]
    mtls: bool,
    /// Certificates of those who issue clients' certificates; read again when they change.
    #[arg(long, value_name = "FILE")]
    mtls_ca_file: Option<PathBuf>,
    /// How much to log: debug, info, warn or error. As JSON, or as text with --insecure.
    #[arg(long, value_name = "LEVEL", default_value = "info", value_parser = go::log_level)]
    pub(crate) log_level: &'static str,
    /// Where to write the address once it is open, for scripts.
    #[arg(long, value_name = "FILE", hide = true)]
    pub(crate) address_file: Option<PathBuf>,
    /// Offer a page that shows every component, for those who work on them.
    #[arg(long, hide = true)]
    pub(crate) styleguide: bool,
}

/// Who gets in.
#[derive(Args)]
#[command(next_help_heading = "Signing in")]
pub(crate) struct SignIn {
    /// Ways in: user-account is the emergency user's, oidc that of an identity provider and of its ID tokens,
    /// token-passthrough that of scripts with any token which Kubernetes takes.
    #[arg(long, value_name = "METHODS", value_delimiter = ',', default_value = "user-account,oidc")]
    auth_methods: Vec<Method>,
    /// Secret, in the server's own namespace, that holds the emergency user.
    #[arg(long, value_name = "NAME", default_value = "cluster-user-auth")]
    pub(crate) emergency_secret_name: String,
    /// Let everybody in as this user, without signing in; --auth-methods does not count then.
    #[arg(long, value_name = "USER")]
    insecure_no_authentication_user: Option<String>,
}

/// What the predecessor had and nobody needs.
#[derive(Args)]
#[command(next_help_heading = "Accepted without effect")]
struct WithoutEffect {
    /// The predecessor never used it.
    #[arg(long, value_name = "ADDRESS")]
    notification_controller_address: Option<String>,
    /// Fanlight's watches are always shared.
    #[arg(long, default_value = "false", value_parser = go::boolean,
        action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        hide_default_value = true, hide_possible_values = true, value_name = "BOOL")]
    use_k8s_cached_clients: bool,
}

impl Arguments {
    /// Finds what cannot work, or would not be safe, before anything is started.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let (listening, sign_in) = (&self.listening, &self.sign_in);
        let has_certificate = listening.tls_cert_file.is_some() && listening.tls_private_key_file.is_some();
        if !listening.insecure && !has_certificate {
            bail!(
                "flags --tls-cert-file and --tls-private-key-file cannot be empty (or give --insecure for plain HTTP)"
            );
        }
        if listening.insecure && listening.mtls {
            bail!("--mtls demands certificates from clients, and --insecure serves plain HTTP, which has none");
        }
        if listening.mtls_ca_file.is_some() && !listening.mtls {
            bail!("--mtls-ca-file says who issues clients' certificates, but only --mtls demands them");
        }
        let base = self.base();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        if !base.bytes().all(is_plain) || base.split('/').skip(1).any(|part| matches!(part, "" | "." | "..")) {
            bail!("--route-prefix must be a path of letters, digits and -._~ such as /flux");
        }
        if let Some(url) = &self.outside.external_url {
            url.check(&base)?;
        }
        sign_in.check()
    }

    /// The route prefix without a slash at its end.
    pub(crate) fn base(&self) -> String {
        let path = self.listening.route_prefix.trim_matches('/');
        if path.is_empty() { String::new() } else { format!("/{path}") }
    }
}

impl Listening {
    /// What HTTPS is served with; `None` for plain HTTP.
    pub(crate) fn certificate(&self) -> Option<Certificate> {
        let (Some(certificate), Some(key)) = (&self.tls_cert_file, &self.tls_private_key_file) else { return None };
        let clients = match &self.mtls_ca_file {
            _ if !self.mtls => Clients::Anybody,
            None => Clients::OfOurIssuers,
            Some(file) => Clients::IssuedBy(file.clone()),
        };
        let certificate = Certificate { certificate: certificate.clone(), key: key.clone(), clients };
        (!self.insecure).then_some(certificate)
    }
}

#[cfg(test)]
mod tests;
