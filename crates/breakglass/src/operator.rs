use std::{path::PathBuf, time::Duration};

use fanlight_cluster::rescue::{self, ACCOUNT_USER, Kubeconfig, Limits, May, Question, Rescue, RescueError, Trouble};
use secrecy::SecretString;

use crate::{
    ClusterName, Conversation, Credential, Error, Fleet, Keys, ServerUrl, Surroundings,
    fleet::{self, Git, Place},
    ledger::LEDGER,
    pins::{Pin, Pins},
    trust::Trust,
};

/// How requests that only prove a credential are marked in the audit log, so that alerts can tell them from use.
const PROOF: &str = concat!("fanlight-break-glass-verify/", env!("CARGO_PKG_VERSION"));
/// How all others are.
const WORK: &str = concat!("fanlight-break-glass/", env!("CARGO_PKG_VERSION"));

/// What to do if a credential cannot be proven at its address.
const ADDRESS: &str = "The sealed address must be one where the API server itself answers, with a certificate of the cluster’s \
    own CA: give it by --server";
/// What to do if a sealed token is refused.
const STALE: &str = "The token was revoked, or the cluster built anew: if somebody rotated it, pull the fleet and try \
    again; else another way in is needed, and `adopt` from there";

/// How to reach a cluster other than by its sealed credential.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The kubeconfig; otherwise what `kubectl` would take.
    pub kubeconfig: Option<PathBuf>,
    /// The context in it; otherwise the current one.
    pub context: Option<String>,
    /// The address to seal.
    pub server: Option<String>,
}

impl Access {
    /// Whether a way in was named, rather than left to what is around.
    pub(crate) fn is_named(&self) -> bool {
        self.kubeconfig.is_some() || self.context.is_some()
    }
}

/// What to do with a changed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Publish {
    /// Commit it.
    pub commit: bool,
    /// And push it.
    pub push: bool,
}

/// A person at work on a fleet: the repository, their keys, their machine, and the conversation with them.
pub struct Operator<'a> {
    /// The fleet.
    pub fleet: Fleet,
    /// The person's machine.
    pub around: Surroundings,
    /// The person.
    pub talk: &'a dyn Conversation,
    /// How long to wait for the API server and controllers.
    pub patience: Duration,
    /// Their age keys.
    pub keys: Keys,
}

impl<'a> Operator<'a> {
    /// Finds the person's keys, and is ready to work.
    pub fn new(fleet: Fleet, around: Surroundings, talk: &'a dyn Conversation, patience: Duration) -> Self {
        let keys = Keys::gather(&around, talk.is_attended());
        Self { fleet, around, talk, patience, keys }
    }

    /// The cluster’s place in the fleet.
    pub(crate) fn place(&self, cluster: &ClusterName) -> Result<Place, Error> {
        self.fleet.place(cluster)
    }

