use fanlight_model::{Token, TokenRefused};

/// The token of an `Authorization` header: `None` if its scheme is not `Bearer`, which is then for somebody else (a proxy
/// that asks for a password, say); an error if it is, but what follows is no token.
pub fn bearer_token(header: &str) -> Option<Result<Token, TokenRefused>> {
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| Token::new(token.trim_matches(' ')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_bearer_tokens_are_ours() {
        for (header, token) in [
            ("Bearer abc.def-g_h", Some(Ok("abc.def-g_h"))),
            ("bearer  abc", Some(Ok("abc"))),
            ("Bearer", Some(Err(TokenRefused::Empty))),
            ("Bearer ", Some(Err(TokenRefused::Empty))),
            ("Bearer a b", Some(Err(TokenRefused::NotAToken))),
            ("Bearer a\u{7}", Some(Err(TokenRefused::NotAToken))),
            ("Basic YWRtaW46YWRtaW4=", None),
            ("Bearerabc", None),
            ("", None),
        ] {
            let found = bearer_token(header).map(|token| token.map(|token| token.expose().to_owned()));
            assert_eq!(found, token.map(|token| token.map(ToOwned::to_owned)), "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_header_says_a_token_is_a_word(header in prop_oneof![any::<String>(), "[Bb]earer .{0,20}"]) {
            if let Some(Ok(token)) = bearer_token(&header) {
                let token = token.expose();
                prop_assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
