use std::{fmt, sync::Arc};

use super::{Name, NameRefused, Token, UserName};
use crate::cut;

/// Somebody who brings a token of their own, by which the API server takes them for who they are. Nobody impersonates them,
/// so any name will do, also one that Kubernetes reserves. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holder(Arc<Parts>);

#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Parts {
    token: Token,
    user: Name,
    groups: Vec<Box<str>>,
    signed_in: bool,
}

impl Holder {
    /// Who makes a request with `token`, by the names that the API server has for them.
    pub fn new<'a>(user: &str, groups: impl IntoIterator<Item = &'a str>, token: Token) -> Result<Self, NameRefused> {
        if user.is_empty() {
            return Err(NameRefused::Empty);
        }
        let mut groups: Vec<Box<str>> = groups.into_iter().map(|group| printable(group).into()).collect();
        groups.sort_unstable();
        groups.dedup();
        Ok(Self(Arc::new(Parts { token, user: Name::new(&printable(user)), groups, signed_in: false })))
    }

    /// The same person, who has signed in and whose session keeps the token.
    #[must_use]
    pub fn signed_in(self) -> Self {
        let Parts { token, user, groups, .. } = &*self.0;
        Self(Arc::new(Parts { token: token.clone(), user: user.clone(), groups: groups.clone(), signed_in: true }))
    }

    /// What they are called.
    pub fn user(&self) -> &Name {
        &self.0.user
    }

    /// The token.
    pub fn token(&self) -> &Token {
        &self.0.token
    }

    /// Whether a session stands behind the token.
    pub fn is_signed_in(&self) -> bool {
        self.0.signed_in
    }

    pub(super) fn all_groups(&self) -> &[Box<str>] {
        &self.0.groups
    }
}

/// Names that nobody sends anywhere need only be fit to be shown and logged.
fn printable(name: &str) -> String {
    let name: String =
        name.chars().map(|char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char }).collect();
    cut(&name, UserName::LIMIT)
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} by {:?}", self.0.user, self.0.groups, self.0.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(user: &str, token: &str) -> Holder {
        Holder::new(user, ["system:serviceaccounts", "dev"], Token::new(token).expect("a token")).expect("a name")
    }

    #[test]
    fn reserved_names_are_fine_where_nobody_is_impersonated() {
        let robot = holder("system:serviceaccount:ci:robot", "abc");
        assert_eq!(robot.user().as_str(), "system:serviceaccount:ci:robot");
        assert_eq!(robot.all_groups(), [Box::from("dev"), Box::from("system:serviceaccounts")]);
        assert_eq!(holder("a\nb", "abc").user().as_str(), "a\u{fffd}b");
        assert_eq!(Holder::new("", [], Token::new("abc").expect("a token")), Err(NameRefused::Empty));
    }

    #[test]
    fn another_token_is_another_identity_and_a_session_another_one_again() {
        let robot = holder("robot", "abc");
        assert_eq!(robot, holder("robot", "abc"));
        assert_ne!(robot, holder("robot", "abd"));
        assert!(!robot.is_signed_in() && robot.clone().signed_in().is_signed_in());
        assert_ne!(robot.clone(), robot.signed_in());
    }

    #[test]
    fn whoever_prints_a_holder_sees_no_token() {
        assert!(!format!("{:?}", holder("robot", "s3cret-token")).contains("s3cret"));
    }
}
