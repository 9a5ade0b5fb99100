use std::time::Duration;

use clap::{ArgAction, Args};
use fanlight_identity::OidcFlags;
use secrecy::SecretString;

use super::go;

/// How people sign in at an identity provider. The Secret, if there is one, replaces all of it but the prefixes.
#[derive(Args)]
#[command(next_help_heading = "Single sign-on")]
pub(crate) struct SingleSignOn {
    /// Secret, in the server's own namespace, that configures single sign-on; it replaces the flags below, but for the
    /// prefixes.
    #[arg(long, value_name = "NAME", default_value = "oidc-auth")]
    pub(crate) oidc_secret_name: String,
    /// URL of the issuer.
    #[arg(long, value_name = "URL", default_value = "", hide_default_value = true)]
    oidc_issuer_url: String,
    /// Name of this client.
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    oidc_client_id: String,
    /// Secret of this client; none for a public client. Others on the machine can read it: better keep it in the Secret.
    #[arg(long, value_name = "SECRET")]
    oidc_client_secret: Option<SecretString>,
    /// Where the issuer sends people back to: our address, the route prefix and /oauth2/callback.
    #[arg(long, value_name = "URL", default_value = "", hide_default_value = true)]
    oidc_redirect_url: String,
    /// Claim with the user's name; dots lead into objects.
    #[arg(long, value_name = "CLAIM", default_value = "email")]
    oidc_username_claim: String,
    /// Claim with the user's groups; dots lead into objects.
    #[arg(long, value_name = "CLAIM", default_value = "groups")]
    oidc_groups_claim: String,
    #[arg(
        long,
        value_name = "SCOPES",
        value_delimiter = ',',
        default_value = "openid,offline_access,email,groups",
        help = "Scopes to ask for; openid is always among them"
    )]
    custom_oidc_scopes: Vec<String>,
    /// What to put before each user's name.
    #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true)]
    oidc_username_prefix: String,
    /// What to put before each group.
    #[arg(long, value_name = "PREFIX", alias = "oidc-groups-prefix", default_value = "", hide_default_value = true)]
    oidc_group_prefix: String,
    /// Admit names of service accounts too: whoever controls the issuer is any of them that the server may impersonate.
    #[arg(long, default_value = "false", value_parser = go::boolean,
        action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true",
        hide_default_value = true, hide_possible_values = true, value_name = "BOOL")]
    oidc_service_accounts: bool,
}

impl SingleSignOn {
    /// The flags as `identity` wants them; sessions last for `token_duration`.
    pub(crate) fn flags(&self, token_duration: Duration) -> OidcFlags {
        OidcFlags {
            issuer_url: self.oidc_issuer_url.clone(),
            client_id: self.oidc_client_id.clone(),
            client_secret: self.oidc_client_secret.clone(),
            redirect_url: self.oidc_redirect_url.clone(),
            token_duration: Some(token_duration),
            username_claim: self.oidc_username_claim.clone(),
            groups_claim: self.oidc_groups_claim.clone(),
            scopes: self.custom_oidc_scopes.clone(),
            username_prefix: self.oidc_username_prefix.clone(),
            groups_prefix: self.oidc_group_prefix.clone(),
            service_accounts: self.oidc_service_accounts,
            ..OidcFlags::default()
        }
    }

    /// Where the issuer sends people back to, if a flag says so.
    pub(crate) fn redirect_url(&self) -> Option<String> {
        Some(self.oidc_redirect_url.clone()).filter(|url| !url.is_empty())
    }

    /// Whether any of the flags says that there is a provider.
    pub(super) fn is_given(&self) -> bool {
        !self.oidc_issuer_url.is_empty()
    }
}
