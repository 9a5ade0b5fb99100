use std::{fmt, sync::Arc};

use super::{NameRefused, UserName, check};

/// Somebody whom the server impersonates: user name and groups, as Kubernetes is told. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Persona(Arc<Parts>);

#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Parts {
    user: UserName,
    groups: Vec<Box<str>>,
}

impl Persona {
    /// `user` with `groups`, sorted and without repeats.
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

    /// `user` without groups.
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

    pub(super) fn all_groups(&self) -> &[Box<str>] {
        &self.0.groups
    }
}

impl fmt::Debug for Persona {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.0.user, self.0.groups)
    }
}
