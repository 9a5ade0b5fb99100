//! What people sign in with: Secrets, session keys, the identity provider. No value is ever printed.

use std::sync::{Arc, Mutex, PoisonError};

use fanlight_cluster::rescue::{Rescue, Spot};
use fanlight_identity::{
    CredentialSource, EmergencyDesk, KeyRing, OidcFlags, OidcSettings, Provider, ProviderError, SourceError, Standing,
    StoredCredential,
};
use futures_util::{FutureExt, future::BoxFuture};
use secrecy::ExposeSecret;

use super::{Finding, Installed, impersonation, rights};

const EMERGENCY: &str = "emergency";
const OIDC: &str = "single sign-on";
const SESSIONS: &str = "sessions";

/// Whether people can sign in by one of the ways.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    Closed,
    Unknown,
}

pub(super) fn emergency_secret(server: &Installed) -> &str {
    server.argument("--emergency-secret-name").unwrap_or("cluster-user-auth")
}

pub(super) fn oidc_secret(server: &Installed) -> &str {
    server.argument("--oidc-secret-name").unwrap_or("oidc-auth")
}

pub(super) fn sessions_map(server: &Installed) -> &str {
    server.argument("--sessions-config-map").unwrap_or("fanlight-sessions")
}

/// Looks at everything that signing in takes.
pub(super) async fn look(cluster: &Rescue, server: &Installed, findings: &mut Vec<Finding>) {
    if let Some(user) = server.argument("--insecure-no-authentication-user") {
        let what = format!("nobody has to sign in: whoever reaches the dashboard acts as “{user}”");
        let remedy = "Take away --insecure-no-authentication-user, unless that is meant";
        return findings.push(Finding::warning("sign-in", what, remedy));
    }
    let ways = [emergency(cluster, server, findings).await, single_sign_on(cluster, server, findings).await];
    if ways == [Way::Closed; 2] {
        let what = "nobody can sign in: neither the emergency user nor single sign-on is set up";
        findings.push(Finding::failure(
            "sign-in",
            what,
            "Make one of the two Secrets: docs/emergency-user.md, docs/sign-in.md",
        ));
    }
    session_key(cluster, server, findings).await;
    record(cluster, server, findings).await;
}

/// The Secret as it was read, handed to the same judge as the server's.
struct Drawer(Mutex<Option<StoredCredential>>);

impl CredentialSource for Drawer {
    fn read(&self) -> BoxFuture<'static, Result<Option<StoredCredential>, SourceError>> {
        let stored = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        std::future::ready(Ok(stored)).boxed()
    }
}

async fn emergency(cluster: &Rescue, server: &Installed, findings: &mut Vec<Finding>) -> Way {
    if !server.offers("user-account") {
        return Way::Closed;
    }
    let (namespace, name) = (server.namespace(), emergency_secret(server));
    let mut user = String::new();
    let stored = match cluster.read_secret(namespace, name).await {
        Ok(secret) => secret.map(|mut secret| {
            let username = secret.data.remove("username");
            user = username
                .as_ref()
                .map(|name| String::from_utf8_lossy(name.expose_secret()).into_owned())
                .unwrap_or_default();
            StoredCredential { username, password: secret.data.remove("password"), uid: secret.uid }
        }),
        Err(error) => {
            findings.push(Finding::unanswered(EMERGENCY, &error));
            return Way::Unknown;
        }
    };
    let desk = EmergencyDesk::new(Arc::new(Drawer(Mutex::new(stored))), Arc::new(KeyRing::random()));
    let remedy =
        format!("Make it as docs/emergency-user.md says: `fanlight get bcrypt-hash` and Secret {namespace}/{name}");
    match desk.standing().await {
        // What may not be asked is said to be unknown among the rights.
        Standing::Ready if matches!(impersonation::may(cluster, &rights::who(server), &user).await, Ok(false)) => {
            let what = "the server may not impersonate the emergency user, who cannot sign in";
            let remedy = "Have “users” in rbac.impersonationResources, and the user's name (where people go by their groups, \
                          fanlight:member too) in rbac.impersonationResourceNames; or start the server with --auth-methods=oidc";
            findings.push(Finding::warning(EMERGENCY, what, remedy));
        }
        Standing::Ready => {
            findings.push(Finding::ok(EMERGENCY, format!("the emergency user is set up (Secret {namespace}/{name})")));
            return Way::Open;
        }
        Standing::NotSetUp => {
            let what = format!("there is no Secret {namespace}/{name}: when the provider is down, nobody gets in");
            findings.push(Finding::warning(EMERGENCY, what, remedy));
        }
        Standing::Unusable(why) => {
            findings.push(Finding::failure(
                EMERGENCY,
                format!("Secret {namespace}/{name} is of no use: {why}"),
                remedy,
            ));
        }
        // Only the server itself can tell whom it may impersonate.
        Standing::Barred => {}
        Standing::Unreadable(why) => findings.push(Finding::failure(EMERGENCY, why, remedy)),
    }
    Way::Closed
}

