//! A guarded shell or command with a cluster's emergency credential.

use std::{sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use fanlight_cluster::rescue::{self, ACCOUNT_USER, Happening, NAMESPACE, Occasion, Rescue, Trouble, Use};
use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::Mutex, time::timeout};

use crate::{
    ClusterName, Credential, Error, Operator,
    ledger::{Entry, Ledger},
    operator::because,
    pins::Pin,
    sealed::Sealed,
    session::{self, Ended, How, Limit, Mode, Session, Token, TokenSource, Work},
    surroundings,
};

/// What only informs others may not hold a person up longer than this.
const COURTESY: Duration = Duration::from_secs(5);

/// What is tidied up may take so long, for each thing.
const CLOSING: Duration = Duration::from_secs(15);

/// A token is renewed so long before it runs out.
const EARLY: Duration = Duration::from_secs(120);

/// What can be chosen about a use.
#[derive(Debug, Clone)]
pub struct UseOptions {
    /// Why; asked for if it is not given.
    pub reason: Option<String>,
    /// How long it may last.
    pub limit: Duration,
    /// Whether to hand out the sealed token rather than one for this use.
    pub direct: bool,
    /// How programs get the token.
    pub mode: Mode,
    /// Take another identity of the cluster than the one remembered.
    pub accept_identity: bool,
    /// What to run.
    pub work: Work,
}

/// How a use went.
#[derive(Debug, Clone)]
pub struct Used {
    /// How the session ended.
    pub ended: Ended,
    /// Whether the sealed token itself was handed out, so that it should be rotated.
    pub direct: bool,
}

/// Opens the sealed credential, makes sure that it leads where it should, and runs shell or command with it.
///
/// Nothing but a credential that cannot be opened, that the API server refuses, or that leads to another cluster stops it.
pub async fn use_cluster(operator: &Operator<'_>, cluster: &ClusterName, options: UseOptions) -> Result<Used, Error> {
    if let Some(around) = session::surrounding(|name| operator.around.variable(name).map(Into::into)) {
        let inside = around.cluster.unwrap_or_else(|| "kube-dc".to_owned());
        return Err(Error::Refused(format!("you are in a break-glass session ({inside}) already: leave it first")));
    }
    let place = operator.place(cluster)?;
    let sealed = Sealed::of(&place)?;
    let credential = sealed.open(cluster, &operator.keys.identities)?.credential;
    let pin = Pin::of(&credential);
    let trust = operator.trust(&place, &sealed.text, options.accept_identity);
    trust.check(&pin).await?;
    operator.warn_if_behind(&place).await;
    let reason = match &options.reason {
        Some(reason) if !reason.trim().is_empty() => reason.trim().to_owned(),
        _ => operator.talk.ask("Why is break-glass needed (for the audit)?")?,
    };
    let rescue = operator.enter(cluster, &credential)?;
    if let Some(uid) = operator.cluster_uid(cluster, &rescue).await? {
        // Whoever signed the file vouches for what is in it, not for what answers at that address.
        if let Some(origin) = credential.origin.as_ref().filter(|origin| origin.cluster_uid != uid)
            && !options.accept_identity
        {
            return Err(Error::WrongCluster {
                cluster: cluster.clone(),
                why: format!("its identity is {uid}, and the credential is of {}", origin.cluster_uid),
                way_out: "If you know that it was built anew, use it with --accept-identity",
            });
        }
        let seen = Pin { uid: Some(uid), ..pin };
        trust.check(&seen).await?;
        // Only what has answered is remembered.
        operator.remember(&place, &seen);
    }
    operator.end_forgotten_sessions(cluster, &rescue).await;
    let begun = Begun::now(operator, cluster, &credential, rescue, reason, &options).await;
    announce(&begun.rescue, &begun.host, Occasion::SessionStarted, &begun.opening()).await;
    let outcome = begun.run(operator, &options).await;
    begun.close(operator, &options.work, &outcome).await;
    let direct = begun.bound.is_none();
    Ok(Used { ended: outcome?, direct })
}

