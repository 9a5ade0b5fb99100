use std::time::SystemTime;

use fanlight_model::{Explanation, Gap, Link};

use crate::{
    frame::Frame,
    place,
    prose::{Piece, pieces},
    when,
};

/// Why an object is not ready, as its page shows it.
pub(super) struct Reason {
    /// The sentence, in pieces.
    pub(super) sentence: Vec<Piece>,
    /// Whether it explains anything.
    pub(super) explains: bool,
    pub(super) steps: Vec<Step>,
    /// What was not read.
    pub(super) gaps: Vec<Blank>,
    pub(super) commands: Vec<String>,
}

/// Something that was not read.
pub(super) struct Blank {
    pub(super) said: Vec<Piece>,
    /// Where it says what is missing, if it is a right.
    pub(super) link: Option<String>,
}

/// One step from the object to what explains it.
pub(super) struct Step {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) link: Option<String>,
    /// The log of the container that it is about.
    pub(super) log: Option<String>,
    pub(super) said: String,
    pub(super) quoted: bool,
    /// How often it happened, if more than once.
    pub(super) often: Option<u64>,
    pub(super) since: Option<(String, String)>,
}

impl Reason {
    pub(super) fn new(frame: &Frame, explanation: &Explanation, now: SystemTime) -> Self {
        Self {
            sentence: pieces(&explanation.sentence),
            explains: explanation.cause.explains(),
            steps: explanation.chain.iter().map(|link| Step::new(frame, link, now)).collect(),
            gaps: explanation.gaps.iter().map(|gap| Blank::new(frame, gap)).collect(),
            commands: explanation.commands.clone(),
        }
    }
}

impl Blank {
    pub(super) fn new(frame: &Frame, gap: &Gap) -> Self {
        let link = gap.right.as_ref().map(|right| place::may(&frame.base, right));
        Self { said: pieces(&gap.said), link }
    }
}

impl Step {
    fn new(frame: &Frame, link: &Link, now: SystemTime) -> Self {
        Self {
            kind: link.subject.kind.clone(),
            name: link.subject.name.clone(),
            link: link.subject.thing.as_ref().map(|thing| place::beside_logs(&frame.base, thing)),
            log: link.subject.log.as_ref().map(|source| place::container_log(&frame.base, source)),
            said: link.said.clone(),
            quoted: link.quoted,
            often: (link.count > 1).then_some(link.count),
            since: when::since(link.since, now),
        }
    }
}
