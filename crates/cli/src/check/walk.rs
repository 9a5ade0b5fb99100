use std::{
    env,
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use fanlight_identity::{DeviceSignIn, Provider, SignedIn, TokenError, Trial, Tried};

use super::{
    Arguments,
    listener::Listener,
    remedy::{Finding, Place, Severity},
    report::Report,
    settings::{Subject, gather},
    tell,
};

/// The clocks may differ by this much before it is said: tokens are accepted up to a minute apart.
const APART: Duration = Duration::from_secs(45);

/// Goes the whole way; what went wrong on it is in the report.
pub(super) async fn walk(arguments: &Arguments) -> Report {
    let mut report = Report::default();
    if let Err(finding) = attempt(arguments, &mut report).await {
        report.add(finding);
    }
    let mistaken = report.findings.iter().any(|finding| finding.severity == Severity::Mistake);
    report.ok = report.user.is_some() && !mistaken;
    report
}

async fn attempt(arguments: &Arguments, report: &mut Report) -> Result<(), Finding> {
    let listener = match Listener::open(arguments.redirect_url.as_ref(), arguments.port).await {
        Ok(listener) => Ok(listener),
        // The device code needs none.
        Err(error) => Err(Finding::listener(&error)),
    };
    let fallback = listener.as_ref().map_or("http://localhost", |listener| listener.redirect.as_str());
    let mut subject = gather(arguments, fallback).await?;
    subject.oddities.drain(..).for_each(|finding| report.add(finding));
    let provider = discover(&subject, report).await?;
    if subject.knows_server {
        let trial = provider.trial(subject.emergency.as_deref(), &mut rand::rng(), SystemTime::now());
        knock(&trial, provider.settings().redirect_as_written(), &provider, report).await?;
    }
    let way = Way { arguments, emergency: subject.emergency.as_deref() };
    let chosen_here = !arguments.device && may_choose_device(arguments) && provider.offers().device_code;
    if arguments.device || chosen_here {
        match way.by_device(&provider, report).await {
            Err(finding) if chosen_here && finding.code == "client-refused" => {
                tell("The client may not use the device code; the browser it is, then.");
            }
            outcome => return outcome,
        }
    }
    let listener = listener?;
    let provider = provider.coming_back_to(&listener.redirect).map_err(|error| Finding::provider(&error))?;
    way.by_browser(&provider, listener, report).await
}

async fn discover(subject: &Subject, report: &mut Report) -> Result<Provider, Finding> {
    let settings = &subject.settings;
    report.issuer = Some(settings.issuer_as_written().to_owned());
    report.client_id = Some(settings.client_id.clone());
    report.server_redirect_url = subject.knows_server.then(|| settings.redirect_as_written().to_owned());
    let provider = Provider::discover(settings.clone().into()).await.map_err(|error| Finding::provider(&error))?;
    let offers = provider.offers().clone();
    if offers.accepted_algorithms.is_empty() && !offers.algorithms.is_empty() {
        let says =
            format!("the provider signs ID tokens only by {}, which is not accepted", offers.algorithms.join(", "));
        let remedy = "have it sign with RS256, ES256 or EdDSA; shared secrets (HS256) are not accepted";
        report.add(Finding::warning("unsupported-algorithm", says, remedy));
    }
    let methods = &offers.code_challenge_methods;
    if !methods.is_empty() && !methods.iter().any(|method| method == "S256") {
        report.add(Finding::warning(
            "no-pkce",
            "the provider does not know PKCE with S256",
            "have it switched on there",
        ));
    }
    let unknown = |scope: &&String| !offers.scopes.is_empty() && !offers.scopes.contains(scope);
    let unknown: Vec<_> = settings.scopes.iter().filter(unknown).map(String::as_str).collect();
    if !unknown.is_empty() {
        let says = format!("the provider does not list the scopes {}", unknown.join(", "));
        let remedy = "some refuse what they do not know, others give it nonetheless: if it is refused, leave it out of customScopes";
        report.add(Finding::warning("scope-not-listed", says, remedy));
    }
    report.offers = Some(offers);
    Ok(provider)
}

/// Looks whether the provider shows its sign-in page; an error if it certainly does not.
async fn knock(trial: &Trial<'_>, redirect: &str, provider: &Provider, report: &mut Report) -> Result<(), Finding> {
    match trial.knock().await {
        Ok(Some(there)) => {
            let here = SystemTime::now();
            let apart = here.duration_since(there).unwrap_or_else(|before| before.duration());
            if apart > APART && report.findings.iter().all(|finding| finding.code != "clock-skew") {
                report.add(Finding::clocks(apart));
            }
        }
        Ok(None) => {}
        Err(error) => {
            let finding = Finding::knock(&error, &place(provider, redirect, &[]));
            if finding.severity == Severity::Mistake {
                return Err(finding);
            }
            report.add(finding);
        }
    }
    Ok(())
}

/// How somebody signs in.
struct Way<'a> {
    arguments: &'a Arguments,
    emergency: Option<&'a str>,
}

