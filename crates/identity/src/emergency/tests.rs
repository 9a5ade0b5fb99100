use std::sync::Mutex as Lock;

use futures_util::{FutureExt, future::BoxFuture};
use secrecy::SecretSlice;

use super::*;
use crate::{SourceError, hash_password};

/// A Secret that can be changed.
#[derive(Default)]
struct Drawer(Lock<Option<(String, Option<String>, Option<String>)>>);

impl Drawer {
    fn put(&self, uid: &str, name: Option<&str>, password: Option<&str>) {
        let hash = password.map(|password| hash_password(password.as_bytes(), 4).expect("a hash"));
        self.put_hash(uid, name, hash);
    }

    fn put_hash(&self, uid: &str, name: Option<&str>, hash: Option<String>) {
        *self.0.lock().expect("unpoisoned") = Some((uid.to_owned(), name.map(ToOwned::to_owned), hash));
    }
}

impl CredentialSource for Drawer {
    fn read(&self) -> BoxFuture<'static, Result<Option<StoredCredential>, SourceError>> {
        let bytes = |text: &Option<String>| text.as_ref().map(|text| SecretSlice::from(text.clone().into_bytes()));
        let stored = self.0.lock().expect("unpoisoned").as_ref().map(|(uid, name, hash)| StoredCredential {
            uid: uid.clone(),
            username: bytes(name),
            password: bytes(hash),
        });
        async move { Ok(stored) }.boxed()
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
    for (name, password) in
        [("admin", "wrong"), ("root", "secret"), ("", "secret"), ("admin", "secret\n"), ("Admin", "secret")]
    {
        assert_eq!(sign_in(&desk, name, password).await.err(), Some(Refusal::Wrong), "{name} {password}");
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
    drawer.put_hash("1", Some("admin"), Some("plain text".to_owned()));
    assert_eq!(sign_in(&desk, "admin", "plain text").await.err(), Some(Refusal::Wrong));
}

#[tokio::test]
async fn a_changed_password_works_at_once_and_ends_what_the_old_one_opened() {
    let (drawer, desk) = desk();
    drawer.put("1", Some("admin"), Some("old"));
    let old = sign_in(&desk, "admin", "old").await.expect("the old password").fingerprint;
    assert!(desk.still_valid(&old).await);
    drawer.put("1", Some("admin"), Some("new"));
    let new = sign_in(&desk, "admin", "new").await.expect("the new password").fingerprint;
    assert!(sign_in(&desk, "admin", "old").await.is_err());
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(10)).await;
    assert!(!desk.still_valid(&old).await);
    assert!(desk.still_valid(&new).await);
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let (drawer, desk) = desk();
    drawer.put("1", Some("admin"), Some("secret"));
    let mut refusals = Vec::new();
    for _ in 0..30 {
        refusals.push(sign_in(&desk, "admin", "guess").await.err());
    }
    assert!(refusals.iter().any(|refusal| matches!(refusal, Some(Refusal::Throttled { .. }))));
}
