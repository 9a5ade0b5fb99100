use proptest::prelude::*;
use serde_json::json;

use super::*;

fn rules() -> ClaimRules {
    ClaimRules {
        username_claim: "email".to_owned(),
        groups_claim: "groups".to_owned(),
        username_prefix: String::new(),
        groups_prefix: String::new(),
        allowed_groups: Vec::new(),
        service_accounts: false,
    }
}

fn map(rules: &ClaimRules, claims: Value) -> Result<Mapped, ClaimError> {
    let Value::Object(claims) = claims else { panic!("claims are an object") };
    rules.map(&claims, None, |name| name == "admin")
}

fn groups(mapped: &Mapped) -> Vec<&str> {
    mapped.identity.groups().collect()
}

#[test]
fn names_and_groups_are_found_where_the_settings_say() {
    for (username_claim, groups_claim, claims, user, groups_wanted) in [
        ("email", "groups", json!({"email": "d@e.x", "groups": ["b", "a"]}), "d@e.x", &["a", "b"][..]),
        ("sub", "groups", json!({"sub": "7", "groups": "one"}), "7", &["one"]),
        ("sub", "groups", json!({"sub": "7"}), "7", &[]),
        ("sub", "groups", json!({"sub": "7", "groups": null}), "7", &[]),
        ("sub", "groups", json!({"sub": "7", "groups": []}), "7", &[]),
        ("sub", "realm_access.roles", json!({"sub": "7", "realm_access": {"roles": ["r"]}}), "7", &["r"]),
        ("sub", "a.b", json!({"sub": "7", "a.b": ["dots"], "a": {"b": ["nested"]}}), "7", &["dots"]),
        ("sub", "https://e.x/c.r", json!({"sub": "7", "https://e.x/c": {"r": ["n"]}}), "7", &["n"]),
        ("who.name", "a.b.c", json!({"who": {"name": "n"}, "a": {"b.c": ["x"]}}), "n", &["x"]),
    ] {
        let rules =
            ClaimRules { username_claim: username_claim.to_owned(), groups_claim: groups_claim.to_owned(), ..rules() };
        let mapped = map(&rules, claims.clone()).expect("somebody");
        assert_eq!((mapped.identity.user().as_str(), &groups(&mapped)[..]), (user, groups_wanted), "{claims}");
    }
}

#[test]
fn who_may_not_sign_in_is_told_why() {
    let prefixed = ClaimRules { username_prefix: "system:".to_owned(), ..rules() };
    let accounts = ClaimRules { service_accounts: true, ..rules() };
    let admitting = ClaimRules { allowed_groups: vec!["ops".to_owned()], ..rules() };
    for (rules, claims, error) in [
        (rules(), json!({"sub": "7"}), "no claim \"email\""),
        (rules(), json!({"email": 7}), "no claim \"email\""),
        (rules(), json!({"email": ""}), "the name is empty"),
        (ClaimRules { username_prefix: "oidc:".to_owned(), ..rules() }, json!({"email": ""}), "the name is empty"),
        (rules(), json!({"email": "d@e.x", "email_verified": false}), "is not verified"),
        (rules(), json!({"email": "d@e.x", "email_verified": "no"}), "is not verified"),
        (rules(), json!({"email": "d@e.x", "email_verified": null}), "is not verified"),
        (rules(), json!({"email": "system:admin"}), "belong to Kubernetes itself"),
        (rules(), json!({"email": "system:serviceaccount:a:b"}), "belong to Kubernetes itself"),
        (accounts.clone(), json!({"email": "system:node:a"}), "belong to Kubernetes itself"),
        (prefixed, json!({"email": "masters"}), "belong to Kubernetes itself"),
        (rules(), json!({"email": "fanlight:member"}), "begins with “fanlight:”"),
        (rules(), json!({"email": "admin"}), "is the emergency user’s"),
        (rules(), json!({"email": "zoë"}), "an HTTP header cannot carry"),
        (rules(), json!({"email": "a\nb"}), "an HTTP header cannot carry"),
        (rules(), json!({"email": "d@e.x", "groups": ""}), "neither a list of texts nor a text"),
        (rules(), json!({"email": "d@e.x", "groups": ["a", 7]}), "neither a list of texts nor a text"),
        (rules(), json!({"email": "d@e.x", "groups": {}}), "neither a list of texts nor a text"),
        (admitting.clone(), json!({"email": "d@e.x", "groups": ["dev"]}), "in none of the groups"),
        (admitting.clone(), json!({"email": "d@e.x"}), "in none of the groups"),
    ] {
        let found = map(&rules, claims.clone()).expect_err("nobody").to_string();
        assert!(found.contains(error), "{claims}: {found}");
    }
    for (rules, claims) in [
        (accounts, json!({"email": "system:serviceaccount:a:b"})),
        (admitting, json!({"email": "d@e.x", "groups": ["dev", "ops"]})),
        (rules(), json!({"email": "d@e.x", "email_verified": true})),
        (rules(), json!({"email": "d@e.x", "email_verified": "true"})),
        (
            ClaimRules { username_claim: "sub".to_owned(), ..rules() },
            json!({"sub": "7", "email": "d@e.x", "email_verified": false}),
        ),
    ] {
        assert!(map(&rules, claims.clone()).is_ok(), "{claims}");
    }
}

