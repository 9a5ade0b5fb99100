use std::sync::{
    Condvar, Mutex as Lock,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::{FutureExt, future::BoxFuture, future::join_all};
use secrecy::SecretSlice;

use super::*;
use crate::{SourceError, hash_password};

/// A Secret that can be changed.
#[derive(Default)]
struct Drawer {
    content: Lock<Content>,
    reads: AtomicUsize,
}

#[derive(Clone, Default)]
enum Content {
    #[default]
    Empty,
    Secret {
        uid: String,
        name: Option<String>,
        hash: Option<String>,
    },
    Stuck,
    Refused,
    Away,
}

impl Drawer {
    fn put(&self, uid: &str, name: Option<&str>, password: Option<&str>) {
        let hash = password.map(|password| hash_password(password.as_bytes(), 4).expect("a hash"));
        self.set(Content::Secret { uid: uid.to_owned(), name: name.map(ToOwned::to_owned), hash });
    }

    fn set(&self, content: Content) {
        *self.content.lock().expect("unpoisoned") = content;
    }
}

impl CredentialSource for Drawer {
    fn read(&self) -> BoxFuture<'static, Result<Option<StoredCredential>, SourceError>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let bytes = |text: String| SecretSlice::from(text.into_bytes());
        match self.content.lock().expect("unpoisoned").clone() {
            Content::Empty => async { Ok(None) }.boxed(),
            Content::Stuck => std::future::pending().boxed(),
            Content::Refused => async { Err(SourceError::Refused("secrets is forbidden".to_owned())) }.boxed(),
            Content::Away => async { Err(SourceError::Unanswered("no connection".to_owned())) }.boxed(),
            Content::Secret { uid, name, hash } => {
                let stored = StoredCredential { uid, username: name.map(bytes), password: hash.map(bytes) };
                async { Ok(Some(stored)) }.boxed()
            }
        }
    }
}

fn desk() -> (Arc<Drawer>, EmergencyDesk) {
    let drawer = Arc::new(Drawer::default());
    (Arc::clone(&drawer), EmergencyDesk::new(drawer, Arc::new(KeyRing::random())))
}

async fn sign_in(desk: &EmergencyDesk, name: &str, password: &str) -> Result<Admitted, Refusal> {
    desk.sign_in(name, SecretString::from(password), [127, 0, 0, 1].into()).await
}

#[tokio::test]
async fn only_the_right_name_with_the_right_password_gets_in() {
    let (drawer, desk) = desk();
    assert_eq!(sign_in(&desk, "admin", "secret").await.err(), Some(Refusal::NotSetUp));
    drawer.put("1", Some("admin"), Some("secret"));
    let admitted = sign_in(&desk, "admin", "secret").await.expect("the right password");
    assert_eq!(admitted.identity.user().as_str(), "admin");
    let long = "x".repeat(5000);
    for (name, password) in [
        ("admin", "wrong"),
        ("admin", ""),
        ("admin", "secret\n"),
        ("admin", &long),
        ("root", "secret"),
        ("", "secret"),
        ("Admin", "secret"),
    ] {
        let fresh = EmergencyDesk::new(Arc::clone(&drawer) as _, Arc::new(KeyRing::random()));
        assert_eq!(sign_in(&fresh, name, password).await.err(), Some(Refusal::Wrong), "{name} {password}");
    }
}

#[tokio::test]
async fn a_secret_that_is_of_no_use_lets_nobody_in_and_says_why() {
    for (name, hash) in [
        (None, Some("secret")),
        (Some(""), Some("secret")),
        (Some("system:admin"), Some("secret")),
        (Some("admin"), None),
    ] {
        let (drawer, desk) = desk();
        drawer.put("1", name, hash);
        let tried = name.unwrap_or_default();
        assert_eq!(sign_in(&desk, tried, "secret").await.err(), Some(Refusal::Wrong), "{name:?}");
        assert!(matches!(desk.standing().await, Standing::Unusable(_)));
    }
    let (drawer, desk) = desk();
    let [name, hash] = ["admin", "plain text"].map(|text| Some(text.to_owned()));
    drawer.set(Content::Secret { uid: "1".to_owned(), name, hash });
    assert_eq!(sign_in(&desk, "admin", "plain text").await.err(), Some(Refusal::Wrong));
}

#[tokio::test]
async fn the_api_servers_reason_is_passed_on() {
    let (drawer, desk) = desk();
    drawer.set(Content::Refused);
    let reason = "secrets is forbidden".to_owned();
    assert_eq!(sign_in(&desk, "admin", "secret").await.err(), Some(Refusal::Unreadable(reason.clone())));
    assert_eq!(desk.standing().await, Standing::Unreadable(reason));
}

