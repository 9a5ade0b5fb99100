use super::{Obstacle, suspension::can_be_suspended};
use crate::{Family, Kind};

/// What people can do to objects of a kind, apart from whether they may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for a button of its own, in any combination")]
pub struct Abilities {
    /// Have them reconciled.
    pub sync: bool,
    /// Have what they come from reconciled first.
    pub sync_with_source: bool,
    /// Have Helm act on them although nothing changed, or once more after it gave up.
    pub force: bool,
    /// Suspend and resume them.
    pub suspend: bool,
}

impl Abilities {
    /// Those of one kind.
    pub fn of(kind: Kind) -> Self {
        let has_source = matches!(kind.info().family, Family::Application | Family::Terraform);
        Self {
            sync: Obstacle::of_kind(kind).is_none(),
            sync_with_source: has_source || kind == Kind::HELM_CHART,
            force: kind == Kind::HELM_RELEASE,
            suspend: can_be_suspended(kind),
        }
    }

    /// Those that at least one of several kinds has.
    pub fn of_any(kinds: &[Kind]) -> Self {
        kinds.iter().copied().map(Self::of).fold(Self::default(), |all, one| Self {
            sync: all.sync || one.sync,
            sync_with_source: all.sync_with_source || one.sync_with_source,
            force: all.force || one.force,
            suspend: all.suspend || one.suspend,
        })
    }

    /// Whether nothing can be done.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_can_do_what_flux_can_do_to_it() {
        let said = |kind| {
            let Abilities { sync, sync_with_source, force, suspend } = Abilities::of(kind);
            [(sync, 'r'), (sync_with_source, 's'), (force, 'f'), (suspend, 'p')]
                .iter()
                .filter(|(can, _)| *can)
                .map(|(_, word)| word)
                .collect()
        };
        let abilities: Vec<String> = Kind::all().map(said).collect();
        let expected = [
            ["rsp", "rsfp"].as_slice(),
            &["rp", "rp", "rp", "rsp", "rp", "", "rp"],
            &["rp", "rp", "rp"],
            &["p", "p", "rp"],
            &["rsp"],
            &["rp", "rp", "rp", "rp"],
        ];
        assert_eq!(abilities, expected.concat());
    }

    #[test]
    fn several_kinds_together_can_do_what_any_of_them_can() {
        assert!(Abilities::of_any(&[]).is_none());
        assert!(Abilities::of_any(&[Kind::EXTERNAL_ARTIFACT]).is_none());
        let notifications = Abilities::of_any(&[Kind::PROVIDER, Kind::RECEIVER]);
        assert_eq!(notifications, Abilities { sync: true, suspend: true, ..Abilities::default() });
    }
}
