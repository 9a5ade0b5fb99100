use std::{fs, time::Duration};

use fanlight_cluster::rescue::{Kubeconfig, Limits, Rescue};
use fanlight_identity::{OidcFlags, OidcSecret, OidcSettings};
use fanlight_model::go_duration;
use secrecy::{ExposeSecret, SecretSlice};

use super::{Arguments, remedy::Finding, tell};

/// What is to be checked.
pub(super) struct Subject {
    pub(super) settings: OidcSettings,
    /// The emergency user's name, as far as that can be known.
    pub(super) emergency: Option<String>,
    /// Whether the settings say where the server has people sent back to.
    pub(super) knows_server: bool,
    /// What the server makes do with, but nobody can have meant.
    pub(super) oddities: Vec<Finding>,
}

/// How long the API server may take.
const LIMITS: Limits = Limits { request: Duration::from_secs(10), all: Duration::from_secs(30) };

/// Gathers the settings. What flags say is put into the Secret before it is read, so that there is one way to read it: the
/// server's. `fallback` is where people are sent back to if nothing says so.
pub(super) async fn gather(arguments: &Arguments, fallback: &str) -> Result<Subject, Finding> {
    let (mut secret, emergency) =
        if arguments.skip_secret { (OidcSecret::new(), None) } else { from_cluster(arguments).await? };
    put_flags(arguments, &mut secret)?;
    let knows_server = secret.get("redirectURL").is_some_and(|url| !url.expose_secret().is_empty());
    if arguments.skip_secret && !knows_server {
        put(&mut secret, "redirectURL", fallback);
    }
    let flags = OidcFlags { service_accounts: arguments.service_accounts, ..OidcFlags::default() };
    match OidcSettings::from_secret(&secret, &flags) {
        Ok(Some(settings)) => {
            let oddities = oddities(&secret, &settings, knows_server);
            Ok(Subject { settings, emergency, knows_server, oddities })
        }
        Ok(None) => Err(Finding::settings("issuerURL is missing, which switches single sign-on off".to_owned())),
        Err(error) => Err(Finding::settings(error.to_string())),
    }
}

fn oddities(secret: &OidcSecret, settings: &OidcSettings, knows_server: bool) -> Vec<Finding> {
    let unknown = |key: &&String| !OidcSettings::KEYS.contains(&key.as_str());
    let mut oddities: Vec<_> = secret.keys().filter(unknown).map(|key| Finding::unknown_key(key)).collect();
    let duration = secret.get("tokenDuration").map(|text| String::from_utf8_lossy(text.expose_secret()).into_owned());
    let duration = duration.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    oddities.extend(duration.filter(|text| go_duration(text).is_none()).map(|text| Finding::token_duration(&text)));
    if knows_server && !settings.redirect_url.path().ends_with("/oauth2/callback") {
        oddities.push(Finding::redirect_path(settings.redirect_as_written()));
    }
    oddities
}

async fn from_cluster(arguments: &Arguments) -> Result<(OidcSecret, Option<String>), Finding> {
    let Arguments { from_secret, namespace, emergency_secret_name, .. } = arguments;
    let which = Kubeconfig { file: arguments.kubeconfig.clone(), context: arguments.context.clone() };
    let agent = concat!("fanlight-check/", env!("CARGO_PKG_VERSION"));
    let cluster = Rescue::from_kubeconfig(&which, LIMITS, agent).await.map_err(|error| Finding::cluster(&error))?;
    let secret = cluster.read_secret(namespace, from_secret).await.map_err(|error| Finding::cluster(&error))?;
    let secret = secret.ok_or_else(|| Finding::no_secret(namespace, from_secret))?;
    let emergency = match cluster.read_secret(namespace, emergency_secret_name).await {
        Ok(secret) => secret.and_then(|mut secret| secret.data.remove("username")),
        Err(error) => {
            tell(&format!("Whether the emergency user has the same name cannot be told: {error}"));
            None
        }
    };
    let emergency = emergency.and_then(|name| String::from_utf8(name.expose_secret().to_vec()).ok());
    Ok((secret.data, emergency))
}

fn put_flags(arguments: &Arguments, secret: &mut OidcSecret) -> Result<(), Finding> {
    let joined = |list: &[String]| Some(list.join(",")).filter(|text| !text.is_empty());
    for (key, value) in [
        ("issuerURL", arguments.issuer_url.clone()),
        ("clientID", arguments.client_id.clone()),
        ("redirectURL", arguments.server_redirect_url.clone()),
        ("claimUsername", arguments.username_claim.clone()),
        ("claimGroups", arguments.groups_claim.clone()),
        ("oidcUsernamePrefix", arguments.username_prefix.clone()),
        ("oidcGroupsPrefix", arguments.group_prefix.clone()),
        ("customScopes", joined(&arguments.scopes)),
        ("allowedGroups", joined(&arguments.allowed_groups)),
    ] {
        if let Some(value) = value {
            put(secret, key, &value);
        }
    }
    if let Some(client_secret) = &arguments.client_secret {
        put(secret, "clientSecret", client_secret.expose_secret());
    }
    if let Some(file) = &arguments.ca_file {
        let pem = fs::read(file).map_err(|error| Finding::settings(format!("{}: {error}", file.display())))?;
        secret.insert("caBundle".to_owned(), SecretSlice::from(pem));
    }
    Ok(())
}

fn put(secret: &mut OidcSecret, key: &str, value: &str) {
    secret.insert(key.to_owned(), SecretSlice::from(value.as_bytes().to_vec()));
}
