/// The token of an `Authorization` header: `None` if its scheme is not `Bearer`, which is then for somebody else (a proxy
/// that asks for a password, say); an error if it is, but what follows is no token.
pub fn bearer_token(header: &str) -> Option<Result<&str, NoToken>> {
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let token = token.trim_matches(' ');
    // The letters of RFC 6750 §2.1.
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    Some(if token.is_empty() || !token.bytes().all(letter) { Err(NoToken) } else { Ok(token) })
}

/// An `Authorization` header says `Bearer`, but brings no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Authorization header says “Bearer”, but has no token")]
pub struct NoToken;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_bearer_tokens_are_ours() {
        for (header, token) in [
            ("Bearer abc.def-g_h", Some(Ok("abc.def-g_h"))),
            ("bearer  abc", Some(Ok("abc"))),
            ("Bearer", Some(Err(NoToken))),
            ("Bearer ", Some(Err(NoToken))),
            ("Bearer a b", Some(Err(NoToken))),
            ("Bearer a\u{7}", Some(Err(NoToken))),
            ("Basic YWRtaW46YWRtaW4=", None),
            ("Bearerabc", None),
            ("", None),
        ] {
            assert_eq!(bearer_token(header), token, "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_header_says_a_token_is_a_word(header in prop_oneof![any::<String>(), "[Bb]earer .{0,20}"]) {
            if let Some(Ok(token)) = bearer_token(&header) {
                prop_assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
