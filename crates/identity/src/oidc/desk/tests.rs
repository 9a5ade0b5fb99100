mod issuer;

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use super::*;
use crate::{ClaimError, CredentialSource, StoredCredential, VerifyError, oidc::signing::Signer};
use issuer::Issuer;

const PACE: Pace = Pace {
    settings: Duration::from_millis(20),
    provider: Duration::from_mins(5),
    retry: Duration::from_millis(5),
    slowest: Duration::from_millis(20),
    fresh: Duration::ZERO,
    patience: Duration::from_secs(30),
};

const DESCRIPTION: &str = "/.well-known/openid-configuration";

/// A Secret that can be rewritten, and be out of reach.
#[derive(Default)]
struct Shelf(Mutex<Option<OidcSecret>>, AtomicBool);

fn away<T>() -> Result<T, SourceError> {
    Err(SourceError::Unanswered("no connection".to_owned()))
}

impl OidcSource for Shelf {
    fn read(&self) -> BoxFuture<'static, Result<Option<OidcSecret>, SourceError>> {
        let secret = self.0.lock().expect("no panic before").clone();
        let is_away = self.1.load(Ordering::SeqCst);
        Box::pin(async move { if is_away { away() } else { Ok(secret) } })
    }
}

struct Scene {
    issuer: Issuer,
    signer: Signer,
    desk: OidcDesk,
    shelf: Arc<Shelf>,
    _running: JoinSet<()>,
}

impl Scene {
    async fn new() -> Self {
        let scene = Self::before_discovery(|_| ()).await;
        scene.desk.until(|standing| *standing == OidcStanding::Ready).await;
        scene
    }

    async fn before_discovery(prepare: impl FnOnce(&Issuer)) -> Self {
        Self::with_pace(prepare, PACE).await
    }

    async fn with_pace(prepare: impl FnOnce(&Issuer), pace: Pace) -> Self {
        let prepare = |issuer: &Issuer| {
            prepare(issuer);
            OidcFlags::default()
        };
        let scene = Self::with(prepare, None, false, pace).await;
        scene.set_up("fanlight");
        scene
    }

    /// With an empty shelf, which may be out of reach, and before the issuer was looked at.
    async fn with(
        flags: impl FnOnce(&Issuer) -> OidcFlags,
        emergency: Option<EmergencyDesk>,
        is_away: bool,
        pace: Pace,
    ) -> Self {
        let signer = Signer::new("one");
        let issuer = Issuer::start(&signer).await;
        let flags = flags(&issuer);
        let shelf = Arc::new(Shelf(Mutex::default(), AtomicBool::new(is_away)));
        let source: Arc<dyn OidcSource> = Arc::<Shelf>::clone(&shelf);
        let parts = OidcParts {
            source: Some(source),
            flags,
            emergency,
            keys: Arc::new(KeyRing::random()),
            cookies: &CookieRules { secure: true, base: "/flux".to_owned() },
            external_url: None,
        };
        let desk = OidcDesk::with_pace(parts, pace);
        let mut running = JoinSet::new();
        let run = desk.clone();
        running.spawn(async move { run.run().await });
        Self { issuer, signer, desk, shelf, _running: running }
    }

    fn set_up(&self, client: &str) {
        let pairs = [
            ("issuerURL", self.issuer.url.as_str()),
            ("clientID", client),
            ("clientSecret", "s3cret"),
            ("redirectURL", "https://flux.example.com/flux/oauth2/callback"),
            ("caBundle", &self.issuer.ca),
        ];
        let pairs = pairs.map(|(key, value)| (key.to_owned(), value.as_bytes().to_vec().into()));
        *self.shelf.0.lock().expect("no panic before") = Some(pairs.into_iter().collect());
    }

    /// What the token endpoint answers with these claims added.
    fn tokens(&self, more: &Value) -> Value {
        let now = 1_000_000;
        let mut claims = json!({"iss": self.issuer.url, "aud": "fanlight", "sub": "7", "email": "d@e.x",
                                "iat": now, "exp": now + 300});
        for (name, value) in more.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        json!({"access_token": "acc3ss", "token_type": "Bearer", "refresh_token": "refr3sh",
               "id_token": self.signer.sign(&claims)})
    }

