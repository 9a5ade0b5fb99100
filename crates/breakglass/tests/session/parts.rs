//! The parts that this program plays in a session.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "programs speak on their standard streams")]

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, ExitCode},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use fanlight_breakglass::session::{
    Limit, Mode, Places, Session, SessionError, Token, TokenSource, Work, ask, run, sweep,
};
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

pub(crate) const KEEPER: &str = "__keep";
pub(crate) const CLIENT: &str = "__client";
pub(crate) const SWEEPER: &str = "__sweep";

/// What must not be found anywhere.
pub(crate) const TOKEN: &str = "eyJhbGciOiJub25lIn0.the-token-that-must-not-be-found";
/// The Secret that stands in records.
pub(crate) const SECRET: &str = "break-glass-session-1";

/// How a session is to be kept, as arguments say it.
struct Wishes {
    limit: Limit,
    mode: Mode,
    work: Work,
    /// Drop the session once this file is there.
    drop_at: Option<PathBuf>,
    /// Wait for ever afterwards, once this file has been made.
    afterwards: Option<PathBuf>,
    /// How long tokens last.
    token_lasts: Option<SignedDuration>,
}

impl Wishes {
    fn read(arguments: &[String]) -> Self {
        let mut wishes = Self {
            limit: Limit::default(),
            mode: Mode::Broker,
            work: Work::Shell,
            drop_at: None,
            afterwards: None,
            token_lasts: None,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().expect("a value").clone();
            match argument.as_str() {
                "--limit" => wishes.limit.length = Duration::from_millis(value().parse().expect("a number")),
                "--warning" => wishes.limit.warnings = vec![Duration::from_millis(value().parse().expect("a number"))],
                "--name" => drop(value()),
                "--file" => wishes.mode = Mode::File,
                "--drop-at" => wishes.drop_at = Some(value().into()),
                "--afterwards" => wishes.afterwards = Some(value().into()),
                "--token-lasts" => {
                    wishes.token_lasts = Some(SignedDuration::from_secs(value().parse().expect("a number")));
                }
                "--" => {
                    let program = value().into();
                    wishes.work = Work::Command { program, arguments: rest.by_ref().map(Into::into).collect() };
                }
                other => panic!("{other}?"),
            }
        }
        wishes
    }
}

/// Tokens that are told apart by their number.
struct Numbered {
    given: AtomicU32,
    last: Option<SignedDuration>,
}

impl TokenSource for Numbered {
    async fn token(&self) -> Result<Token, String> {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let expires = self.last.map(|last| Timestamp::now() + last);
        Ok(Token { bearer: Zeroizing::new(format!("{TOKEN}-{number}")), expires })
    }
}

/// Keeps a session, as the command line does once the credential is known.
pub(crate) fn keep(arguments: &[String]) -> ExitCode {
    let wishes = Wishes::read(arguments);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let status = runtime.block_on(kept(&wishes));
    if let Some(afterwards) = wishes.afterwards {
        fs::write(afterwards, "").expect("a file");
        loop {
            std::thread::park();
        }
    }
    match status {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::from(error.exit_status().unwrap_or(1))
        }
    }
}

async fn kept(wishes: &Wishes) -> Result<u8, SessionError> {
    let session = Session {
        cluster: "alpha".to_owned(),
        server: "https://kube-api.example.com:6443".to_owned(),
        ca_pem: "certificate".to_owned(),
        generation: "g3".to_owned(),
        identity: "ServiceAccount/break-glass (cluster-admin)".to_owned(),
        user: "system:serviceaccount:kube-system:break-glass".to_owned(),
        secret: Some(SECRET.to_owned()),
        person: "Alice".to_owned(),
        reason: "sign-in is down".to_owned(),
        began: Timestamp::now(),
        limit: wishes.limit.clone(),
        mode: wishes.mode,
    };
    let place = Places::of_user()?.choose()?;
    let source = Numbered { given: AtomicU32::new(0), last: wishes.token_lasts };
    let running = run(&session, &place, source, &wishes.work);
    let Some(file) = &wishes.drop_at else { return Ok(running.await?.status) };
    tokio::select! {
        ended = running => Ok(ended?.status),
        () = there(file) => Ok(0),
    }
}

async fn there(file: &std::path::Path) {
    while !file.exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Asks for the token, as `fanlight __break-glass-token` does.
pub(crate) fn ask_for_token(arguments: &[String]) -> ExitCode {
    let [option, socket] = arguments else { panic!("{arguments:?}") };
    assert_eq!(option, "--socket");
    let (pass, info) = (env::var("FANLIGHT_BREAK_GLASS_SESSION").ok(), env::var("KUBERNETES_EXEC_INFO").ok());
    match ask(socket.as_ref(), pass.as_deref(), info.as_deref()) {
        Ok(credential) => {
            println!("{}", *credential);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the kubeconfig and runs what it says, as kubectl does; says whether a token came, not which.
pub(crate) fn client() -> ExitCode {
    let path = env::var("KUBECONFIG").expect("a kubeconfig");
    let config: serde_json::Value =
        serde_saphyr::from_str(&fs::read_to_string(path).expect("a file")).expect("a kubeconfig");
    let user = &config["users"][0]["user"];
    let token = match user["token"].as_str() {
        Some(token) => token.to_owned(),
        None => {
            let exec = &user["exec"];
            let arguments = exec["args"].as_array().expect("arguments").iter();
            let asked = Command::new(exec["command"].as_str().expect("a program"))
                .args(arguments.map(|argument| argument.as_str().expect("text")))
                .env("KUBERNETES_EXEC_INFO", r#"{"apiVersion":"client.authentication.k8s.io/v1","spec":{}}"#)
                .output()
                .expect("the program starts");
            if !asked.status.success() {
                eprintln!("{}", String::from_utf8_lossy(&asked.stderr).trim());
                return ExitCode::FAILURE;
            }
            let answer: serde_json::Value = serde_json::from_slice(&asked.stdout).expect("nothing but JSON");
            answer["status"]["token"].as_str().expect("a token").to_owned()
        }
    };
    let number = token.strip_prefix(TOKEN).expect("the token");
    println!("client{number} reaches {}", config["clusters"][0]["cluster"]["server"].as_str().expect("a server"));
    ExitCode::SUCCESS
}

/// Cleans up, as every command does first.
pub(crate) fn clean_up() -> ExitCode {
    let swept = sweep(&Places::of_user().expect("places"), None).expect("swept");
    println!("{} session, {} process", swept.sessions.len(), swept.ended.len());
    ExitCode::SUCCESS
}
