use std::{collections::BTreeMap, fmt, time::Duration};

use fanlight_model::go_duration;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::{Digest, Sha256};
use url::Url;

/// The content of the Secret that sets OIDC up.
pub type OidcSecret = BTreeMap<String, SecretSlice<u8>>;

/// How the identity provider is reached and what its claims mean.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// The issuer, exactly as its tokens name it.
    pub issuer: Url,
    /// The issuer as it was written: with or without a slash at the end makes a difference.
    pub(crate) issuer_text: String,
    /// Our name at the provider.
    pub client_id: String,
    /// Our password there; none for a public client.
    pub client_secret: Option<SecretString>,
    /// Where the provider sends people back to.
    pub redirect_url: Url,
    /// The same as it was written: providers compare it letter by letter with what was registered.
    pub(crate) redirect_text: String,
    /// How long a session lasts.
    pub session: Duration,
    /// What is asked for; `openid` is always among it.
    pub scopes: Vec<String>,
    /// What the claims mean.
    pub rules: ClaimRules,
    /// Certificates that are trusted beside the machine's own, as PEM.
    pub ca_bundle: Option<Vec<u8>>,
    fingerprint: SettingsFingerprint,
}

/// What the claims of a token mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRules {
    /// The claim with the user name; dots lead into objects.
    pub username_claim: String,
    /// The claim with the groups; dots lead into objects.
    pub groups_claim: String,
    /// Put before the user name.
    pub username_prefix: String,
    /// Put before each group.
    pub groups_prefix: String,
    /// Only members of one of these (as Kubernetes sees them) are admitted; everybody, if there are none.
    pub allowed_groups: Vec<String>,
    /// Whether names of service accounts are admitted.
    pub service_accounts: bool,
}

/// What the command line says of OIDC.
#[derive(Debug, Clone, Default)]
pub struct OidcFlags {
    /// `--oidc-issuer-url`
    pub issuer_url: String,
    /// `--oidc-client-id`
    pub client_id: String,
    /// `--oidc-client-secret`
    pub client_secret: Option<SecretString>,
    /// `--oidc-redirect-url`
    pub redirect_url: String,
    /// `--oidc-token-duration`; an hour, if none is given
    pub token_duration: Option<Duration>,
    /// `--oidc-username-claim`
    pub username_claim: String,
    /// `--oidc-groups-claim`
    pub groups_claim: String,
    /// `--custom-oidc-scopes`
    pub scopes: Vec<String>,
    /// `--oidc-username-prefix`
    pub username_prefix: String,
    /// `--oidc-group-prefix`
    pub groups_prefix: String,
    /// Certificates that are trusted beside the machine's own, as PEM; holds where the Secret has none.
    pub ca_bundle: Option<Vec<u8>>,
    /// Only members of one of these are admitted; holds where the Secret has none.
    pub allowed_groups: Vec<String>,
    /// Whether names of service accounts are admitted: only where the server may impersonate them.
    pub service_accounts: bool,
}

/// Why OIDC cannot be set up. Never says anything of the client's secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A key without which nothing works has no value.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A value is not text.
    #[error("{0} is not text")]
    NotText(&'static str),
    /// A value is not the URL of a web page.
    #[error("{0} is not an http or https URL")]
    NotAUrl(&'static str),
}

/// What two equal settings have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SettingsFingerprint([u8; 32]);

impl fmt::Debug for SettingsFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SettingsFingerprint(…)")
    }
}

/// The values as texts, whether they come from the Secret or from the command line; `names` is what the operator calls
/// them.
struct Texts {
    names: [&'static str; 3],
    issuer_url: String,
    client_id: String,
    client_secret: Option<SecretString>,
    redirect_url: String,
    session: Duration,
    scopes: Vec<String>,
    ca_bundle: Option<Vec<u8>>,
    rules: ClaimRules,
}

impl OidcSettings {
    /// The keys of the Secret that mean something.
    pub const KEYS: [&str; 12] = [
        "issuerURL",
        "clientID",
        "clientSecret",
        "redirectURL",
        "tokenDuration",
        "claimUsername",
        "claimGroups",
        "customScopes",
        "oidcUsernamePrefix",
        "oidcGroupsPrefix",
        "caBundle",
        "allowedGroups",
    ];
    /// How long sessions last unless something else is said.
    pub const SESSION: Duration = Duration::from_hours(1);
    const USERNAME: &str = "email";
    const GROUPS: &str = "groups";
    const SCOPES: [&str; 4] = ["openid", "offline_access", "email", "groups"];

