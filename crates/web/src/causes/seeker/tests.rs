use std::{
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use fanlight_model::{Facts, Kind, Links, State, UserName};
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::*;

/// What the API server says, and how often it was asked.
#[derive(Default)]
struct Cluster {
    asked: AtomicU32,
    mood: Mutex<Mood>,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Mood {
    #[default]
    Open,
    Forbidding,
    Silent,
}

impl Cluster {
    fn answer(&self, found: Value) -> Finding {
        self.asked.fetch_add(1, Ordering::Relaxed);
        match *self.mood.lock().expect("unpoisoned") {
            Mood::Open => Finding::Found(found),
            Mood::Forbidding => Finding::Denied,
            Mood::Silent => Finding::Unanswered,
        }
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock().expect("unpoisoned") = mood;
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }
}

/// An application one of whose Deployments has no pod that can pull its image.
fn eyes(cluster: &Arc<Cluster>) -> Eyes {
    let (reader, looker) = (Arc::clone(cluster), Arc::clone(cluster));
    let read = move |key: &ObjectKey| {
        reader.asked.fetch_add(1, Ordering::Relaxed);
        let message = "timeout waiting for: [Deployment/shop/cart status: 'InProgress']";
        let object = json!({"metadata": {"namespace": &*key.namespace, "name": &*key.name}, "status": {"conditions": [
            {"type": "Ready", "status": "False", "reason": "HealthCheckFailed", "message": message}]}});
        ready(Ok(object)).boxed()
    };
    let look_up = move |lookup: &Lookup| {
        let found = match lookup {
            Lookup::Object { .. } => json!({"metadata": {"namespace": "shop", "name": "cart"},
                "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "cart"}}}, "status": {}}),
            Lookup::Labelled { kind, .. } if kind.kind == "Pod" => json!({"items": [{
                "metadata": {"namespace": "shop", "name": "cart-1"}, "spec": {"containers": [{"name": "cart", "image": "cart:9"}]},
                "status": {"phase": "Pending", "containerStatuses": [{"name": "cart", "image": "cart:9", "ready": false,
                    "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"cart:9\""}}}]},
            }]}),
            _ => json!({"items": []}),
        };
        ready(looker.answer(found)).boxed()
    };
    Eyes { read: Box::new(read), look_up: Box::new(look_up) }
}

fn row(name: &str) -> Arc<Row> {
    let key = ObjectKey::new(Kind::KUSTOMIZATION, "apps", name);
    let row = Row::new(key, 1, Links::default(), &Facts::new(Kind::KUSTOMIZATION));
    Arc::new(Row { state: State::Failed, sentence: "Health check failed".into(), ..row })
}

fn who(name: &str) -> Identity {
    Identity::of(UserName::new(name).expect("a name"))
}

/// Has a page show these rows, with what is known of them.
fn show(seeker: &mut Seeker, rows: &[Arc<Row>]) {
    let mine = seeker.lines.of(&seeker.who);
    let said = rows.iter().filter_map(|row| mine.recall(row, Instant::now()));
    seeker.want(rows.to_vec(), said.collect());
}

/// What is said of a row, as somebody else's page would find it.
fn said(lines: &Lines, who: &Identity, row: &Row) -> String {
    lines.of(who).recall(row, Instant::now()).map(|said| said.why.sentence.clone()).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn what_is_found_out_is_told_once_and_to_nobody_else_and_is_found_out_anew_in_time() {
    let (lines, cluster, ada) = (Arc::new(Lines::default()), Arc::new(Cluster::default()), who("ada"));
    let mut seeker = Seeker::with(Arc::clone(&lines), &ada, eyes(&cluster));
    let shop = row("shop");
    show(&mut seeker, &[Arc::clone(&shop)]);
    assert_eq!(said(&lines, &ada, &shop), "", "asking for it has not waited for it");
    seeker.next().await;
    assert!(said(&lines, &ada, &shop).contains("cannot pull its image `cart:9`"), "{}", said(&lines, &ada, &shop));
    assert_eq!(said(&lines, &who("ben"), &shop), "");
    let other = Row { message: "another".into(), version: 2, ..(*shop).clone() };
    assert_eq!(said(&lines, &ada, &other), "", "what has changed is not explained by what was");

    let once = cluster.asked();
    show(&mut seeker, &[Arc::clone(&shop)]);
    let again = timeout(Duration::from_secs(19), seeker.next()).await;
    assert!(again.is_err() && cluster.asked() == once, "nothing new for a while");
    let again = timeout(Duration::from_secs(22), seeker.next()).await;
    assert!(again.is_err(), "the same is not told again");
    assert_eq!(cluster.asked(), once * 3, "and is looked at every twenty seconds");
    assert!(!said(&lines, &ada, &shop).is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_comes_to_its_end_while_the_browser_takes_nothing() {
    let (lines, cluster, ada) = (Arc::new(Lines::default()), Arc::new(Cluster::default()), who("ada"));
    let mut seeker = Seeker::with(Arc::clone(&lines), &ada, eyes(&cluster));
    let shop = row("shop");
    show(&mut seeker, &[Arc::clone(&shop)]);
    assert!(seeker.next().now_or_never().is_none());
    sleep(Duration::from_secs(1)).await;
    assert!(said(&lines, &ada, &shop).contains("cart:9"));
    assert!(lines.turn(&ada, Instant::now()).is_ok(), "nobody waits for it");
}

#[tokio::test(start_paused = true)]
async fn half_a_minute_after_a_right_was_lost_or_the_api_server_fell_silent_nothing_is_told_that_it_showed() {
    for mood in [Mood::Forbidding, Mood::Silent] {
        let (lines, cluster, ada) = (Arc::new(Lines::default()), Arc::new(Cluster::default()), who("ada"));
        let mut seeker = Seeker::with(Arc::clone(&lines), &ada, eyes(&cluster));
        let shop = row("shop");
        show(&mut seeker, &[Arc::clone(&shop)]);
        seeker.next().await;
        sleep(Duration::from_millis(1)).await;
        cluster.set(mood);
        show(&mut seeker, &[Arc::clone(&shop)]);
        timeout(Duration::from_secs(30), seeker.next()).await.expect("the page is told in time");
        let told = said(&lines, &ada, &shop);
        assert!(!told.contains("cart:9"), "{told}");
        assert_eq!(told.contains("you may not read"), mood == Mood::Forbidding, "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_said_of_rows_that_are_looked_into_no_more_ends_in_time_too() {
    let (lines, cluster, ada) = (Arc::new(Lines::default()), Arc::new(Cluster::default()), who("ada"));
    let mut seeker = Seeker::with(Arc::clone(&lines), &ada, eyes(&cluster));
    let shop = row("shop");
    show(&mut seeker, &[Arc::clone(&shop)]);
    seeker.next().await;
    show(&mut seeker, &[shop]);
    seeker.wanted.clear();
    let told = timeout(Lines::LASTS, seeker.next()).await;
    assert!(told.is_ok(), "nothing stays on a page because nothing else happens");
}

#[tokio::test(start_paused = true)]
async fn two_hundred_failing_objects_before_fifty_people_cost_a_bounded_number_of_requests() {
    const PEOPLE: usize = 50;
    const MINUTES: u32 = 5;
    let (lines, cluster) = (Arc::new(Lines::default()), Arc::new(Cluster::default()));
    let failing: Vec<_> = (0..200).map(|number| row(&format!("app-{number}"))).collect();
    let open = |number: usize| {
        let mut seeker = Seeker::with(Arc::clone(&lines), &who(&format!("user-{number}")), eyes(&cluster));
        let rows = failing.clone();
        tokio::spawn(async move {
            loop {
                show(&mut seeker, &rows);
                seeker.next().await;
            }
        })
    };
    let first = open(0);
    sleep(Duration::from_secs(60)).await;
    let alone = cluster.asked();
    assert!((40..=40 + 120).contains(&alone), "one person alone: {alone} in the first minute");
    let explained = failing.iter().filter(|row| !said(&lines, &who("user-0"), row).is_empty()).count();
    assert!((5..=Seeker::MOST).contains(&explained), "{explained} are explained");

    let others: Vec<_> = (1..PEOPLE).map(open).collect();
    sleep(Duration::from_secs(60)).await;
    let before = cluster.asked();
    sleep(Duration::from_secs(60 * u64::from(MINUTES))).await;
    let each_minute = (cluster.asked() - before) / MINUTES;
    assert!((200..=360).contains(&each_minute), "all together: {each_minute} a minute");
    others.into_iter().chain([first]).for_each(|one| one.abort());
}

#[tokio::test(start_paused = true)]
async fn one_person_with_many_windows_has_one_look_at_a_time_and_no_more_of_them() {
    let (lines, ada) = (Arc::new(Lines::default()), who("ada"));
    let now = Instant::now();
    let mut turn = lines.turn(&ada, now).expect("the first");
    assert!(lines.turn(&ada, now).is_err(), "not two at a time");
    turn.begin();
    drop(turn);
    drop(lines.turn(&ada, now).expect("one that is not used"));
    let (mut taken, rows) = (0, row("shop"));
    while let Ok(turn) = lines.turn(&ada, now) {
        turn.end(Arc::clone(&rows), Found::Nothing, Lines::REQUESTS, now);
        taken += 1;
    }
    assert_eq!(taken, 2, "of what had begun nothing comes back");
    assert!(lines.turn(&who("ben"), now).is_ok(), "others have turns of their own");
    assert!(lines.turn(&ada, now + Duration::from_secs(60)).is_ok());
}
