//! What a rotation sees before it does something: the copies of the sealed file, and what will be left to do.

use super::{Rotation, UNCHANGED};
use crate::{
    Credential, Error,
    generations::{Copies, NextStep, Place, SealedCopy, Situation, Standing, TokenHash, standings},
    sealed::Sealed,
};
use secrecy::ExposeSecret;

impl Rotation<'_> {
    /// The token in each copy of the sealed file.
    pub(super) async fn copies(&self) -> Copies {
        Copies {
            file: self.sealed_copy(Place::File).await,
            head: self.sealed_copy(Place::Head).await,
            upstream: self.sealed_copy(Place::Upstream).await,
        }
    }

    async fn sealed_copy(&self, place: Place) -> SealedCopy {
        if !self.has(place).await {
            return SealedCopy::NoPlace;
        }
        match self.text(place).await {
            None => SealedCopy::Nothing,
            Some(_) => match self.copy(place).await {
                Some(credential) => SealedCopy::Token(TokenHash::of(credential.token.expose_secret())),
                None => SealedCopy::Closed,
            },
        }
    }

    /// The credential in a copy, if it can be opened.
    pub(super) async fn copy(&self, place: Place) -> Option<Credential> {
        let sealed = Sealed { file: self.place.sealed(), text: self.text(place).await? };
        sealed.open(self.cluster(), &self.operator.keys.identities).ok().map(|opened| opened.credential)
    }

    async fn has(&self, place: Place) -> bool {
        match (&self.git, place) {
            (_, Place::File) => true,
            (None, _) => false,
            (Some(git), Place::Head) => git.knows("HEAD").await,
            (Some(git), Place::Upstream) => git.knows("@{upstream}").await,
        }
    }

    async fn text(&self, place: Place) -> Option<String> {
        let content = match (&self.git, place) {
            (_, Place::File) => return Sealed::of(self.place).ok().map(|sealed| sealed.text),
            (None, _) => return None,
            (Some(git), Place::Head) => git.content("HEAD", &self.rotated.file).await,
            (Some(git), Place::Upstream) => git.content("@{upstream}", &self.rotated.file).await,
        };
        String::from_utf8(content?).ok()
    }

    /// Notes which generation is sealed, and which tokens should go and are still there.
    pub(super) fn note(&mut self, situation: &Situation) {
        let with: Vec<_> = situation.tokens.iter().zip(standings(situation)).collect();
        let in_file =
            |standing: &Standing| matches!(standing, Standing::Sealed(places) if places.contains(&Place::File));
        let sealed = with.iter().find(|(_, standing)| in_file(standing));
        let Some(generation) = sealed.and_then(|(token, _)| token.generation) else { return };
        self.rotated.generation = generation;
        let older = with.iter().filter(|(token, _)| token.generation.is_some_and(|older| older < generation));
        self.rotated.still_valid = older.map(|(token, _)| token.name.clone()).collect();
    }

    /// Says what would come next, after asking the API server whether it would let it.
    pub(super) async fn rehearse(&mut self, situation: &Situation, step: &NextStep) -> Result<(), Error> {
        self.rotated.dry_run = true;
        let would = match step {
            NextStep::Create { name, generation } => {
                let created = self.rescue.create_token_secret(name, *generation, &Default::default(), true).await;
                created.map_err(self.failed(UNCHANGED))?;
                let old: Vec<&str> = situation.tokens.iter().map(|token| token.name.as_str()).collect();
                format!(
                    "create Secret kube-system/{name}, prove its token, seal it for {}, commit, push, then revoke {}",
                    crate::sealed::counted(self.rule.recipients().count()),
                    if old.is_empty() { "nothing".to_owned() } else { old.join(", ") }
                )
            }
            NextStep::AwaitToken(name) | NextStep::Seal(name) => {
                format!("go on with an earlier rotation: seal the token of Secret kube-system/{name}")
            }
            NextStep::DeleteOrphans(names) => {
                format!("delete {}, which nobody has sealed, then rotate", names.join(", "))
            }
            NextStep::Commit => "go on with an earlier rotation: commit the sealed file".to_owned(),
            NextStep::Push => "go on with an earlier rotation: push the sealed file".to_owned(),
            NextStep::Revoke { names, .. } => format!("finish an earlier rotation: revoke {}", names.join(", ")),
            NextStep::Done => "do nothing: no rotation is open".to_owned(),
            NextStep::Stop(obstacle) => format!("stop: {obstacle}"),
        };
        self.tell(&format!("Dry run. This would be done: {would}."));
        Ok(())
    }
}