impl Operator<'_> {
    /// The cluster's identity, if it can be read. Only a rejected credential stops here: what is wrong with the cluster is
    /// what the person comes to mend.
    async fn cluster_uid(&self, cluster: &ClusterName, rescue: &Rescue) -> Result<Option<String>, Error> {
        match rescue.within(self.patience).cluster_uid().await {
            Ok(uid) => Ok(Some(uid)),
            Err(error) if matches!(error.trouble, Trouble::Rejected(_)) => {
                let hint = "The token was revoked, or the cluster built anew: if somebody rotated it, pull the fleet and try again; \
                    else another way in is needed, and `adopt` or `rotate` from there";
                Err(because(cluster, hint)(error))
            }
            Err(error) => {
                self.talk.tell(&format!(
                    "Warning: the cluster’s identity could not be read ({error}); going on all the same."
                ));
                Ok(None)
            }
        }
    }

    async fn warn_if_behind(&self, place: &crate::fleet::Place) {
        let asked = async {
            let git = crate::fleet::Git::of(&self.fleet).await.ok()?;
            let changes = git.changes().await.ok()?;
            changes.behind.contains(self.fleet.relative(&place.sealed())).then_some(())
        };
        if let Ok(Some(())) = timeout(COURTESY, asked).await {
            self.talk.tell("Warning: this file was changed upstream; if the token is refused, pull the fleet.");
        }
    }

    /// Ends what sessions that were killed, by anybody's ledger line or by their time, have left in the cluster.
    async fn end_forgotten_sessions(&self, cluster: &ClusterName, rescue: &Rescue) {
        let rescue = rescue.within(COURTESY);
        let killed = Ledger::of(&self.fleet).killed(cluster.as_str());
        let now = jiff::Timestamp::now();
        for found in rescue.sessions().await.unwrap_or_default() {
            // Clocks differ, and a token ends by itself: there is no hurry with those of others.
            let over = found.expires.is_some_and(|expires| now.duration_since(expires).as_hours() >= 24);
            let forgotten =
                over || (found.host == surroundings::host() && killed.contains(session_id(&found.session.name)));
            if forgotten && rescue.end_session(&found.session).await.is_ok() {
                self.talk.tell(&format!("Ended the forgotten session {} of {}.", found.session.name, found.person));
            }
        }
    }
}

/// The session that a Secret is of.
pub(crate) fn session_id(secret: &str) -> &str {
    secret.strip_prefix("break-glass-session-").unwrap_or(secret)
}

/// A use that has begun: who and why, and the token that it gets.
struct Begun {
    cluster: ClusterName,
    credential: Credential,
    rescue: Rescue,
    id: String,
    person: String,
    host: String,
    reason: String,
    began: jiff::Timestamp,
    limit: Duration,
    /// The Secret that its own token is bound to; without one the sealed token is handed out.
    bound: Option<rescue::Session>,
}

impl Begun {
    async fn now(
        operator: &Operator<'_>,
        cluster: &ClusterName,
        credential: &Credential,
        rescue: Rescue,
        reason: String,
        options: &UseOptions,
    ) -> Self {
        let began = jiff::Timestamp::now();
        let mut this = Self {
            cluster: cluster.clone(),
            credential: credential.clone(),
            rescue,
            id: format!("{}-{:08x}", began.strftime("%Y%m%d-%H%M%S"), rand::random::<u32>()),
            person: operator.person().await,
            host: surroundings::host(),
            reason,
            began,
            limit: options.limit,
            bound: None,
        };
        if !options.direct {
            match this.bind().await {
                Ok(bound) => this.bound = Some(bound),
                Err(why) => operator.talk.tell(&format!(
                    "Warning: the cluster gives no token for this use alone ({why}). The sealed token itself is handed out: \
                    rotate it afterwards."
                )),
            }
        }
        this
    }

    /// The Secret that makes a token end with the session, tried out at once.
    async fn bind(&self) -> Result<rescue::Session, rescue::RescueError> {
        let rescue = self.rescue.within(Duration::from_secs(15));
        let session = rescue
            .begin_session(&Use {
                id: self.id.clone(),
                person: self.person.clone(),
                reason: self.reason.clone(),
                host: self.host.clone(),
                tool: concat!("fanlight/", env!("CARGO_PKG_VERSION")).to_owned(),
                expires: self.ends(),
            })
            .await?;
        match rescue.session_token(&session, self.limit).await {
            Ok(_) => Ok(session),
            Err(error) => {
                let _ = rescue.end_session(&session).await;
                Err(error)
            }
        }
    }

    fn ends(&self) -> jiff::Timestamp {
        self.began.saturating_add(jiff::SignedDuration::try_from(self.limit).unwrap_or_default()).unwrap_or(self.began)
    }

    fn opening(&self) -> String {
        format!("{} on {} uses break-glass until {:.0}: {}", self.person, self.host, self.ends(), self.reason)
    }

    /// The credential may have been rotated within the session: then what is sealed by now is the way to tidy up.
    async fn way_out(&self, operator: &Operator<'_>) -> Rescue {
        let revoked = matches!(self.rescue.within(CLOSING).is_accepted().await, Ok(false));
        let by_new = || {
            let sealed = Sealed::of(&operator.place(&self.cluster).ok()?).ok()?;
            let opened = sealed.open(&self.cluster, &operator.keys.identities).ok()?;
            operator.enter(&self.cluster, &opened.credential).ok()
        };
        revoked.then(by_new).flatten().unwrap_or_else(|| self.rescue.clone())
    }

    async fn run(&self, operator: &Operator<'_>, options: &UseOptions) -> Result<Ended, Error> {
        let generation = self.credential.generation().map_or_else(|| "unknown".to_owned(), |number| number.to_string());
        let session = Session {
            cluster: self.cluster.to_string(),
            server: self.credential.server.to_string(),
            ca_pem: self.credential.ca.clone(),
            generation,
            identity: "ServiceAccount/break-glass (cluster-admin)".to_owned(),
            user: ACCOUNT_USER.to_owned(),
            secret: self.bound.as_ref().map(|bound| bound.name.clone()),
            person: self.person.clone(),
            reason: self.reason.clone(),
            began: self.began,
            limit: Limit::of(self.limit),
            mode: options.mode,
        };
        let place = operator.around.places().choose()?;
        let source = Source {
            rescue: self.rescue.clone(),
            bound: self.bound.clone(),
            sealed: self.credential.token.clone(),
            ends: self.ends(),
            renewed: Arc::default(),
        };
        Ok(session::run(&session, &place, source, &options.work).await?)
    }

