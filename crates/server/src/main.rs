//! The dashboard server: arguments and wiring.

mod arguments;
mod door;
mod figures;
mod listen;
mod outside;
mod prometheus;
mod seams;
mod session_keys;
mod session_record;
mod tls;

use std::{
    collections::BTreeMap,
    io::{IsTerminal, Write},
    process::ExitCode,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::Context;
use arguments::{Arguments, ExternalUrl, Listening, features};
use clap::Parser;
use fanlight_cluster::ApiServer;
use fanlight_identity::{
    CookieRules, EmergencyDesk, KeyRing, OidcDesk, OidcParts, RecordSource, Repeats, Revocations, SessionLimits,
    Sessions, TokenDesk, Whereabouts,
};
use fanlight_live::{Live, Pace, Parts};
use fanlight_model::Identity;
use fanlight_web::{
    App, Audit, AuditLog, AuditTarget, Causes, Crowd, Kubernetes, Lately, Metrics, Previews, Proxies, Trees, Underway,
    Versions, farewell,
};
use outside::Outside;
use prometheus_client::registry::Registry;
use seams::{Eyes, SecretDrawer};
use session_keys::SessionKeys;
use session_record::SessionRecord;
use tokio_util::sync::CancellationToken;

/// Many short-lived decodings fragment the system's allocator: measured, twice the memory stays resident.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    arguments.check()?;
    log(&arguments.listening);
    let environment: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    for notice in arguments.notices(&environment) {
        tracing::warn!("{notice}");
    }
    let ended = CancellationToken::new();
    let mut registry = Registry::default();
    let metrics = Metrics::new(&mut registry);
    let audit_log = audit_log(&arguments.accounts.audit_log, &metrics)?;
    let listener = arguments.accounts.metrics().map(|address| prometheus::listen(&address)).transpose()?;
    let audit = Audit::new(audit_log.clone(), metrics.clone(), SystemTime::now);
    let app = wire(arguments, features(&environment), &ended, (audit, metrics, &mut registry)).await?;
    if let Some(listener) = listener {
        prometheus::serve(listener, registry)?;
    }
    let served = listen::serve(arguments, app).await;
    // Not before: requests that still run want to see something.
    ended.cancel();
    audit_log.finish();
    served
}

/// Opens the account; a file is opened anew at each SIGHUP.
fn audit_log(target: &AuditTarget, metrics: &Metrics) -> anyhow::Result<AuditLog> {
    use tokio::signal::unix::{SignalKind, signal};
    let log = AuditLog::open(target.clone(), metrics.lost()).context("cannot open the audit log")?;
    if matches!(target, AuditTarget::File(_)) {
        let (mut hangup, log) = (signal(SignalKind::hangup())?, log.clone());
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                log.reopen();
            }
        });
    }
    Ok(log)
}

/// Lines for machines, or for people where the server runs without certificates, as on a laptop.
fn log(listening: &Listening) {
    let filter = format!("warn,fanlight={}", listening.log_level);
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    if listening.insecure {
        log.with_ansi(std::io::stdout().is_terminal()).init();
    } else {
        log.json().flatten_event(true).init();
    }
}

async fn wire(
    arguments: &Arguments,
    features: BTreeMap<String, String>,
    ended: &CancellationToken,
    (audit, metrics, registry): (Audit, Metrics, &mut Registry),
) -> anyhow::Result<App> {
    let server = ApiServer::from_environment().await.context("no way to the Kubernetes API server")?;
    tokio::spawn(server.clone().keep_informed());
    let keys = session_keys(arguments)?;
    let outside = Outside::look(arguments, &server).await;
    let limits =
        SessionLimits { emergency: arguments.sessions.emergency_session_duration, idle: Duration::from_secs(30 * 60) };
    let base = arguments.base();
    let rules = CookieRules { secure: outside.https, base: base.clone() };
    let eyes = Arc::new(Eyes(server.clone()));
    let parts = Parts {
        feeds: eyes.clone(),
        reviews: eyes.clone(),
        namespaces: server.namespaces(),
        installed: server.installed(),
        pace: Pace::default(),
    };
    let emergency = emergency_desk(arguments, &server, &keys);
    let oidc = oidc_desk(arguments, &server, &keys, &rules, emergency.clone());
    let tokens = TokenDesk::new(eyes.clone());
    let id_tokens_go_on = oidc.is_some() && features.get(ID_TOKENS_GO_ON).is_some_and(|value| value == "true");
    let revocations = revocations(arguments, &server, &keys);
    let sessions = Sessions::new(keys, limits, &rules);
    let live = Live::start(parts, ended.clone());
    let whereabouts = Whereabouts::default();
    tokio::spawn(farewell(live.clone(), revocations.clone(), whereabouts.clone()));
    let record = revocations.clone();
    revocations.read_once().await;
    let versions = Arc::new(Versions::default());
    figures::register(registry, &live, &server, &versions, SystemTime::now);
    let told = live.clone();
    server.tell_of_new_guises(move |who| drop(told.recheck(who)));
    Ok(App {
        live,
        sessions: if id_tokens_go_on { sessions.keeping_id_tokens() } else { sessions },
        revocations,
        whereabouts,
        emergency,
        emergency_reason: arguments.sessions.emergency_require_reason,
        oidc,
        tokens: arguments.passes_tokens_on().then(|| tokens.clone()),
        id_tokens_go_on: id_tokens_go_on.then_some(tokens),
        everybody: everybody(arguments)?,
        objects: eyes.clone(),
        causes: Causes::default(),
        trees: Trees::default(),
        rights: eyes,
        repeats: Repeats::default(),
        previews: Previews::default(),
        lately: Lately::default(),
        versions,
        kubernetes: Kubernetes { version: server.kubernetes_version() },
        audit,
        metrics,
        features,
        styleguide: arguments.listening.styleguide,
        base,
        external_url: outside.url,
        https_outside: outside.https,
        proxies: Arc::new(Proxies::new(arguments.outside.trusted_proxies.clone())),
        underway: Underway::default(),
        crowd: Crowd::new(arguments.limits.places().each),
        lacks: Box::new(move || seams::lacks(&server, &record)),
        shutdown: CancellationToken::new(),
        clock: SystemTime::now,
        draw: rand::random,
    })
}

