//! Giving a cluster its emergency credential, or sealing the one it has anew.

use std::collections::BTreeMap;

use fanlight_cluster::rescue::{Controllers, Ensured, FIRST_TOKEN, Rescue, TokenSecret};
use secrecy::SecretString;
use serde::Serialize;

use crate::{
    Access, ClusterName, Credential, Error, Operator, Publish,
    credential::{Origin, ServerUrl},
    fleet::Place,
    generations::SEALED_BY,
    operator::because,
    pins::{Pin, Pins},
    rotate::lock_here,
    sealed::{self, Draft, Sealed},
};

/// What adopting came to.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Adopted {
    /// The cluster.
    pub cluster: String,
    /// The address that is sealed.
    pub server: String,
    /// The sealed file, from the fleet's root.
    pub file: std::path::PathBuf,
    /// Its identity.
    pub cluster_uid: String,
    /// How many rotations the credential has seen.
    pub generation: u32,
    /// For whom it is sealed.
    pub recipients: Vec<String>,
    /// Whether the file was written; if not, it held the same already.
    pub written: bool,
    /// Whether this was only a rehearsal.
    pub dry_run: bool,
}

/// Makes sure of account, binding and token Secret, proves the token, seals it. Doing it again changes nothing.
pub async fn adopt(
    operator: &Operator<'_>,
    cluster: &ClusterName,
    access: &Access,
    publish: Publish,
    options: AdoptOptions,
) -> Result<Adopted, Error> {
    let place = operator.place(cluster)?;
    let _local = lock_here(&place)?;
    let rule = sealed::rule(&operator.fleet, &place)?;
    let way_in = operator.connect(cluster, access).await?;
    let server = Operator::server(&place, access, Some(&way_in))?;
    let hint = "Nothing was sealed";
    let cluster_uid = way_in.cluster_uid().await.map_err(because(cluster, hint))?;
    let present = operator.present(&place, &way_in, &cluster_uid, &options).await?;
    let recipients = sealed::names(rule.recipients());
    if let Some(present) = &present {
        operator.agree_to_recipients(&place, &present.recipients, &recipients)?;
    }
    // Before anything changes: that this person can seal for the fleet's recipients, and open it again.
    Draft::rehearse(&place, &rehearsal(&server), &rule, &operator.keys)?;
    let wanted = Wanted { server, cluster_uid };
    let allowed = operator.preflight(cluster, &way_in, &wanted).await?;
    if options.dry_run {
        return Ok(operator.rehearsed(&place, &allowed, wanted, recipients));
    }
    let secret = operator.token_secret(cluster, &way_in, present.as_ref()).await?;
    let credential = credential(&wanted, &secret, present.as_ref()).ok_or_else(|| Error::NotProven {
        cluster: cluster.clone(),
        why: format!("Secret kube-system/{} holds no token", secret.name),
    })?;
    operator.talk.tell(&format!("Proving the token at {} …", credential.server));
    operator.prove(cluster, &credential).await?;
    let unchanged = present.as_ref().is_some_and(|present| present.is_same(&credential, &recipients));
    if !unchanged {
        // Set before the file is written: a token that may be in somebody's file is never taken for one that nobody has.
        let mark = BTreeMap::from([(SEALED_BY.to_owned(), Some(operator.person().await))]);
        way_in.annotate_token_secret(&secret, &mark).await.map_err(because(cluster, hint))?;
        let draft = Draft::seal(&place, &credential, &rule, &operator.keys, now())?;
        draft.put(&place, &credential, &operator.keys)?;
    }
    operator.remember(&place, &Pin::of(&credential));
    let file = operator.fleet.relative(&place.sealed()).to_owned();
    let verb = if unchanged { "is as it should be already" } else { "sealed and read back" };
    operator.talk.tell(&format!("{} {verb}, for {}.", file.display(), sealed::counted(recipients.len())));
    operator.publish(&place, &format!("{cluster}: adopt break-glass kubeconfig"), publish).await?;
    Ok(Adopted {
        cluster: cluster.to_string(),
        server: credential.server.to_string(),
        file,
        cluster_uid: wanted.cluster_uid,
        generation: credential.generation().unwrap_or_default(),
        recipients,
        written: !unchanged,
        dry_run: false,
    })
}

