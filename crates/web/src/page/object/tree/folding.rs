use fanlight_model::{Folds, ObjectKey};
use serde::Deserialize;

use crate::{
    page::object::{Tab, behind},
    place,
};

/// What of a tree somebody has chosen to see, as an address says it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::page::object) struct Folding {
    /// `unhealthy`, or everything.
    #[serde(default)]
    show: String,
    /// What is open, with dots between; of what stands for many, a star and how far.
    #[serde(default)]
    open: String,
    /// What is closed.
    #[serde(default)]
    closed: String,
}

impl Folding {
    /// How many parts an address opens or closes, and how long each name may be.
    const MOST: usize = 150;
    const NAME: usize = 100;
    /// How far what stands for many is opened.
    const STEPS: usize = 99;
    const UNHEALTHY: &str = "unhealthy";

    pub(in crate::page::object) fn folds(&self) -> Folds {
        fn names(text: &str) -> impl Iterator<Item = &str> {
            let is_name = |name: &&str| (1..=Folding::NAME).contains(&name.len());
            text.split('.').filter(is_name).take(Folding::MOST)
        }
        let open = names(&self.open).map(|name| {
            let (name, steps) = name.split_once('*').unwrap_or((name, "1"));
            (name.to_owned(), steps.parse().unwrap_or(1).min(Self::STEPS))
        });
        Folds {
            only_unhealthy: self.show == Self::UNHEALTHY,
            open: open.collect(),
            closed: names(&self.closed).map(ToOwned::to_owned).collect(),
        }
    }
}

/// The address of a tree as somebody sees it; the query alone is what comes after the object.
pub(super) fn address(base: &str, key: &ObjectKey, folds: &Folds) -> String {
    let address = place::object(base, key, Tab::Tree.slug()).unwrap_or_default();
    format!("{address}{}", query(folds))
}

/// What an address says of it, after what it says of the object.
pub(in crate::page::object) fn query(folds: &Folds) -> String {
    let show = if folds.only_unhealthy { Folding::UNHEALTHY } else { "" }.to_owned();
    let open: Vec<_> = folds
        .open
        .iter()
        .map(|(name, steps)| match steps {
            1 => name.clone(),
            steps => format!("{name}*{steps}"),
        })
        .collect();
    let closed: Vec<_> = folds.closed.iter().map(String::as_str).collect();
    behind([("show", show), ("open", open.join(".")), ("closed", closed.join("."))])
}

#[cfg(test)]
mod tests {
    use fanlight_model::Kind;

    use super::*;

    #[test]
    fn an_address_says_what_is_open_and_is_read_back() {
        let folds = Folds {
            only_unhealthy: true,
            open: [("0a".to_owned(), 1), ("0a-ConfigMap".to_owned(), 3)].into(),
            closed: ["ff".to_owned()].into(),
        };
        let key = ObjectKey::new(Kind::KUSTOMIZATION, "apps", "shop");
        let address = address("/flux", &key, &folds);
        assert_eq!(
            address,
            "/flux/kustomization/graph?name=shop&namespace=apps&show=unhealthy&open=0a.0a-ConfigMap*3&closed=ff"
        );
        let (show, open, closed) = ("unhealthy".to_owned(), "0a.0a-ConfigMap*3".to_owned(), "ff".to_owned());
        assert_eq!(Folding { show, open, closed }.folds(), folds);
        assert_eq!(query(&Folds::default()), "");
    }

    #[test]
    fn an_address_that_somebody_made_up_opens_nothing_and_not_without_end() {
        let odd = Folding { open: format!("..*.a*b.{}", "x.".repeat(1000)), ..Folding::default() };
        let folds = odd.folds();
        assert!(folds.open.len() <= Folding::MOST);
        assert_eq!(folds.open.get("a"), Some(&1));
        let long = Folding { closed: "x".repeat(5000), ..Folding::default() };
        assert!(long.folds().closed.is_empty());
    }
}