    /// What the Secret says; `None` if it names no issuer, which turns OIDC off.
    ///
    /// The Secret replaces what the command line says, but for the prefixes, and for what only we know
    /// (`caBundle`, `allowedGroups`): there the command line holds where the Secret is silent.
    pub fn from_secret(secret: &OidcSecret, flags: &OidcFlags) -> Result<Option<Self>, SettingsError> {
        let text = |key| text(secret, key);
        let [username_claim, groups_claim] =
            claims(optional(secret, "claimUsername")?, optional(secret, "claimGroups")?);
        let duration = text("tokenDuration")?;
        let session = go_duration(&duration).filter(|duration| !duration.is_zero());
        if session.is_none() && !duration.is_empty() {
            tracing::warn!("tokenDuration in the OIDC Secret is no duration such as 1h30m; sessions last an hour");
        }
        let client_secret = Some(text("clientSecret")?).filter(|secret| !secret.is_empty()).map(SecretString::from);
        let or = |value: String, flag: &String| if value.is_empty() { flag.clone() } else { value };
        let allowed_groups = Some(list(&text("allowedGroups")?)).filter(|groups| !groups.is_empty());
        let ca_bundle = secret.get("caBundle").map(|pem| pem.expose_secret().to_vec()).filter(|pem| !pem.is_empty());
        Texts {
            names: ["issuerURL", "clientID", "redirectURL"],
            issuer_url: text("issuerURL")?,
            client_id: text("clientID")?,
            client_secret,
            redirect_url: text("redirectURL")?,
            session: session.unwrap_or(Self::SESSION),
            scopes: list(&text("customScopes")?),
            ca_bundle: ca_bundle.or_else(|| flags.ca_bundle.clone()),
            rules: ClaimRules {
                username_claim,
                groups_claim,
                username_prefix: or(text("oidcUsernamePrefix")?, &flags.username_prefix),
                groups_prefix: or(text("oidcGroupsPrefix")?, &flags.groups_prefix),
                allowed_groups: allowed_groups.unwrap_or_else(|| flags.allowed_groups.clone()),
                service_accounts: flags.service_accounts,
            },
        }
        .check()
    }

    /// What the command line says; `None` if it names no issuer, which turns OIDC off.
    pub fn from_flags(flags: &OidcFlags) -> Result<Option<Self>, SettingsError> {
        let [username_claim, groups_claim] =
            claims(Some(flags.username_claim.clone()), Some(flags.groups_claim.clone()));
        Texts {
            names: ["--oidc-issuer-url", "--oidc-client-id", "--oidc-redirect-url"],
            issuer_url: flags.issuer_url.trim().to_owned(),
            client_id: flags.client_id.trim().to_owned(),
            client_secret: flags.client_secret.clone().filter(|secret| !secret.expose_secret().is_empty()),
            redirect_url: flags.redirect_url.trim().to_owned(),
            session: flags.token_duration.filter(|duration| !duration.is_zero()).unwrap_or(Self::SESSION),
            scopes: flags.scopes.clone(),
            ca_bundle: flags.ca_bundle.clone(),
            rules: ClaimRules {
                username_claim,
                groups_claim,
                username_prefix: flags.username_prefix.clone(),
                groups_prefix: flags.groups_prefix.clone(),
                allowed_groups: flags.allowed_groups.clone(),
                service_accounts: flags.service_accounts,
            },
        }
        .check()
    }

    /// The issuer as it was written: a slash at the end makes a difference.
    pub fn issuer_as_written(&self) -> &str {
        &self.issuer_text
    }

    /// The redirect URL as it was written, which is what the provider gets to see.
    pub fn redirect_as_written(&self) -> &str {
        &self.redirect_text
    }

