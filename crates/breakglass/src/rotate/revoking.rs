//! The last step of a rotation: the old token goes, by means of the new one.

use std::time::Duration;

use fanlight_cluster::rescue::{Happening, IssuedToken, Occasion, TokenSecret, Trouble};
use secrecy::ExposeSecret;

use super::{Course, RESUME, Rotation, named};
use crate::{
    Credential, Error,
    generations::{self, TokenHash},
    surroundings,
};

impl Rotation<'_> {
    /// The copy that everybody has is opened and proven once more; then, by its token, the old ones go.
    pub(super) async fn revoke(
        &mut self,
        sealed_in: generations::Place,
        names: &[String],
        secrets: &[TokenSecret],
    ) -> Result<bool, Error> {
        let talk = self.operator.talk;
        let question = format!("Revoke the old token ({})?", names.join(", "));
        let wanted = self.is(Course::Finish) || self.is(Course::RevokeNow) || talk.confirm(&question)?;
        if !wanted {
            return Ok(false);
        }
        let credential = self.copy(sealed_in).await.ok_or_else(|| {
            Error::Refused(format!("{}: the sealed file in {sealed_in} cannot be opened. {RESUME}", self.cluster()))
        })?;
        self.operator.prove(self.cluster(), &credential).await?;
        let by_new = self.operator.enter(self.cluster(), &credential)?;
        self.rescue = by_new;
        for name in names {
            self.refresh();
            let old = named(secrets, name, self.cluster())?;
            self.delete(old).await?;
            self.rotated.still_valid.retain(|still| still != name);
            self.rotated.revoked.push(name.clone());
            self.tell(&format!("Secret kube-system/{name} deleted; waiting until its token is refused …"));
            self.await_refusal(old, &credential).await?;
        }
        self.refresh();
        let note = format!("{} rotated the emergency token: {} revoked", self.by, names.join(", "));
        let instance = format!("fanlight@{}", surroundings::host());
        let happening = Happening { occasion: Occasion::Rotated, at: jiff::Timestamp::now(), note, instance };
        let _ = self.rescue.tell(&happening).await;
        Ok(true)
    }

    /// Deletes this very Secret. The first use of a day marks it, so that it may have changed since it was read.
    async fn delete(&self, old: &TokenSecret) -> Result<(), Error> {
        for attempt in 0.. {
            let Some(now) = self.rescue.token_secret(&old.name).await.map_err(self.failed(RESUME))? else {
                return Ok(());
            };
            let same = now.uid == old.uid && now.issued.as_ref().map(hash) == old.issued.as_ref().map(hash);
            if !same {
                let why =
                    format!("{}: Secret kube-system/{} was replaced meanwhile. {RESUME}", self.cluster(), old.name);
                return Err(Error::Refused(why));
            }
            match self.rescue.delete_token_secret(&now).await {
                Err(error) if attempt < 3 && matches!(error.trouble, Trouble::Conflict(_)) => {}
                outcome => return outcome.map_err(self.failed(RESUME)),
            }
        }
        Ok(())
    }

    /// An API server takes a deleted token for some ten seconds more, from what it remembers.
    async fn await_refusal(&mut self, old: &TokenSecret, now: &Credential) -> Result<(), Error> {
        let Some(issued) = &old.issued else { return Ok(()) };
        let with_old = Credential { token: issued.token.clone(), ..now.clone() };
        let with_old = self.operator.enter_to_prove(self.cluster(), &with_old)?;
        let limit = Duration::from_secs(20);
        let refused = with_old.within(limit * 2).await_rejection(limit).await.unwrap_or(false);
        self.rotated.refused &= refused;
        if !refused {
            self.tell("Warning: the old token was still taken after 20 s; verify that it is not in a few minutes.");
        }
        Ok(())
    }
}

fn hash(issued: &IssuedToken) -> TokenHash {
    TokenHash::of(issued.token.expose_secret())
}
