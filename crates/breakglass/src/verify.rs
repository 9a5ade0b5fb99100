//! Trying a credential out, without a session: the cluster sees it, marked so that alerts can tell it from use.

use std::time::Instant;

use secrecy::ExposeSecret;
use serde::Serialize;

use crate::{
    ClusterName, Credential, Error, Operator,
    generations::TokenHash,
    operator::because,
    pins::Pin,
    sealed::{self, Sealed},
};

/// What was found of a credential that works.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// The cluster.
    pub cluster: String,
    /// Where it answered.
    pub server: String,
    /// As whom.
    pub user: String,
    /// With which groups.
    pub groups: Vec<String>,
    /// The cluster's identity.
    pub cluster_uid: String,
    /// How many rotations the credential has seen, where the file tells.
    pub generation: Option<u32>,
    /// How long all of it took, in milliseconds.
    pub milliseconds: u128,
    /// What works, and is not as it should be; empty if all is well.
    pub warnings: Vec<String>,
}

/// Opens the sealed file, and proves TLS, identity and rights with what is in it.
pub async fn verify(operator: &Operator<'_>, cluster: &ClusterName, accept_identity: bool) -> Result<Verified, Error> {
    let place = operator.place(cluster)?;
    let sealed = Sealed::of(&place)?;
    let opened = sealed.open(cluster, &operator.keys.identities)?;
    let credential = &opened.credential;
    let trust = operator.trust(&place, &sealed.text, accept_identity);
    trust.check(&Pin::of(credential)).await?;
    let began = Instant::now();
    let proof = operator.prove(cluster, credential).await?;
    let milliseconds = began.elapsed().as_millis();
    let seen = Pin { uid: Some(proof.cluster_uid.clone()), ..Pin::of(credential) };
    trust.check(&seen).await?;
    operator.remember(&place, &seen);
    let mut warnings = Vec::new();
    if opened.partly_clear {
        warnings.push(sealed::PARTLY_CLEAR.to_owned());
    }
    if let Ok(rule) = sealed::rule(&operator.fleet, &place)
        && sealed::names(rule.recipients()) != sealed::names(sealed.header()?.recipients())
    {
        warnings.push("it is sealed for others than .sops.yaml names: see `status`".to_owned());
    }
    let others = operator.other_tokens(cluster, credential).await;
    match others {
        Ok(others) if others.is_empty() => {}
        Ok(others) => warnings.push(format!(
            "other tokens of the account are valid too ({}): `rotate --finish` revokes those of earlier generations",
            others.join(", ")
        )),
        Err(error) => warnings.push(error.to_string()),
    }
    Ok(Verified {
        cluster: cluster.to_string(),
        server: credential.server.to_string(),
        user: proof.user,
        groups: proof.groups,
        cluster_uid: proof.cluster_uid,
        generation: credential.generation(),
        milliseconds,
        warnings,
    })
}

impl Operator<'_> {
    /// The names of the account's other Secrets with a token.
    async fn other_tokens(&self, cluster: &ClusterName, credential: &Credential) -> Result<Vec<String>, Error> {
        let rescue = self.enter_to_prove(cluster, credential)?;
        let secrets = rescue.token_secrets().await.map_err(because(cluster, "The credential itself works"))?;
        let ours = credential.token_hash();
        let others = secrets.into_iter().filter(|secret| {
            secret.issued.as_ref().is_some_and(|issued| TokenHash::of(issued.token.expose_secret()) != ours)
        });
        Ok(others.map(|secret| secret.name).collect())
    }
}
