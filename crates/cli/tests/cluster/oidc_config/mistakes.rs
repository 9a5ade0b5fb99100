//! Each mistake, made at a provider that misbehaves as it is told to.

use std::{fs, net::TcpListener};

use anyhow::ensure;
use fanlight_testbed::{
    Issuer,
    issuer::{Endpoint, Flaw, Manners, Refreshing, Trouble},
};
use serde_json::{Value, json};

use super::walk::{Walk, findings};

/// Takes leave of a provider's manners.
type Misbehave = fn(&mut Manners);

/// What is set up wrongly, and what is said of it.
struct Case {
    /// Flags that go before the right ones.
    flags: &'static [&'static str],
    misbehave: Misbehave,
    severity: &'static str,
    code: &'static str,
    /// Something that the finding says.
    says: &'static str,
    /// Something that the remedy names.
    remedy: &'static str,
}

const GOOD: Misbehave = |_| ();

/// A mistake that shows before anybody is asked to sign in.
const fn early(flags: &'static [&'static str], misbehave: Misbehave, words: [&'static str; 3]) -> Case {
    let [code, says, remedy] = words;
    Case { flags, misbehave, severity: "mistake", code, says, remedy }
}

/// What shows before anybody is asked to sign in.
const EARLY: [Case; 8] = [
    early(&["--issuer-url=http://127.0.0.1:9"], GOOD, ["unreachable", "cannot be reached", "firewall"]),
    early(
        &[],
        |manners| manners.trouble(Endpoint::Discovery, Trouble::Page),
        ["not-a-provider", "does not describe itself", ".well-known/openid-configuration"],
    ),
    early(
        &[],
        |manners| manners.trouble(Endpoint::Discovery, Trouble::Error(503)),
        ["not-a-provider", "it answered 503", ".well-known/openid-configuration"],
    ),
    early(
        &[],
        |manners| drop(manners.discovery.insert("issuer".to_owned(), json!("https://id.example.com"))),
        ["other-issuer", "has another name for itself", "issuerURL exactly"],
    ),
    early(&["--client-id=stranger"], GOOD, ["redirect-or-client", "answers 400", "for the client stranger"]),
    early(
        &[],
        |manners| manners.refusal = Some("access_denied"),
        ["access-denied", "did not let you in", "assign the person"],
    ),
    early(
        &[],
        |manners| manners.refusal = Some("invalid_scope"),
        ["unknown-scope", "invalid_scope", "openid,offline_access,email,groups"],
    ),
    early(
        &[],
        |manners| manners.refusal = Some("unauthorized_client"),
        ["client-refused", "unauthorized_client", "must be allowed this way of signing in"],
    ),
];

const fn late(flags: &'static [&'static str], misbehave: Misbehave, words: [&'static str; 3]) -> Case {
    early(flags, misbehave, words)
}