#[tokio::test]
async fn a_changed_password_works_at_once_and_ends_what_the_old_one_opened() {
    let (drawer, desk) = desk();
    drawer.put("1", Some("admin"), Some("old"));
    let old = sign_in(&desk, "admin", "old").await.expect("the old password").fingerprint;
    assert!(desk.still_valid(&old).await);
    drawer.put("1", Some("admin"), Some("new"));
    let new = sign_in(&desk, "admin", "new").await.expect("the new password").fingerprint;
    assert!(desk.still_valid(&new).await, "at once");
    assert!(!desk.still_valid(&old).await);
    assert!(sign_in(&desk, "admin", "old").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_deleted_or_made_anew_ends_its_sessions_within_ten_seconds() {
    let (drawer, desk) = desk();
    drawer.put("1", Some("admin"), Some("secret"));
    let session = sign_in(&desk, "admin", "secret").await.expect("the password").fingerprint;
    let Content::Secret { name, hash, .. } = drawer.content.lock().expect("unpoisoned").clone() else { panic!() };
    for content in [Content::Secret { uid: "2".to_owned(), name: name.clone(), hash: hash.clone() }, Content::Empty] {
        drawer.set(Content::Secret { uid: "1".to_owned(), name: name.clone(), hash: hash.clone() });
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(desk.still_valid(&session).await);
        drawer.set(content);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(!desk.still_valid(&session).await);
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_does_not_answer_neither_ends_nor_revives_a_session_and_holds_nobody_up() {
    let (drawer, desk) = desk();
    drawer.put("1", Some("admin"), Some("secret"));
    let session = sign_in(&desk, "admin", "secret").await.expect("the password").fingerprint;
    drawer.set(Content::Stuck);
    tokio::time::advance(Duration::from_mins(1)).await;
    let before = Instant::now();
    let answers = join_all((0..20).map(|_| desk.still_valid(&session))).await;
    assert!(answers.iter().all(|valid| *valid));
    assert!(before.elapsed() < Duration::from_secs(4), "they wait together, not one after another");
    drawer.set(Content::Empty);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert!(!desk.still_valid(&session).await);
    drawer.set(Content::Stuck);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert!(!desk.still_valid(&session).await);
}

#[tokio::test(start_paused = true)]
async fn many_requests_cause_one_look_at_the_secret() {
    let (drawer, desk) = desk();
    drawer.put("1", Some("admin"), Some("secret"));
    let session = sign_in(&desk, "admin", "secret").await.expect("the password").fingerprint;
    tokio::time::advance(Duration::from_secs(10)).await;
    let before = drawer.reads.load(Ordering::SeqCst);
    join_all((0..100).map(|_| desk.still_valid(&session))).await;
    assert_eq!(drawer.reads.load(Ordering::SeqCst) - before, 1);
}

#[tokio::test]
async fn a_session_outlives_the_rotation_of_keys() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let [old, new] = [STANDARD.encode([1; 32]), STANDARD.encode([2; 32])];
    let ring = |text: &str| Arc::new(KeyRing::from_text(text).expect("keys"));
    let drawer = Arc::new(Drawer::default());
    drawer.put("1", Some("admin"), Some("secret"));
    let before = EmergencyDesk::new(Arc::clone(&drawer) as _, ring(&old));
    let after = EmergencyDesk::new(drawer, ring(&format!("{new}\n{old}")));
    let session = sign_in(&before, "admin", "secret").await.expect("the password").fingerprint;
    assert!(after.still_valid(&session).await);
}

#[tokio::test(start_paused = true)]
async fn keys_that_are_rotated_while_it_runs_end_nothing() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let [old, new] = [STANDARD.encode([1; 32]), STANDARD.encode([2; 32])];
    let drawer = Arc::new(Drawer::default());
    drawer.put("1", Some("admin"), Some("secret"));
    let keys = Arc::new(KeyRing::from_text(&old).expect("a key"));
    let desk = EmergencyDesk::new(Arc::clone(&drawer) as _, Arc::clone(&keys));
    let before = sign_in(&desk, "admin", "secret").await.expect("the password").fingerprint;
    assert!(desk.still_valid(&before).await);
    let other = EmergencyDesk::new(drawer, Arc::new(KeyRing::from_text(&new).expect("a key")));
    let elsewhere = sign_in(&other, "admin", "secret").await.expect("the password").fingerprint;
    let text = format!("{new}\n{old}");
    keys.replace(&[crate::KeyText { name: "keys", text: &text }], Instant::now()).expect("keys");
    assert!(desk.still_valid(&before).await && desk.still_valid(&elsewhere).await, "without any wait");
}

#[tokio::test]
async fn an_unknown_name_costs_the_same_work_against_the_real_hash() {
    let (drawer, desk, runs) = counting_desk();
    drawer.put("1", Some("admin"), Some("secret"));
    assert_eq!(sign_in(&desk, "root", "secret").await.err(), Some(Refusal::Wrong));
    assert_eq!(*runs.lock().expect("unpoisoned"), [true], "the real hash was run");
}

#[tokio::test]
async fn a_secret_of_no_use_costs_one_run_too() {
    for (name, hash, right) in [(None, Some("secret"), true), (Some("admin"), None, false)] {
        let (drawer, desk, runs) = counting_desk();
        drawer.put("1", name, hash);
        assert_eq!(sign_in(&desk, "admin", "secret").await.err(), Some(Refusal::Wrong));
        assert_eq!(*runs.lock().expect("unpoisoned"), [right], "{name:?}");
    }
}

/// A desk with the results of its bcrypt runs.
fn counting_desk() -> (Arc<Drawer>, EmergencyDesk, Arc<Lock<Vec<bool>>>) {
    let (drawer, runs) = (Arc::new(Drawer::default()), Arc::new(Lock::default()));
    let record: Arc<Lock<Vec<bool>>> = Arc::clone(&runs);
    let check = move |hash: &Hash, password: &[u8]| {
        let right = hash.verify(password);
        record.lock().expect("unpoisoned").push(right);
        right
    };
    let desk = EmergencyDesk::with_check(Arc::clone(&drawer) as _, Arc::new(KeyRing::random()), Box::new(check));
    (drawer, desk, runs)
}

#[tokio::test]
async fn two_at_once_run_bcrypt_and_no_third() {
    /// How many run, and how many did at most.
    #[derive(Default)]
    struct Running(Lock<(usize, usize)>, Condvar);
    let drawer = Arc::new(Drawer::default());
    drawer.put("1", Some("admin"), Some("secret"));
    let running = Arc::new(Running::default());
    let counter = Arc::clone(&running);
    // Each run gives a third one a moment to come in.
    let check = move |_: &Hash, _: &[u8]| {
        let mut counts = counter.0.lock().expect("unpoisoned");
        *counts = (counts.0 + 1, counts.1.max(counts.0 + 1));
        counter.1.notify_all();
        let third = |counts: &mut (usize, usize)| counts.1 < 3;
        let (mut counts, _) =
            counter.1.wait_timeout_while(counts, Duration::from_millis(50), third).expect("unpoisoned");
        counts.0 -= 1;
        true
    };
    let desk = EmergencyDesk::with_check(drawer, Arc::new(KeyRing::random()), Box::new(check));
    let admitted = join_all((0..5).map(|_| sign_in(&desk, "admin", "secret"))).await;
    assert!(admitted.iter().all(Result::is_ok));
    assert_eq!(running.0.lock().expect("unpoisoned").1, 2);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_signing_in_is_not() {
    let (drawer, desk) = desk();
    drawer.put("1", Some("admin"), Some("secret"));
    for _ in 0..30 {
        sign_in(&desk, "admin", "secret").await.expect("the right password");
    }
    let from = [127, 0, 0, 1].into();
    assert_eq!(desk.allowance(from).remaining, 20);
    for _ in 0..5 {
        assert_eq!(sign_in(&desk, "admin", "guess").await.err(), Some(Refusal::Wrong));
    }
    assert!(matches!(sign_in(&desk, "admin", "secret").await, Err(Refusal::Throttled { .. })));
    assert_eq!(desk.allowance(from).remaining, 15);
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_the_right_password_works_at_once_however_often_it_was_tried() {
    let (drawer, desk) = desk();
    for content in [Content::Away, Content::Refused, Content::Stuck] {
        drawer.set(content);
        for _ in 0..4 {
            assert!(matches!(sign_in(&desk, "admin", "secret").await, Err(Refusal::Unreadable(_))));
        }
    }
    drawer.put("1", Some("admin"), Some("secret"));
    assert!(sign_in(&desk, "admin", "secret").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn whose_name_nobody_may_bring_is_not_known_before_the_secret_was_read() {
    let (drawer, desk) = desk();
    for content in [Content::Away, Content::Stuck] {
        drawer.set(content);
        assert!(desk.name().await.is_err());
        tokio::time::advance(Duration::from_secs(10)).await;
    }
    drawer.set(Content::Refused);
    assert_eq!(desk.name().await, Ok(None), "by a Secret that nobody may read nobody signs in");
    tokio::time::advance(Duration::from_secs(10)).await;
    drawer.put("1", Some("admin"), Some("secret"));
    let named = async || desk.name().await.map(|name| name.map(|name| name.to_string()));
    assert_eq!(named().await, Ok(Some("admin".to_owned())));
    tokio::time::advance(Duration::from_secs(10)).await;
    drawer.set(Content::Away);
    assert_eq!(named().await, Ok(Some("admin".to_owned())), "what was read holds in an outage");
}
