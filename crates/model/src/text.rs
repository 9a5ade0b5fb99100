/// The beginning of `text`, at most `limit` bytes, ending in `…` where something was left out.
pub fn cut(text: &str, limit: usize) -> String {
    const ELLIPSIS: char = '…';
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut end = limit.saturating_sub(ELLIPSIS.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut short = text[..end].to_owned();
    short.push(ELLIPSIS);
    short
}

/// Whether objects can be called that, and no selector or path is taken apart by it.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_cut_never_splits_a_character_and_never_exceeds_the_limit() {
        let text = "größer als erlaubt";
        for limit in 3..text.len() {
            let short = cut(text, limit);
            assert!(short.len() <= limit && short.ends_with('…'), "{limit}: {short}");
        }
        assert_eq!(cut(text, text.len()), text);
    }
}
