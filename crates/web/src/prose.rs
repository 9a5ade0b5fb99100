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
