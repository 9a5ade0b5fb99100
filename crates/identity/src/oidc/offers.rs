use openidconnect::core::{CoreClientAuthMethod, CoreJwsSigningAlgorithm};
use serde::Serialize;

use super::{provider::Metadata, verify::ALGORITHMS};

/// What a provider offers by its discovery document, for those who look after the set-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "four things that a provider offers or not, each by itself")]
pub struct Offers {
    /// Groups may be read from UserInfo.
    pub user_info: bool,
    /// Sign-out ends the session at the provider too.
    pub sign_out: bool,
    /// Tokens are revoked at sign-out.
    pub revocation: bool,
    /// People without a browser on this machine may use one elsewhere (RFC 8628).
    pub device_code: bool,
    /// Ways of PKCE; empty if it does not say.
    pub code_challenge_methods: Vec<String>,
    /// How it signs ID tokens, as far as that is known here.
    pub algorithms: Vec<String>,
    /// Those of them that are accepted here.
    pub accepted_algorithms: Vec<String>,
    /// Ways to show the client's secret; empty if it does not say.
    pub client_authentication: Vec<String>,
    /// Scopes that it knows; empty if it does not say.
    pub scopes: Vec<String>,
    /// Claims that it knows; empty if it does not say.
    pub claims: Vec<String>,
}

impl Offers {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let extras = metadata.additional_metadata();
        let algorithms = metadata.id_token_signing_alg_values_supported();
        let accepted = algorithms.iter().filter(|algorithm| ALGORITHMS.contains(algorithm));
        let methods = metadata.token_endpoint_auth_methods_supported();
        Self {
            user_info: metadata.userinfo_endpoint().is_some(),
            sign_out: extras.end_session_endpoint.is_some(),
            revocation: extras.revocation_endpoint.is_some(),
            device_code: extras.device_authorization_endpoint.is_some(),
            code_challenge_methods: extras.code_challenge_methods_supported.clone().unwrap_or_default(),
            algorithms: algorithms.iter().filter_map(name).collect(),
            accepted_algorithms: accepted.filter_map(name).collect(),
            client_authentication: texts(methods, CoreClientAuthMethod::as_ref),
            scopes: texts(metadata.scopes_supported(), |scope| scope.as_str()),
            claims: texts(metadata.claims_supported(), |claim| claim.as_str()),
        }
    }
}

fn texts<T>(values: Option<&Vec<T>>, text: impl Fn(&T) -> &str) -> Vec<String> {
    values.into_iter().flatten().map(|value| text(value).to_owned()).collect()
}

/// As the standard writes it: the library tells it only that way.
fn name(algorithm: &CoreJwsSigningAlgorithm) -> Option<String> {
    Some(serde_json::to_value(algorithm).ok()?.as_str()?.to_owned())
}
