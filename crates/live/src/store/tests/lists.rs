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

/// A store in which rows have come, changed and gone, and what is left of them.
fn lively() -> (Store, Vec<Arc<Row>>) {
    let store = store();
    let mut left = vec![row("apps", "shop", 4, State::Ready), row("data", "etl", 5, State::Ready)];
    for number in 0..900_u64 {
        let namespace = ["apps", "data", "edge", "infra", "web"][usize::try_from(number % 5).expect("small")];
        let state = State::ALL[usize::try_from(number * 7 % 9).expect("small")];
        let labels =
            Row::labels((number % 3 > 0).then_some((Row::TENANT, if number % 3 == 1 { "blue" } else { "red" })));
        let name = format!("n{}", number * 7919 % 151);
        let changed = Arc::new(Row { labels, ..Arc::unwrap_or_clone(row(namespace, &name, 100 + number, state)) });
        left.retain(|row| row.key != changed.key);
        if number % 7 == 6 {
            store.apply(&whole(), FIRST, vec![gone(namespace, &name, 100 + number)]);
        } else {
            store.apply(&whole(), FIRST, vec![Change::Applied(Arc::clone(&changed))]);
            left.push(changed);
        }
    }
    (store, left)
}

#[tokio::test(start_paused = true)]
async fn every_page_and_count_is_what_looking_at_each_row_would_tell() {
    let (store, left) = lively();
    let questions =
        ["", "n1", "status:failed", "ns:web,apps n1", "tenant:blue status:ready,waiting", "ns:edge n7", "xyz"];
    let reaches = [Reach::Everywhere, Reach::Namespaces(vec!["web".into(), "edge".into()]), Reach::Nothing];
    for (question, reach) in questions.iter().flat_map(|question| reaches.iter().map(move |reach| (*question, reach))) {
        let line = Sightline::of(KIND, reach.clone());
        let in_sight: Vec<_> = left.iter().filter(|row| line.reaches(&row.key.namespace)).collect();
        for order in ["", "reversed"] {
            let list = |page: &str| {
                let query = Query::from_pairs([("q", question), ("order", order), ("page", page)]);
                (store.list(&[Sightline::of(KIND, reach.clone())], &query, fresh()), query)
            };
            let (first, query) = list("1");
            let fits = |row: &&&Arc<Row>| {
                let tenants = &query.tenants;
                (query.namespaces.is_empty() || query.namespaces.iter().any(|name| **name == *row.key.namespace))
                    && (tenants.is_empty() || row.tenant().is_some_and(|own| tenants.iter().any(|name| name == own)))
                    && query.finds(row)
            };
            let in_state = |state| in_sight.iter().filter(fits).filter(|row| row.state == state).count();
            let mut all: Vec<_> = in_sight.iter().filter(fits).filter(|row| query.wants_state(row.state)).collect();
            all.sort_by(|a, b| Sort::Status.compare(a, b));
            let what = format!("{question:?} {order:?} of {reach:?}");
            assert_eq!((first.in_sight, first.matching), (in_sight.len(), all.len()), "{what}");
            assert_eq!(first.states, State::ALL.map(in_state), "{what}");
            assert_eq!(first.namespaces.iter().map(|(_, rows)| rows).sum::<usize>(), in_sight.len(), "{what}");
            let pages = (1..=first.pages).flat_map(|page| list(&page.to_string()).0.rows);
            let names = |row: &Row| row.key.to_string();
            let (mut shown, mut wanted): (Vec<_>, Vec<_>) =
                (pages.map(|row| names(&row)).collect(), all.into_iter().map(|row| names(row)).collect());
            if query.words.is_empty() {
                if order == "reversed" {
                    wanted.reverse();
                }
            } else {
                // These are in the order of how well they fit.
                [&mut shown, &mut wanted].into_iter().for_each(|names| names.sort_unstable());
            }
            assert_eq!(shown, wanted, "{what}");
        }
    }
}
