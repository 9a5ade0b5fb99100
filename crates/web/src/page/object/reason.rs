use std::time::SystemTime;

use fanlight_model::{Explanation, Gap, Link};
use url::form_urlencoded;

use super::facts::since;
use crate::{frame::Frame, place};

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

/// A piece of a sentence: words, or something that is set like code.
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) code: bool,
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
        let link = gap.right.as_ref().map(|right| {
            let mut resource = right.resource.clone();
            for (sign, part) in [('.', &right.group), ('/', &right.subresource)] {
                if !part.is_empty() {
                    resource.push(sign);
                    resource.push_str(part);
                }
            }
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("verb", &right.verb).append_pair("resource", &resource);
            query.append_pair("namespace", &right.namespace);
            format!("{}/user_info?{}#may", frame.base, query.finish())
        });
        Self { said: pieces(&gap.said), link }
    }
}

impl Step {
    fn new(frame: &Frame, link: &Link, now: SystemTime) -> Self {
        Self {
            kind: link.subject.kind.clone(),
            name: link.subject.name.clone(),
            link: link.subject.key.as_ref().and_then(|key| place::object(&frame.base, key, "details")),
            said: link.said.clone(),
            quoted: link.quoted,
            often: (link.count > 1).then_some(link.count),
            since: since(link.since, now),
        }
    }
}

/// What stands between backticks is code.
fn pieces(sentence: &str) -> Vec<Piece> {
    let parts = sentence.split('`').enumerate();
    let parts = parts.map(|(number, text)| Piece { text: text.to_owned(), code: number % 2 == 1 });
    parts.filter(|piece| !piece.text.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn code_and_words_are_told_apart() {
        let told = |sentence| pieces(sentence).iter().map(|piece| (piece.text.clone(), piece.code)).collect::<Vec<_>>();
        let piece = |text: &str, code| (text.to_owned(), code);
        assert_eq!(told("a `b` c"), [piece("a ", false), piece("b", true), piece(" c", false)]);
        assert_eq!(told("`b`"), [piece("b", true)]);
        assert_eq!(told("cut `in the mid…"), [piece("cut ", false), piece("in the mid…", true)]);
        assert!(told("").is_empty());
    }
}
