use proptest::prelude::*;

use super::*;
use crate::{OidcFlags, OidcSecret};

fn settings() -> OidcSettings {
    let values = [
        ("issuerURL", "https://id.example.com"),
        ("clientID", "fanlight"),
        ("redirectURL", "https://flux.example.com/oauth2/callback"),
    ];
    let secret: OidcSecret = values.map(|(key, value)| (key.to_owned(), value.as_bytes().to_vec().into())).into();
    OidcSettings::from_secret(&secret, &OidcFlags::default()).expect("good settings").expect("a provider")
}

fn read(query: &str) -> Result<(String, String), FlowError> {
    let query = CallbackQuery::parse(query)?;
    let state = query.state.clone();
    Ok((state, query.code(&settings())?))
}

#[test]
fn an_answer_is_a_state_with_either_a_code_or_an_error() {
    for (query, found) in [
        ("code=c&state=s", Ok(("s".to_owned(), "c".to_owned()))),
        ("state=s&code=c&iss=https://id.example.com&session_state=x", Ok(("s".to_owned(), "c".to_owned()))),
        ("state=s%20t&code=c+d", Ok(("s t".to_owned(), "c d".to_owned()))),
        ("code=c", Err(FlowError::Incomplete("it has no state"))),
        ("state=s", Err(FlowError::Incomplete("it has no code"))),
        ("state=s&code=", Err(FlowError::Incomplete("it has no code"))),
        ("state=s&code=c&state=t", Err(FlowError::Incomplete("it has a parameter twice"))),
        ("state=s&code=c&iss=https://id.example.com/", Err(FlowError::OtherIssuer)),
        ("state=s&code=c&error=login_required", Err(FlowError::NeedsForm)),
        ("state=s&error=consent_required", Err(FlowError::NeedsForm)),
    ] {
        assert_eq!(read(query), found, "{query}");
    }
    let refused = read("state=s&code=c0de&error=access_denied&error_description=not%0Ac0de").expect_err("refused");
    assert_eq!(refused.to_string(), "the identity provider did not let you in: not … (access_denied)");
}

fn parameter() -> impl Strategy<Value = String> {
    let name = "state|code|error|error_description|iss|[a-z]{0,4}";
    prop_oneof![(name, ".{0,12}").prop_map(|(name, value)| format!("{name}={value}")), ".{0,12}"]
}

proptest! {
    #[test]
    fn whatever_a_browser_brings_back_is_read_in_one_way_or_refused(
        parameters in proptest::collection::vec(parameter(), 0..6),
    ) {
        let query = parameters.join("&");
        let count = |name: &str| form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name).count();
        if let Ok((_, code)) = read(&query) {
            prop_assert!(!code.is_empty());
            prop_assert_eq!((count("state"), count("code"), count("error")), (1, 1, 0));
        }
    }

    #[test]
    fn a_code_is_in_no_error(code in "[A-Za-z0-9]{12,40}", error in ".{0,30}", around in ".{0,20}") {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("state", "s")
            .append_pair("code", &code)
            .append_pair("error", &error)
            .append_pair("error_description", &format!("{around}{code}{around}"))
            .finish();
        let told = read(&query).expect_err("an error").to_string();
        prop_assert!(!told.contains(&code) && !told.contains(char::is_control), "{told}");
    }
}
