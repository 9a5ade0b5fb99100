//! Addresses within this site.

/// A place within this site: anything that could lead elsewhere becomes the front page.
pub(crate) fn inside(base: &str, wanted: &str) -> String {
    let plain = wanted.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let local = wanted.starts_with('/') && !wanted.starts_with("//");
    let ours = wanted.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
    if plain && local && ours { wanted.to_owned() } else { format!("{base}/applications") }
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for elsewhere in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nb",
            "javascript:alert(1)",
            "",
            "/\t/evil",
        ] {
            assert_eq!(inside("", elsewhere), "/applications", "{elsewhere:?}");
        }
        assert_eq!(inside("/flux", "/other"), "/flux/applications");
        assert_eq!(inside("/flux", "/fluxes/other"), "/flux/applications");
        assert_eq!(inside("/flux", "/flux/applications"), "/flux/applications");
        assert_eq!(inside("", "/applications?status=failed"), "/applications?status=failed");
    }
}
