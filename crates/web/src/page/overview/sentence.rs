use fanlight_live::{Freshness, Sight, Summary};
use fanlight_model::State;

use super::Breadth;

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
    /// The sentence on a summary of what is counted at this breadth.
    pub(super) fn of(summary: &Summary, breadth: Breadth) -> Self {
        let (class, text) = state(summary, breadth);
        Self { class, text, limits: limits(summary) }
    }
}

fn state(summary: &Summary, breadth: Breadth) -> (&'static str, String) {
    let total = summary.total();
    let all: usize = total.iter().sum();
    if all == 0 {
        return nothing(summary, breadth);
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
    let noun = match breadth {
        Breadth::All => "object",
        Breadth::Applications => "application",
    };
    let gap = gap(summary);
    let so_far = if gap.is_some() { " known so far" } else { "" };
    let where_to = format!("{} in {}{so_far}", plural(all, noun), plural(summary.namespaces, "namespace"));
    let well = gap.unwrap_or("ready");
    match (failing, asides.is_empty()) {
        (0, true) if gap.is_some() => (well, format!("Nothing fails of {where_to}.")),
        (0, true) => (
            well,
            if all == 1 { format!("The one {} is well.", &where_to[2..]) } else { format!("All {where_to} are well.") },
        ),
        (0, false) => (well, format!("Nothing fails of {where_to}; {}.", asides.join(", "))),
        (_, true) => ("failed", format!("{} of {where_to}.", said(failing, "fails", "fail"))),
        (_, false) => ("failed", format!("{} of {where_to}; {}.", said(failing, "fails", "fail"), asides.join(", "))),
    }
}

/// The colour of what is not known of the cluster at this moment, if anything is not.
fn gap(summary: &Summary) -> Option<&'static str> {
    let unknown = summary.sights.iter().any(|(_, sight)| *sight == Sight::Unknown);
    match summary.freshness {
        _ if unknown => Some("waiting"),
        Freshness::Loading { .. } => Some("moving"),
        _ => None,
    }
}

fn nothing(summary: &Summary, breadth: Breadth) -> (&'static str, String) {
    let all = |wanted: Sight| summary.sights.iter().all(|(_, sight)| *sight == wanted);
    let some = |wanted: Sight| summary.sights.iter().any(|(_, sight)| *sight == wanted);
    let sees = summary.sights.iter().any(|(_, sight)| matches!(sight, Sight::Everywhere | Sight::Namespaces(_)));
    let (class, text) = match () {
        () if all(Sight::NotInstalled) => ("quiet", "Flux is not installed in this cluster."),
        () if matches!(summary.freshness, Freshness::Loading { .. }) => ("moving", "The first lists are being read."),
        () if some(Sight::Unknown) => {
            ("waiting", "What you may see is not known at this moment: Kubernetes has not answered lately.")
        }
        () if sees && breadth == Breadth::Applications => {
            ("quiet", "There is no application of Flux yet where you may look.")
        }
        () if sees => ("quiet", "There is nothing of Flux yet where you may look."),
        () => ("quiet", "You may not see any of Flux’s objects."),
    };
    (class, text.to_owned())
}