impl Way<'_> {
    async fn by_browser(&self, provider: &Provider, listener: Listener, report: &mut Report) -> Result<(), Finding> {
        report.flow = Some("code");
        let redirect = listener.redirect.clone();
        let trial = provider.trial(self.emergency, &mut rand::rng(), SystemTime::now());
        knock(&trial, &redirect, provider, report).await?;
        let location = trial.location();
        tell(&format!("The provider must know this redirect URL of the client: {redirect}"));
        tell(&format!("Sign in here:\n\n  {location}\n"));
        if self.arguments.open {
            open(location.as_str());
        }
        let waiting = self.patiently(listener.wait(&trial), &place(provider, &redirect, &[])).await?;
        let returned = waiting.map_err(|error| Finding::listener(&error))?;
        let tried = trial.finish(returned, SystemTime::now()).await;
        conclude(&trial, provider, tried, report).await
    }

    async fn by_device(&self, provider: &Provider, report: &mut Report) -> Result<(), Finding> {
        report.flow = Some("device");
        let trial = provider.trial(self.emergency, &mut rand::rng(), SystemTime::now());
        let place = place(provider, "", &[]);
        let refused = |error: TokenError| Finding::flow(&fanlight_identity::FlowError::Exchange(error), &place);
        let device = trial.device().await.map_err(refused)?;
        tell(&instructions(&device));
        let tried = self.patiently(device.wait(SystemTime::now), &place).await?;
        conclude(&trial, provider, tried, report).await
    }

    /// Waits for somebody, not for ever, and not when interrupted.
    async fn patiently<T>(&self, waiting: impl Future<Output = T>, place: &Place<'_>) -> Result<T, Finding> {
        let limit = self.arguments.timeout;
        tokio::select! {
            done = waiting => Ok(done),
            () = tokio::time::sleep(limit) => Err(Finding::nobody_came(Some(limit), place)),
            Ok(()) = tokio::signal::ctrl_c() => Err(Finding::nobody_came(None, place)),
        }
    }
}

async fn conclude(trial: &Trial<'_>, provider: &Provider, tried: Tried, report: &mut Report) -> Result<(), Finding> {
    let Tried { outcome, claims, user_info } = tried;
    let known: Vec<String> = claims.iter().chain(user_info.iter().flatten()).cloned().collect();
    (report.claims, report.user_info_claims) = (claims, user_info);
    let redirect = provider.settings().redirect_as_written();
    let place = place(provider, redirect, &known);
    let mut signed = outcome.map_err(|error| Finding::flow(&error, &place))?;
    report.user = Some(signed.identity.user().to_string());
    report.groups = Some(signed.identity.groups().map(ToString::to_string).collect());
    signed.notices.iter().for_each(|notice| report.add(Finding::notice(notice)));
    let claim = &provider.settings().rules.groups_claim;
    let has = |names: &[String]| names.iter().any(|name| name == claim);
    report.groups_from = match &report.user_info_claims {
        _ if has(&report.claims) => Some("ID token"),
        Some(names) if has(names) => Some("UserInfo"),
        _ => None,
    };
    if report.groups_from.is_none() && signed.notices.is_empty() {
        report.add(Finding::no_groups(claim, &place));
    }
    confirm(trial, &mut signed, report).await;
    Ok(())
}

/// Does with the refresh token what happens while people are signed in, and when they sign out.
async fn confirm(trial: &Trial<'_>, signed: &mut SignedIn, report: &mut Report) {
    match trial.refresh(signed, SystemTime::now()).await {
        None => {
            let says = "the provider gave no refresh token: sessions are confirmed by a round through the browser";
            let remedy = "if it has a scope for that (offline_access mostly), add it to customScopes; without it all works, less smoothly";
            report.add(Finding::warning("no-refresh-token", says, remedy));
        }
        Some(Ok(())) => report.refreshed = Some(true),
        Some(Err(error)) => {
            report.refreshed = Some(false);
            let remedy = "have the provider answer a refresh with an ID token too; until then sessions go through the browser again";
            report.add(Finding::warning("refresh", error, remedy));
        }
    }
    if let Err(error) = trial.revoke(signed).await {
        let remedy = "nothing is lost: what was obtained runs out by itself; the same happens when people sign out";
        report.add(Finding::warning("revocation", error, remedy));
    }
}

fn place<'a>(provider: &'a Provider, redirect: &'a str, claims: &'a [String]) -> Place<'a> {
    let settings = provider.settings();
    Place { redirect, client: &settings.client_id, scopes: &settings.scopes, claims }
}

fn instructions(device: &DeviceSignIn<'_>) -> String {
    let code = device.code();
    let short = device.page_with_code().map(|page| format!(" (or, with the code in it: {page})")).unwrap_or_default();
    format!("On any machine open {}{short}\nand type in the code {code}", device.page())
}

/// Whether nobody has chosen a way, and there seems to be no browser.
fn may_choose_device(arguments: &Arguments) -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let desktop = set("DISPLAY") || set("WAYLAND_DISPLAY") || cfg!(target_os = "macos");
    let chosen = arguments.port.is_some() || arguments.redirect_url.is_some() || arguments.open;
    !chosen && (!desktop || set("SSH_CONNECTION"))
}

fn open(location: &str) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let quiet = || Stdio::null();
    let started = Command::new(program).arg(location).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn();
    if let Err(error) = started {
        tell(&format!("The browser cannot be opened by {program}: {error}"));
    }
}
