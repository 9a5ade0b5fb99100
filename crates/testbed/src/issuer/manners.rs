use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value, json};

/// How an [`Issuer`](crate::Issuer) behaves; as it should, unless a test says otherwise.
#[derive(Debug, Clone)]
pub struct Manners {
    /// Who signs in: these claims are in the ID token, and go before those that the issuer makes.
    pub claims: Map<String, Value>,
    /// What `UserInfo` answers, if that differs from the claims.
    pub userinfo: Option<Map<String, Value>>,
    /// What is wrong with its ID tokens.
    pub flaw: Option<Flaw>,
    /// How long tokens live.
    pub lifespan: Duration,
    /// What it does about refresh tokens.
    pub refreshing: Refreshing,
    /// Whether somebody without a form (`prompt=none`) is told that a form is needed.
    pub login_required: bool,
    /// The error with which whoever wants to sign in is sent back, such as `access_denied`.
    pub refusal: Option<&'static str>,
    /// What goes before its own in the discovery document; null takes an entry out.
    pub discovery: Map<String, Value>,
    /// What goes wrong on the way.
    pub troubles: BTreeMap<Endpoint, Trouble>,
}

/// What is wrong with an ID token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Another `iss`.
    WrongIssuer,
    /// Another client's.
    WrongAudience,
    /// For this client among others, but given to another one (`azp`).
    WrongParty,
    /// Another sign-in's `nonce`.
    WrongNonce,
    /// No `nonce`.
    NoNonce,
    /// `alg: none`, without a signature.
    Unsigned,
    /// HS256 with the public key (PEM) as the secret.
    PublicKeyAsSecret,
    /// Signed by a key that it never published, under the name of one that it did.
    ForeignSignature,
    /// Signed by a key that it never published, under that key's name.
    UnknownKey,
    /// Ended an hour ago.
    Expired,
    /// Valid in an hour.
    NotYetValid,
    /// Not a token at all.
    Garbage,
}

/// What an issuer does about refresh tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refreshing {
    /// There are none.
    Never,
    /// One serves as often as it is used.
    Reusable,
    /// Each is good once; a second use ends the session.
    Rotated,
}

/// An endpoint of an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// The document that names all the others.
    Discovery,
    /// The public keys.
    Keys,
    /// Where browsers are sent.
    Authorize,
    /// Codes and refresh tokens for tokens.
    Token,
    /// More about somebody.
    UserInfo,
    /// Ends a token.
    Revoke,
    /// Ends the session, by way of the browser.
    SignOut,
}

/// What goes wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It comes after this time.
    Late(Duration),
    /// The connection is cut before a byte of it.
    Lost,
    /// The connection is cut in its middle.
    Half,
    /// The request is followed, its answer is lost.
    LostAfterwards,
    /// The request is followed, its answer never comes.
    Withheld,
    /// It sends elsewhere.
    Redirect(String),
    /// It is an error of a server, with a page for people.
    Error(u16),
    /// It is something else than JSON, as from a captive portal.
    Page,
    /// It never ends.
    Endless,
}

impl Default for Manners {
    fn default() -> Self {
        let claims = json!({"sub": "1b7a", "preferred_username": "alice", "name": "Alice Example",
            "email": "alice@example.com", "email_verified": true, "groups": ["platform", "shop"]});
        Self {
            claims: object(claims),
            userinfo: None,
            flaw: None,
            lifespan: Duration::from_secs(300),
            refreshing: Refreshing::Rotated,
            login_required: false,
            refusal: None,
            discovery: Map::new(),
            troubles: BTreeMap::new(),
        }
    }
}

impl Manners {
    /// Somebody else signs in, or with another claim.
    pub fn claim(&mut self, name: &str, value: impl Into<Value>) {
        self.claims.insert(name.to_owned(), value.into());
    }

    /// A claim is missing.
    pub fn without(&mut self, name: &str) {
        self.claims.remove(name);
    }

    /// Somebody is in very many groups.
    pub fn many_groups(&mut self, count: usize) {
        self.claim("groups", (0..count).map(|number| format!("team-with-a-long-name-{number:05}")).collect::<Vec<_>>());
    }

    /// Groups are told by `UserInfo` alone.
    pub fn groups_at_userinfo(&mut self) {
        self.userinfo = Some(self.claims.clone());
        self.without("groups");
    }

    /// Instead of groups there is a hint where to ask for them, as Entra ID gives it to people in more than 200; nobody
    /// answers there. An API server refuses such a token, since it asks.
    pub fn group_overage(&mut self) {
        self.without("groups");
        self.claim("_claim_names", json!({"groups": "src1"}));
        let source = json!({"endpoint": "http://127.0.0.1:9/v1.0/users/1b7a/getMemberObjects"});
        self.claim("_claim_sources", json!({"src1": source}));
    }

    /// Something goes wrong at an endpoint, until [`Manners::recover`].
    pub fn trouble(&mut self, endpoint: Endpoint, trouble: Trouble) {
        self.troubles.insert(endpoint, trouble);
    }

    /// Nothing goes wrong there any more.
    pub fn recover(&mut self, endpoint: Endpoint) {
        self.troubles.remove(&endpoint);
    }
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Discovery, Self::Keys, Self::Authorize, Self::Token, Self::UserInfo, Self::Revoke, Self::SignOut];

    /// Its path below the issuer's address.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Discovery => "/.well-known/openid-configuration",
            Self::Keys => "/keys",
            Self::Authorize => "/authorize",
            Self::Token => "/token",
            Self::UserInfo => "/userinfo",
            Self::Revoke => "/revoke",
            Self::SignOut => "/sign_out",
        }
    }
}

pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
