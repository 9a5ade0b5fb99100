use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openidconnect::{
    ClaimsVerificationError, ClientId, IssuerUrl, Nonce, SignatureVerificationError,
    core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreJwsSigningAlgorithm as Algorithm},
};
use serde_json::Value;

use super::claims::Claims;

/// An ID token that was verified.
pub(crate) struct Verified {
    pub(crate) claims: Claims,
    pub(crate) subject: String,
    pub(crate) expires: SystemTime,
}

/// Why an ID token was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It is not a signed token with the claims every ID token has.
    #[error("the ID token cannot be read")]
    Unreadable,
    /// It was issued by somebody else.
    #[error("the ID token is from another issuer: {0}")]
    Issuer(String),
    /// It was issued for somebody else.
    #[error("the ID token is for another client: {0}")]
    Audience(String),
    /// Its time is over.
    #[error("the ID token has expired; if that comes as a surprise, the clocks of provider and server differ")]
    Expired,
    /// Its time has not come.
    #[error("the ID token is not valid yet; the clocks of provider and server differ")]
    NotYet,
    /// It belongs to another sign-in.
    #[error("the ID token belongs to another sign-in (its nonce differs)")]
    Nonce,
    /// The provider publishes no key that could have signed it.
    #[error("the provider publishes no key that fits the ID token’s signature")]
    UnknownKey,
    /// It is not signed, or in a way that is not accepted.
    #[error("the ID token is not signed in a way that is accepted: {0}")]
    Algorithm(String),
    /// The signature is wrong.
    #[error("the ID token’s signature is wrong")]
    Signature,
    /// Something else.
    #[error("the ID token was not accepted: {0}")]
    Other(String),
}

/// Checks ID tokens against what is known of the provider.
pub(crate) struct Check<'a> {
    pub(crate) issuer: &'a IssuerUrl,
    pub(crate) client_id: &'a str,
    pub(crate) keys: &'a CoreJsonWebKeySet,
    pub(crate) now: SystemTime,
}

/// The clocks of provider and server may differ by this much.
const LEEWAY: Duration = Duration::from_secs(60);

/// Only public-key signatures: a shared secret would let whoever knows it sign for everybody.
pub(super) const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RsaSsaPkcs1V15Sha256,
    Algorithm::RsaSsaPkcs1V15Sha384,
    Algorithm::RsaSsaPkcs1V15Sha512,
    Algorithm::RsaSsaPssSha256,
    Algorithm::RsaSsaPssSha384,
    Algorithm::RsaSsaPssSha512,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::EdDsa,
];

impl Check<'_> {
    /// The claims of `token`, if it is to be believed; `nonce` if it answers a sign-in of ours.
    pub(crate) fn verify(&self, token: &str, nonce: Option<&str>) -> Result<Verified, VerifyError> {
        let parsed: CoreIdToken = token.parse().map_err(|_| VerifyError::Unreadable)?;
        let moment = self.now.checked_sub(LEEWAY).unwrap_or(UNIX_EPOCH);
        let client = ClientId::new(self.client_id.to_owned());
        let verifier = CoreIdTokenVerifier::new_public_client(client, self.issuer.clone(), self.keys.clone())
            .set_allowed_algs(ALGORITHMS)
            // Further audiences are common (Keycloak's mappers add them); that we are one of them is what counts.
            .set_other_audience_verifier_fn(|_| true)
            .set_time_fn(move || moment.into());
        let expected = |found: Option<&Nonce>| match nonce {
            Some(nonce) => openidconnect::NonceVerifier::verify(&Nonce::new(nonce.to_owned()), found),
            None => Ok(()),
        };
        let standard = parsed.claims(&verifier, expected).map_err(reason)?;
        let claims = payload(token).ok_or(VerifyError::Unreadable)?;
        let latest = self.now + LEEWAY;
        let early = |claim| claims.get(claim).and_then(seconds).is_some_and(|from| from > latest);
        if early("nbf") || early("iat") {
            return Err(VerifyError::NotYet);
        }
        let several = standard.audiences().len() > 1;
        match claims.get("azp").and_then(Value::as_str) {
            Some(party) if several && party != self.client_id => return Err(VerifyError::Audience(party.to_owned())),
            _ => {}
        }
        Ok(Verified { subject: standard.subject().to_string(), expires: standard.expiration().into(), claims })
    }
}

/// What the library said, without the token's content.
fn reason(error: ClaimsVerificationError) -> VerifyError {
    use {ClaimsVerificationError as Claim, SignatureVerificationError as Signature};
    match error {
        Claim::Expired(_) => VerifyError::Expired,
        Claim::InvalidAudience(why) => VerifyError::Audience(why),
        Claim::InvalidIssuer(why) => VerifyError::Issuer(why),
        Claim::InvalidNonce(_) => VerifyError::Nonce,
        Claim::SignatureVerification(error) => match error {
            Signature::NoMatchingKey | Signature::AmbiguousKeyId(_) => VerifyError::UnknownKey,
            Signature::DisallowedAlg(why) | Signature::UnsupportedAlg(why) => VerifyError::Algorithm(why),
            Signature::NoSignature => VerifyError::Algorithm("it has no signature".to_owned()),
            Signature::CryptoError(_) => VerifyError::Signature,
            other => VerifyError::Other(other.to_string()),
        },
        other => VerifyError::Other(other.to_string()),
    }
}

/// All claims: the library keeps only those it knows.
fn payload(token: &str) -> Option<Claims> {
    let part = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn seconds(value: &Value) -> Option<SystemTime> {
    let seconds = Duration::try_from_secs_f64(value.as_f64()?).ok()?;
    UNIX_EPOCH.checked_add(seconds)
}

#[cfg(test)]
mod tests;
