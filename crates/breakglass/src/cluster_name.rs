use std::{fmt, str::FromStr};

/// The name of a cluster in a fleet: the path of its folder under `clusters/`, one to three parts, such as `prod` or
/// `eu/prod`. It can never lead out of that folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterName(String);

/// Why a text is no name of a cluster.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "{0:?} is no name of a cluster: one to three parts with a slash between them, each of letters, digits, “.”, “_” \
    and “-” and beginning with a letter or digit"
)]
pub struct BadClusterName(String);

/// The length of a part that a file system, a label and a Lease's holder can all take.
const PART: usize = 63;

impl FromStr for ClusterName {
    type Err = BadClusterName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let part = |part: &str| {
            part.len() <= PART
                && part.starts_with(|first: char| first.is_ascii_alphanumeric())
                && part.chars().all(|each| each.is_ascii_alphanumeric() || "._-".contains(each))
        };
        let trimmed = text.strip_suffix('/').unwrap_or(text);
        if trimmed.split('/').count() <= 3 && trimmed.split('/').all(part) {
            Ok(Self(trimmed.to_owned()))
        } else {
            Err(BadClusterName(text.chars().take(100).collect()))
        }
    }
}

impl ClusterName {
    /// The name as it is typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as one word, as kubeconfigs carry it: `eu-prod`.
    pub fn dashed(&self) -> String {
        self.0.replace('/', "-")
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_and_without_groups_are_taken() {
        for good in ["prod", "eu/prod", "a/b/c", "prod.example.com", "Stage_2", "prod/"] {
            assert!(good.parse::<ClusterName>().is_ok(), "{good}");
        }
        assert_eq!("eu/prod/".parse::<ClusterName>().unwrap().dashed(), "eu-prod");
    }

    #[test]
    fn no_name_leads_out_of_the_fleet() {
        for bad in ["", "/", "..", "../../etc", "a/../b", "/etc", "a//b", ".git", "-x", "a/b/c/d", "a\nb", "a b", "ü"]
        {
            assert!(bad.parse::<ClusterName>().is_err(), "{bad:?}");
        }
    }
}
