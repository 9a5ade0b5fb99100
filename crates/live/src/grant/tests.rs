use super::*;

const TRUST: Duration = Duration::from_secs(30);
const KIND: Kind = Kind::KUSTOMIZATION;
const LIST: Rights = Rights { list: true, watch: false };

fn all() -> Kinds {
    Kind::all().collect()
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_old_shows_nothing_and_is_called_unknown() {
    let mut grant = Grant::default();
    let asked = Instant::now();
    assert_eq!(grant.reach(KIND, asked, TRUST).reach, Reach::Unknown);
    grant.set_everywhere(KIND, Held { rights: Rights::ALL, asked }, TRUST);
    assert_eq!(grant.reach(KIND, asked + TRUST, TRUST).reach, Reach::Everywhere);
    assert_eq!(grant.reach(KIND, asked + TRUST + Duration::from_millis(1), TRUST).reach, Reach::Unknown);
    assert!(!grant.sees(KIND, "apps", asked + TRUST * 2, TRUST));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_only_when_the_cluster_and_every_namespace_have_been_refused() {
    let mut grant = Grant::default();
    let asked = Instant::now();
    grant.set_everywhere(KIND, Held { rights: Rights::NONE, asked }, TRUST);
    assert_eq!(grant.reach(KIND, asked, TRUST).reach, Reach::Unknown);
    grant.set_surveyed(asked, all());
    assert_eq!(grant.reach(KIND, asked, TRUST).reach, Reach::Nothing);
}

/// Somebody who was allowed to see everything at `allowed`, and refused that a second later.
fn withdrawn(grant: &mut Grant, allowed: Instant) -> Held {
    let lost = Held { rights: Rights::NONE, asked: allowed + Duration::from_secs(1) };
    grant.set_everywhere(KIND, Held { rights: LIST, asked: allowed }, TRUST);
    assert!(grant.set_everywhere(KIND, lost, TRUST));
    assert!(grant.is_withdrawn(KIND) && !grant.set_everywhere(KIND, lost, TRUST));
    lost
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_lost_right_stays_in_sight_while_it_is_asked_for() {
    let mut grant = Grant::default();
    let allowed = Instant::now();
    grant.set_surveyed(allowed, all());
    let lost = withdrawn(&mut grant, allowed);
    assert!(!grant.settle(all(), lost.asked, TRUST), "what was found out before is not what is left");
    assert!(!grant.is_surveyed_for(all()));
    assert_eq!(grant.reach(KIND, lost.asked, TRUST).reach, Reach::Everywhere);
    assert_eq!(grant.reach(KIND, allowed + TRUST * 2, TRUST).reach, Reach::Unknown, "however long that takes");
    grant.set_namespace(&"apps".into(), [(KIND, LIST)], lost.asked, TRUST);
    grant.set_surveyed(lost.asked, all());
    assert!(grant.settle(all(), lost.asked, TRUST));
    assert_eq!(grant.reach(KIND, lost.asked, TRUST).reach, Reach::Namespaces(vec!["apps".into()]));
    assert!(!grant.is_settling());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_counts_before_long_whether_or_not_it_is_known_what_is_left() {
    let mut grant = Grant::default();
    let allowed = Instant::now();
    grant.set_surveyed(allowed, all());
    let lost = withdrawn(&mut grant, allowed);
    let end = lost.asked + Grant::REMAINDER;
    assert!(!grant.settle(all(), end, TRUST));
    assert!(grant.settle(all(), end + Duration::from_millis(1), TRUST));
    assert!(!grant.sees(KIND, "apps", end, TRUST));
    assert_eq!(
        grant.reach(KIND, end, TRUST).reach,
        Reach::Unknown,
        "nothing is left as far as is known, and that is old"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_counts_at_once_where_nobody_would_miss_anything() {
    let shown: Kinds = [Kind::HELM_RELEASE].into_iter().collect();
    let mut grant = Grant::default();
    let lost = withdrawn(&mut grant, Instant::now());
    assert!(grant.settle(shown, lost.asked, TRUST), "nobody looks at it");
    let allowed = Instant::now();
    let lost = withdrawn(&mut grant, allowed);
    let old = Duration::from_millis(500);
    assert!(!grant.settle(all(), lost.asked, old * 2));
    assert!(grant.settle(all(), lost.asked, old), "what it takes away is too old to be shown");
}

#[tokio::test(start_paused = true)]
async fn a_right_that_is_given_back_was_never_lost() {
    let mut grant = Grant::default();
    let asked = Instant::now();
    withdrawn(&mut grant, asked);
    grant.set_everywhere(KIND, Held { rights: LIST, asked: asked + Duration::from_secs(2) }, TRUST);
    assert!(!grant.settle(all(), asked + TRUST, TRUST));
    assert_eq!(grant.reach(KIND, asked + TRUST, TRUST).reach, Reach::Everywhere);
}

#[tokio::test(start_paused = true)]
async fn only_the_granted_namespaces_are_seen() {
    let mut grant = Grant::default();
    let asked = Instant::now();
    grant.set_everywhere(KIND, Held { rights: Rights::NONE, asked }, TRUST);
    grant.set_namespace(&"apps".into(), [(KIND, LIST)], asked, TRUST);
    grant.set_namespace(&"data".into(), [(KIND, Rights::NONE)], asked, TRUST);
    grant.set_surveyed(asked, all());
    assert_eq!(grant.reach(KIND, asked, TRUST).reach, Reach::Namespaces(vec!["apps".into()]));
    assert!(grant.sees(KIND, "apps", asked, TRUST));
    assert!(!grant.sees(KIND, "data", asked, TRUST));
    assert!(!grant.sees(Kind::HELM_RELEASE, "apps", asked, TRUST));
}

#[tokio::test(start_paused = true)]
async fn a_namespace_is_refused_only_when_the_api_server_has_said_so() {
    let mut grant = Grant::default();
    let asked = Instant::now();
    assert!(!grant.refuses(KIND, "apps"), "nobody has asked");
    grant.set_everywhere(KIND, Held { rights: Rights::NONE, asked }, TRUST);
    assert!(!grant.refuses(KIND, "apps"), "nor about the namespaces");
    grant.set_namespace(&"apps".into(), [(KIND, LIST)], asked, TRUST);
    grant.set_surveyed(asked, all());
    grant.set_open(&"data".into(), [KIND].into_iter().collect());
    let refused = ["apps", "data", "web"].map(|namespace| grant.refuses(KIND, namespace));
    assert_eq!(refused, [false, false, true]);
}

#[tokio::test(start_paused = true)]
async fn a_namespace_of_which_the_answer_became_too_old_is_missed_and_not_forgotten() {
    let mut grant = Grant::default();
    let asked = Instant::now();
    grant.set_everywhere(KIND, Held { rights: Rights::NONE, asked }, TRUST);
    grant.set_namespace(&"apps".into(), [(KIND, LIST)], asked, TRUST);
    grant.set_namespace(&"data".into(), [(KIND, LIST)], asked + TRUST / 2, TRUST);
    grant.set_surveyed(asked, all());
    let outlook = grant.reach(KIND, asked + TRUST + TRUST / 4, TRUST);
    assert_eq!(outlook.reach, Reach::Namespaces(vec!["data".into()]));
    assert_eq!((outlook.overdue, outlook.until), (1, Some(asked + TRUST + TRUST / 2)));
    assert_eq!(grant.reach(KIND, asked + TRUST * 3, TRUST).reach, Reach::Unknown);
}

#[tokio::test(start_paused = true)]
async fn what_is_said_of_some_kinds_says_nothing_of_others() {
    let mut grant = Grant::default();
    let asked = Instant::now();
    for kind in [KIND, Kind::HELM_RELEASE] {
        grant.set_everywhere(kind, Held { rights: Rights::NONE, asked }, TRUST);
    }
    grant.set_namespace(&"apps".into(), [(KIND, LIST)], asked, TRUST);
    grant.set_surveyed(asked, [KIND].into_iter().collect());
    assert_eq!(grant.reach(Kind::HELM_RELEASE, asked, TRUST).reach, Reach::Unknown);
    grant.set_namespace(&"apps".into(), [(Kind::HELM_RELEASE, LIST)], asked, TRUST);
    assert!(grant.sees(KIND, "apps", asked, TRUST), "nothing else was said of it");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_said_of_a_kind_it_is_unknown_and_not_refused() {
    let mut grant = Grant::default();
    let asked = Instant::now();
    grant.set_everywhere(KIND, Held { rights: Rights::NONE, asked }, TRUST);
    grant.set_surveyed(asked, all());
    assert!(grant.set_open(&"apps".into(), [KIND].into_iter().collect()));
    assert_eq!(grant.reach(KIND, asked, TRUST).reach, Reach::Unknown);
    assert!(grant.set_open(&"apps".into(), Kinds::default()));
    assert_eq!(grant.reach(KIND, asked, TRUST).reach, Reach::Nothing);
    assert!(!grant.set_open(&"apps".into(), Kinds::default()));
}

#[tokio::test(start_paused = true)]
async fn a_lost_right_in_a_namespace_is_gone_with_the_next_answer() {
    let mut grant = Grant::default();
    let asked = Instant::now();
    grant.set_namespace(&"apps".into(), [(KIND, LIST)], asked, TRUST);
    grant.set_namespace(&"apps".into(), [(KIND, Rights::NONE)], asked, TRUST);
    assert!(!grant.sees(KIND, "apps", asked, TRUST));
}
