//! What sessions cost.

use std::{
    hint::black_box,
    net::Ipv4Addr,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, bail};
use fanlight_identity::{
    CookieRules, Ending, KeyRing, Method, Revocations, SessionLimits, Sessions, SignedIn, Whereabouts,
};
use fanlight_model::{Identity, UserName};
use fanlight_testbed::{FanlightServer, Showcase};
use futures_util::{StreamExt, TryStreamExt, stream};
use secrecy::SecretString;

use crate::{house::House, process, say, size::Size, table::Table};

const HOUR: Duration = Duration::from_secs(3600);
/// So many sessions are seen by the server whose memory is looked at.
const SESSIONS: u32 = 5_000;

pub(crate) async fn everything(table: &mut Table) -> anyhow::Result<()> {
    check(table).await?;
    say("what a request pays");
    let house = House::build(&Size::QUICK).await?;
    let server = house.server().await?;
    sign_ins(&server, table).await?;
    say("sign-ins");
    memory(&house, &server, table).await
}

/// What a request pays for being somebody's: its cookies are opened, the record is asked, and it is noted that the session
/// was seen. In this process, without the network.
async fn check(table: &mut Table) -> anyhow::Result<()> {
    let keys = Arc::new(KeyRing::random());
    let revocations = Revocations::new(None, Arc::clone(&keys), SystemTime::now);
    let limits = SessionLimits { emergency: HOUR, idle: HOUR };
    let sessions = Sessions::new(keys, limits, &CookieRules { secure: true, base: String::new() });
    let now = SystemTime::now();
    for number in 0..500 {
        let identity = Identity::of(UserName::new(&format!("user-{number}"))?);
        revocations.end(&Ending::of(&sessions.open(identity, Method::Emergency, None, now).0)).await;
    }
    let whereabouts = Whereabouts::default();
    for (groups, note) in [(5, "one cookie; 500 sessions in the record"), (200, "three cookies")] {
        let groups: Vec<_> = (0..groups).map(|number| format!("company-group-with-a-long-name-{number:05}")).collect();
        let signed = SignedIn {
            identity: Identity::new(UserName::new("dana@example.com")?, groups.iter().map(String::as_str))?,
            notices: Vec::new(),
            expires: now + HOUR,
            lifetime: HOUR,
            refresh_token: None,
            id_token: SecretString::from(""),
        };
        let (_, set) = sessions.open_oidc(&signed, now)?;
        let header = header(&set);
        let rounds = 2_000;
        let began = Instant::now();
        for _ in 0..rounds {
            let session = sessions.read(black_box(&header), now)?;
            whereabouts.note(&session, Ipv4Addr::LOCALHOST.into(), || "Firefox".into(), now);
            if revocations.is_ended(&session) {
                bail!("it was not ended");
            }
        }
        let each = began.elapsed() / rounds;
        let what = format!("session check, {} groups", groups.len());
        table.add(&what, "µs", None, each.as_secs_f64() * 1e6, note);
    }
    Ok(())
}

/// How many people can sign in as the emergency user, one after the other, at each of four doors.
async fn sign_ins(server: &FanlightServer, table: &mut Table) -> anyhow::Result<()> {
    let window = Duration::from_secs(10);
    let began = Instant::now();
    let doors = (0..4).map(|_| async {
        let mut count = 0_u32;
        while began.elapsed() < window {
            server.sign_in(Showcase::USER, Showcase::PASSWORD).await?;
            count += 1;
        }
        anyhow::Ok(count)
    });
    let counts = futures_util::future::try_join_all(doors).await?;
    let rate = f64::from(counts.iter().sum::<u32>()) / began.elapsed().as_secs_f64();
    table.add("sign-ins a second", "", None, rate, "emergency user, the testbed’s bcrypt cost, two at once");
    Ok(())
}

/// What the server keeps of sessions that asked once who they are.
async fn memory(house: &House, server: &FanlightServer, table: &mut Table) -> anyhow::Result<()> {
    let client = FanlightServer::client()?;
    let address = format!("{}/oauth2/userinfo", server.url());
    let ask = async |numbers: std::ops::Range<u32>| {
        let asked = stream::iter(numbers).map(|number| {
            let (client, address) = (&client, &address);
            async move {
                let cookies = header(&house.forge.cookies(&format!("visitor-{number}"), &["dev"])?);
                let answer = client.get(address).header("cookie", cookies).send().await?;
                answer.error_for_status().context("a session is not taken")?;
                anyhow::Ok(())
            }
        });
        asked.buffer_unordered(16).try_for_each(async |()| Ok(())).await
    };
    // First what is kept once, whoever comes.
    ask(0..500).await?;
    let before = process::memory(server.process()?)?.resident;
    ask(500..500 + SESSIONS).await?;
    let after = process::memory(server.process()?)?.resident;
    let each = (after - before) * 1_024.0 * 1_024.0 / f64::from(SESSIONS);
    let note = format!("{SESSIONS} sessions; {before:.1} MiB before, {after:.1} MiB after");
    table.add("memory a session", "bytes", 0.0, each, &note);
    Ok(())
}

fn header(set: &[String]) -> String {
    set.iter().filter_map(|cookie| cookie.split(';').next()).collect::<Vec<_>>().join("; ")
}