/// What can be chosen about adopting.
#[derive(Debug, Clone, Copy, Default)]
pub struct AdoptOptions {
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
    /// Take another cluster of the same name for the one that was there before.
    pub accept_identity: bool,
}

struct Wanted {
    server: ServerUrl,
    cluster_uid: String,
}

/// What the API server would let be made.
struct Allowed {
    account: Ensured,
    binding: Ensured,
    /// The generation of the newest token Secret, if there is one.
    newest: Option<u32>,
}

/// The credential that is sealed at present.
struct Present {
    credential: Credential,
    recipients: Vec<String>,
    partly_clear: bool,
}

impl Present {
    fn is_same(&self, other: &Credential, recipients: &[String]) -> bool {
        !self.partly_clear
            && self.credential.origin == other.origin
            && self.credential.server == other.server
            && self.credential.ca == other.ca
            && self.credential.token_hash() == other.token_hash()
            && self.recipients == recipients
    }
}

impl Operator<'_> {
    /// What is sealed already, if it can be opened; stops if the way in leads to another cluster than that.
    async fn present(
        &self,
        place: &Place,
        way_in: &Rescue,
        cluster_uid: &str,
        options: &AdoptOptions,
    ) -> Result<Option<Present>, Error> {
        let mut known = Pins::of(&self.around, &self.fleet, &place.name).known()?.and_then(|pin| pin.uid);
        let present = match Sealed::of(place) {
            Err(Error::NotAdopted { .. }) => None,
            Err(error) => return Err(error),
            Ok(sealed) => self.opened(place, &sealed)?,
        };
        if let Some(present) = &present {
            match &present.credential.origin {
                Some(origin) => known = Some(origin.cluster_uid.clone()),
                // kube-dc's files do not name the cluster, but its CA is its own.
                None => {
                    let ca = way_in.cluster_ca().await.map_err(because(&place.name, "Nothing was sealed"))?;
                    if ca.trim() != present.credential.ca.trim() {
                        known = Some("another, with another CA".to_owned());
                    }
                }
            }
        }
        match known.filter(|known| known != cluster_uid) {
            Some(known) if !options.accept_identity => Err(Error::WrongCluster {
                cluster: place.name.clone(),
                why: format!(
                    "{} leads to {cluster_uid}, and the sealed credential belongs to {known}",
                    way_in.context().map_or_else(|| "the way in".to_owned(), |context| format!("context {context}"))
                ),
                way_out: "Choose the right --kube-context; if the cluster was built anew, add --accept-identity",
            }),
            // What is sealed is of a cluster that is gone.
            Some(_) => Ok(None),
            None => Ok(present),
        }
    }

    fn opened(&self, place: &Place, sealed: &Sealed) -> Result<Option<Present>, Error> {
        let recipients = sealed::names(sealed.header()?.recipients());
        match sealed.open(&place.name, &self.keys.identities) {
            Ok(opened) => {
                let partly_clear = opened.partly_clear;
                Ok(Some(Present { credential: opened.credential, recipients, partly_clear }))
            }
            // What is not safe is evidence, and its identity unknown: that takes more than a yes.
            Err(error @ Error::Unsafe { .. }) => Err(error),
            Err(error) => {
                self.talk.tell(&format!("Warning: {error}"));
                if self.talk.confirm("Replace the sealed file, which is not usable here?")? {
                    return Ok(None);
                }
                Err(error)
            }
        }
    }

    /// The Secret of the credential: the one that is sealed, else the newest, else a new one.
    async fn token_secret(
        &self,
        cluster: &ClusterName,
        way_in: &Rescue,
        present: Option<&Present>,
    ) -> Result<TokenSecret, Error> {
        let failed = |error| because(cluster, "Nothing was sealed; adopting again goes on from here")(error);
        let ensured = way_in.ensure_account(false).await.map_err(failed)?;
        self.talk.tell(&format!("ServiceAccount kube-system/break-glass {}.", said(ensured)));
        let ensured = way_in.ensure_binding(false).await.map_err(failed)?;
        self.talk.tell(&format!("ClusterRoleBinding break-glass → cluster-admin {}.", said(ensured)));
        let mut secrets = way_in.token_secrets().await.map_err(failed)?;
        let sealed = present.and_then(|present| present.credential.origin.as_ref());
        let at = secrets
            .iter()
            .position(|secret| sealed.is_some_and(|sealed| sealed.secret_uid == secret.uid))
            .or_else(|| secrets.iter().rposition(|secret| secret.generation.is_some()));
        let secret = if let Some(at) = at {
            secrets.swap_remove(at)
        } else {
            let created = way_in.create_token_secret(FIRST_TOKEN, 1, &BTreeMap::new(), false).await.map_err(failed)?;
            self.talk.tell(&format!("Secret kube-system/{FIRST_TOKEN} created."));
            created
        };
        way_in.await_token(&secret, self.patience).await.map_err(failed)
    }

    /// All that can be found wrong before anything is changed: the address to seal leads to this cluster, and the API server
    /// would let everything be made.
    async fn preflight(&self, cluster: &ClusterName, way_in: &Rescue, wanted: &Wanted) -> Result<Allowed, Error> {
        let failed = |error| because(cluster, "Nothing was changed")(error);
        // Who may not read the CA here finds out with the token.
        if let Ok(ca) = way_in.cluster_ca().await {
            self.must_answer(cluster, &wanted.server, &ca).await?;
        }
        let account = way_in.ensure_account(true).await.map_err(failed)?;
        let binding = way_in.ensure_binding(true).await.map_err(failed)?;
        let secrets = way_in.token_secrets().await.map_err(failed)?;
        let newest = secrets.iter().rev().find_map(|secret| secret.generation);
        if newest.is_none() {
            way_in.create_token_secret(FIRST_TOKEN, 1, &BTreeMap::new(), true).await.map_err(failed)?;
            if let Controllers::Down { since } = way_in.controllers().await.map_err(failed)? {
                return Err(Error::ControllersDown { cluster: cluster.clone(), since });
            }
        }
        Ok(Allowed { account, binding, newest })
    }

    /// Says what would be done.
    fn rehearsed(&self, place: &Place, allowed: &Allowed, wanted: Wanted, recipients: Vec<String>) -> Adopted {
        let Allowed { account, binding, newest } = *allowed;
        let file = self.fleet.relative(&place.sealed()).to_owned();
        self.talk.tell("Dry run. This would be done:");
        self.talk.tell(&format!("  ServiceAccount kube-system/break-glass {}", said(account)));
        self.talk.tell(&format!("  ClusterRoleBinding break-glass → cluster-admin {}", said(binding)));
        let secret = if newest.is_some() { "kept as it is" } else { "created" };
        self.talk.tell(&format!("  a token Secret of it {secret}"));
        self.talk.tell(&format!(
            "  {} sealed for {}, with {}",
            file.display(),
            sealed::counted(recipients.len()),
            wanted.server
        ));
        Adopted {
            cluster: place.name.to_string(),
            server: wanted.server.to_string(),
            file,
            cluster_uid: wanted.cluster_uid,
            generation: newest.unwrap_or(1),
            recipients,
            written: false,
            dry_run: true,
        }
    }
}