fn session_keys(arguments: &Arguments) -> anyhow::Result<Arc<KeyRing>> {
    let Some(path) = arguments.sessions.session_key_file.clone() else {
        tracing::warn!("no --session-key-file: a restart signs everybody out, and replicas cannot share sessions");
        return Ok(Arc::new(KeyRing::random()));
    };
    SessionKeys::serve(path).context("the session key file")
}

/// Where sessions are ended, in all replicas if there is a record that they share.
fn revocations(arguments: &Arguments, server: &ApiServer, keys: &Arc<KeyRing>) -> Revocations {
    let name = arguments.sessions.sessions_config_map.clone();
    let record =
        (!name.is_empty()).then(|| Arc::new(SessionRecord::new(server.clone(), name)) as Arc<dyn RecordSource>);
    let revocations = Revocations::new(record, Arc::clone(keys), SystemTime::now);
    let following = revocations.clone();
    tokio::spawn(async move { following.run().await });
    revocations
}

/// The feature that has ID tokens go on to the API server.
const ID_TOKENS_GO_ON: &str = "WEAVE_GITOPS_FEATURE_OIDC_AUTH_PASSTHROUGH";

/// Who everybody is, where nobody signs in. That is said at the highest level, so that no log is without it.
fn everybody(arguments: &Arguments) -> anyhow::Result<Option<Identity>> {
    let everybody = arguments.everybody()?;
    if let Some(everybody) = &everybody {
        tracing::error!(
            user = %everybody.user(),
            "THERE IS NO AUTHENTICATION: whoever reaches this server acts as this user, with all the rights that it has \
             in Kubernetes (--insecure-no-authentication-user; --auth-methods does not count)"
        );
    }
    Ok(everybody)
}

fn emergency_desk(arguments: &Arguments, server: &ApiServer, keys: &Arc<KeyRing>) -> Option<EmergencyDesk> {
    let drawer = SecretDrawer { server: server.clone(), name: arguments.sign_in.emergency_secret_name.clone() };
    arguments.has_emergency_user().then(|| EmergencyDesk::new(Arc::new(drawer), Arc::clone(keys)))
}

/// Where people sign in at the provider. It is looked at beside everything else: one that is down stops nothing.
fn oidc_desk(
    arguments: &Arguments,
    server: &ApiServer,
    keys: &Arc<KeyRing>,
    cookies: &CookieRules,
    emergency: Option<EmergencyDesk>,
) -> Option<OidcDesk> {
    if !arguments.has_single_sign_on() {
        return None;
    }
    let name = arguments.single_sign_on.oidc_secret_name.clone();
    let desk = OidcDesk::new(OidcParts {
        source: Some(Arc::new(SecretDrawer { server: server.clone(), name })),
        flags: arguments.single_sign_on.flags(arguments.sessions.oidc_token_duration),
        emergency,
        keys: Arc::clone(keys),
        cookies,
        external_url: arguments.outside.external_url.as_ref().map(ExternalUrl::origin),
    });
    let looking = desk.clone();
    tokio::spawn(async move { looking.run().await });
    if !cookies.secure && arguments.outside.external_url.is_none() {
        tokio::spawn(outside::notice_https(desk.clone()));
    }
    Some(desk)
}
