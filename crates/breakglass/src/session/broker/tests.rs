use std::sync::Mutex;

use super::*;
use crate::session::{AskError, Token, ask};

/// A source of prepared answers; the last one stays.
struct Prepared(Mutex<Vec<Result<Token, String>>>);

impl TokenSource for Prepared {
    async fn token(&self) -> Result<Token, String> {
        let mut answers = self.0.lock().unwrap();
        if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
    }
}

struct Opened {
    folder: tempfile::TempDir,
    tasks: JoinSet<()>,
}

impl Opened {
    fn new(length: Duration, answers: Vec<Result<Token, String>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let deadline = Deadline::new(Timestamp::UNIX_EPOCH, length);
        let broker = Broker { source: Prepared(Mutex::new(answers)), pass: "id.nonce".to_owned(), deadline };
        let tasks = broker.open(&folder.path().join("broker")).unwrap();
        Self { folder, tasks }
    }

    async fn ask(&self, pass: &str) -> Result<serde_json::Value, AskError> {
        let (socket, pass) = (self.folder.path().join("broker"), pass.to_owned());
        let answer = tokio::task::spawn_blocking(move || ask(&socket, Some(&pass), None)).await.unwrap()?;
        Ok(serde_json::from_str(&answer).unwrap())
    }
}

fn token(bearer: &str, expires: Option<i64>) -> Token {
    let expires = expires.map(|second| Timestamp::from_second(second).unwrap());
    Token { bearer: Zeroizing::new(bearer.to_owned()), expires }
}

fn expires(answer: &serde_json::Value) -> i64 {
    answer["status"]["expirationTimestamp"].as_str().unwrap().parse::<Timestamp>().unwrap().as_second()
}

#[tokio::test]
async fn a_token_is_trusted_for_two_minutes_and_never_beyond_its_own_end_or_the_sessions() {
    let hour = Duration::from_hours(1);
    for (length, ends, trusted) in [
        (hour, None, 120..=125),
        (hour, Some(3600), 120..=125),
        (hour, Some(50), 50..=50),
        (Duration::from_secs(30), Some(3600), 30..=30),
    ] {
        let opened = Opened::new(length, vec![Ok(token("secret", ends))]);
        let answer = opened.ask("id.nonce").await.unwrap();
        assert_eq!(answer["status"]["token"], "secret");
        assert!(trusted.contains(&expires(&answer)), "{length:?} {ends:?} {answer}");
    }
}

#[tokio::test]
async fn the_source_is_asked_each_time_so_a_renewed_token_is_handed_out() {
    let opened = Opened::new(Duration::from_hours(1), vec![Ok(token("first", None)), Ok(token("second", None))]);
    assert_eq!(opened.ask("id.nonce").await.unwrap()["status"]["token"], "first");
    assert_eq!(opened.ask("id.nonce").await.unwrap()["status"]["token"], "second");
}

#[tokio::test]
async fn without_the_sessions_nonce_there_is_no_token() {
    let opened = Opened::new(Duration::from_hours(1), vec![Ok(token("secret", None))]);
    for wrong in ["id.", "id.nonces", "nonce", &"x".repeat(10_000)] {
        assert!(opened.ask(wrong).await.is_err(), "{wrong}");
    }
    assert!(matches!(opened.ask("id.wrong").await, Err(AskError::Refused(why)) if why.contains("another session")));
    opened.ask("id.nonce").await.unwrap();
}

#[tokio::test]
async fn a_token_that_has_run_out_or_cannot_be_had_is_not_handed_out() {
    let failed = Err("the API server is away".to_owned());
    let opened = Opened::new(Duration::from_hours(1), vec![Ok(token("secret", Some(-1))), failed]);
    assert!(matches!(opened.ask("id.nonce").await, Err(AskError::Refused(why)) if why.contains("expired")));
    assert!(matches!(opened.ask("id.nonce").await, Err(AskError::Refused(why)) if why.contains("away")));
}

#[tokio::test]
async fn after_the_sessions_end_there_is_no_token_and_then_no_answer() {
    let mut opened = Opened::new(Duration::ZERO, vec![Ok(token("secret", None))]);
    assert!(matches!(opened.ask("id.nonce").await, Err(AskError::Refused(why)) if why.contains("over")));
    opened.tasks.shutdown().await;
    assert!(matches!(opened.ask("id.nonce").await, Err(AskError::Over { .. })));
}

#[tokio::test]
async fn more_programs_than_are_served_at_once_all_get_an_answer() {
    let opened = Opened::new(Duration::from_hours(1), vec![Ok(token("secret", None))]);
    // Some that connect and say nothing take places, and give them back.
    let silent: Vec<_> =
        (0..CROWD / 2).map(|_| std::os::unix::net::UnixStream::connect(opened.folder.path().join("broker"))).collect();
    let answers = futures_util::future::join_all((0..3 * CROWD).map(|_| opened.ask("id.nonce"))).await;
    assert!(answers.iter().all(Result::is_ok));
    drop(silent);
}