fn credential(wanted: &Wanted, secret: &TokenSecret, present: Option<&Present>) -> Option<Credential> {
    let issued = secret.issued.as_ref()?;
    let before = present.and_then(|present| present.credential.origin.as_ref());
    let same = before.filter(|before| before.secret_uid == secret.uid && before.cluster_uid == wanted.cluster_uid);
    let origin = Origin {
        cluster_uid: wanted.cluster_uid.clone(),
        secret: secret.name.clone(),
        secret_uid: secret.uid.clone(),
        generation: secret.generation.unwrap_or(1),
        created: same.map(|same| same.created).or(secret.created).unwrap_or_else(now),
    };
    Some(Credential {
        server: wanted.server.clone(),
        ca: issued.ca_pem.clone(),
        token: issued.token.clone(),
        origin: Some(origin),
    })
}

/// The part of a credential that is known before there is a token.
fn rehearsal(server: &ServerUrl) -> Credential {
    Credential {
        server: server.clone(),
        ca: "-----BEGIN CERTIFICATE-----\nrehearsal\n-----END CERTIFICATE-----\n".to_owned(),
        token: SecretString::from("rehearsal"),
        origin: None,
    }
}

fn said(ensured: Ensured) -> &'static str {
    match ensured {
        Ensured::Created => "created",
        Ensured::Kept => "is as it should be",
    }
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
