/// A piece of a sentence: words, or something that is set like code.
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) code: bool,
}

/// A sentence in pieces: what stands between backticks is code.
pub(crate) fn pieces(sentence: &str) -> Vec<Piece> {
    let parts = sentence.split('`').enumerate();
    let parts = parts.map(|(number, text)| Piece { text: text.to_owned(), code: number % 2 == 1 });
    parts.filter(|piece| !piece.text.is_empty()).collect()
}

/// Whether words are so many that they get a place of their own to be scrolled in; who has only keys must get there.
pub(crate) fn is_long(words: &str) -> bool {
    words.len() + 40 * words.matches('\n').count() > 600
}

#[cfg(test)]
mod tests {
    use super::{is_long, pieces};

    #[test]
    fn many_words_or_lines_are_long() {
        assert!(!is_long("Back-off pulling image") && !is_long(&"a\n".repeat(14)) && !is_long(&"a".repeat(600)));
        assert!(is_long(&"a\n".repeat(15)) && is_long(&"a".repeat(601)));
    }

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