    /// Starts a sign-in: the query of the authorization URL, and the browser's cookies.
    fn leave(&self, prompt: Prompt) -> (BTreeMapOf, String) {
        let departure = self.desk.start("/flux/sources?sort=age", prompt, "", noon()).expect("ready");
        let query = departure.location.query_pairs().into_owned().collect();
        let cookies: Vec<_> = departure.cookies.iter().filter_map(|cookie| cookie.split(';').next()).collect();
        (query, cookies.join("; "))
    }
}

type BTreeMapOf = std::collections::BTreeMap<String, String>;

fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
}

fn form(body: &str) -> BTreeMapOf {
    url::form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

#[tokio::test]
async fn somebody_signs_in_and_the_groups_come_from_user_info() {
    let scene = Scene::new().await;
    let (asked, cookies) = scene.leave(Prompt::Form);
    assert_eq!(asked["scope"], "openid offline_access email groups");
    assert_eq!(asked["redirect_uri"], "https://flux.example.com/flux/oauth2/callback");
    assert!(!asked.contains_key("prompt") && asked["code_challenge_method"] == "S256", "{asked:?}");
    scene.issuer.answer("/token", 200, scene.tokens(&json!({"nonce": asked["nonce"]})));
    scene.issuer.answer("/userinfo", 200, json!({"sub": "7", "groups": ["dev"]}));
    let arrival = scene.desk.callback(&format!("code=c0de&state={}", asked["state"]), &cookies, noon()).await;
    let signed = arrival.outcome.expect("signed in");
    assert_eq!((signed.identity.user().as_str(), arrival.page.as_str()), ("d@e.x", "/flux/sources?sort=age"));
    assert_eq!(signed.identity.groups().collect::<Vec<_>>(), ["dev"]);
    assert_eq!((signed.expires, signed.lifetime), (noon() + Duration::from_secs(300), Duration::from_hours(1)));
    assert!(arrival.cookies.len() == 1 && arrival.cookies[0].contains("Max-Age=0"), "{:?}", arrival.cookies);
    let play = scene.issuer.play();
    let exchange = play.requests.iter().find(|asked| asked.path == "/token").expect("an exchange");
    let sent = form(&exchange.body);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&sent["code_verifier"]));
    assert_eq!((&sent["code"], &challenge), (&"c0de".to_owned(), &asked["code_challenge"]));
    assert_eq!(exchange.authorization.as_deref(), Some("Basic ZmFubGlnaHQ6czNjcmV0"));
    let info = play.requests.iter().find(|asked| asked.path == "/userinfo").expect("a question");
    assert_eq!(info.authorization.as_deref(), Some("Bearer acc3ss"));
}

#[tokio::test]
async fn whatever_goes_wrong_ends_in_a_sentence_without_secrets() {
    let scene = Scene::new().await;
    let good = |scene: &Scene, nonce: &str| scene.tokens(&json!({"nonce": nonce, "groups": []}));
    let refused = json!({"error": "invalid_grant", "error_description": "code c0de is used up"});
    for (query, status, answer, error) in [
        (
            "error=access_denied&error_description=not+c0de&code=c0de",
            200,
            Value::Null,
            "let you in: not … (access_denied)",
        ),
        ("error=login_required", 200, Value::Null, "needs you to sign in"),
        ("", 200, Value::Null, "it has no code"),
        ("code=c0de&code=c0de", 200, Value::Null, "a parameter twice"),
        ("code=c0de&iss=https://evil.example.com", 200, Value::Null, "another identity provider"),
        ("code=c0de", 400, refused, "code … is used up (invalid_grant)"),
        ("code=c0de", 302, Value::Null, "makes no sense"),
        ("code=c0de", 200, json!({"access_token": "acc3ss"}), "missing or of the wrong kind"),
        ("code=c0de", 200, json!({"access_token": "acc3ss", "token_type": "Bearer"}), "sent no ID token"),
        ("code=c0de", 200, scene.tokens(&json!({"nonce": "other"})), "another sign-in"),
        ("code=c0de", 200, json!({"x": "y".repeat(2 << 20)}), "is longer than"),
    ] {
        let (asked, cookies) = scene.leave(Prompt::Form);
        scene.issuer.answer("/token", status, &answer);
        let arrival = scene.desk.callback(&format!("{query}&state={}", asked["state"]), &cookies, noon()).await;
        let found = arrival.outcome.expect_err("a failure").to_string();
        assert!(found.contains(error), "{query}: {found}");
        assert!(!["c0de", "acc3ss", "s3cret"].iter().any(|secret| found.contains(secret)), "{found}");
        assert_eq!(scene.issuer.asked("/elsewhere"), 0, "redirects are not followed");
    }
    let (asked, cookies) = scene.leave(Prompt::Silent);
    assert_eq!(asked["prompt"], "none");
    scene.issuer.answer("/token", 200, good(&scene, &asked["nonce"]));
    let query = format!("code=c0de&state={}", asked["state"]);
    let late = noon() + Duration::from_mins(20);
    assert_eq!(scene.desk.callback(&query, &cookies, late).await.outcome.err(), Some(FlowError::Expired));
    assert_eq!(scene.desk.callback(&query, "", noon()).await.outcome.err(), Some(FlowError::Unknown));
    let arrival = scene.desk.callback(&query, &cookies, noon()).await;
    assert!(arrival.silent && arrival.outcome.is_ok(), "{:?}", arrival.outcome);
}

