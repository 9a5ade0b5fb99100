//! Whom a request is made for.

use std::{fmt, sync::Arc};

/// A user name that can be impersonated: it cannot be empty, nor one that Kubernetes reserves.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(Arc<str>);

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
        check(name).map(|()| Self(name.into()))
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
        check(account).map(|()| Self(name.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
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
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Who is signed in, as Kubernetes is told: user name and groups.
///
/// Two identities are equal only if user *and* groups are: everything kept per person (grants above all) is keyed by
/// the whole identity, never by the name alone. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(Arc<Parts>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Parts {
    user: UserName,
    groups: Vec<Box<str>>,
}

impl Identity {
    /// The identity of `user` with `groups`, sorted and without repeats.
    pub fn new<'a>(user: UserName, groups: impl IntoIterator<Item = &'a str>) -> Result<Self, NameRefused> {
        let mut checked = Vec::new();
        for group in groups {
            check(group)?;
            checked.push(Box::from(group));
        }
        checked.sort_unstable();
        checked.dedup();
        Ok(Self(Arc::new(Parts { user, groups: checked })))
    }

    /// The identity of `user` without groups.
    pub fn of(user: UserName) -> Self {
        Self(Arc::new(Parts { user, groups: Vec::new() }))
    }

    /// The user name.
    pub fn user(&self) -> &UserName {
        &self.0.user
    }

    /// The groups, sorted.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.0.groups.iter().map(AsRef::as_ref)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.0.user, self.0.groups)
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