const fn warning(misbehave: Misbehave, words: [&'static str; 3]) -> Case {
    Case { severity: "warning", ..early(&[], misbehave, words) }
}

/// What shows when somebody has signed in.
const LATE: [Case; 22] = [
    late(
        &["--client-secret=mistyped"],
        GOOD,
        ["client-refused", "invalid_client", "compare clientID and clientSecret"],
    ),
    late(&[], |manners| manners.without("email"), ["no-user-name", "no claim \"email\"", "preferred_username"]),
    late(&["--username-claim=upn"], GOOD, ["no-user-name", "no claim \"upn\"", "set claimUsername to one of"]),
    late(
        &[],
        |manners| manners.claim("email_verified", false),
        ["email-unverified", "is not verified", "verified at the provider"],
    ),
    late(&["--groups-claim=email_verified"], GOOD, ["groups-claim", "neither a list of texts", "set claimGroups"]),
    late(&["--allowed-groups=ops,oncall"], GOOD, ["not-admitted", "ops, oncall", "change allowedGroups"]),
    late(&["--username-prefix=system:"], GOOD, ["user-name-refused", "belong to Kubernetes", "oidcUsernamePrefix"]),
    late(&["--username-prefix=fanlight:"], GOOD, ["user-name-refused", "kept for Fanlight", "oidcUsernamePrefix"]),
    late(&[], |manners| manners.claim("email", "zoë"), ["user-name-refused", "header cannot carry", "claimUsername"]),
    late(&[], |manners| manners.flaw = Some(Flaw::WrongIssuer), ["other-issuer", "another issuer", "issuerURL"]),
    late(&[], |manners| manners.flaw = Some(Flaw::WrongAudience), ["other-client", "another client", "clientID must"]),
    late(&[], |manners| manners.flaw = Some(Flaw::Expired), ["clock-skew", "has expired", "NTP"]),
    late(&[], |manners| manners.flaw = Some(Flaw::NotYetValid), ["clock-skew", "not valid yet", "NTP"]),
    late(
        &[],
        |manners| manners.flaw = Some(Flaw::PublicKeyAsSecret),
        ["unsupported-algorithm", "HS256", "RS256, ES256 or EdDSA"],
    ),
    late(&[], |manners| manners.flaw = Some(Flaw::ForeignSignature), ["signature", "signature", "stands between"]),
    late(&[], |manners| manners.flaw = Some(Flaw::UnknownKey), ["signature", "key", "keys were changed"]),
    late(&[], |manners| manners.flaw = Some(Flaw::WrongNonce), ["id-token", "another sign-in", "log says more"]),
    warning(
        |manners| {
            manners.without("groups");
            manners.userinfo = Some(manners.claims.clone());
        },
        ["no-groups", "the person has no groups", "preferred_username"],
    ),
    warning(Manners::group_overage, ["groups-overage", "too many", "groups assigned to the application"]),
    warning(
        |manners| manners.claim("groups", vec!["shop", "system:masters"]),
        ["group-dropped", "system:masters", "oidcGroupsPrefix"],
    ),
    warning(
        |manners| {
            manners.groups_at_userinfo();
            manners.trouble(Endpoint::UserInfo, Trouble::Page);
        },
        ["user-info", "UserInfo did not tell", "into the ID token"],
    ),
    warning(
        |manners| manners.refreshing = Refreshing::Never,
        ["no-refresh-token", "no refresh token", "offline_access"],
    ),
];

/// The command line of everything that is right, with `flags` before it: of a flag given twice the first would not count.
fn arguments(issuer: &Issuer, flags: &[&str]) -> Vec<String> {
    let mut all: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
    for (name, value) in
        [("--issuer-url", issuer.url().as_str()), ("--client-id", Issuer::CLIENT), ("--client-secret", Issuer::SECRET)]
    {
        if !flags.iter().any(|flag| flag.starts_with(name)) {
            all.push(format!("{name}={value}"));
        }
    }
    all.extend(["--skip-secret", "--output=json"].map(ToOwned::to_owned));
    if !flags.iter().any(|flag| flag.starts_with("--port")) {
        all.push("--port=0".to_owned());
    }
    all
}

fn start(issuer: &Issuer, flags: &[&str]) -> anyhow::Result<Walk> {
    Walk::start(&arguments(issuer, flags).iter().map(String::as_str).collect::<Vec<_>>())
}

fn ensure_told(report: &Value, case: &Case) -> anyhow::Result<()> {
    let found = findings(report).iter().find(|finding| finding["code"] == case.code);
    let has =
        |name: &str, words: &str| found.and_then(|one| one[name].as_str()).is_some_and(|text| text.contains(words));
    ensure!(
        has("severity", case.severity) && has("says", case.says) && has("remedy", case.remedy),
        "{} is not told: {report:#}",
        case.code
    );
    let page = include_str!("../../../../../docs/check-oidc.md");
    ensure!(page.contains(&format!("`{}`", case.code)), "docs/check-oidc.md does not tell of {}", case.code);
    let mistakes = findings(report).iter().filter(|finding| finding["severity"] == "mistake").count();
    ensure!(mistakes == usize::from(case.severity == "mistake"), "one mistake, said once: {report:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_known_before_somebody_signs_in_is_told_before() -> anyhow::Result<()> {
    let issuer = Issuer::start_plain().await?;
    for case in &EARLY {
        issuer.behave(|manners| {
            *manners = Manners::default();
            (case.misbehave)(manners);
        });
        ensure_told(&start(&issuer, case.flags)?.report(1).await?, case)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_that_shows_after_the_sign_in_has_its_remedy() -> anyhow::Result<()> {
    let issuer = Issuer::start_plain().await?;
    for case in &LATE {
        issuer.behave(|manners| {
            *manners = Manners::default();
            (case.misbehave)(manners);
        });
        let mut walk = start(&issuer, case.flags)?;
        walk.sign_in().await?;
        let report = walk.report(i32::from(case.severity == "mistake")).await?;
        ensure_told(&report, case)?;
        ensure!(report["user"].is_string() == (case.severity == "warning"), "{report:#}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_told_apart_from_other_troubles() -> anyhow::Result<()> {
    let issuer = Issuer::start().await?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str, content: &[u8]| -> anyhow::Result<String> {
        let file = folder.path().join(name);
        fs::write(&file, content)?;
        Ok(format!("--ca-file={}", file.display()))
    };
    let good = format!("--ca-file={}", issuer.ca().display());
    let other = Issuer::start().await?;
    for (flags, code, remedy) in [
        (vec![], "untrusted-certificate", "caBundle"),
        (vec![format!("--ca-file={}", other.ca().display())], "untrusted-certificate", "caBundle"),
        (vec![file("empty.pem", b"no certificate")?], "ca-bundle", "-----BEGIN CERTIFICATE-----"),
        (vec!["--ca-file=/no/such/file".to_owned()], "settings", "correct the Secret"),
    ] {
        let flags: Vec<_> = flags.iter().map(String::as_str).collect();
        let report = start(&issuer, &flags)?.report(1).await?;
        let [finding] = findings(&report) else { anyhow::bail!("one finding: {report:#}") };
        ensure!(finding["code"] == code, "{report:#}");
        ensure!(finding["remedy"].as_str().is_some_and(|text| text.contains(remedy)), "{report:#}");
    }
    // Over https everything that a provider can do is tried, and nothing is left behind there.
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    let authority = reqwest::Certificate::from_pem(&fs::read(issuer.ca())?)?;
    let browser = browser.tls_certs_only([authority]).build()?;
    let mut walk = start(&issuer, &[&good])?;
    let sent_back = browser.get(walk.address().await?).send().await?;
    browser.get(super::walk::location(&sent_back)?).send().await?;
    let report = walk.report(0).await?;
    ensure!(report["refreshed"] == true && findings(&report).is_empty(), "{report:#}");
    ensure!(issuer.asked(Endpoint::Revoke).len() == 1, "what was obtained is revoked");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_cannot_do_is_said_beside_what_went_wrong() -> anyhow::Result<()> {
    let issuer = Issuer::start_plain().await?;
    issuer.behave(|manners| {
        for (name, value) in [
            ("id_token_signing_alg_values_supported", json!(["HS256"])),
            ("code_challenge_methods_supported", json!(["plain"])),
            ("scopes_supported", json!(["openid", "email"])),
        ] {
            manners.discovery.insert(name.to_owned(), value);
        }
    });
    let mut walk = start(&issuer, &[])?;
    walk.sign_in().await?;
    let report = walk.report(0).await?;
    let codes: Vec<_> = findings(&report).iter().filter_map(|finding| finding["code"].as_str()).collect();
    ensure!(codes == ["unsupported-algorithm", "no-pkce", "scope-not-listed"], "{report:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_did_not_begin_the_sign_in_ends_it_and_it_does_not_wait_for_ever() -> anyhow::Result<()> {
    let issuer = Issuer::start_plain().await?;
    let mut walk = start(&issuer, &["--timeout=10s"])?;
    let address: reqwest::Url = walk.address().await?.parse()?;
    let back = address.query_pairs().find(|(name, _)| name == "redirect_uri").map(|(_, value)| value.into_owned());
    let back = back.unwrap_or_default();
    for (query, status) in [("?code=x&state=y", 400), ("?code=x", 400), ("/elsewhere", 404), ("", 400)] {
        let shown = reqwest::get(format!("{back}{query}")).await?;
        ensure!(shown.status() == status, "{query}: {}", shown.status());
        ensure!(shown.headers()["content-security-policy"] == "default-src 'none'");
    }
    let run = walk.end().await?.ended(1);
    let run = run.says("does not belong to this sign-in").says("nobody-came").says("ssh -L");
    ensure!(run.out.contains(&back), "the redirect URL that has to be registered is named: {run:?}");

    let taken = TcpListener::bind("127.0.0.1:0")?;
    let port = format!("--port={}", taken.local_addr()?.port());
    let report = start(&issuer, &[&port])?.report(1).await?;
    ensure!(findings(&report)[0]["code"] == "listener", "{report:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_line_that_makes_no_sense_ends_with_2() -> anyhow::Result<()> {
    for arguments in [
        &["--skip-secret"][..],
        &["--skip-secret", "--issuer-url=https://id.example.com"],
        &["--device", "--port=1"],
        &["--device", "--open"],
        &["--redirect-url=https://fanlight.example.com/"],
        &["--redirect-url=http://localhost:1", "--port=2"],
        &["--output=xml"],
        &["--timeout=soon"],
        &["--no-such-flag"],
    ] {
        Walk::start(arguments)?.end().await?.ended(2);
    }
    Ok(())
}