#[tokio::test]
async fn a_provider_that_is_down_is_named_and_comes_back_by_itself() {
    let scene = Scene::before_discovery(|issuer| issuer.answer(DESCRIPTION, 503, "")).await;
    let says = |what: &'static str| move |standing: &OidcStanding| matches!(standing, OidcStanding::Failing(why) if why.contains(what));
    scene.desk.until(says("it answered 503")).await;
    let error = scene.desk.start("/", Prompt::Form, "", noon()).expect_err("not ready").to_string();
    assert!(error.contains(&scene.issuer.url), "{error}");
    scene.issuer.answer(DESCRIPTION, 200, json!({"issuer": scene.issuer.url}));
    scene.desk.until(says("missing field")).await;
    scene.issuer.play().answers.clear();
    scene.desk.until(|standing| *standing == OidcStanding::Ready).await;
    scene.shelf.0.lock().expect("no panic before").as_mut().expect("a Secret").remove("caBundle");
    scene.desk.until(says("cannot be reached: its certificate is not trusted")).await;
    scene.shelf.0.lock().expect("no panic before").as_mut().expect("a Secret").remove("clientID");
    scene.desk.until(says("clientID is missing")).await;
    *scene.shelf.0.lock().expect("no panic before") = None;
    scene.desk.until(|standing| *standing == OidcStanding::Off).await;
}

#[tokio::test]
async fn before_somebody_is_sent_to_the_provider_it_is_looked_at_anew() {
    let scene = Scene::new().await;
    scene.issuer.answer(DESCRIPTION, 503, "");
    assert_eq!(scene.desk.standing(), OidcStanding::Ready, "nobody has noticed yet");
    let standing = scene.desk.standing_now().await;
    assert!(matches!(&standing, OidcStanding::Failing(why) if why.contains("503")), "{standing:?}");
    scene.issuer.play().answers.clear();
    assert_eq!(scene.desk.standing_now().await, OidcStanding::Ready, "nor does what was found before hold anybody up");
    *scene.shelf.0.lock().expect("no panic before") = None;
    scene.desk.until(|standing| *standing == OidcStanding::Off).await;
    assert_eq!(scene.desk.standing_now().await, OidcStanding::Off);
}

#[tokio::test]
async fn a_provider_that_takes_its_time_is_as_it_was() {
    let pace = Pace { patience: Duration::from_millis(1), ..PACE };
    let scene = Scene::with_pace(|_| (), pace).await;
    scene.desk.until(|standing| *standing == OidcStanding::Ready).await;
    scene.issuer.answer(DESCRIPTION, Issuer::NEVER, "");
    assert_eq!(scene.desk.standing_now().await, OidcStanding::Ready);
}

#[tokio::test]
async fn a_changed_secret_takes_effect_by_itself() {
    let scene = Scene::new().await;
    assert_eq!(scene.leave(Prompt::Form).0["client_id"], "fanlight");
    scene.set_up("other");
    scene.desk.until(|standing| *standing != OidcStanding::Ready).await;
    scene.desk.until(|standing| *standing == OidcStanding::Ready).await;
    assert_eq!(scene.leave(Prompt::Form).0["client_id"], "other");
}

