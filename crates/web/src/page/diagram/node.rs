use crate::status::StatusView;

/// An object in a drawing, or what stands for several.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// Tells it from the others of the drawing.
    pub(crate) key: String,
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) w: u32,
    pub(crate) h: u32,
    /// How deep it is in the list: one more than what it is below.
    pub(crate) depth: usize,
    /// Where it leads.
    pub(crate) href: Option<String>,
    pub(crate) kind: String,
    pub(crate) name: String,
    /// Empty for what is in none.
    pub(crate) namespace: String,
    pub(crate) state: StatusView,
    /// What else there is to say; may be empty.
    pub(crate) note: String,
    /// The images of its containers, if it is a workload.
    pub(crate) images: Vec<String>,
    /// How it is drawn beside its state: `dashed` for what is not there or not seen, `hot` for what matters; may be empty.
    pub(crate) class: &'static str,
    /// Hides or shows what is below it.
    pub(crate) fold: Option<Fold>,
}

/// A link that hides or shows what is below a node.
#[derive(Debug, Clone)]
pub(crate) struct Fold {
    pub(crate) href: String,
    /// How many are below, hidden; none if they are shown.
    pub(crate) hidden: usize,
}

impl Node {
    /// How large one is that has two lines of words.
    pub(crate) const WIDTH: u32 = 232;
    pub(crate) const HEIGHT: u32 = 44;
    /// About how wide a letter of the name is, and one of the words below it.
    const NAME_LETTER: u32 = 8;
    const SMALL_LETTER: u32 = 7;
    /// What the mark takes, and the fold.
    const ASIDE: u32 = 50;

    /// The name as far as there is room.
    pub(super) fn short_name(&self) -> String {
        middle(&self.name, self.room(Self::NAME_LETTER))
    }

    /// The line below the name as far as there is room.
    pub(super) fn short_line(&self) -> String {
        end(&self.line(), self.room(Self::SMALL_LETTER))
    }

    /// The kind, and what there is to say, else the namespace.
    fn line(&self) -> String {
        let parts = [&*self.kind, if self.note.is_empty() { &self.namespace } else { &self.note }];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    }

    /// All of it, for those who hear it or rest on it.
    pub(super) fn said(&self) -> String {
        let place = if self.namespace.is_empty() { String::new() } else { format!("{}/", self.namespace) };
        let said = format!("{} {place}{}: {}", self.kind, self.name, self.state.word);
        let said = if self.note.is_empty() { said } else { format!("{said}, {}", self.note) };
        if self.images.is_empty() { said } else { format!("{said}; {}", self.images.join(", ")) }
    }

    /// What its fold does, for those who hear it.
    pub(super) fn fold_said(&self) -> String {
        let hidden = self.fold.as_ref().map_or(0, |fold| fold.hidden);
        if hidden > 0 {
            format!("Show {hidden} below {} {}", self.kind, self.name)
        } else {
            format!("Hide what is below {} {}", self.kind, self.name)
        }
    }

    fn room(&self, letter: u32) -> usize {
        let room = self.w.saturating_sub(Self::ASIDE) / letter;
        usize::try_from(room).unwrap_or(usize::MAX)
    }
}

/// A text with as much left out in its middle that it has no more than so many letters: what tells names of pods apart is at
/// their end.
fn middle(text: &str, most: usize) -> String {
    let letters = text.chars().count();
    if letters <= most {
        return text.to_owned();
    }
    let kept = most.saturating_sub(1);
    let end = kept / 2;
    let begin: String = text.chars().take(kept - end).collect();
    let end: String = text.chars().skip(letters - end).collect();
    format!("{}…{}", begin.trim_end(), end.trim_start())
}

/// A text without what is beyond so many letters.
fn end(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_loses_its_middle() {
        assert_eq!(middle("cart", 4), "cart");
        assert_eq!(middle("cart-7d9f8b6c5-x2kqp", 11), "cart-…x2kqp");
        assert_eq!(middle("ääääää", 4), "ää…ä");
        assert_eq!(middle("cart", 1), "…");
        assert_eq!(middle("", 0), "");
        assert_eq!(end("ääää", 4), "ääää");
        assert_eq!(end("äääää", 4), "äää…");
        assert_eq!(end("", 0), "");
    }
}