/// What somebody does not see of the kinds that are installed, and what is not known so far.
fn limits(summary: &Summary) -> String {
    let sights = &summary.sights;
    let single = sights.iter().filter_map(|(_, sight)| match sight {
        Sight::Namespaces(count) => Some(*count),
        _ => None,
    });
    let names = |wanted: Sight| -> Vec<_> {
        sights.iter().filter(|(_, sight)| *sight == wanted).map(|(kind, _)| kind.info().name).collect()
    };
    let (hidden, unknown) = (names(Sight::Nothing), names(Sight::Unknown));
    let cut = single.max().map(|count| {
        format!("Counted is what Kubernetes lets you see: {} of this cluster.", plural(count, "namespace"))
    });
    let missing = (!hidden.is_empty()).then(|| format!("You may not list {}.", listed(&hidden)));
    let unknown = (!unknown.is_empty()).then(|| format!("Not known at this moment: {}.", listed(&unknown)));
    let unread = matches!(summary.freshness, Freshness::Loading { .. });
    let unread = unread.then(|| "Not everything has been read so far.".to_owned());
    [cut, missing, unknown, unread].into_iter().flatten().collect::<Vec<_>>().join(" ")
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
    use fanlight_model::Kind;

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
            more_roots: 0,
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
            assert_eq!(Sentence::of(&summary(states, everywhere()), Breadth::All), expected);
        }
    }

    #[test]
    fn an_empty_page_says_why_it_is_empty() {
        let said = |sight| Sentence::of(&summary(&[], vec![(Kind::KUSTOMIZATION, sight)]), Breadth::All).text;
        assert_eq!(said(Sight::NotInstalled), "Flux is not installed in this cluster.");
        assert_eq!(said(Sight::Everywhere), "There is nothing of Flux yet where you may look.");
        assert_eq!(said(Sight::Nothing), "You may not see any of Flux’s objects.");
        assert!(said(Sight::Unknown).starts_with("What you may see is not known"));
        let loading = Freshness::Loading { ready: 0, of: 1, age: None };
        let loading = Summary { freshness: loading, ..summary(&[], vec![(Kind::KUSTOMIZATION, Sight::Everywhere)]) };
        assert_eq!(Sentence::of(&loading, Breadth::All).text, "The first lists are being read.");
    }

    #[test]
    fn nothing_is_called_well_while_a_part_is_not_known() {
        let unknown = || vec![(Kind::HELM_RELEASE, Sight::Everywhere), (Kind::KUSTOMIZATION, Sight::Unknown)];
        let said = Sentence::of(&summary(&[(State::Ready, 4)], unknown()), Breadth::All);
        assert_eq!((said.class, &*said.text), ("waiting", "Nothing fails of 4 objects in 3 namespaces known so far."));
        assert_eq!(said.limits, "Not known at this moment: Kustomization.");
        let said = Sentence::of(&summary(&[(State::Failed, 1)], unknown()), Breadth::All);
        assert_eq!((said.class, &*said.text), ("failed", "1 fails of 1 object in 3 namespaces known so far."));

        let everywhere = vec![(Kind::KUSTOMIZATION, Sight::Everywhere)];
        let freshness = Freshness::Loading { ready: 1, of: 2, age: None };
        let loading = Summary { freshness, ..summary(&[(State::Ready, 4), (State::Suspended, 1)], everywhere) };
        let said = Sentence::of(&loading, Breadth::All);
        let text = "Nothing fails of 5 objects in 3 namespaces known so far; 1 is suspended.";
        assert_eq!((said.class, &*said.text), ("moving", text));
        assert_eq!(said.limits, "Not everything has been read so far.");
    }

    #[test]
    fn where_nothing_but_applications_is_counted_nothing_else_is_spoken_of() {
        let said = |states| {
            let sights = vec![(Kind::KUSTOMIZATION, Sight::Namespaces(20))];
            Sentence::of(&summary(states, sights), Breadth::Applications).text
        };
        assert_eq!(said(&[(State::Ready, 4)]), "All 4 applications in 3 namespaces are well.");
        assert_eq!(said(&[(State::Failed, 1)]), "1 fails of 1 application in 3 namespaces.");
        assert_eq!(said(&[]), "There is no application of Flux yet where you may look.");
    }

    #[test]
    fn whoever_sees_a_part_is_told_which() {
        let sights = vec![
            (Kind::KUSTOMIZATION, Sight::Namespaces(1)),
            (Kind::HELM_RELEASE, Sight::Namespaces(2)),
            (Kind::PROVIDER, Sight::Nothing),
            (Kind::TERRAFORM, Sight::NotInstalled),
        ];
        let limits = Sentence::of(&summary(&[(State::Ready, 2)], sights), Breadth::All).limits;
        assert_eq!(
            limits,
            "Counted is what Kubernetes lets you see: 2 namespaces of this cluster. You may not list Provider."
        );
        let hidden = Kind::all().take(8).map(|kind| (kind, Sight::Nothing)).collect::<Vec<_>>();
        let limits = Sentence::of(&summary(&[], hidden), Breadth::All).limits;
        assert_eq!(
            limits,
            "You may not list Kustomization, HelmRelease, GitRepository, OCIRepository and 4 more kinds."
        );
    }
}
