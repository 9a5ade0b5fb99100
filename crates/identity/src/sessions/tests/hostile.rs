//! Whatever a browser sends: nothing panics, and nothing opens that was not sealed here.

use std::sync::LazyLock;

use super::*;
use crate::SignedIn;

/// What several browsers were given, and what was sealed in it.
struct Given {
    sessions: Sessions,
    opened: Vec<Session>,
    cookies: Vec<(String, String)>,
}

static GIVEN: LazyLock<Given> = LazyLock::new(|| {
    let sessions = sessions(KeyRing::random(), "");
    let mut opened = Vec::new();
    let mut cookies = Vec::new();
    let mut give = |(session, set): (Session, Vec<String>)| {
        opened.push(session);
        let pairs = set.iter().filter_map(|cookie| cookie.split(';').next()?.split_once('='));
        cookies.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    };
    give(sessions.open(dana(), Method::Emergency, None, noon()));
    give(sessions.open(dana(), Method::Emergency, None, noon() - 20 * MINUTE));
    for groups in [2, 120] {
        let groups: Vec<_> = (0..groups).map(|number| format!("{number:036}")).collect();
        let signed = SignedIn {
            identity: Identity::new(UserName::new("erin").expect("a name"), groups.iter().map(String::as_str))
                .expect("groups"),
            notices: Vec::new(),
            expires: noon() + 5 * MINUTE,
            lifetime: 600 * MINUTE,
            refresh_token: Some("r".repeat(3000).into()),
            id_token: "i".repeat(3000).into(),
        };
        give(sessions.open_oidc(&signed, noon()).expect("it fits"));
    }
    Given { sessions, opened, cookies }
});

/// Something that is done to cookies on the way.
#[derive(Debug, Clone)]
enum Change {
    Drop(prop::sample::Index),
    Double(prop::sample::Index),
    /// The value of one under the name of another.
    Rename(prop::sample::Index, prop::sample::Index),
    Cut(prop::sample::Index, prop::sample::Index),
    Letter(prop::sample::Index, prop::sample::Index, char),
    /// How many parts there are, or are said to be.
    Count(prop::sample::Index, String),
    /// The end of one behind the beginning of another.
    Splice(prop::sample::Index, prop::sample::Index, prop::sample::Index),
    Own(String, String),
}

fn change() -> impl Strategy<Value = Change> {
    use any as some;
    prop_oneof![
        some::<prop::sample::Index>().prop_map(Change::Drop),
        some::<prop::sample::Index>().prop_map(Change::Double),
        some::<(prop::sample::Index, prop::sample::Index)>().prop_map(|(one, other)| Change::Rename(one, other)),
        some::<(prop::sample::Index, prop::sample::Index)>().prop_map(|(one, at)| Change::Cut(one, at)),
        (some::<(prop::sample::Index, prop::sample::Index)>(), "[A-Za-z0-9+/=.é ]")
            .prop_map(|((one, at), letter)| Change::Letter(one, at, letter.chars().next().unwrap_or('A'))),
        (some::<prop::sample::Index>(), "[0-9]{0,3}|-1|99999999999999999999|[a-z]")
            .prop_map(|(one, count)| Change::Count(one, count)),
        some::<(prop::sample::Index, prop::sample::Index, prop::sample::Index)>()
            .prop_map(|(one, other, at)| Change::Splice(one, other, at)),
        ("__Host-fanlight-[0-9a-f]{8}(-idle|-tokens|-[0-9])?", ".{0,80}")
            .prop_map(|(name, value)| Change::Own(name, value)),
    ]
}

fn make(cookies: &mut Vec<(String, String)>, change: &Change) {
    if cookies.is_empty() {
        return;
    }
    let count = cookies.len();
    let place = |text: &str, at: &prop::sample::Index| {
        let places: Vec<_> = text.char_indices().map(|(place, _)| place).chain([text.len()]).collect();
        *at.get(&places)
    };
    match change {
        Change::Drop(one) => drop(cookies.remove(one.index(count))),
        Change::Double(one) => cookies.push(cookies[one.index(count)].clone()),
        Change::Rename(one, other) => cookies[one.index(count)].0 = cookies[other.index(count)].0.clone(),
        Change::Cut(one, at) => {
            let value = &mut cookies[one.index(count)].1;
            value.truncate(place(value, at));
        }
        Change::Letter(one, at, letter) => {
            let value = &mut cookies[one.index(count)].1;
            value.insert(place(value, at), *letter);
        }
        Change::Count(one, said) => {
            let value = &mut cookies[one.index(count)].1;
            let rest = value.split_once('.').map_or(value.as_str(), |(_, rest)| rest);
            *value = format!("{said}.{rest}");
        }
        Change::Splice(one, other, at) => {
            let (head, tail) = (&cookies[one.index(count)].1, &cookies[other.index(count)].1);
            cookies[one.index(count)].1 = format!("{}{}", &head[..place(head, at)], &tail[place(tail, at)..]);
        }
        Change::Own(name, value) => cookies.insert(0, (name.clone(), value.clone())),
    }
}

/// Unoptimized ciphers are slow.
const MOST: u32 = 4000;

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.min(MOST), ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_to_cookies_only_what_was_sealed_opens(
        order in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
        changes in prop::collection::vec(change(), 0..6),
        minutes in 0_u32..700,
    ) {
        let Given { sessions, opened, cookies } = &*GIVEN;
        let mut sent: Vec<_> = order.iter().map(|index| index.get(cookies).clone()).collect();
        changes.iter().for_each(|change| make(&mut sent, change));
        let header: Vec<_> = sent.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (header, now) = (header.join("; "), noon() + minutes * MINUTE);
        for read in [sessions.read(&header, now), sessions.read_run_out(&header, now)].into_iter().flatten() {
            let sealed = opened.iter().find(|session| session.id == read.id).expect("a session of ours");
            prop_assert_eq!(&read.identity, &sealed.identity);
            prop_assert_eq!((read.method, read.started, read.ends), (sealed.method, sealed.started, sealed.ends));
            prop_assert!(now < read.ends && now < read.idle_ends && read.idle_ends <= sealed.idle_ends);
            sessions.touch(&header, &read, now);
            if let Some(tokens) = sessions.tokens(&header, &read) {
                prop_assert!(tokens.refresh.is_some() && sealed.method == Method::Oidc);
            }
        }
    }
}

#[test]
fn cookies_that_nobody_touched_open() {
    let Given { sessions, opened, cookies } = &*GIVEN;
    let mut rest = cookies.as_slice();
    for session in opened {
        let many = rest.iter().skip(1).position(|(name, _)| *name == sessions.identity).map_or(rest.len(), |at| at + 1);
        let (mine, others) = rest.split_at(many);
        let header: Vec<_> = mine.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let read = sessions.read(&header.join("; "), noon()).expect("a session");
        assert_eq!((read.id, &read.identity), (session.id, &session.identity));
        rest = others;
    }
}