    /// Ends the token, and writes down what happened; what fails is told and stops nothing.
    async fn close(&self, operator: &Operator<'_>, work: &Work, outcome: &Result<Ended, Error>) {
        let rescue = self.way_out(operator).await;
        if let Some(bound) = &self.bound
            && let Err(error) = rescue.within(CLOSING).end_session(bound).await
        {
            operator.talk.tell(&format!(
                "Warning: the session’s token could not be ended ({error}). Delete Secret {NAMESPACE}/{}; otherwise it is good \
                until {:.0} at the latest.",
                bound.name,
                self.ends()
            ));
        }
        let ended = match outcome {
            Ok(ended) => how(ended),
            Err(error) => format!("not started: {error}"),
        };
        let lasted = outcome.as_ref().map(|ended| ended.lasted).unwrap_or_default();
        let note = format!("{} on {}: {ended} after {} s", self.person, self.host, lasted.as_secs());
        announce(&rescue, &self.host, Occasion::SessionEnded, &note).await;
        let entry = Entry {
            began: self.began,
            cluster: self.cluster.to_string(),
            session: self.id.clone(),
            person: self.person.clone(),
            host: self.host.clone(),
            reason: self.reason.clone(),
            work: match work {
                Work::Shell => "shell".to_owned(),
                // Its arguments may hold what is nobody's business.
                Work::Command { program, .. } => program.to_string_lossy().into_owned(),
            },
            token: if self.bound.is_some() { "for this use" } else { "sealed" }.to_owned(),
            generation: self.credential.generation(),
            seconds: Some(lasted.as_secs()),
            ended,
        };
        if let Err(error) = Ledger::of(&operator.fleet).add(&entry) {
            operator.talk.tell(&format!("Warning: the ledger could not be written: {error}"));
        }
    }
}

/// Lets the cluster's own alerts know; whether that works is nobody's business now.
async fn announce(rescue: &Rescue, host: &str, occasion: Occasion, note: &str) {
    let happening =
        Happening { occasion, at: jiff::Timestamp::now(), note: note.to_owned(), instance: format!("fanlight@{host}") };
    let _ = timeout(COURTESY, rescue.within(COURTESY).tell(&happening)).await;
}

fn how(ended: &Ended) -> String {
    match ended.how {
        How::Exited => format!("exit {}", ended.status),
        How::TimeLimit => "time limit".to_owned(),
        How::Signal(signal) => format!("signal {signal}"),
    }
}

/// The token with its end by this machine's clock, which may be hours off: what counts is how long it lives.
fn by_our_clock(token: rescue::SessionToken, now: jiff::Timestamp) -> rescue::SessionToken {
    #[derive(serde::Deserialize)]
    struct Claims {
        iat: i64,
        exp: i64,
    }
    let payload =
        token.token.expose_secret().split('.').nth(1).and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
    let claims = payload.and_then(|payload| serde_json::from_slice::<Claims>(&payload).ok());
    let ends = claims.and_then(|claims| now.checked_add(jiff::SignedDuration::from_secs(claims.exp - claims.iat)).ok());
    rescue::SessionToken { expires: ends.unwrap_or(token.expires), ..token }
}

/// Where the session's token comes from: a token for this use, renewed in time, or the sealed one.
struct Source {
    rescue: Rescue,
    bound: Option<rescue::Session>,
    sealed: SecretString,
    ends: jiff::Timestamp,
    renewed: Arc<Mutex<Option<rescue::SessionToken>>>,
}

impl TokenSource for Source {
    async fn token(&self) -> Result<Token, String> {
        let Some(bound) = &self.bound else {
            return Ok(Token { bearer: self.sealed.expose_secret().to_owned().into(), expires: None });
        };
        let mut renewed = self.renewed.lock().await;
        let now = jiff::Timestamp::now();
        let early = jiff::SignedDuration::try_from(EARLY).unwrap_or_default();
        let fresh = renewed
            .as_ref()
            .is_some_and(|token| token.expires.duration_since(now) > early || token.expires >= self.ends);
        if !fresh {
            let left = Duration::try_from(self.ends.duration_since(now)).unwrap_or_default();
            match self.rescue.within(Duration::from_secs(15)).session_token(bound, left).await {
                Ok(token) => *renewed = Some(by_our_clock(token, now)),
                Err(error) => match renewed.as_ref().filter(|token| token.expires > now) {
                    // Better the one that is there for as long as it lasts.
                    Some(_) => {}
                    None => return Err(error.to_string()),
                },
            }
        }
        let token = renewed.as_ref().ok_or("there is no token")?;
        Ok(Token { bearer: token.token.expose_secret().to_owned().into(), expires: Some(token.expires) })
    }
}
