//! Signing in with a browser that is on another machine (RFC 8628).

use std::time::{Duration, SystemTime};

use openidconnect::{PkceCodeChallenge, PkceCodeVerifier, Scope, core::CoreDeviceAuthorizationResponse};

use super::{
    callback::FlowError,
    tokens::{TokenError, reason},
    trial::{Trial, Tried},
};

/// A sign-in that waits for somebody who types a code into the provider's page, on whatever machine.
pub struct DeviceSignIn<'a> {
    trial: &'a Trial<'a>,
    answer: CoreDeviceAuthorizationResponse,
}

impl Trial<'_> {
    /// Asks the provider for a code to type in. PKCE is used here too: some providers want it of a client wherever they can.
    pub async fn device(&self) -> Result<DeviceSignIn<'_>, TokenError> {
        let Some(url) = self.provider.device.clone() else {
            return Err(TokenError::Unusable("it offers no device code".to_owned()));
        };
        let client = self.provider.client.clone().set_device_authorization_url(url);
        let challenge =
            PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(self.pending.verifier.clone()));
        let scopes = self.provider.settings.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
        let request = client
            .exchange_device_code()
            .add_scopes(scopes)
            .add_extra_param("code_challenge", challenge.as_str())
            .add_extra_param("code_challenge_method", challenge.method().as_str());
        let answer = request.request_async(&self.provider.wire).await.map_err(|error| reason(error, &[]))?;
        Ok(DeviceSignIn { trial: self, answer })
    }
}

impl DeviceSignIn<'_> {
    /// The page on which the code is typed in.
    pub fn page(&self) -> &str {
        self.answer.verification_uri().as_str()
    }

    /// The page that knows the code already, if there is one.
    pub fn page_with_code(&self) -> Option<&str> {
        self.answer.verification_uri_complete().map(|url| url.secret().as_str())
    }

    /// The code.
    pub fn code(&self) -> &str {
        self.answer.user_code().secret()
    }

    /// Waits until somebody has signed in there, and ends the trial.
    pub async fn wait(&self, now: impl Fn() -> SystemTime) -> Tried {
        let Some(url) = self.trial.provider.device.clone() else { return Tried::failed(FlowError::Unknown) };
        let client = self.trial.provider.client.clone().set_device_authorization_url(url);
        let request = client
            .exchange_device_access_token(&self.answer)
            .add_extra_param("code_verifier", self.trial.pending.verifier.clone());
        let pause = |pause: Duration| tokio::time::sleep(pause);
        let tokens = request.request_async(&self.trial.provider.wire, pause, None).await;
        match tokens {
            Ok(tokens) => self.trial.judge(&tokens, None, now()).await,
            Err(error) => {
                let secrets = [self.answer.device_code().secret().as_str(), &self.trial.pending.verifier];
                Tried::failed(FlowError::Exchange(reason(error, &secrets)))
            }
        }
    }
}
