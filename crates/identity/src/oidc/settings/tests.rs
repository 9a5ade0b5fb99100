use super::*;

fn secret(pairs: &[(&str, &str)]) -> OidcSecret {
    let whole = [
        ("issuerURL", "https://login.example.com/realms/dev"),
        ("clientID", "fanlight"),
        ("clientSecret", "s3cret"),
        ("redirectURL", "https://flux.example.com/oauth2/callback\n"),
    ];
    let pairs = whole.iter().chain(pairs);
    pairs.map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec().into())).collect()
}

fn read(pairs: &[(&str, &str)]) -> OidcSettings {
    OidcSettings::from_secret(&secret(pairs), &flags()).expect("good settings").expect("an issuer")
}

fn flags() -> OidcFlags {
    OidcFlags {
        issuer_url: "https://flags.example.com".to_owned(),
        client_id: "flags".to_owned(),
        redirect_url: "https://flags.example.com/oauth2/callback".to_owned(),
        username_claim: "sub".to_owned(),
        groups_claim: "roles".to_owned(),
        username_prefix: "flag:".to_owned(),
        allowed_groups: vec!["staff".to_owned()],
        ..OidcFlags::default()
    }
}

#[test]
fn the_secret_replaces_the_flags_but_for_the_prefixes_and_what_it_cannot_say() {
    let settings = read(&[]);
    assert_eq!((settings.client_id.as_str(), settings.session), ("fanlight", Duration::from_hours(1)));
    assert_eq!(settings.redirect_url.as_str(), "https://flux.example.com/oauth2/callback");
    assert_eq!(settings.scopes, ["openid", "offline_access", "email", "groups"]);
    let rules = &settings.rules;
    assert_eq!([&rules.username_claim, &rules.groups_claim], ["email", "groups"]);
    assert_eq!([&rules.username_prefix, &rules.groups_prefix], ["flag:", ""]);
    assert_eq!(rules.allowed_groups, ["staff"]);
    let rules =
        read(&[("oidcUsernamePrefix", "oidc:"), ("oidcGroupsPrefix", "g:"), ("allowedGroups", "g:a, g:b")]).rules;
    assert_eq!([&rules.username_prefix, &rules.groups_prefix], ["oidc:", "g:"]);
    assert_eq!(rules.allowed_groups, ["g:a", "g:b"]);
}

#[test]
fn odd_values_mean_what_they_always_meant() {
    for (pairs, claims) in [
        (&[("claimUsername", "sub"), ("claimGroups", "roles")][..], ["sub", "roles"]),
        (&[("claimUsername", "sub")], ["sub", "groups"]),
        (&[("claimUsername", "sub"), ("claimGroups", "")], ["email", "groups"]),
        (&[("claimUsername", ""), ("claimGroups", "roles")], ["email", "groups"]),
    ] {
        let rules = read(pairs).rules;
        assert_eq!([rules.username_claim.as_str(), rules.groups_claim.as_str()], claims, "{pairs:?}");
    }
    for (text, minutes) in [("2h30m", 150), ("90s", 1), ("soon", 60), ("0", 60), ("", 60)] {
        assert_eq!(read(&[("tokenDuration", text)]).session.as_secs() / 60, minutes, "{text}");
    }
    for (text, scopes) in [
        ("openid, email", &["openid", "email"][..]),
        ("email,groups", &["openid", "email", "groups"]),
        (" , ", &["openid", "offline_access", "email", "groups"]),
    ] {
        assert_eq!(read(&[("customScopes", text)]).scopes, scopes, "{text}");
    }
    assert!(read(&[("clientSecret", "")]).client_secret.is_none(), "a public client");
}

#[test]
fn what_is_missing_or_no_url_is_named_and_nothing_is_quoted() {
    for (pairs, error) in [
        (("clientID", ""), "clientID is missing"),
        (("redirectURL", ""), "redirectURL is missing"),
        (("redirectURL", "/oauth2/callback"), "redirectURL is not an http or https URL"),
        (("issuerURL", "login.example.com"), "issuerURL is not an http or https URL"),
    ] {
        let found = OidcSettings::from_secret(&secret(&[pairs]), &flags()).expect_err("a mistake");
        assert_eq!(found.to_string(), error);
    }
    let mut binary = secret(&[]);
    binary.insert("clientSecret".to_owned(), vec![0xff, 0xfe].into());
    let found = OidcSettings::from_secret(&binary, &flags()).expect_err("no text");
    assert_eq!(found.to_string(), "clientSecret is not text");
    let error = OidcSettings::from_flags(&OidcFlags { client_id: String::new(), ..flags() }).expect_err("a mistake");
    assert_eq!(error.to_string(), "--oidc-client-id is missing");
    assert!(!format!("{:?}", read(&[])).contains("s3cret"));
}

#[test]
fn without_an_issuer_it_is_off() {
    assert!(OidcSettings::from_secret(&secret(&[("issuerURL", "")]), &flags()).expect("nothing wrong").is_none());
    assert!(OidcSettings::from_flags(&OidcFlags::default()).expect("nothing wrong").is_none());
}

#[test]
fn every_change_has_another_fingerprint() {
    let before = read(&[]).fingerprint();
    assert_eq!(read(&[]).fingerprint(), before);
    for pair in [
        ("issuerURL", "https://login.example.com/realms/other"),
        ("clientID", "other"),
        ("clientSecret", "other"),
        ("clientSecret", ""),
        ("redirectURL", "https://other.example.com/oauth2/callback"),
        ("tokenDuration", "2h"),
        ("claimUsername", "sub"),
        ("claimGroups", "roles"),
        ("customScopes", "openid"),
        ("oidcUsernamePrefix", "x"),
        ("oidcGroupsPrefix", "x"),
        ("caBundle", "x"),
        ("allowedGroups", "x"),
    ] {
        assert_ne!(read(&[pair]).fingerprint(), before, "{pair:?}");
    }
}
