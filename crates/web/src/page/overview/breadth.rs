use std::collections::BTreeSet;

use fanlight_identity::Session;
use fanlight_live::{Scopes, Visit};
use fanlight_model::Kind;

use crate::{App, frame::Frame, page::list::ListPage, signed::visitor};

/// Which kinds are counted for somebody.
///
/// In the whole cluster a kind costs one watch, shared by all. Who sees namespaces one by one needs one of each kind for
/// each namespace: where those are many, only applications are counted, which the page next door needs as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breadth {
    /// Every kind.
    All,
    /// Applications.
    Applications,
}

impl Breadth {
    /// In how many single namespaces every kind is counted.
    const FEW: usize = 10;

    /// What is counted for somebody, and the view of it.
    pub(super) async fn find(app: &App, session: &Session) -> (Self, Visit) {
        let visit = app.live.visit(&visitor(app, session), &Kind::APPLICATIONS).await;
        let breadth = Self::of(&visit.scopes());
        match breadth {
            Self::All => (breadth, breadth.open(app, session).await),
            Self::Applications => (breadth, visit),
        }
    }

    /// The view of what is counted.
    pub(super) async fn open(self, app: &App, session: &Session) -> Visit {
        let kinds: Vec<_> = match self {
            Self::All => Kind::all().collect(),
            Self::Applications => Kind::APPLICATIONS.into(),
        };
        app.live.visit(&visitor(app, session), &kinds).await
    }

    /// What is counted for somebody who sees applications there.
    pub(super) fn of(scopes: &[(Kind, Scopes)]) -> Self {
        let mut single = BTreeSet::new();
        for (_, scopes) in scopes.iter().filter(|(kind, _)| Kind::APPLICATIONS.contains(kind)) {
            match scopes {
                Scopes::Everywhere => return Self::All,
                Scopes::Namespaces(namespaces) => single.extend(namespaces.iter().cloned()),
            }
        }
        if single.len() > Self::FEW { Self::Applications } else { Self::All }
    }

    /// The lists of what is not counted: word and address.
    pub(super) fn elsewhere(self, frame: &Frame) -> Vec<(&'static str, String)> {
        let lists = match self {
            Self::All => &[][..],
            Self::Applications => ListPage::all(),
        };
        let others = lists.iter().filter(|list| list.kinds != Kind::APPLICATIONS);
        let ways = others.filter(|list| frame.ways.iter().any(|way| way.path == list.place));
        ways.map(|list| (list.word(), format!("{}/{}", frame.base, list.path))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sees_many_single_namespaces_has_applications_counted_and_everybody_else_all() {
        let single = |count: usize| {
            let names = (0..count).map(|number| format!("team-{number}").into()).collect();
            vec![(Kind::KUSTOMIZATION, Scopes::Namespaces(names)), (Kind::HELM_RELEASE, Scopes::Namespaces(Vec::new()))]
        };
        assert_eq!(Breadth::of(&single(0)), Breadth::All);
        assert_eq!(Breadth::of(&single(Breadth::FEW)), Breadth::All);
        assert_eq!(Breadth::of(&single(Breadth::FEW + 1)), Breadth::Applications);
        let mut everywhere = single(50);
        everywhere.push((Kind::HELM_RELEASE, Scopes::Everywhere));
        assert_eq!(Breadth::of(&everywhere), Breadth::All);
    }
}