    /// The same settings, but the provider sends people back to `redirect`.
    pub fn coming_back_to(&self, redirect: &str) -> Result<Self, SettingsError> {
        let redirect_url = web_address(redirect, "the redirect URL")?;
        Ok(Self { redirect_url, redirect_text: redirect.to_owned(), ..self.clone() })
    }

    /// What tells these settings from others.
    pub fn fingerprint(&self) -> SettingsFingerprint {
        self.fingerprint
    }
}

impl Texts {
    fn check(mut self) -> Result<Option<OidcSettings>, SettingsError> {
        let [issuer, client, redirect] = self.names;
        if self.issuer_url.is_empty() {
            return Ok(None);
        }
        if self.client_id.is_empty() {
            return Err(SettingsError::Missing(client));
        }
        if self.redirect_url.is_empty() {
            return Err(SettingsError::Missing(redirect));
        }
        if self.scopes.is_empty() {
            self.scopes = OidcSettings::SCOPES.map(ToOwned::to_owned).to_vec();
        }
        if !self.scopes.iter().any(|scope| scope == "openid") {
            self.scopes.insert(0, "openid".to_owned());
        }
        let fingerprint = self.fingerprint();
        Ok(Some(OidcSettings {
            issuer: web_address(&self.issuer_url, issuer)?,
            issuer_text: self.issuer_url,
            client_id: self.client_id,
            client_secret: self.client_secret,
            redirect_url: web_address(&self.redirect_url, redirect)?,
            redirect_text: self.redirect_url,
            session: self.session,
            scopes: self.scopes,
            rules: self.rules,
            ca_bundle: self.ca_bundle,
            fingerprint,
        }))
    }

    fn fingerprint(&self) -> SettingsFingerprint {
        let mut digest = Sha256::new();
        let mut add = |part: &[u8]| {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        };
        let ClaimRules { username_claim, groups_claim, username_prefix, groups_prefix, .. } = &self.rules;
        for text in [&self.issuer_url, &self.client_id, &self.redirect_url, username_claim, groups_claim] {
            add(text.as_bytes());
        }
        add(username_prefix.as_bytes());
        add(groups_prefix.as_bytes());
        add(&[u8::from(self.client_secret.is_some()), u8::from(self.ca_bundle.is_some())]);
        add(self.client_secret.as_ref().map_or("", |secret| secret.expose_secret()).as_bytes());
        add(self.ca_bundle.as_deref().unwrap_or_default());
        add(&self.session.as_nanos().to_be_bytes());
        add(&[u8::from(self.rules.service_accounts)]);
        for list in [&self.scopes, &self.rules.allowed_groups] {
            add(&(list.len() as u64).to_be_bytes());
            list.iter().for_each(|text| add(text.as_bytes()));
        }
        SettingsFingerprint(digest.finalize().into())
    }
}

/// If one of the two is there but empty, both are the usual ones.
fn claims(username: Option<String>, groups: Option<String>) -> [String; 2] {
    let usual = [OidcSettings::USERNAME, OidcSettings::GROUPS].map(ToOwned::to_owned);
    let empty = |claim: &Option<String>| claim.as_ref().is_some_and(String::is_empty);
    if empty(&username) || empty(&groups) {
        return usual;
    }
    let [usual_username, usual_groups] = usual;
    [username.unwrap_or(usual_username), groups.unwrap_or(usual_groups)]
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect()
}

fn text(secret: &OidcSecret, key: &'static str) -> Result<String, SettingsError> {
    optional(secret, key).map(Option::unwrap_or_default)
}

/// Without the white space around it: a line break at the end is easily written into a Secret and never meant.
fn optional(secret: &OidcSecret, key: &'static str) -> Result<Option<String>, SettingsError> {
    let Some(value) = secret.get(key) else { return Ok(None) };
    let text = std::str::from_utf8(value.expose_secret()).map_err(|_| SettingsError::NotText(key))?;
    Ok(Some(text.trim().to_owned()))
}

fn web_address(text: &str, name: &'static str) -> Result<Url, SettingsError> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or(SettingsError::NotAUrl(name))
}

#[cfg(test)]
mod tests;
