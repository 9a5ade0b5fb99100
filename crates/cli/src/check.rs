//! `fanlight check oidc-config`: one real sign-in at the identity provider, and everything that is wrong with it.
//!
//! ```text
//!   Arguments, Secret ─► settings ─► identity::OidcSettings ─► identity::Provider ─► identity::Trial ─► Report ─► stdout
//!                                                                  ▲    browser ─► listener, or device code
//!   the server decides by the same types ──────────────────────────┘
//! ```

mod listener;
mod remedy;
mod report;
mod settings;
mod walk;

use std::{
    io::{Write, stderr},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use secrecy::SecretString;

use crate::break_glass::{Output, duration, shown, terminal};

/// Sign in at the identity provider as the server would have it, and say as whom Kubernetes would see you.
///
/// The settings come from the server's Secret; flags go before what it says. Register `http://localhost:9876` (or what
/// --redirect-url says) as one more redirect URL of the client while you check. Where there is no browser the provider's device
/// code is used, if it offers that. Tokens are never printed, and what was obtained is revoked at the end.
///
/// Exit codes: 0 people can sign in, 1 they cannot (or it could not be found out), 2 usage.
#[derive(clap::Args)]
#[command(name = "oidc-config")]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line, each by itself")]
pub(crate) struct Arguments {
    /// Secret that sets the server's single sign-on up.
    #[arg(long, value_name = "NAME", default_value = "oidc-auth", alias = "oidc-secret-name")]
    from_secret: String,
    /// Read no Secret: flags say everything.
    #[arg(long, requires = "issuer_url", requires = "client_id")]
    skip_secret: bool,
    /// Namespace of the Secret.
    #[arg(long, short, value_name = "NAMESPACE", default_value = "flux-system")]
    namespace: String,
    /// Context of the kubeconfig.
    #[arg(long, value_name = "CONTEXT", alias = "kube-context")]
    context: Option<String>,
    /// The kubeconfig; otherwise $KUBECONFIG or ~/.kube/config.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Secret with the emergency user, whose name nobody may bring from the provider.
    #[arg(long, value_name = "NAME", default_value = "cluster-user-auth")]
    emergency_secret_name: String,
    /// URL of the issuer.
    #[arg(long, value_name = "URL", alias = "oidc-issuer-url")]
    issuer_url: Option<String>,
    /// Name of the client.
    #[arg(long, value_name = "ID", alias = "oidc-client-id")]
    client_id: Option<String>,
    /// Secret of the client; others on the machine can read it here, but not in the variable.
    #[arg(
        long,
        value_name = "SECRET",
        alias = "oidc-client-secret",
        env = "FANLIGHT_OIDC_CLIENT_SECRET",
        hide_env_values = true
    )]
    client_secret: Option<SecretString>,
    /// Where the server has people sent back to: looked at whether the provider knows it.
    #[arg(long, value_name = "URL", alias = "oidc-redirect-url")]
    server_redirect_url: Option<String>,
    /// Claim with the user's name; dots lead into objects.
    #[arg(long, value_name = "CLAIM", alias = "oidc-username-claim", alias = "claim-username")]
    username_claim: Option<String>,
    /// Claim with the user's groups; dots lead into objects.
    #[arg(long, value_name = "CLAIM", alias = "oidc-groups-claim", alias = "claim-groups")]
    groups_claim: Option<String>,
    /// Scopes to ask for, separated by commas; openid is always among them.
    #[arg(long, value_name = "SCOPES", value_delimiter = ',', alias = "custom-oidc-scopes")]
    scopes: Vec<String>,
    /// What to put before each user's name.
    #[arg(long, value_name = "PREFIX", alias = "oidc-username-prefix")]
    username_prefix: Option<String>,
    /// What to put before each group.
    #[arg(long, value_name = "PREFIX", alias = "oidc-group-prefix", alias = "oidc-groups-prefix")]
    group_prefix: Option<String>,
    /// Admit names of service accounts, as the server with --oidc-service-accounts does.
    #[arg(long, alias = "oidc-service-accounts")]
    service_accounts: bool,
    /// Certificates (PEM) that are trusted beside the machine's own.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Admit only members of one of these groups.
    #[arg(long, value_name = "GROUPS", value_delimiter = ',')]
    allowed_groups: Vec<String>,
    /// Listen on this port of this machine: the redirect URL is http://localhost:PORT; 0 for any that is free.
    #[arg(long, value_name = "PORT", conflicts_with = "redirect_url")]
    port: Option<u16>,
    /// Listen at this http address of this machine, such as <http://127.0.0.1:8000/callback>; the provider must know it.
    #[arg(long, value_name = "URL", value_parser = listener::address)]
    redirect_url: Option<listener::Address>,
    /// Sign in by a code that is typed into the provider's page, on whatever machine.
    #[arg(long, conflicts_with_all = ["port", "redirect_url", "open"])]
    device: bool,
    /// Open the browser too, rather than print the address alone.
    #[arg(long)]
    open: bool,
    /// How long to wait for somebody to sign in, such as 90s or 5m.
    #[arg(long, default_value = "5m", value_parser = duration, value_name = "DURATION")]
    timeout: Duration,
    /// How to print the result; what is being done is told on standard error either way.
    #[arg(long, short, value_enum, default_value = "text")]
    output: Output,
}

/// Makes the check, prints what came out, and says by the exit code whether people can sign in.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    // Whoever has chosen already, keeps it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tell(&format!("Error: the system has no means for this: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let report = runtime.block_on(walk::walk(arguments));
    if let Err(error) = shown::print(arguments.output, &report, report::Report::text) {
        tell(&format!("Error: {error}"));
        return ExitCode::FAILURE;
    }
    if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says on standard error what is going on.
fn tell(line: &str) {
    let _ = writeln!(stderr(), "{}", terminal::printable(line));
}
