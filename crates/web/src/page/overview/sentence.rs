use fanlight_live::{Freshness, Sight, Summary};
use fanlight_model::{Kind, State};

/// How the cluster is, as somebody sees it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sentence {
    /// Colour and icon.
    pub(super) class: &'static str,
    pub(super) text: String,
    /// What of the cluster that is not about; empty where it is about everything.
    pub(super) limits: String,
}

impl Sentence {
    pub(super) fn of(summary: &Summary) -> Self {
        let (class, text) = state(summary);
        Self { class, text, limits: limits(&summary.sights) }
    }
}

fn state(summary: &Summary) -> (&'static str, String) {
    let total = summary.total();
    let all: usize = total.iter().sum();
    if all == 0 {
        return nothing(summary);
    }
    let count = |states: &[State]| states.iter().map(|state| total[state.index()]).sum::<usize>();
    let failing = count(&[State::Failed, State::Stalled]);
    let asides = [
        (count(&[State::Waiting]), "waits", "wait"),
        (
            count(&[State::Progressing, State::Deleting, State::NotReconciled]),
            "is being worked on",
            "are being worked on",
        ),
        (count(&[State::Suspended]), "is suspended", "are suspended"),
    ];
    let asides: Vec<_> =
        asides.into_iter().filter(|(count, ..)| *count > 0).map(|(n, one, many)| said(n, one, many)).collect();
    let where_to = format!("{} in {}", plural(all, "object"), plural(summary.namespaces, "namespace"));
    match (failing, asides.is_empty()) {
        (0, true) => (
            "ready",
            if all == 1 { format!("The one {} is well.", &where_to[2..]) } else { format!("All {where_to} are well.") },
        ),
        (0, false) => ("ready", format!("Nothing fails of {where_to}; {}.", asides.join(", "))),
        (_, true) => ("failed", format!("{} of {where_to}.", said(failing, "fails", "fail"))),
        (_, false) => ("failed", format!("{} of {where_to}; {}.", said(failing, "fails", "fail"), asides.join(", "))),
    }
}

fn nothing(summary: &Summary) -> (&'static str, String) {
    let all = |wanted: Sight| summary.sights.iter().all(|(_, sight)| *sight == wanted);
    let some = |wanted: Sight| summary.sights.iter().any(|(_, sight)| *sight == wanted);
    let sees = summary.sights.iter().any(|(_, sight)| matches!(sight, Sight::Everywhere | Sight::Namespaces(_)));
    let (class, text) = match () {
        () if all(Sight::NotInstalled) => ("quiet", "Flux is not installed in this cluster."),
        () if matches!(summary.freshness, Freshness::Loading { .. }) => ("moving", "The first lists are being read."),
        () if some(Sight::Unknown) => {
            ("waiting", "What you may see is not known at this moment: Kubernetes has not answered lately.")
        }
        () if sees => ("quiet", "There is nothing of Flux yet where you may look."),
        () => ("quiet", "You may not see any of Flux’s objects."),
    };
    (class, text.to_owned())
}

/// What somebody does not see of the kinds that are installed.
fn limits(sights: &[(Kind, Sight)]) -> String {
    let single = sights.iter().filter_map(|(_, sight)| match sight {
        Sight::Namespaces(count) => Some(*count),
        _ => None,
    });
    let hidden: Vec<_> =
        sights.iter().filter(|(_, sight)| *sight == Sight::Nothing).map(|(kind, _)| kind.info().name).collect();
    let cut = single.max().map(|count| {
        format!("Counted is what Kubernetes lets you see: {} of this cluster.", plural(count, "namespace"))
    });
    let missing = (!hidden.is_empty()).then(|| format!("You may not list {}.", listed(&hidden)));
    cut.into_iter().chain(missing).collect::<Vec<_>>().join(" ")
}

/// The first few, and how many more.
fn listed(names: &[&str]) -> String {
    const FEW: usize = 4;
    match names.len() {
        count if count > FEW + 1 => format!("{} and {} more kinds", names[..FEW].join(", "), count - FEW),
        _ => names.join(", "),
    }
}

fn said(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use fanlight_live::Counts;

    use super::*;

    fn summary(states: &[(State, usize)], sights: Vec<(Kind, Sight)>) -> Summary {
        let mut counts = Counts::default();
        for (state, count) in states {
            counts[state.index()] = *count;
        }
        Summary {
            kinds: vec![(Kind::KUSTOMIZATION, counts)],
            namespaces: 3,
            failing: Vec::new(),
            latest: Vec::new(),
            roots: Vec::new(),
            sights,
            freshness: Freshness::Current,
        }
    }

    #[test]
    fn the_sentence_begins_with_what_is_worst() {
        let everywhere = || vec![(Kind::KUSTOMIZATION, Sight::Everywhere)];
        for (states, class, text) in [
            (&[(State::Ready, 12)][..], "ready", "All 12 objects in 3 namespaces are well."),
            (&[(State::Ready, 1)], "ready", "The one object in 3 namespaces is well."),
            (&[(State::Failed, 1), (State::Ready, 4)], "failed", "1 fails of 5 objects in 3 namespaces."),
            (
                &[(State::Failed, 2), (State::Stalled, 1), (State::Waiting, 1), (State::Suspended, 2)],
                "failed",
                "3 fail of 6 objects in 3 namespaces; 1 waits, 2 are suspended.",
            ),
            (
                &[(State::Ready, 4), (State::Progressing, 1)],
                "ready",
                "Nothing fails of 5 objects in 3 namespaces; 1 is being worked on.",
            ),
        ] {
            let expected = Sentence { class, text: text.to_owned(), limits: String::new() };
            assert_eq!(Sentence::of(&summary(states, everywhere())), expected);
        }
    }

    #[test]
    fn an_empty_page_says_why_it_is_empty() {
        let said = |sight| Sentence::of(&summary(&[], vec![(Kind::KUSTOMIZATION, sight)])).text;
        assert_eq!(said(Sight::NotInstalled), "Flux is not installed in this cluster.");
        assert_eq!(said(Sight::Everywhere), "There is nothing of Flux yet where you may look.");
        assert_eq!(said(Sight::Nothing), "You may not see any of Flux’s objects.");
        assert!(said(Sight::Unknown).starts_with("What you may see is not known"));
        let loading = Freshness::Loading { ready: 0, of: 1, age: None };
        let loading = Summary { freshness: loading, ..summary(&[], vec![(Kind::KUSTOMIZATION, Sight::Everywhere)]) };
        assert_eq!(Sentence::of(&loading).text, "The first lists are being read.");
    }

    #[test]
    fn whoever_sees_a_part_is_told_which() {
        let sights = vec![
            (Kind::KUSTOMIZATION, Sight::Namespaces(1)),
            (Kind::HELM_RELEASE, Sight::Namespaces(2)),
            (Kind::PROVIDER, Sight::Nothing),
            (Kind::TERRAFORM, Sight::NotInstalled),
        ];
        let limits = Sentence::of(&summary(&[(State::Ready, 2)], sights)).limits;
        assert_eq!(
            limits,
            "Counted is what Kubernetes lets you see: 2 namespaces of this cluster. You may not list Provider."
        );
        let hidden = Kind::all().take(8).map(|kind| (kind, Sight::Nothing)).collect::<Vec<_>>();
        let limits = Sentence::of(&summary(&[], hidden)).limits;
        assert_eq!(
            limits,
            "You may not list Kustomization, HelmRelease, GitRepository, OCIRepository and 4 more kinds."
        );
    }
}