#[tokio::test]
async fn a_public_client_names_itself_and_shows_no_secret() {
    let scene = Scene::new().await;
    let secret = || scene.shelf.0.lock().expect("no panic before");
    secret().as_mut().expect("a Secret").remove("clientSecret");
    scene.desk.until(|standing| *standing != OidcStanding::Ready).await;
    scene.desk.until(|standing| *standing == OidcStanding::Ready).await;
    scene.issuer.answer("/token", 200, scene.tokens(&json!({"groups": []})));
    scene.desk.refresh(&SecretString::from("0ld"), noon()).await.expect("confirmed");
    let play = scene.issuer.play();
    let request = play.requests.iter().find(|asked| asked.path == "/token").expect("a request");
    assert_eq!((form(&request.body)["client_id"].as_str(), &request.authorization), ("fanlight", &None));
}

#[tokio::test]
async fn a_refresh_brings_new_groups_or_says_which_way_it_failed() {
    let scene = Scene::new().await;
    let token = SecretString::from("0ld");
    let mut answer = scene.tokens(&json!({"groups": ["new"]}));
    answer.as_object_mut().expect("an object").remove("refresh_token");
    scene.issuer.answer("/token", 200, &answer);
    let signed = scene.desk.refresh(&token, noon()).await.expect("confirmed");
    assert_eq!(signed.identity.groups().collect::<Vec<_>>(), ["new"]);
    assert_eq!(signed.refresh_token.expect("the old one").expose_secret(), "0ld");
    scene.issuer.answer("/token", 200, scene.tokens(&json!({"groups": ["new"]})));
    let signed = scene.desk.refresh(&token, noon()).await.expect("confirmed");
    assert_eq!(signed.refresh_token.expect("the new one").expose_secret(), "refr3sh");
    scene.issuer.answer("/token", 400, json!({"error": "invalid_grant", "error_description": "no 0ld"}));
    let refused = scene.desk.refresh(&token, noon()).await.expect_err("refused");
    assert!(matches!(&refused, RefreshError::Refused(why) if !why.contains("0ld")), "{refused}");
    scene.issuer.answer("/token", 502, "<html>");
    let unreachable = scene.desk.refresh(&token, noon()).await.expect_err("no answer");
    assert!(matches!(unreachable, RefreshError::Unreachable(_)), "{unreachable}");
}

#[tokio::test]
async fn rotated_keys_are_looked_up_but_strangers_cannot_make_us_ask_for_each_token() {
    let scene = Scene::new().await;
    let claims = json!({"iss": scene.issuer.url, "aud": "fanlight", "sub": "7", "email": "robot@e.x",
                        "groups": ["ci"], "iat": 1_000_000, "exp": 1_000_300});
    let next = Signer::new("two");
    scene.issuer.play().keys = vec![next.published()];
    let bearer = scene.desk.bearer(&next.sign(&claims), noon()).await.expect("a good token");
    assert_eq!(bearer.mapped.identity.user().as_str(), "robot@e.x");
    assert_eq!(scene.issuer.asked("/keys"), 2);
    for _ in 0..3 {
        let stranger = Signer::new("three").sign(&claims);
        let error = scene.desk.bearer(&stranger, noon()).await.expect_err("a stranger’s");
        assert_eq!(error, BearerError::Identity(IdentityError::Verify(VerifyError::UnknownKey)));
    }
    assert_eq!(scene.issuer.asked("/keys"), 2);
}

#[tokio::test]
async fn sign_out_is_told_to_the_provider() {
    let scene = Scene::new().await;
    let id_token = scene.tokens(&json!({}))["id_token"].as_str().expect("a token").to_owned();
    let kept = KeptTokens { refresh: Some("refr3sh".into()), hint: Some(id_token.clone().into()), notices: Vec::new() };
    let url = scene.desk.sign_out_url(Some(&kept)).expect("offered");
    let query: BTreeMapOf = url.query_pairs().into_owned().collect();
    assert!(url.as_str().starts_with(&format!("{}/logout?", scene.issuer.url)), "{url}");
    assert_eq!((&query["id_token_hint"], query["client_id"].as_str()), (&id_token, "fanlight"));
    assert_eq!(query["post_logout_redirect_uri"], "https://flux.example.com/flux/");
    scene.issuer.answer("/revoke", 200, "");
    assert_eq!(scene.desk.revoke(&kept).await, Ok(true));
    let play = scene.issuer.play();
    let revoked = play.requests.iter().find(|asked| asked.path == "/revoke").expect("a request");
    assert_eq!(form(&revoked.body)["token"], "refr3sh");
}

