use url::Url;

/// The longest page address that is remembered while somebody signs in, in bytes.
const LONGEST: usize = 2048;

/// The page to go to after signing in: always a path of our own, whatever is asked for.
///
/// `home` is our address with the route prefix (`https://host/prefix/`). Absolute addresses count if they are ours. What
/// is not ours, too long or a sign-in page itself becomes `home`.
pub fn return_path(asked: &str, home: &Url) -> String {
    let base = home.path();
    let inside = |path: &str| path.starts_with(base) || path == base.trim_end_matches('/');
    let page = || {
        // Browsers read a backslash as a slash and skip control characters; nobody needs either here.
        if asked.is_empty() || asked.len() > LONGEST || asked.contains(|c: char| c == '\\' || c.is_control()) {
            return None;
        }
        // A bare `page` would depend on where it is resolved.
        if !asked.starts_with('/') && !asked.contains("://") {
            return None;
        }
        let url = home.join(asked).ok()?;
        let plain = url.origin() == home.origin() && url.username().is_empty() && url.password().is_none();
        let path = url.path();
        let signing_in = path.strip_prefix(base).is_some_and(|rest| rest.split('/').next() == Some("oauth2"));
        // `//host` would leave our origin when a browser resolves it.
        if !plain || !inside(path) || path.starts_with("//") || signing_in {
            return None;
        }
        Some(url[url::Position::BeforePath..].to_owned())
    };
    page().unwrap_or_else(|| base.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn home() -> Url {
        Url::parse("https://flux.example.com/").expect("a URL")
    }

    #[test]
    fn pages_of_our_own_are_returned_to_and_others_are_not() {
        for (asked, page) in [
            ("/applications?state=failed&sort=-age#top", "/applications?state=failed&sort=-age#top"),
            ("https://flux.example.com/sources", "/sources"),
            ("https://flux.example.com:443/sources", "/sources"),
            ("https://FLUX.example.com", "/"),
            ("/a/../sources", "/sources"),
            ("/oauth2x", "/oauth2x"),
            ("", "/"),
            ("sources", "/"),
            ("http://flux.example.com/sources", "/"),
            ("https://flux.example.com:8443/", "/"),
            ("https://flux.example.com.evil.example/", "/"),
            ("https://flux.example.com@evil.example/", "/"),
            ("https://eve@flux.example.com/", "/"),
            ("//evil.example/", "/"),
            ("/\\evil.example/", "/"),
            ("https:\\\\evil.example", "/"),
            ("https://flux.example.com//evil.example", "/"),
            ("/..//evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("javascript:alert(1)//://", "/"),
            ("/oauth2?return_url=/", "/"),
            ("/oauth2/callback", "/"),
        ] {
            assert_eq!(return_path(asked, &home()), page, "{asked}");
        }
        assert_eq!(return_path(&format!("/{}", "x".repeat(LONGEST)), &home()), "/");
    }

    #[test]
    fn with_a_route_prefix_only_what_is_below_it_is_ours() {
        let home = Url::parse("https://example.com/flux/").expect("a URL");
        for (asked, page) in [
            ("/flux/sources", "/flux/sources"),
            ("/flux", "/flux"),
            ("/fluxes", "/flux/"),
            ("/", "/flux/"),
            ("/flux/../admin", "/flux/"),
            ("/flux/oauth2", "/flux/"),
        ] {
            assert_eq!(return_path(asked, &home), page, "{asked}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_stays_within_our_origin(
            asked in prop_oneof![any::<String>(), "[/\\\\:.@a-z?#%\t ]{0,30}", "(https?:)?[/\\\\]{0,4}[a-z.@:]{0,20}[/\\\\]{0,3}[a-z]{0,5}"],
        ) {
            for home in [home(), Url::parse("https://flux.example.com/flux/").expect("a URL")] {
                let page = return_path(&asked, &home);
                prop_assert!(page.starts_with('/') && !page.starts_with("//"), "{page}");
                let resolved = home.join(&page).expect("a URL");
                prop_assert_eq!(resolved.origin(), home.origin());
                prop_assert!(format!("{}/", resolved.path()).starts_with(home.path()), "{page} is below the prefix");
            }
        }
    }
}
