use serde_json::Value;

use super::{
    Cause, Evidence, Gap, Link, Lookup,
    walk::{Branch, Walk},
};
use crate::{Details, Kind, State, cut, status::words::capitalised};

/// Why an object is not ready: one sentence, and the way that leads to it.
///
/// In sentences, what stands between backticks is a name or a piece of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The cause in general terms.
    pub cause: Cause,
    /// What a person would say.
    pub sentence: String,
    /// From the object to the last thing that was looked at.
    pub chain: Vec<Link>,
    /// What might have told more and was not read.
    pub gaps: Vec<Gap>,
    /// Commands by which one may go on.
    pub commands: Vec<String>,
}

/// How far an explanation has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inquiry {
    /// This has to be looked up first.
    Needs(Vec<Lookup>),
    /// This is why.
    Done(Explanation),
    /// There is nothing to explain: the object is ready or suspended, or at work and nothing says that it is in vain.
    Nothing,
}

impl Explanation {
    /// The longest sentence, in bytes.
    pub const LIMIT: usize = 900;

    fn new(branch: Branch) -> Self {
        let Branch { links, end } = branch;
        let sentence = cut(&capitalised(&end.sentence()), Self::LIMIT);
        Self { cause: end.cause, sentence, chain: links, gaps: end.gaps, commands: end.commands }
    }
}

/// Why this object of `kind` is not ready, as far as the evidence tells; the evidence is all of one person.
pub fn explain(kind: Kind, object: &Value, evidence: &Evidence) -> Inquiry {
    let details = Details::read(kind, object);
    let mut walk = Walk::new(evidence);
    let branch = match details.row.state {
        State::Failed | State::Stalled | State::Waiting | State::Deleting => walk.flux(&details, object),
        State::Progressing => walk.under_way(&details),
        _ => None,
    };
    match branch {
        Some(branch) if branch.is_certain() || walk.needs.is_empty() => Inquiry::Done(Explanation::new(branch)),
        _ if !walk.needs.is_empty() => Inquiry::Needs(walk.needs.into_iter().collect()),
        _ => Inquiry::Nothing,
    }
}
