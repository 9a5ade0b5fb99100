use fanlight_model::{Identity, NameRefused, UserName};
use serde_json::{Map, Value};

use super::settings::ClaimRules;

/// What a token says of its subject.
pub type Claims = Map<String, Value>;

/// Whom the claims describe, as Kubernetes is told.
#[derive(Debug, Clone)]
pub struct Mapped {
    /// User and groups, with their prefixes.
    pub identity: Identity,
    /// What the person should know of their groups.
    pub notices: Vec<GroupNotice>,
}

/// Something about somebody's groups that is not as the provider meant it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupNotice {
    /// A group was left out.
    #[error("the group {group:?} was left out: {why}")]
    Dropped {
        /// As Kubernetes would have been told.
        group: String,
        /// Why.
        why: NameRefused,
    },
    /// Entra ID names no groups in a token if there are too many.
    #[error(
        "Entra ID left the groups out of the token because they are too many (“groups overage”); let it send only the \
         groups assigned to the application, or application roles"
    )]
    Overage,
    /// The provider's second source of groups was of no use; its words.
    #[error("the groups are not in the ID token, and the provider’s UserInfo did not tell them: {0}")]
    UserInfo(String),
}

/// Why claims do not describe anybody who may sign in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// There is no user name, or it is not a text.
    #[error("the provider tells no claim {0:?} that is a text, and the user name is taken from there")]
    NoUserName(String),
    /// The user name is an e-mail address which the provider has not verified.
    #[error("the provider says that the e-mail address {0:?} is not verified")]
    Unverified(String),
    /// The name is one that cannot be impersonated.
    #[error("the user name {name:?} cannot be used in Kubernetes: {why}")]
    User {
        /// With its prefix.
        name: String,
        /// Why.
        why: NameRefused,
    },
    /// `fanlight:…` are names of ours.
    #[error("the user name {0:?} begins with “fanlight:”, which is kept for Fanlight’s own users")]
    Ours(String),
    /// The emergency user has that name.
    #[error("the user name {0:?} is the emergency user’s, who does not sign in through the provider")]
    Emergency(String),
    /// The groups are neither a text nor a list of texts.
    #[error("the groups claim {0:?} is neither a list of texts nor a text")]
    Groups(String),
    /// The person is in none of the groups that are admitted.
    #[error("{user} is in none of the groups that are admitted here ({})", allowed.join(", "))]
    NotAdmitted {
        /// With their prefix.
        user: String,
        /// The groups of which one would do.
        allowed: Vec<String>,
    },
}

impl ClaimRules {
    /// The identity that `claims` describe. Name and groups are each taken from `user_info` if the claims have none;
    /// `emergency` tells whether a name is the emergency user's.
    pub fn map(
        &self,
        claims: &Claims,
        user_info: Option<&Claims>,
        emergency: impl Fn(&str) -> bool,
    ) -> Result<Mapped, ClaimError> {
        let named = |claims: &&Claims| find(claims, &self.username_claim).is_some();
        let user = self.user(user_info.filter(|_| !named(&claims)).unwrap_or(claims), emergency)?;
        let mut notices = Vec::new();
        let found = self.groups(claims)?;
        if found.is_none() && self.is_overage(claims) {
            notices.push(GroupNotice::Overage);
        }
        let found = match (found, user_info) {
            (None, Some(user_info)) => self.groups(user_info)?,
            (found, _) => found,
        };
        let mut groups = Vec::new();
        for group in found.unwrap_or_default() {
            let named = if group.is_empty() { Err(NameRefused::Empty) } else { Ok(()) };
            let group = format!("{}{group}", self.groups_prefix);
            // A prefix alone would be some group.
            match named.and_then(|()| Identity::new(user.clone(), [group.as_str()])) {
                Ok(_) => groups.push(group),
                Err(why) => notices.push(GroupNotice::Dropped { group, why }),
            }
        }
        if !self.allowed_groups.is_empty() && !groups.iter().any(|group| self.allowed_groups.contains(group)) {
            return Err(ClaimError::NotAdmitted { user: user.to_string(), allowed: self.allowed_groups.clone() });
        }
        let name = user.to_string();
        let identity = Identity::new(user, groups.iter().map(String::as_str));
        Ok(Mapped { identity: identity.map_err(|why| ClaimError::User { name, why })?, notices })
    }

    /// Whether name or groups have to be looked for at the provider's UserInfo: some tell little in an ID token that comes
    /// with an access token.
    pub fn needs_user_info(&self, claims: &Claims) -> bool {
        let groups = find(claims, &self.groups_claim).is_none() && !self.is_overage(claims);
        groups || find(claims, &self.username_claim).is_none()
    }

    fn user(&self, claims: &Claims, emergency: impl Fn(&str) -> bool) -> Result<UserName, ClaimError> {
        let name = find(claims, &self.username_claim).and_then(Value::as_str);
        let name = name.ok_or_else(|| ClaimError::NoUserName(self.username_claim.clone()))?;
        if self.username_claim == "email" && claims.get("email_verified").is_some_and(|verified| !is_true(verified)) {
            return Err(ClaimError::Unverified(name.to_owned()));
        }
        if name.is_empty() {
            // A prefix alone would be somebody.
            return Err(ClaimError::User { name: String::new(), why: NameRefused::Empty });
        }
        let name = format!("{}{name}", self.username_prefix);
        if name.starts_with("fanlight:") {
            return Err(ClaimError::Ours(name));
        }
        if emergency(&name) {
            return Err(ClaimError::Emergency(name));
        }
        let user = match UserName::new(&name) {
            Err(NameRefused::Reserved) if self.service_accounts => UserName::service_account(&name),
            user => user,
        };
        user.map_err(|why| ClaimError::User { name, why })
    }

    fn groups(&self, claims: &Claims) -> Result<Option<Vec<String>>, ClaimError> {
        let wrong = || ClaimError::Groups(self.groups_claim.clone());
        match find(claims, &self.groups_claim) {
            None => Ok(None),
            Some(Value::String(group)) if !group.is_empty() => Ok(Some(vec![group.clone()])),
            Some(Value::Array(groups)) => {
                let groups = groups.iter().map(|group| group.as_str().map(ToOwned::to_owned).ok_or_else(wrong));
                groups.collect::<Result<_, _>>().map(Some)
            }
            Some(_) => Err(wrong()),
        }
    }

    fn is_overage(&self, claims: &Claims) -> bool {
        let named = claims.get("_claim_names").and_then(Value::as_object);
        let named = named.is_some_and(|names| names.contains_key("groups") || names.contains_key(&self.groups_claim));
        self.groups_claim == "groups" && (named || claims.get("hasgroups").is_some_and(is_true))
    }
}

/// Some providers write truth as a text.
fn is_true(value: &Value) -> bool {
    *value == Value::Bool(true) || *value == Value::String("true".to_owned())
}

/// The value at `path`: a claim with exactly that name, or else the one that its dots lead to. Names with dots of their own
/// (`https://example.com/claims.roles`) come first at every step.
fn find<'a>(claims: &'a Claims, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return (!value.is_null()).then_some(value);
    }
    let mut dots = path.rmatch_indices('.');
    dots.find_map(|(dot, _)| find(claims.get(&path[..dot])?.as_object()?, &path[dot + 1..]))
}

#[cfg(test)]
mod tests;