    /// The check of a credential against what this machine and the fleet’s signers know.
    pub(crate) fn trust<'b>(&'b self, place: &'b Place, sealed: &'b str, accept: bool) -> Trust<'b> {
        Trust { fleet: &self.fleet, place, around: &self.around, talk: self.talk, sealed, accept }
    }

    /// Remembers a cluster that has answered; that it cannot be written down is told and stops nobody.
    pub(crate) fn remember(&self, place: &Place, pin: &Pin) {
        if let Err(error) = Pins::of(&self.around, &self.fleet, &place.name).keep(pin) {
            self.talk.tell(&format!("Warning: this machine will not remember the cluster: {error}"));
        }
    }

    /// The fleet's repository, if it is one. One that cannot be asked is no reason to do as if there were none: what others
    /// have would be taken for nothing.
    pub(crate) async fn git(&self, cluster: &ClusterName) -> Result<Option<Git>, Error> {
        let is_repository = self.fleet.root().ancestors().any(|folder| folder.join(".git").exists());
        let git = match Git::of(&self.fleet).await {
            Ok(git) => git,
            Err(_) if !is_repository => return Ok(None),
            Err(source) => {
                let what = format!("{cluster}: Git cannot say what others have, and nothing was changed");
                return Err(Error::Git { what, source });
            }
        };
        let lost = |source| Error::Git { what: format!("{cluster}: nothing was changed"), source };
        if git.knows("HEAD").await && !git.knows("@{upstream}").await && git.has_remotes().await.map_err(lost)? {
            return Err(Error::Refused(format!(
                "{cluster}: this branch follows none elsewhere, so that nobody would get the new file. Nothing was changed: \
                `git push --set-upstream` it first"
            )));
        }
        Ok(Some(git))
    }

    /// Names those who could open the file from now on and cannot at present, and has a person agree: whoever can write to
    /// the fleet can write themselves into `.sops.yaml`.
    pub(crate) fn agree_to_recipients(
        &self,
        place: &Place,
        present: &[String],
        wanted: &[String],
    ) -> Result<(), Error> {
        let new: Vec<&str> = wanted.iter().filter(|name| !present.contains(name)).map(String::as_str).collect();
        if new.is_empty() || present.is_empty() {
            return Ok(());
        }
        let cluster = &place.name;
        self.talk.tell(&format!(".sops.yaml names others than can open {cluster} at present: {}.", new.join(", ")));
        if self.talk.confirm("Let them open it from now on?")? {
            return Ok(());
        }
        Err(Error::Refused(format!(
            "{cluster}: nobody agreed that {} may open it. Nothing was changed: if .sops.yaml is right, say --yes",
            new.join(", ")
        )))
    }

    fn limits(&self) -> Limits {
        // Any single request must leave time for others.
        Limits { request: self.patience.min(Duration::from_secs(15)), all: self.patience }
    }

    /// Connects in the way that was named or that `kubectl` would take.
    pub(crate) async fn connect(&self, cluster: &ClusterName, access: &Access) -> Result<Rescue, Error> {
        let which = Kubeconfig { file: access.kubeconfig.clone(), context: access.context.clone() };
        let connected = Rescue::from_kubeconfig(&which, self.limits(), WORK).await;
        let rescue = connected.map_err(because(cluster, "Choose another way in by --kubeconfig and --kube-context"))?;
        if !rescue.verifies_tls() {
            return Err(Error::Refused(format!(
                "{cluster}: {} does not check the API server's certificate, so that anybody on the way could hand out what is \
                sealed: choose another way in, or give it the CA",
                way(&rescue)
            )));
        }
        Ok(rescue)
    }

    /// Connects with a credential, trusting its CA alone.
    pub(crate) fn enter(&self, cluster: &ClusterName, credential: &Credential) -> Result<Rescue, Error> {
        let connected = Rescue::with_token(&for_rescue(credential), self.limits(), WORK);
        connected.map_err(because(cluster, "Look into the sealed file with `fanlight break-glass status`"))
    }

    /// Connects with a credential, marked as a mere proof.
    pub(crate) fn enter_to_prove(&self, cluster: &ClusterName, credential: &Credential) -> Result<Rescue, Error> {
        let connected = Rescue::with_token(&for_rescue(credential), self.limits(), PROOF);
        connected.map_err(because(cluster, "Look into the sealed file with `fanlight break-glass status`"))
    }

    /// Who is at work, as Git knows them, else as the system does.
    pub(crate) async fn person(&self) -> String {
        let by_git = async { Git::of(&self.fleet).await.ok()?.person().await };
        match by_git.await {
            Some(person) => person,
            None => {
                self.around.variable("USER").or_else(|| self.around.variable("LOGNAME")).unwrap_or("unknown").to_owned()
            }
        }
    }

    /// Makes sure that the way in leads to the cluster that the credential is of; returns the cluster’s identity.
    pub(crate) async fn same_cluster(
        &self,
        cluster: &ClusterName,
        rescue: &Rescue,
        credential: &Credential,
        accept: bool,
    ) -> Result<String, Error> {
        let failed = |error| {
            because(
                cluster,
                "Nothing was changed. If the token was revoked, pull, or choose another way in by --kube-context",
            )(error)
        };
        let uid = rescue.cluster_uid().await.map_err(failed)?;
        let other = match &credential.origin {
            Some(origin) => (origin.cluster_uid != uid).then(|| format!("{uid}, not {}", origin.cluster_uid)),
            // kube-dc's files do not name the cluster, but its CA is its own.
            None => {
                let ca = rescue.cluster_ca().await.map_err(failed)?;
                (ca.trim() != credential.ca.trim()).then(|| format!("{uid}, whose CA is not the sealed one"))
            }
        };
        match other {
            Some(why) if !accept => Err(Error::WrongCluster {
                cluster: cluster.clone(),
                why: format!("{} leads to {why}", way(rescue)),
                way_out: "Nothing was changed. Choose the right --kube-context; if the cluster was built anew, adopt it with \
                    --accept-identity",
            }),
            _ => Ok(uid),
        }
    }

    /// Proves a credential at the address that is sealed with it, trusting the CA that is sealed with it and nothing else:
    /// it is taken, it is the account’s, it may do everything, and it is that cluster. Returns the cluster’s identity.
    pub(crate) async fn prove(&self, cluster: &ClusterName, credential: &Credential) -> Result<Proof, Error> {
        let failed = |error: RescueError| {
            let hint = if matches!(error.trouble, Trouble::Rejected(_)) { STALE } else { ADDRESS };
            because(cluster, hint)(error)
        };
        let rescue = Rescue::with_token(&for_rescue(credential), self.limits(), PROOF).map_err(failed)?;
        let who = rescue.who().await.map_err(failed)?;
        let unproven = |why: String| Error::NotProven { cluster: cluster.clone(), why };
        if who.user != ACCOUNT_USER {
            return Err(unproven(format!("it is {}, not {ACCOUNT_USER}", who.user)));
        }
        if let May::No(reason) = rescue.may(&Question::EVERYTHING).await.map_err(failed)? {
            return Err(unproven(format!(
                "it may not do everything ({reason}): ClusterRoleBinding break-glass is missing or was changed; adopt again"
            )));
        }
        let cluster_uid = rescue.cluster_uid().await.map_err(failed)?;
        let expected = credential.origin.as_ref().map(|origin| &origin.cluster_uid);
        if let Some(expected) = expected.filter(|expected| **expected != cluster_uid) {
            return Err(Error::WrongCluster {
                cluster: cluster.clone(),
                why: format!("the cluster’s identity is {cluster_uid}, not {expected}"),
                way_out: "Adopt it anew if it was built anew",
            });
        }
        Ok(Proof { user: who.user, groups: who.groups, cluster_uid })
    }

    /// Makes sure that the API server answers at an address, with a certificate of this CA: before anything is changed that
    /// would only be found useless in the end. It asks as nobody.
    pub(crate) async fn must_answer(&self, cluster: &ClusterName, server: &ServerUrl, ca: &str) -> Result<(), Error> {
        let failed = |error: RescueError| because(cluster, &format!("Nothing was changed. {ADDRESS}"))(error);
        let nobody = rescue::Credential {
            server: server.url().clone(),
            ca_pem: ca.to_owned(),
            token: SecretString::from("nobody"),
        };
        let rescue = Rescue::with_token(&nobody, self.limits(), PROOF).map_err(failed)?;
        match rescue.is_accepted().await {
            Err(error) if matches!(error.trouble, Trouble::Unreachable { .. } | Trouble::TimedOut(_)) => {
                Err(failed(error))
            }
            _ => Ok(()),
        }
    }

    /// The address to seal: by the flag, else by the cluster’s `cluster-config.env`, else as given by the way in.
    pub(crate) fn server(place: &Place, access: &Access, way_in: Option<&Rescue>) -> Result<ServerUrl, Error> {
        let parse = |url: &str, from: &str| {
            ServerUrl::parse(url).map_err(|why| Error::BadServer {
                url: url.to_owned(),
                from: from.to_owned(),
                why: why.to_owned(),
            })
        };
        if let Some(url) = &access.server {
            return parse(url, "--server");
        }
        let config = fleet::external_url(&place.folder).map_err(|source| Error::File {
            operation: "read",
            file: place.folder.join("cluster-config.env"),
            source,
        })?;
        if let Some(url) = config {
            return parse(&url, "KUBE_API_EXTERNAL_URL in cluster-config.env");
        }
        let Some(way_in) = way_in else { return Err(Error::NoServer { cluster: place.name.clone() }) };
        let from = format!("context {}", way_in.context().unwrap_or_default());
        let server = parse(way_in.server().as_str(), &from)?;
        if server.is_loopback() {
            let why = "it means this machine, wherever the file is opened: give the outside address by --server";
            return Err(Error::BadServer { url: server.to_string(), from, why: why.to_owned() });
        }
        Ok(server)
    }

    /// Commits and pushes the cluster’s file as wanted; says whether it is pushed, or prints what to do by hand.
    pub(crate) async fn publish(&self, place: &Place, message: &str, publish: Publish) -> Result<bool, Error> {
        let file = self.fleet.relative(&place.sealed()).to_owned();
        // What was written down of uses goes with it.
        let ledger = PathBuf::from(LEDGER);
        let mut files = vec![file.clone()];
        files.extend(self.fleet.root().join(&ledger).exists().then_some(ledger));
        if !publish.commit && !publish.push {
            let shown = |path: &std::path::Path| path.display().to_string();
            self.talk.tell("The others need this file. Publish it:");
            self.talk.tell(&format!("  cd {}", shown(self.fleet.root())));
            self.talk
                .tell(&format!("  git add {}", files.iter().map(|file| shown(file)).collect::<Vec<_>>().join(" ")));
            self.talk.tell(&format!("  git commit -m \"{message}\"\n  git push"));
            return Ok(false);
        }
        let failed = |what: &str| {
            let what = format!("{} is sealed and in place, but {what}", file.display());
            move |source| Error::Git { what, source }
        };
        let git = Git::of(&self.fleet).await.map_err(failed("the fleet is no Git repository"))?;
        if publish.commit && git.commit(&files, message).await.map_err(failed("not committed"))? {
            self.talk.tell(&format!("Committed {}.", file.display()));
        }
        if publish.push {
            git.push().await.map_err(failed("committed only, not pushed"))?;
            self.talk.tell("Pushed.");
        }
        Ok(publish.push)
    }
}

/// What a proof has shown.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    pub(crate) user: String,
    pub(crate) groups: Vec<String>,
    pub(crate) cluster_uid: String,
}

/// How a connection was come by, in words.
pub(crate) fn way(rescue: &Rescue) -> String {
    rescue.context().map_or_else(|| "the sealed credential".to_owned(), |context| format!("context {context}"))
}

/// An error of the cluster, with what to do about it.
pub(crate) fn because(cluster: &ClusterName, hint: &str) -> impl FnOnce(RescueError) -> Error {
    move |source| Error::Cluster { cluster: cluster.clone(), source: Box::new(source), hint: hint.to_owned() }
}

fn for_rescue(credential: &Credential) -> rescue::Credential {
    rescue::Credential {
        server: credential.server.url().clone(),
        ca_pem: credential.ca.clone(),
        token: credential.token.clone(),
    }
}
