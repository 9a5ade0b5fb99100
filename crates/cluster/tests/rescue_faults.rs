//! The operator's plain connection, before servers that misbehave.

#![allow(clippy::expect_used, reason = "a test ends where something is not as expected")]

mod faulty;

use std::{collections::BTreeMap, time::Duration};

use fanlight_cluster::rescue::{Credential, Limits, May, Question, Rescue, RescueError, Silence, Trouble};
use faulty::{Fault, Faulty};
use rcgen::CertificateParams;
use secrecy::SecretString;
use tokio::net::TcpListener;

const LIMITS: Limits = Limits { request: Duration::from_secs(5), all: Duration::from_secs(20) };
const NAMESPACE: &str = r#"{"metadata": {"uid": "0b6e"}}"#;

fn named(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).expect("a name")
}

fn connect(server: &str, ca_pem: &str, limits: Limits) -> Result<Rescue, RescueError> {
    let server = server.parse().expect("an address");
    let credential = Credential { server, ca_pem: ca_pem.to_owned(), token: SecretString::from("sealed") };
    Rescue::with_token(&credential, limits, "fanlight-break-glass-verify/1")
}

fn to(server: &Faulty) -> Rescue {
    connect(&format!("https://{}", server.address), &server.ca_pem, LIMITS).expect("a connection")
}

async fn uid_from(faults: &[Fault]) -> (Faulty, Result<String, RescueError>) {
    let server = Faulty::start(named("127.0.0.1"), faults).await.expect("a server");
    let uid = to(&server).cluster_uid().await;
    (server, uid)
}

