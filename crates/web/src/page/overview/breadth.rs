use fanlight_identity::Session;
use fanlight_live::{Sight, Visit};
use fanlight_model::Kind;

use crate::{App, frame::Frame, page::list::ListPage, signed::visitor};

/// Of which kinds something is said to somebody where it need not be.
///
/// In the whole cluster a kind costs one watch, shared by all. Who sees namespaces one by one needs one of each kind for
/// each namespace: where those are many, only applications are counted, which the page next door needs as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::page) enum Breadth {
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
        let breadth = Self::of(&visit.sights());
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

    /// What is counted for somebody who sees applications as far as this. Where that is not known so far, it may be many
    /// namespaces.
    pub(in crate::page) fn of(sights: &[(Kind, Sight)]) -> Self {
        let many = |(kind, sight): &(Kind, Sight)| {
            Kind::APPLICATIONS.contains(kind)
                && match sight {
                    Sight::Namespaces(count) => *count > Self::FEW,
                    Sight::Unknown => true,
                    Sight::Everywhere | Sight::Nothing | Sight::NotInstalled => false,
                }
        };
        if sights.iter().any(many) { Self::Applications } else { Self::All }
    }

    /// What is counted once somebody sees as far as this. It stays while it is not known how far that is: else every outage
    /// would end the watches, and everything would be listed again after it.
    pub(in crate::page) fn later(self, sights: &[(Kind, Sight)]) -> Self {
        let unknown = |(kind, sight): &(Kind, Sight)| Kind::APPLICATIONS.contains(kind) && *sight == Sight::Unknown;
        if sights.iter().any(unknown) { self } else { Self::of(sights) }
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
        let of = |sight| Breadth::of(&[(Kind::KUSTOMIZATION, sight), (Kind::HELM_RELEASE, Sight::Everywhere)]);
        for sight in [Sight::Everywhere, Sight::Nothing, Sight::NotInstalled, Sight::Namespaces(Breadth::FEW)] {
            assert_eq!(of(sight), Breadth::All, "{sight:?}");
        }
        for sight in [Sight::Namespaces(Breadth::FEW + 1), Sight::Unknown] {
            assert_eq!(of(sight), Breadth::Applications, "{sight:?}");
        }
        assert_eq!(Breadth::of(&[(Kind::BUCKET, Sight::Namespaces(50))]), Breadth::All, "it is no application");
    }

    #[test]
    fn while_it_is_not_known_how_far_somebody_sees_the_same_is_counted_as_before() {
        let of = |was: Breadth, one, other| was.later(&[(Kind::KUSTOMIZATION, one), (Kind::HELM_RELEASE, other)]);
        for was in [Breadth::All, Breadth::Applications] {
            assert_eq!(of(was, Sight::Unknown, Sight::Unknown), was);
            assert_eq!(of(was, Sight::Everywhere, Sight::Unknown), was);
            assert_eq!(of(was, Sight::Everywhere, Sight::Nothing), Breadth::All);
            assert_eq!(of(was, Sight::Namespaces(Breadth::FEW + 1), Sight::Nothing), Breadth::Applications);
        }
        let sights = [(Kind::KUSTOMIZATION, Sight::Everywhere), (Kind::BUCKET, Sight::Unknown)];
        assert_eq!(Breadth::Applications.later(&sights), Breadth::All, "it is no application");
    }
}
