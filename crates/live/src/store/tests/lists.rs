//! Orders, and what is counted beside them.

use fanlight_model::Sort;

use super::*;

#[tokio::test(start_paused = true)]
async fn every_order_survives_many_changes() {
    let store = store();
    let lines = [Sightline::of(KIND, Reach::Everywhere)];
    let list = |sort| store.list(&lines, &Query { sort, ..Query::default() }, fresh());
    for round in 0..500_u64 {
        let name = format!("n{}", round * 7919 % 61);
        let state = State::ALL[usize::try_from(round % 9).expect("small")];
        let change = match round % 5 {
            0 => gone("apps", &name, 100 + round),
            _ => Change::Applied(row("apps", &name, 100 + round, state)),
        };
        store.apply(&whole(), FIRST, vec![change]);
        if round == 250 {
            list(Sort::Message);
        }
    }
    for sort in Sort::ALL {
        let list = list(sort);
        assert!(list.rows.is_sorted_by(|a, b| sort.compare(a, b).is_lt()), "{sort:?}");
        assert_eq!(list.rows.len(), list.matching);
        assert_eq!(list.matching, list.states.iter().sum::<usize>());
    }
}

#[tokio::test(start_paused = true)]
async fn tenants_are_counted_among_what_is_in_sight_and_told_apart() {
    let store = store();
    for (namespace, name, tenant) in [("apps", "a", "blue"), ("apps", "b", "blue"), ("data", "c", "red")] {
        let labels = Row::labels([(Row::TENANT, tenant)]);
        let row = Row { labels, ..Arc::unwrap_or_clone(row(namespace, name, 20, State::Ready)) };
        store.apply(&whole(), FIRST, vec![Change::Applied(Arc::new(row))]);
    }
    let list = |reach, asked: &str| {
        let list = store.list(&[Sightline::of(KIND, reach)], &Query::from_pairs([("q", asked)]), fresh());
        let tenants: Vec<_> = list.tenants.iter().map(|(tenant, count)| format!("{tenant} {count}")).collect();
        (list.rows.iter().map(|row| &*row.key.name).collect::<Vec<_>>().concat(), tenants.join(", "))
    };
    let told = |names: &str, tenants: &str| (names.to_owned(), tenants.to_owned());
    assert_eq!(list(Reach::Everywhere, "tenant:blue"), told("ab", "blue 2, red 1"));
    assert_eq!(list(Reach::Everywhere, "tenant:blue,red"), told("abc", "blue 2, red 1"));
    assert_eq!(list(Reach::Namespaces(vec!["data".into()]), "tenant:blue"), told("", "red 1"));
    store.apply(&whole(), FIRST, vec![gone("data", "c", 30)]);
    assert_eq!(list(Reach::Everywhere, "tenant:red"), told("", "blue 2"));
}