/// The command line that names an issuer and leaves everything else open.
fn lenient(issuer: &Issuer) -> OidcFlags {
    OidcFlags {
        issuer_url: issuer.url.clone(),
        client_id: "fanlight".to_owned(),
        redirect_url: "https://flux.example.com/flux/oauth2/callback".to_owned(),
        ca_bundle: Some(issuer.ca.clone().into_bytes()),
        ..OidcFlags::default()
    }
}

#[tokio::test]
async fn while_the_secret_cannot_be_read_the_command_line_alone_lets_nobody_in() {
    let scene = Scene::with(lenient, None, true, PACE).await;
    let unread =
        |standing: &OidcStanding| matches!(standing, OidcStanding::Failing(why) if why.contains("the log says why"));
    scene.desk.until(unread).await;
    tokio::time::sleep(5 * PACE.settings).await;
    assert!(unread(&scene.desk.standing()) && scene.desk.start("/", Prompt::Form, "", noon()).is_err());
    scene.set_up("from-the-secret");
    scene.shelf.1.store(false, Ordering::SeqCst);
    scene.desk.until(|standing| *standing == OidcStanding::Ready).await;
    assert_eq!(scene.leave(Prompt::Form).0["client_id"], "from-the-secret");
    scene.shelf.1.store(true, Ordering::SeqCst);
    tokio::time::sleep(5 * PACE.settings).await;
    assert_eq!(scene.leave(Prompt::Form).0["client_id"], "from-the-secret", "what was read holds");
    let without = Scene::with(lenient, None, false, PACE).await;
    without.desk.until(|standing| *standing == OidcStanding::Ready).await;
}

/// The emergency user's Secret, out of reach at first.
struct Drawer(Arc<AtomicBool>);

impl CredentialSource for Drawer {
    fn read(&self) -> BoxFuture<'static, Result<Option<StoredCredential>, SourceError>> {
        let is_away = self.0.load(Ordering::SeqCst);
        let (uid, username) = ("1".to_owned(), Some(b"d@e.x".to_vec().into()));
        let stored = StoredCredential { uid, username, password: None };
        Box::pin(async move { if is_away { away() } else { Ok(Some(stored)) } })
    }
}

#[tokio::test]
async fn nobody_comes_in_from_the_provider_before_it_is_known_who_the_emergency_user_is() {
    let is_away = Arc::new(AtomicBool::new(true));
    let emergency = EmergencyDesk::new(Arc::new(Drawer(Arc::clone(&is_away))), Arc::new(KeyRing::random()));
    let scene = Scene::with(lenient, Some(emergency.clone()), false, PACE).await;
    scene.desk.until(|standing| *standing == OidcStanding::Ready).await;
    let come = async || {
        let (asked, cookies) = scene.leave(Prompt::Form);
        scene.issuer.answer("/token", 200, scene.tokens(&json!({"nonce": asked["nonce"], "groups": []})));
        let query = format!("code=c0de&state={}", asked["state"]);
        scene.desk.callback(&query, &cookies, noon()).await.outcome.expect_err("nobody")
    };
    let error = come().await;
    assert!(matches!(&error, FlowError::NotReady(why) if why.contains("emergency user")), "{error}");
    let refused = scene.desk.refresh(&SecretString::from("refr3sh"), noon()).await.expect_err("nobody");
    assert!(matches!(refused, RefreshError::Unreachable(_)), "{refused}");
    assert_eq!(scene.issuer.asked("/token"), 0, "neither code nor token is used up");
    is_away.store(false, Ordering::SeqCst);
    // Whoever tries to sign in as the emergency user has the Secret read anew.
    let _ = emergency.sign_in("d@e.x", SecretString::from("x"), [127, 0, 0, 1].into()).await;
    let error = come().await;
    assert!(matches!(&error, FlowError::Identity(IdentityError::Claims(ClaimError::Emergency(_)))), "{error}");
}