async fn silence_of(certificate: CertificateParams) -> Silence {
    let server = Faulty::start(certificate, &[Fault::Silence]).await.expect("a server");
    match to(&server).cluster_uid().await.map_err(|error| error.trouble) {
        Err(Trouble::Unreachable { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_busy_or_failing_server_is_asked_again_and_marked_by_the_user_agent() {
    let busy = Fault::Answer("429 Too Many Requests", "retry-after: 0\r\n", "");
    let broken = Fault::Answer("500 Internal Server Error", "", "etcd is away");
    let good = Fault::Answer("200 OK", "", NAMESPACE);
    let (server, uid) = uid_from(&[busy, broken, busy, Fault::HangUp, broken, good]).await;
    assert_eq!(uid.expect("an answer at last"), "0b6e");
    let requests = server.requests();
    assert_eq!(requests.len(), 6);
    for request in requests {
        assert!(request.starts_with("GET /api/v1/namespaces/kube-system HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("user-agent: fanlight-break-glass-verify/1\r\n"), "{request}");
        assert!(request.contains("authorization: Bearer sealed\r\n"), "{request}");
    }
}

#[tokio::test]
async fn asking_again_ends_with_the_servers_own_words() {
    let (server, uid) = uid_from(&[Fault::Answer("503 Service Unavailable", "", "etcd is away")]).await;
    let failed = uid.expect_err("it never works");
    assert_eq!(failed.trouble, Trouble::Broken { code: 503, words: "etcd is away".to_owned() });
    assert_eq!(failed.to_string(), "reading Namespace kube-system: the API server answered 503: etcd is away");
    assert_eq!(server.requests().len(), 5);
    let (server, uid) = uid_from(&[Fault::Answer("429 Too Many Requests", "retry-after: 60\r\n", "slow down")]).await;
    assert_eq!(uid.expect_err("longer than there is time").trouble, Trouble::Busy("slow down".to_owned()));
    assert_eq!(server.requests().len(), 1);
}

/// What the server does, and whether the trouble is the right one.
type Case = (Fault, fn(&Trouble) -> bool);

#[tokio::test]
async fn what_will_not_change_is_not_asked_again() {
    let forbidden = Fault::Answer("403 Forbidden", "", r#"{"kind": "Status", "message": "namespaces is forbidden"}"#);
    let cases: [Case; 5] = [
        (Fault::Answer("401 Unauthorized", "", ""), |trouble| matches!(trouble, Trouble::Rejected(_))),
        (forbidden, |trouble| *trouble == Trouble::Forbidden("namespaces is forbidden".to_owned())),
        (Fault::Answer("404 Not Found", "", ""), |trouble| matches!(trouble, Trouble::Missing(_))),
        (Fault::Answer("302 Found", "location: https://127.0.0.1:1/\r\n", ""), |trouble| {
            matches!(trouble, Trouble::Refused { code: 302, .. })
        }),
        (
            Fault::Answer("200 OK", "", r#"{"metadata": {"uid": ["eyJhbGciOi"]}}"#),
            |trouble| matches!(trouble, Trouble::Malformed(words) if !words.contains("eyJ")),
        ),
    ];
    for (fault, is_right) in cases {
        let (server, uid) = uid_from(&[fault]).await;
        let failed = uid.expect_err("it never works");
        assert!(is_right(&failed.trouble), "{failed}");
        assert_eq!(server.requests().len(), 1, "{failed}");
    }
}

#[tokio::test]
async fn a_secret_whose_creation_was_not_confirmed_is_recognized_and_anothers_is_not_taken_for_it() {
    let exists = Fault::Answer("409 Conflict", "", r#"{"kind": "Status", "message": "already exists"}"#);
    let none = BTreeMap::new();
    let lost = [Fault::HangUp, exists, Fault::Echo];
    let server = Faulty::start(named("127.0.0.1"), &lost).await.expect("a server");
    let created = to(&server).create_token_secret("break-glass-token-g2", 2, &none, false).await;
    assert_eq!(created.expect("one's own").name, "break-glass-token-g2");

    let theirs = r#"{"metadata": {"name": "break-glass-token-g2", "annotations": {"fanlight.dev/attempt": "1"}}}"#;
    let taken = [exists, Fault::Answer("200 OK", "", theirs)];
    let server = Faulty::start(named("127.0.0.1"), &taken).await.expect("a server");
    let refused = to(&server).create_token_secret("break-glass-token-g2", 2, &none, false).await;
    assert_eq!(refused.expect_err("another's").trouble, Trouble::Conflict("already exists".to_owned()));
}

#[tokio::test]
async fn a_lock_whose_renewal_was_not_confirmed_is_still_held() {
    let lease =
        Fault::Answer("200 OK", "", r#"{"metadata": {"resourceVersion": "1"}, "spec": {"holderIdentity": "dana"}}"#);
    let version = Fault::Answer("200 OK", "", "{}");
    let conflict = Fault::Answer("409 Conflict", "", "");
    let faults = [lease, lease, version, Fault::HangUp, conflict, lease];
    let server = Faulty::start(named("127.0.0.1"), &faults).await.expect("a server");
    let mut lock = to(&server).lock("dana", |_| false).await.expect("the lock");
    lock.renew().await.expect("still held");
    assert_eq!(server.requests().len(), faults.len());
}

#[tokio::test]
async fn a_server_that_never_answers_is_waited_for_no_longer_than_allowed() {
    let server = Faulty::start(named("127.0.0.1"), &[Fault::Silence]).await.expect("a server");
    let short = Limits { request: Duration::from_millis(200), ..LIMITS };
    let address = format!("https://{}", server.address);
    let impatient = connect(&address, &server.ca_pem, short).expect("a connection");
    assert_eq!(impatient.who().await.expect_err("no answer").trouble, Trouble::TimedOut(short.request));
    let late = to(&server).within(Duration::from_millis(100)).who().await.expect_err("no answer");
    assert!(matches!(late.trouble, Trouble::TimedOut(after) if after <= Duration::from_millis(100)), "{late}");
}

#[tokio::test]
async fn each_way_in_which_tls_fails_is_told_apart() {
    let elsewhere = silence_of(named("kube-api.example.com")).await;
    assert!(
        matches!(&elsewhere, Silence::WrongName(names) if names.iter().any(|name| name.contains("kube-api"))),
        "{elsewhere}"
    );
    let mut old = named("127.0.0.1");
    old.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let old = silence_of(old).await;
    assert!(matches!(old, Silence::NotInForce(_)), "{old}");

    let one = Faulty::start(named("127.0.0.1"), &[Fault::Silence]).await.expect("a server");
    let other = Faulty::start(named("127.0.0.1"), &[Fault::Silence]).await.expect("a server");
    let rescue = connect(&format!("https://{}", one.address), &other.ca_pem, LIMITS).expect("a connection");
    let server = format!("https://{}/", one.address);
    let refused = rescue.who().await.expect_err("another CA").trouble;
    assert_eq!(refused, Trouble::Unreachable { server, why: Silence::ForeignCa });
    assert!(one.requests().is_empty(), "the token was sent to a stranger");

    let plain = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("https://{}", plain.local_addr().expect("an address"));
    tokio::spawn(async move {
        let Ok((mut stream, _)) = plain.accept().await else { return };
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let rescue = connect(&address, &other.ca_pem, LIMITS).expect("a connection");
    let refused = rescue.who().await.expect_err("no TLS").trouble;
    assert!(matches!(refused, Trouble::Unreachable { why: Silence::Tls(_), .. }), "{refused}");

    let rescue = connect("https://nowhere.invalid:6443", &other.ca_pem, LIMITS).expect("a connection");
    let refused = rescue.who().await.expect_err("no host").trouble;
    assert!(matches!(refused, Trouble::Unreachable { why: Silence::NoSuchHost(_), .. }), "{refused}");
}

#[tokio::test]
async fn what_cannot_make_a_strict_connection_is_refused_before_anything_is_sent() {
    let server = Faulty::start(named("127.0.0.1"), &[Fault::Silence]).await.expect("a server");
    let wrong = [
        ("http://127.0.0.1:6443", server.ca_pem.as_str()),
        ("https://user:password@127.0.0.1:6443", server.ca_pem.as_str()),
        ("https://127.0.0.1:6443/?x=y", server.ca_pem.as_str()),
        ("https://127.0.0.1:6443", ""),
        ("https://127.0.0.1:6443", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ];
    for (address, ca_pem) in wrong {
        let refused = connect(address, ca_pem, LIMITS).expect_err("no connection");
        assert!(matches!(refused.trouble, Trouble::Credential(_)), "{address}: {refused}");
        assert!(!refused.to_string().contains("password"), "{refused}");
    }
}

#[tokio::test]
async fn a_refusal_by_the_authorizers_is_told_with_its_reason() {
    let review = r#"{"status": {"allowed": false, "reason": "no binding", "evaluationError": "webhook is away"}}"#;
    let server =
        Faulty::start(named("127.0.0.1"), &[Fault::Answer("201 Created", "", review)]).await.expect("a server");
    let may = to(&server).may(&Question::EVERYTHING).await.expect("an answer");
    assert_eq!(may, May::No("no binding; webhook is away".to_owned()));
}