#[test]
fn groups_that_kubernetes_keeps_for_itself_are_dropped_and_reported() {
    let claims = json!({"email": "d@e.x", "groups": ["dev", "system:masters", "größe"]});
    let mapped = map(&rules(), claims.clone()).expect("somebody");
    assert_eq!(groups(&mapped), ["dev"]);
    let told: Vec<_> = mapped.notices.iter().map(ToString::to_string).collect();
    assert!(told.len() == 2 && told[0].contains("system:masters"), "{told:?}");
    let prefixed = ClaimRules { groups_prefix: "oidc:".to_owned(), ..rules() };
    assert_eq!(groups(&map(&prefixed, claims).expect("somebody")), ["oidc:dev", "oidc:system:masters"]);
}

#[test]
fn missing_groups_are_looked_for_elsewhere_unless_entra_says_they_are_too_many() {
    let object = |value: Value| value.as_object().expect("an object").clone();
    let claims = object(json!({"email": "d@e.x"}));
    assert!(rules().needs_user_info(&claims));
    let info = object(json!({"groups": ["dev"]}));
    let mapped = rules().map(&claims, Some(&info), |_| false).expect("somebody");
    assert_eq!(groups(&mapped), ["dev"]);
    let own = object(json!({"email": "d@e.x", "groups": ["own"]}));
    assert!(!rules().needs_user_info(&own));
    assert_eq!(groups(&rules().map(&own, Some(&info), |_| false).expect("somebody")), ["own"]);
    for overage in [json!({"groups": "src1"}), json!({"groups": "src1", "address": "src2"})] {
        let claims = object(json!({"email": "d@e.x", "_claim_names": overage}));
        assert!(!rules().needs_user_info(&claims));
        let mapped = rules().map(&claims, None, |_| false).expect("somebody");
        assert_eq!(mapped.notices, [GroupNotice::Overage]);
    }
}

#[test]
fn a_missing_name_is_looked_for_elsewhere_too_and_the_address_must_be_verified_there() {
    let object = |value: Value| value.as_object().expect("an object").clone();
    let thin = object(json!({"sub": "7", "groups": ["dev"]}));
    assert!(rules().needs_user_info(&thin));
    for (info, found) in [
        (json!({"email": "d@e.x"}), Ok("d@e.x".to_owned())),
        (json!({"email": "d@e.x", "email_verified": true, "groups": ["other"]}), Ok("d@e.x".to_owned())),
        (json!({"email": "d@e.x", "email_verified": false}), Err(ClaimError::Unverified("d@e.x".to_owned()))),
        (json!({"email": "admin"}), Err(ClaimError::Emergency("admin".to_owned()))),
        (json!({}), Err(ClaimError::NoUserName("email".to_owned()))),
    ] {
        let mapped = rules().map(&thin, Some(&object(info)), |name| name == "admin");
        assert_eq!(
            mapped.map(|mapped| (mapped.identity.user().to_string(), groups(&mapped).len())),
            found.map(|name| (name, 1))
        );
    }
    // What the ID token says goes before, however useless it is.
    let wrong = object(json!({"sub": "7", "email": 7, "groups": []}));
    assert!(!rules().needs_user_info(&wrong));
    assert!(rules().map(&wrong, Some(&object(json!({"email": "d@e.x"}))), |_| false).is_err());
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "(system:|fanlight:)?[a-zé.: ]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-c.]{1,3}|email|groups", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_a_token_says_nobody_becomes_somebody_of_kubernetes(
        email in anything(), groups in anything(), path in "groups|a\\.b|[a-c.]{1,5}", prefix in "|oidc:|system:",
    ) {
        let rules = ClaimRules { groups_claim: path, username_prefix: prefix, ..rules() };
        if let Ok(mapped) = map(&rules, json!({"email": email, "groups": groups, "a": groups})) {
            let user = mapped.identity.user().as_str();
            prop_assert!(!user.is_empty() && !user.starts_with("system:") && !user.starts_with("fanlight:"));
            prop_assert!(mapped.identity.groups().all(|group| !group.starts_with("system:") && group.is_ascii()));
        }
    }
}
