//! Whom a request is made for.

mod holder;
mod name;
mod persona;
mod token;

use std::fmt;

pub use holder::Holder;
pub use name::Name;
pub use persona::Persona;
pub use token::{Token, TokenRefused};

/// A user name that can be impersonated: it cannot be empty, nor one that Kubernetes reserves.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(Name);

/// Why a user or group name was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameRefused {
    /// There is no name.
    #[error("the name is empty")]
    Empty,
    /// Longer than [`UserName::LIMIT`] bytes.
    #[error("the name is longer than {} bytes", UserName::LIMIT)]
    TooLong,
    /// A character which the impersonation header cannot carry.
    #[error("the name has a character that an HTTP header cannot carry (only visible ASCII and inner spaces can)")]
    NotAHeader,
    /// `system:…` belongs to Kubernetes itself.
    #[error("names that begin with “system:” belong to Kubernetes itself")]
    Reserved,
}

impl UserName {
    /// The longest name accepted, in bytes.
    pub const LIMIT: usize = 1024;

    /// Accepts `name` as it is: nothing is trimmed or changed.
    pub fn new(name: &str) -> Result<Self, NameRefused> {
        check(name).map(|()| Self(Name::new(name)))
    }

    /// Accepts `name` if it is a service account's (`system:serviceaccount:…`), the one kind of reserved name that a
    /// provider may have been given.
    pub fn service_account(name: &str) -> Result<Self, NameRefused> {
        let account = name.strip_prefix("system:serviceaccount:").ok_or(NameRefused::Reserved)?;
        // Kubernetes would take anything else for the name of some user.
        let is_account =
            |(namespace, name): (&str, &str)| !namespace.is_empty() && !name.is_empty() && !name.contains(':');
        if !account.split_once(':').is_some_and(is_account) {
            return Err(NameRefused::Reserved);
        }
        check(account).map(|()| Self(Name::new(name)))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name, without the promise that it can be impersonated.
    pub fn name(&self) -> &Name {
        &self.0
    }
}

/// Header values lose spaces at their ends, so a name that has some there would arrive as another name.
fn check(name: &str) -> Result<(), NameRefused> {
    if name.is_empty() {
        return Err(NameRefused::Empty);
    }
    if name.len() > UserName::LIMIT {
        return Err(NameRefused::TooLong);
    }
    let visible = name.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if !visible || name.trim() != name {
        return Err(NameRefused::NotAHeader);
    }
    if name.starts_with("system:") {
        return Err(NameRefused::Reserved);
    }
    Ok(())
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Who somebody is before the API server, and by what it takes them for that.
///
/// Two identities are equal only if user *and* groups *and* credential are: everything kept per person (grants above all)
/// is keyed by the whole identity, never by the name alone. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// By the word of the server's own account, which impersonates them.
    Impersonated(Persona),
    /// By a token of their own, which goes with each request.
    Holder(Holder),
}

impl Identity {
    /// Somebody to impersonate: `user` with `groups`, sorted and without repeats.
    pub fn new<'a>(user: UserName, groups: impl IntoIterator<Item = &'a str>) -> Result<Self, NameRefused> {
        Persona::new(user, groups).map(Self::Impersonated)
    }

    /// Somebody to impersonate, without groups.
    pub fn of(user: UserName) -> Self {
        Self::Impersonated(Persona::of(user))
    }

    /// The user name.
    pub fn user(&self) -> &Name {
        match self {
            Self::Impersonated(persona) => persona.user().name(),
            Self::Holder(holder) => holder.user(),
        }
    }

    /// The groups, sorted.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        let groups = match self {
            Self::Impersonated(persona) => persona.all_groups(),
            Self::Holder(holder) => holder.all_groups(),
        };
        groups.iter().map(AsRef::as_ref)
    }

    /// Whether any group is also one of theirs.
    pub fn shares_a_group_with(&self, other: &Self) -> bool {
        self.groups().any(|group| other.groups().any(|theirs| theirs == group))
    }

    /// Whether watches may run in their name: not for somebody who only makes single requests with a token.
    pub fn may_sponsor(&self) -> bool {
        match self {
            Self::Impersonated(_) => true,
            Self::Holder(holder) => holder.is_signed_in(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_be_nobody_or_somebody_else_is_refused() {
        for (name, why) in [
            ("", NameRefused::Empty),
            ("system:admin", NameRefused::Reserved),
            ("system:", NameRefused::Reserved),
            (" admin", NameRefused::NotAHeader),
            ("admin ", NameRefused::NotAHeader),
            ("ad\nmin", NameRefused::NotAHeader),
            ("zoë", NameRefused::NotAHeader),
        ] {
            assert_eq!(UserName::new(name), Err(why), "{name:?}");
        }
        assert_eq!(UserName::new(&"x".repeat(UserName::LIMIT + 1)), Err(NameRefused::TooLong));
    }

    #[test]
    fn of_the_reserved_names_only_a_service_account_has_a_way_in() {
        let name = "system:serviceaccount:flux-system:robot";
        assert_eq!(UserName::service_account(name).expect("an account").as_str(), name);
        for bad in ["system:serviceaccount:", "system:admin", "dana", "system:serviceaccount:system:x", ""] {
            assert!(UserName::service_account(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_order_of_groups_does_not_make_another_identity_but_the_groups_do() {
        let user = || UserName::new("dana@example.com").expect("a plain name");
        let one = Identity::new(user(), ["dev", "qa", "dev"]).expect("plain groups");
        let same = Identity::new(user(), ["qa", "dev"]).expect("plain groups");
        assert_eq!(one, same);
        assert_ne!(one, Identity::of(user()));
    }

    #[test]
    fn a_reserved_group_is_refused() {
        let user = UserName::new("dana").expect("a plain name");
        assert_eq!(Identity::new(user, ["system:masters"]), Err(NameRefused::Reserved));
    }
}