async fn single_sign_on(cluster: &Rescue, server: &Installed, findings: &mut Vec<Finding>) -> Way {
    if !server.offers("oidc") {
        return Way::Closed;
    }
    let (namespace, name) = (server.namespace(), oidc_secret(server));
    let remedy =
        format!("See docs/sign-in.md; `fanlight check oidc-config --namespace {namespace} --from-secret {name}`");
    let flags = flags(server);
    let (settings, from) = match cluster.read_secret(namespace, name).await {
        Ok(Some(secret)) => (OidcSettings::from_secret(&secret.data, &flags), format!("Secret {namespace}/{name}")),
        Ok(None) => (OidcSettings::from_flags(&flags), "the server's flags".to_owned()),
        Err(error) => {
            findings.push(Finding::unanswered(OIDC, &error));
            return Way::Unknown;
        }
    };
    let settings = match settings {
        Ok(Some(settings)) => settings,
        Ok(None) => {
            let what = format!("it is not set up: neither Secret {namespace}/{name} nor a flag names an issuer");
            findings.push(Finding::warning(OIDC, what, remedy));
            return Way::Closed;
        }
        Err(error) => {
            findings.push(Finding::failure(OIDC, format!("{from}: {error}"), remedy));
            return Way::Closed;
        }
    };
    findings.push(Finding::ok(OIDC, format!("it is set up by {from}")));
    let issuer = settings.issuer.to_string();
    findings.push(match Provider::discover(Arc::new(settings)).await {
        Ok(_) => Finding::ok(OIDC, format!("{issuer} answers, as seen from here")),
        Err(error @ ProviderError::Unreachable { .. }) => {
            let what = format!("{error}, as seen from here");
            Finding::warning(
                OIDC,
                what,
                "If only the cluster can reach it, its pods say so in their log; else it is down",
            )
        }
        Err(error) => Finding::failure(OIDC, error.to_string(), remedy),
    });
    Way::Open
}

fn flags(server: &Installed) -> OidcFlags {
    let text = |flag| server.argument(flag).unwrap_or_default().to_owned();
    OidcFlags {
        issuer_url: text("--oidc-issuer-url"),
        client_id: text("--oidc-client-id"),
        redirect_url: text("--oidc-redirect-url"),
        ..OidcFlags::default()
    }
}

/// The keys that seal sessions.
async fn session_key(cluster: &Rescue, server: &Installed, findings: &mut Vec<Finding>) {
    let replicas = server.replicas();
    let Some(path) = server.argument("--session-key-file") else {
        let remedy = "Use the chart, which makes a key; or mount a Secret and name it by --session-key-file";
        let what = "there is no session key: a restart signs everybody out";
        findings.push(if replicas > 1 {
            Finding::failure(
                SESSIONS,
                format!("{what}, and {replicas} replicas do not know each other's sessions"),
                remedy,
            )
        } else {
            Finding::warning(SESSIONS, what, remedy)
        });
        return;
    };
    let namespace = server.namespace();
    let Some(name) = server.secret_at(path) else {
        let what = format!("{path} does not come from a Secret, so nothing is known of it");
        return findings.push(Finding::warning(SESSIONS, what, "Look yourself that all replicas have the same"));
    };
    let remedy = "Put base64 of 32 random bytes into it: `head -c 32 /dev/urandom | base64`; everybody signs in again";
    findings.push(match cluster.read_secret(namespace, name).await {
        Err(error) => Finding::unanswered(SESSIONS, &error),
        Ok(None) => Finding::failure(SESSIONS, format!("there is no Secret {namespace}/{name}: no pod starts"), remedy),
        Ok(Some(secret)) if secret.data.is_empty() => {
            Finding::failure(SESSIONS, format!("Secret {namespace}/{name} has no key in it"), remedy)
        }
        Ok(Some(secret)) => {
            let bad = secret.data.iter().find_map(|(key, value)| {
                let text = std::str::from_utf8(value.expose_secret()).unwrap_or_default();
                KeyRing::from_text(text).err().map(|error| format!("Secret {namespace}/{name}, {key}: {error}"))
            });
            match bad {
                Some(bad) => Finding::failure(SESSIONS, bad, remedy),
                None => Finding::ok(SESSIONS, format!("the session key is there (Secret {namespace}/{name})")),
            }
        }
    });
}

/// The object in which sessions that were ended are written down.
async fn record(cluster: &Rescue, server: &Installed, findings: &mut Vec<Finding>) {
    let (namespace, name) = (server.namespace(), sessions_map(server));
    let spot = Spot { kind: "ConfigMap", api: "v1", plural: "configmaps", namespace, name };
    findings.push(match cluster.object(&spot).await {
        Ok(Some(_)) => Finding::ok(SESSIONS, format!("sessions that are ended are written down ({spot})")),
        Ok(None) => {
            let what = format!("there is no {spot}: a session is ended on one replica alone");
            Finding::warning(SESSIONS, what, "Have the chart make it, or make it empty")
        }
        Err(error) => Finding::unanswered(SESSIONS, &error),
    });
}
