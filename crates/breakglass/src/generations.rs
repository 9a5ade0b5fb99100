//! Generations of the emergency token, and what a rotation has to do next.
//!
//! A rotation puts a new token beside the old one and takes the old one away last:
//!
//! ```text
//!   Create ─► AwaitToken ─► Seal ────────────────────────► Commit ─► Push ─► Revoke ─► Done
//!    beside     filled       proven, marked, sealed,         in Git   there    the old, by means of the new
//!    the old                 written, read back                       too
//! ```
//!
//! Nothing is remembered between the steps: where a rotation stands is read from the Secrets in the cluster and from the
//! three copies of the sealed file (working tree, HEAD, upstream). So a rotation that was interrupted, wherever that was,
//! is resumed by asking [`next`] again, on this machine or on another one.
//!
//! What must hold after every step, and after a crash in the middle of one: a token in a committed sealed file opens the
//! cluster. [`next`] keeps it by revoking only what is older than a token that is in the decisive copy *and* in the
//! cluster, or what has never left a rotation's memory. A token that another clone has sealed and not published yet is not
//! in the way: it becomes the next one here too, and both files open the cluster.

#[cfg(test)]
mod tests;
mod view;

use std::fmt;

use fanlight_cluster::rescue::{FIRST_TOKEN, TokenSecret};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use view::View;

/// The annotation of a token Secret that a rotation has made: who ran it, for people.
pub const BEGUN_BY: &str = "fanlight.dev/begun-by";
/// The annotation of a token Secret whose token has been sealed: by whom last, for people. It is set before the file is
/// written, so that a token which may be in somebody's file is never taken for one that nobody has.
pub const SEALED_BY: &str = "fanlight.dev/sealed-by";

/// The SHA-256 of a token: enough to recognize it, of no use to anybody else.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of this token.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A token Secret in the cluster, as far as planning goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The name of the Secret.
    pub name: String,
    /// Its generation; `None` if somebody made it by hand.
    pub generation: Option<u32>,
    /// The hash of its token; `None` as long as it has none.
    pub hash: Option<TokenHash>,
    /// Whose rotation has made it.
    pub begun_by: Option<String>,
    /// Who has sealed it last.
    pub sealed_by: Option<String>,
}

impl From<&TokenSecret> for Token {
    fn from(secret: &TokenSecret) -> Self {
        Self {
            name: secret.name.clone(),
            generation: secret.generation,
            hash: secret.issued.as_ref().map(|issued| TokenHash::of(issued.token.expose_secret())),
            begun_by: secret.annotations.get(BEGUN_BY).cloned(),
            sealed_by: secret.annotations.get(SEALED_BY).cloned(),
        }
    }
}

/// One copy of the sealed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedCopy {
    /// There is no such place: no repository, or no upstream.
    NoPlace,
    /// There is no such file there.
    Nothing,
    /// There is one, but it cannot be opened here.
    Closed,
    /// The token that is sealed in it.
    Token(TokenHash),
}

/// Where copies of the sealed file are, from the one that is written first to the one that everybody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The working tree.
    File,
    /// The last commit.
    Head,
    /// The upstream branch, as last fetched.
    Upstream,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "the working tree",
            Self::Head => "HEAD",
            Self::Upstream => "the upstream branch",
        })
    }
}

/// All copies of the sealed file that this clone knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copies {
    /// In the working tree.
    pub file: SealedCopy,
    /// In the last commit.
    pub head: SealedCopy,
    /// In the upstream branch, as last fetched.
    pub upstream: SealedCopy,
}

impl Copies {
    /// From the working tree outwards.
    pub fn all(&self) -> [(Place, SealedCopy); 3] {
        [(Place::File, self.file), (Place::Head, self.head), (Place::Upstream, self.upstream)]
    }

    /// The copy at a place.
    pub fn at(&self, place: Place) -> SealedCopy {
        match place {
            Place::File => self.file,
            Place::Head => self.head,
            Place::Upstream => self.upstream,
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// What is left to do, and then another token. Of use only until that is created, and not while a rotation is open
    /// ([`is_open`]): the rest is [`Intent::Finish`].
    Rotate,
    /// What is left to do.
    Finish,
}

/// When an old token may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokeWhen {
    /// When the new one is in the upstream branch (without an upstream: in the last commit).
    Pushed,
    /// As soon as the new one is in the last commit.
    Committed,
}

/// All that decides what is next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// The token Secrets in the cluster.
    pub tokens: Vec<Token>,
    /// The copies of the sealed file.
    pub copies: Copies,
    /// What is asked for.
    pub intent: Intent,
    /// When an old token may go.
    pub revoke_when: RevokeWhen,
}

