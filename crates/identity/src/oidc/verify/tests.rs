use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use serde_json::json;
use sha2::Sha256;

use super::*;
use crate::oidc::signing::{Signer, parts};

const NOW: u64 = 1_000_000;

fn claims() -> Value {
    json!({"iss": "https://login.example.com", "aud": "fanlight", "sub": "7", "nonce": "n",
           "iat": NOW, "exp": NOW + 300, "realm_access": {"roles": ["dev"]}})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn verify(signer: &Signer, token: &str) -> Result<Verified, VerifyError> {
    let issuer = IssuerUrl::new("https://login.example.com".to_owned()).expect("a URL");
    let now = UNIX_EPOCH + Duration::from_secs(NOW);
    Check { issuer: &issuer, client_id: "fanlight", keys: &signer.key_set(), now }.verify(token, Some("n"))
}

#[test]
fn a_good_token_tells_all_its_claims() {
    let signer = Signer::new("one");
    for good in [
        claims(),
        with("exp", json!(NOW - 30)),
        with("iat", json!(NOW + 30)),
        with("nbf", json!(NOW + 30)),
        with("aud", json!(["other", "fanlight"])),
        with("updated_at", json!("2026-01-01T00:00:00Z")),
        with("email_verified", json!("true")),
    ] {
        let verified = verify(&signer, &signer.sign(&good)).expect("a good token");
        assert_eq!((verified.subject.as_str(), Value::Object(verified.claims)), ("7", good));
    }
    let several = json!({"iss": "https://login.example.com", "aud": ["a", "fanlight"], "azp": "fanlight", "sub": "7",
                         "nonce": "n", "iat": NOW, "exp": NOW + 300});
    let verified = verify(&signer, &signer.sign(&several)).expect("a good token");
    assert_eq!(verified.expires, UNIX_EPOCH + Duration::from_secs(NOW + 300));
}

#[test]
fn a_bad_token_is_refused_for_its_reason() {
    let signer = Signer::new("one");
    for (bad, error) in [
        (with("iss", json!("https://evil.example.com")), "another issuer"),
        (with("aud", json!("other")), "another client"),
        (with("aud", json!([])), "another client"),
        (with("exp", json!(NOW - 61)), "has expired"),
        (with("nbf", json!(NOW + 61)), "not valid yet"),
        (with("iat", json!(NOW + 61)), "not valid yet"),
        (with("nonce", json!("other")), "another sign-in"),
        (with("nonce", Value::Null), "another sign-in"),
        (with("exp", Value::Null), "cannot be read"),
        (with("sub", Value::Null), "cannot be read"),
    ] {
        let found = verify(&signer, &signer.sign(&bad)).err().expect("a bad token").to_string();
        assert!(found.contains(error), "{bad}: {found}");
    }
    let azp = json!({"iss": "https://login.example.com", "aud": ["a", "fanlight"], "azp": "a", "sub": "7",
                     "nonce": "n", "iat": NOW, "exp": NOW + 300});
    assert!(matches!(verify(&signer, &signer.sign(&azp)), Err(VerifyError::Audience(_))));
}

#[test]
fn a_signature_that_is_none_does_not_count() {
    let signer = Signer::new("one");
    let unsigned = format!("{}.", parts(&json!({"alg": "none"}), &claims()));
    assert!(matches!(verify(&signer, &unsigned), Err(VerifyError::Algorithm(_) | VerifyError::Unreadable)));
    // A symmetric signature made with what everybody knows: the public key.
    let message = parts(&json!({"alg": "HS256", "kid": "one"}), &claims());
    let mut mac = Hmac::<Sha256>::new_from_slice(signer.published().to_string().as_bytes()).expect("a key");
    mac.update(message.as_bytes());
    let symmetric = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    assert!(matches!(verify(&signer, &symmetric), Err(VerifyError::Algorithm(_))));
    assert_eq!(verify(&signer, &Signer::new("one").sign(&claims())).err(), Some(VerifyError::Signature));
    assert_eq!(verify(&signer, &Signer::new("two").sign(&claims())).err(), Some(VerifyError::UnknownKey));
    let good = signer.sign(&claims());
    let (start, signature) = good.rsplit_once('.').expect("three parts");
    let other = signer.sign(&with("sub", json!("8")));
    let swapped = format!("{}.{signature}", other.rsplit_once('.').expect("three parts").0);
    assert_eq!(verify(&signer, &swapped).err(), Some(VerifyError::Signature));
    for text in ["", "a.b.c", start, "x.y", &good[1..]] {
        assert_eq!(verify(&signer, text).err(), Some(VerifyError::Unreadable), "{text}");
    }
}

proptest! {
    #[test]
    fn whatever_text_comes_as_a_token_is_refused(
        text in prop_oneof![any::<String>(), "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,4}"],
    ) {
        prop_assert!(verify(&Signer::new("one"), &text).is_err());
    }

    #[test]
    fn a_good_token_with_one_letter_changed_is_refused(place in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_.-]") {
        let signer = Signer::new("one");
        let good = signer.sign(&claims());
        // Of the last letter only two bits are of the signature; the decoder does not look at the others.
        let place = place.index(good.len() - 1);
        let mut changed = good.clone();
        changed.replace_range(place..=place, &letter);
        prop_assert_eq!(verify(&signer, &changed).is_ok(), changed == good);
    }
}
