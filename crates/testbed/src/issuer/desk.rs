//! What an issuer knows, and how it answers.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use anyhow::Context;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use crate::secrets;

use super::{
    Asked, Issuer,
    keys::{self, Key},
    manners::{Endpoint, Flaw, Manners, Refreshing, object},
};

/// The state of one issuer.
pub(super) struct Desk {
    pub(super) url: String,
    pub(super) manners: Manners,
    pub(super) asked: Vec<Asked>,
    pub(super) rotations: usize,
    codes: HashMap<String, Code>,
    refresh_tokens: HashMap<String, RefreshToken>,
    access_tokens: HashSet<String>,
    sessions: HashSet<String>,
}

/// What a code was given for.
struct Code {
    client: String,
    redirect: String,
    challenge: String,
    nonce: Option<String>,
}

struct RefreshToken {
    client: String,
    session: String,
    used: bool,
}

/// An answer, before anything goes wrong with it.
pub(super) enum Answer {
    Json(StatusCode, Value),
    Redirect(String),
    Nothing,
}

type Parameters = BTreeMap<String, String>;

impl Desk {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            manners: Manners::default(),
            asked: Vec::new(),
            rotations: 0,
            codes: HashMap::new(),
            refresh_tokens: HashMap::new(),
            access_tokens: HashSet::new(),
            sessions: HashSet::new(),
        }
    }

    /// Does what is asked, and records it.
    pub(super) fn answer(&mut self, asked: Asked) -> anyhow::Result<Answer> {
        let answer = match asked.endpoint {
            Endpoint::Discovery => Answer::Json(StatusCode::OK, self.discovery()),
            Endpoint::Keys => Answer::Json(StatusCode::OK, json!({"keys": [self.key()?.published(&self.key_name())]})),
            Endpoint::Authorize => self.authorize(&asked.parameters)?,
            Endpoint::Token => self.token(&asked)?,
            Endpoint::UserInfo => self.userinfo(&asked),
            Endpoint::Revoke => {
                self.revoke(&asked.parameters);
                Answer::Nothing
            }
            Endpoint::SignOut => self.sign_out(&asked.parameters)?,
        };
        self.asked.push(asked);
        Ok(answer)
    }

    pub(super) fn end_sessions(&mut self) {
        self.sessions.clear();
        self.access_tokens.clear();
    }

    fn discovery(&self) -> Value {
        let at = |endpoint: Endpoint| format!("{}{}", self.url, endpoint.path());
        let mut document = object(json!({
            "issuer": self.url,
            "authorization_endpoint": at(Endpoint::Authorize),
            "token_endpoint": at(Endpoint::Token),
            "userinfo_endpoint": at(Endpoint::UserInfo),
            "jwks_uri": at(Endpoint::Keys),
            "revocation_endpoint": at(Endpoint::Revoke),
            "end_session_endpoint": at(Endpoint::SignOut),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "email", "profile", "groups", "offline_access"],
            "claims_supported": ["sub", "preferred_username", "name", "email", "email_verified", "groups"],
        }));
        document.extend(self.manners.discovery.clone());
        document.retain(|_, value| !value.is_null());
        document.into()
    }

    /// Sends back at once: there is nobody to fill in a form.
    fn authorize(&mut self, asked: &Parameters) -> anyhow::Result<Answer> {
        let text = |name: &str| asked.get(name).map(String::as_str);
        let client = text("client_id").filter(|client| [Issuer::CLIENT, Issuer::PUBLIC_CLIENT].contains(client));
        let (Some(client), Some(redirect)) = (client, text("redirect_uri")) else {
            return Ok(refused("invalid_request"));
        };
        let challenge = text("code_challenge").filter(|_| text("code_challenge_method") == Some("S256"));
        let scopes = text("scope").unwrap_or_default();
        let refusal = if text("response_type") != Some("code") {
            Some("unsupported_response_type")
        } else if challenge.is_none() {
            Some("invalid_request")
        } else if !scopes.split(' ').any(|scope| scope == "openid") {
            Some("invalid_scope")
        } else if text("prompt") == Some("none") && self.manners.login_required {
            Some("login_required")
        } else {
            self.manners.refusal
        };
        let mut back: Url = redirect.parse().context("a redirect_uri that is none")?;
        match refusal {
            Some(error) => {
                back.query_pairs_mut().append_pair("error", error);
            }
            None => {
                let code = random("code");
                let nonce = asked.get("nonce").cloned();
                let challenge = challenge.unwrap_or_default().to_owned();
                let given = Code { client: client.to_owned(), redirect: redirect.to_owned(), challenge, nonce };
                self.codes.insert(code.clone(), given);
                back.query_pairs_mut().append_pair("code", &code);
            }
        }
        if let Some(state) = text("state") {
            back.query_pairs_mut().append_pair("state", state);
        }
        Ok(Answer::Redirect(back.into()))
    }

    fn token(&mut self, asked: &Asked) -> anyhow::Result<Answer> {
        let Some(client) = client(asked) else {
            return Ok(Answer::Json(StatusCode::UNAUTHORIZED, json!({"error": "invalid_client"})));
        };
        let text = |name: &str| asked.parameters.get(name).map(String::as_str).unwrap_or_default();
        match text("grant_type") {
            "authorization_code" => {
                // Taken out whatever follows: a code is good for one try.
                let Some(code) = self.codes.remove(text("code")) else { return Ok(refused("invalid_grant")) };
                let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(text("code_verifier")));
                if (code.client.as_str(), code.redirect.as_str(), &code.challenge)
                    != (&client, text("redirect_uri"), &challenge)
                {
                    return Ok(refused("invalid_grant"));
                }
                let session = random("session");
                self.sessions.insert(session.clone());
                self.tokens(&client, &session, code.nonce.as_deref(), None)
            }
            "refresh_token" => self.refresh(&client, text("refresh_token")),
            _ => Ok(refused("unsupported_grant_type")),
        }
    }

    fn refresh(&mut self, client: &str, presented: &str) -> anyhow::Result<Answer> {
        let rotated = self.manners.refreshing == Refreshing::Rotated;
        let Some(token) = self.refresh_tokens.get_mut(presented).filter(|token| token.client == client) else {
            return Ok(refused("invalid_grant"));
        };
        let (session, stolen) = (token.session.clone(), rotated && token.used);
        token.used = true;
        if stolen {
            self.sessions.remove(&session);
        }
        if !self.sessions.contains(&session) {
            return Ok(refused("invalid_grant"));
        }
        self.tokens(client, &session, None, Some(presented))
    }

    fn tokens(
        &mut self,
        client: &str,
        session: &str,
        nonce: Option<&str>,
        presented: Option<&str>,
    ) -> anyhow::Result<Answer> {
        let access = random("access");
        let mut answer = json!({"token_type": "Bearer", "access_token": access, "scope": "openid",
            "expires_in": self.manners.lifespan.as_secs(), "id_token": self.id_token(client, session, nonce)?});
        self.access_tokens.insert(access);
        let refresh = match (self.manners.refreshing, presented) {
            (Refreshing::Never, _) => return Ok(Answer::Json(StatusCode::OK, answer)),
            (Refreshing::Reusable, Some(presented)) => presented.to_owned(),
            (Refreshing::Reusable | Refreshing::Rotated, _) => random("refresh"),
        };
        answer["refresh_token"] = refresh.clone().into();
        let token = RefreshToken { client: client.to_owned(), session: session.to_owned(), used: false };
        self.refresh_tokens.insert(refresh, token);
        Ok(Answer::Json(StatusCode::OK, answer))
    }

    /// An ID token, with the flaw of the day.
    pub(super) fn id_token(&self, client: &str, session: &str, nonce: Option<&str>) -> anyhow::Result<String> {
        let token = self.sign_id_token(client, session, nonce)?;
        secrets::plant(&token);
        Ok(token)
    }

    fn sign_id_token(&self, client: &str, session: &str, nonce: Option<&str>) -> anyhow::Result<String> {
        let now = Timestamp::now().as_second();
        let end = now.saturating_add_unsigned(self.manners.lifespan.as_secs());
        let mut claims =
            object(json!({"iss": self.url, "aud": client, "azp": client, "iat": now, "exp": end, "sid": session}));
        claims.extend(nonce.map(|nonce| ("nonce".to_owned(), nonce.into())));
        claims.extend(self.manners.claims.clone());
        let mut claims = Value::Object(claims);
        match self.manners.flaw {
            Some(Flaw::WrongIssuer) => claims["iss"] = "https://elsewhere.example.com".into(),
            Some(Flaw::WrongAudience) => claims["aud"] = "somebody-else".into(),
            Some(Flaw::WrongParty) => {
                claims["aud"] = json!([client, "somebody-else"]);
                claims["azp"] = "somebody-else".into();
            }
            Some(Flaw::WrongNonce) => claims["nonce"] = "of-another-sign-in".into(),
            Some(Flaw::NoNonce) => drop(claims.as_object_mut().and_then(|claims| claims.remove("nonce"))),
            Some(Flaw::Expired) => (claims["iat"], claims["exp"]) = ((now - 7200).into(), (now - 3600).into()),
            Some(Flaw::NotYetValid) => {
                claims["nbf"] = (now + 3600).into();
                (claims["iat"], claims["exp"]) = ((now + 3600).into(), (now + 7200).into());
            }
            _ => {}
        }
        let (key, name) = (self.key()?, self.key_name());
        match self.manners.flaw {
            Some(Flaw::Unsigned) => Ok(keys::unsigned(&claims)),
            Some(Flaw::PublicKeyAsSecret) => key.sign_as_secret(&name, &claims),
            Some(Flaw::ForeignSignature) => Key::number(FOREIGN)?.sign(&name, &claims),
            Some(Flaw::UnknownKey) => Key::number(FOREIGN)?.sign("nobody-knows-it", &claims),
            Some(Flaw::Garbage) => Ok("not.really.a.token".to_owned()),
            _ => key.sign(&name, &claims),
        }
    }

    fn userinfo(&self, asked: &Asked) -> Answer {
        let token = asked.authorization.as_deref().and_then(|header| header.strip_prefix("Bearer "));
        if token.is_none_or(|token| !self.access_tokens.contains(token)) {
            return Answer::Json(StatusCode::UNAUTHORIZED, json!({"error": "invalid_token"}));
        }
        let claims = self.manners.userinfo.clone().unwrap_or_else(|| self.manners.claims.clone());
        Answer::Json(StatusCode::OK, claims.into())
    }

    fn revoke(&mut self, asked: &Parameters) {
        let token = asked.get("token").and_then(|token| self.refresh_tokens.remove(token));
        if let Some(token) = token {
            self.sessions.remove(&token.session);
        }
    }

    fn sign_out(&mut self, asked: &Parameters) -> anyhow::Result<Answer> {
        let hint = asked.get("id_token_hint").and_then(|token| token.split('.').nth(1));
        let claims = hint.and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok());
        let claims: Option<Value> = claims.and_then(|claims| serde_json::from_slice(&claims).ok());
        if let Some(session) = claims.as_ref().and_then(|claims| claims["sid"].as_str()) {
            self.sessions.remove(session);
        }
        let Some(back) = asked.get("post_logout_redirect_uri") else { return Ok(Answer::Nothing) };
        let mut back: Url = back.parse().context("a post_logout_redirect_uri that is none")?;
        if let Some(state) = asked.get("state") {
            back.query_pairs_mut().append_pair("state", state);
        }
        Ok(Answer::Redirect(back.into()))
    }

    fn key(&self) -> anyhow::Result<Arc<Key>> {
        Key::number(self.rotations % 2)
    }

    fn key_name(&self) -> String {
        format!("key-{}", self.rotations)
    }
}

/// The number of a key that is never published.
const FOREIGN: usize = 2;

fn refused(error: &str) -> Answer {
    Answer::Json(StatusCode::BAD_REQUEST, json!({"error": error}))
}

/// The client that asks, if it is one and has told its secret where it has one.
fn client(asked: &Asked) -> Option<String> {
    let basic = asked.authorization.as_deref().and_then(|header| header.strip_prefix("Basic "));
    let (name, secret) = match basic {
        Some(basic) => {
            let text = String::from_utf8(STANDARD.decode(basic).ok()?).ok()?;
            let (name, secret) = text.split_once(':')?;
            (name.to_owned(), Some(secret.to_owned()))
        }
        None => (asked.parameters.get("client_id")?.clone(), asked.parameters.get("client_secret").cloned()),
    };
    let known = match name.as_str() {
        Issuer::CLIENT => secret.as_deref() == Some(Issuer::SECRET),
        Issuer::PUBLIC_CLIENT => secret.is_none(),
        _ => false,
    };
    known.then_some(name)
}

/// A code or token that nobody can guess, and that must not be in a log.
fn random(kind: &str) -> String {
    let random = format!("{kind}-{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 18]>()));
    secrets::plant(&random);
    random
}