/// What a token Secret is to this clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Its token is in these copies of the sealed file.
    Sealed(Vec<Place>),
    /// A rotation has made it, and no copy known here has it: the next one.
    Pending,
    /// It is older than what is sealed and published: to be revoked.
    Superseded,
    /// A rotation has made it, another has overtaken it, and nobody has ever sealed it: to be deleted.
    Orphan,
    /// It has a generation, and no copy known here has it: left alone until something newer is published.
    Unsealed,
    /// Somebody made it by hand: it opens the cluster, and nobody but a person can say whether it may go.
    ByHand,
}

/// What a rotation has to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextStep {
    /// Delete these Secrets, whose tokens nobody has, each only if it is as it was read.
    DeleteOrphans(Vec<String>),
    /// Create this token Secret, annotated [`BEGUN_BY`]; after a dry run, and with a controller that is alive.
    Create {
        /// The name.
        name: String,
        /// The generation.
        generation: u32,
    },
    /// Wait until this Secret has its token; if that never comes, delete the Secret again: nothing is lost.
    AwaitToken(String),
    /// Prove the token of this Secret against what will be sealed, annotate the Secret [`SEALED_BY`], seal the token in
    /// memory, write the file, read it back.
    Seal(String),
    /// Commit the sealed file. Without leave to do so, a rotation ends here for the time being, the old token still valid.
    Commit,
    /// Push that commit. Without leave to do so, a rotation ends here for the time being, the old token still valid.
    Push,
    /// Open the copy at this place once more and prove its token; then, with *that* token, delete these Secrets, each only
    /// if it is as it was read; then wait until their tokens are no longer accepted.
    Revoke {
        /// The Secret of the token that stays.
        keep: String,
        /// Where that token is sealed.
        sealed_in: Place,
        /// The Secrets to delete.
        names: Vec<String>,
    },
    /// Nothing is left to do.
    Done,
    /// It cannot go on: a person has to decide something first. Nothing was changed.
    Stop(Obstacle),
}

/// Why a rotation cannot go on by itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// A copy of the file cannot be opened, so nobody knows which token must stay.
    #[error("the sealed file in {0} cannot be opened here, so nobody knows which token must stay")]
    Closed(Place),
    /// A copy further in is older than one further out.
    #[error("{inner} has an older token than {outer}: bring it up to date first")]
    Behind {
        /// The copy that is older.
        inner: Place,
        /// The copy that is newer.
        outer: Place,
    },
}

/// The name of the token Secret of a generation; the first is the one that kube-dc makes too.
pub fn secret_name(generation: u32) -> String {
    match generation {
        0 | 1 => FIRST_TOKEN.to_owned(),
        later => format!("{FIRST_TOKEN}-g{later}"),
    }
}

/// What each token Secret is to this clone, in the order of [`Situation::tokens`].
pub fn standings(situation: &Situation) -> Vec<Standing> {
    let view = View::new(situation);
    situation.tokens.iter().map(|token| view.standing(token)).collect()
}

/// Whether a rotation has been begun and not finished: there is a token to come, or an older one to go.
pub fn is_open(situation: &Situation) -> bool {
    let view = View::new(situation);
    let sealed = situation.copies.all().into_iter().filter_map(|(place, _)| view.generation_at(place)).max();
    situation.tokens.iter().any(|token| match view.standing(token) {
        Standing::Pending | Standing::Superseded => true,
        Standing::Sealed(_) => token.generation.is_some() && token.generation < sealed,
        _ => false,
    })
}

/// What the rotation has to do next.
pub fn next(situation: &Situation) -> NextStep {
    let view = View::new(situation);
    if let Some(obstacle) = view.obstacle() {
        return NextStep::Stop(obstacle);
    }
    let orphans = view.names(|token| view.standing(token) == Standing::Orphan);
    if !orphans.is_empty() {
        return NextStep::DeleteOrphans(orphans);
    }
    if let Some(pending) = view.pending() {
        let name = pending.name.clone();
        return if pending.hash.is_some() { NextStep::Seal(name) } else { NextStep::AwaitToken(name) };
    }
    if view.is_ahead(Place::File, Place::Head) {
        return NextStep::Commit;
    }
    let must_push = view.is_ahead(Place::Head, Place::Upstream);
    if must_push && situation.revoke_when == RevokeWhen::Pushed {
        return NextStep::Push;
    }
    if let Some(revoke) = view.revoke() {
        return revoke;
    }
    // Who revokes without waiting for a push need not wait with the next token either.
    let waits = situation.intent == Intent::Finish || situation.revoke_when == RevokeWhen::Pushed;
    if must_push && waits {
        return NextStep::Push;
    }
    match situation.intent {
        Intent::Finish => NextStep::Done,
        Intent::Rotate => {
            let generation = view.newest().map_or(1, |newest| newest + 1);
            NextStep::Create { name: secret_name(generation), generation }
        }
    }
}
