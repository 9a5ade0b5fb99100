//! The operator's plain connection, before a real API server.

#![allow(clippy::expect_used, reason = "a test ends where something is not as expected")]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use fanlight_cluster::rescue::{
    ACCOUNT_USER, Controllers, Credential, Ensured, FIRST_TOKEN, Happening, IssuedToken, KUBE_DC_LAYER_LABEL,
    Kubeconfig, LAYER, LAYER_LABEL, Limits, May, Occasion, Question, Rescue, RescueError, Silence, TokenSecret,
    Trouble, Use,
};
use fanlight_testbed::ControlPlane;
use jiff::{Timestamp, ToSpan};
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::{Api, ResourceExt};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

const LIMITS: Limits = Limits { request: Duration::from_secs(10), all: Duration::from_secs(120) };
const WAIT: Duration = Duration::from_secs(60);

async fn administrator(plane: &ControlPlane) -> Result<Rescue, RescueError> {
    let kubeconfig = Kubeconfig { file: Some(plane.admin_kubeconfig()), context: None };
    Rescue::from_kubeconfig(&kubeconfig, LIMITS, "fanlight-test/1").await
}

/// A control plane with the account in it, and the administrator's connection.
async fn adopted() -> anyhow::Result<(ControlPlane, Rescue)> {
    let plane = ControlPlane::start().await?;
    let admin = administrator(&plane).await?;
    admin.ensure_account(false).await?;
    admin.ensure_binding(false).await?;
    Ok((plane, admin))
}

async fn issue(admin: &Rescue, name: &str, generation: u32) -> Result<TokenSecret, RescueError> {
    let created = admin.create_token_secret(name, generation, &BTreeMap::new(), false).await?;
    admin.await_token(&created, WAIT).await
}

/// A connection with nothing but what is sealed: address, CA, token.
fn with(admin: &Rescue, issued: &IssuedToken) -> Rescue {
    let IssuedToken { token, ca_pem } = issued.clone();
    let credential = Credential { server: admin.server().clone(), ca_pem, token };
    Rescue::with_token(&credential, LIMITS, "fanlight-break-glass-verify/1").expect("a connection")
}

fn issued(secret: &TokenSecret) -> &IssuedToken {
    secret.issued.as_ref().expect("a token")
}

/// The connection of somebody who may do only this in `kube-system`.
async fn limited(plane: &ControlPlane, name: &str, rules: serde_json::Value) -> anyhow::Result<Rescue> {
    let metadata = json!({"name": name, "namespace": "kube-system"});
    plane.apply(&json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})).await?;
    plane.grant_in("kube-system", &format!("system:serviceaccount:kube-system:{name}"), rules).await?;
    let kubeconfig = plane.kubeconfig_for("kube-system", name).await?;
    let kubeconfig = Kubeconfig { file: Some(kubeconfig), context: Some("testbed".to_owned()) };
    Ok(Rescue::from_kubeconfig(&kubeconfig, LIMITS, "fanlight-test/1").await?)
}

#[tokio::test]
async fn adopting_twice_changes_nothing_the_second_time_and_the_token_opens_the_cluster() -> anyhow::Result<()> {
    let plane = ControlPlane::start().await?;
    let admin = administrator(&plane).await?;
    assert_eq!(admin.context(), Some("testbed"));
    assert!(admin.is_loopback() && admin.verifies_tls());
    assert_eq!(admin.ensure_account(true).await?, Ensured::Created);
    let accounts: Api<ServiceAccount> = Api::namespaced(plane.admin(), "kube-system");
    assert!(accounts.get_opt("break-glass").await?.is_none(), "a dry run creates nothing");

    assert_eq!(admin.ensure_account(false).await?, Ensured::Created);
    assert_eq!(admin.ensure_binding(false).await?, Ensured::Created);
    let first = accounts.get("break-glass").await?;
    assert_eq!(admin.ensure_account(false).await?, Ensured::Kept);
    assert_eq!(admin.ensure_binding(false).await?, Ensured::Kept);
    let second = accounts.get("break-glass").await?;
    assert_eq!(first.resource_version(), second.resource_version());
    assert_eq!(second.automount_service_account_token, Some(false));
    for label in [LAYER_LABEL, KUBE_DC_LAYER_LABEL] {
        assert_eq!(second.labels().get(label).map(String::as_str), Some(LAYER));
    }

    assert!(admin.token_secret(FIRST_TOKEN).await?.is_none());
    let secret = issue(&admin, FIRST_TOKEN, 1).await?;
    assert_eq!(admin.token_secret(FIRST_TOKEN).await?.expect("a Secret").uid, secret.uid);
    assert_eq!(issued(&secret).ca_pem, admin.cluster_ca().await?);

    let rescuer = with(&admin, issued(&secret));
    let who = rescuer.who().await?;
    assert_eq!(who.user, ACCOUNT_USER);
    assert!(who.groups.contains(&"system:serviceaccounts:kube-system".to_owned()), "{who:?}");
    assert_eq!(rescuer.may(&Question::EVERYTHING).await?, May::Yes);
    assert_eq!(rescuer.may(&Question::of_core("create", "serviceaccounts", "token")).await?, May::Yes);
    assert_eq!(rescuer.cluster_uid().await?, admin.cluster_uid().await?);
    assert!(rescuer.server_version().await?.starts_with("v1."));
    let seen = plane.audit().entries()?.into_iter().filter(|entry| entry.user.username == ACCOUNT_USER).count();
    assert!(seen >= 4, "{seen} requests in the audit log");
    Ok(())
}

#[tokio::test]
async fn a_kubeconfig_is_used_as_kubectl_uses_it() -> anyhow::Result<()> {
    let (plane, admin) = adopted().await?;
    let secret = issue(&admin, FIRST_TOKEN, 1).await?;
    let reply = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
        "status": {"token": issued(&secret).token.expose_secret()}});
    let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
        "command": "/bin/sh", "args": ["-c", format!("echo '{reply}'")]});
    let cluster = json!({"server": admin.server(), "certificate-authority": plane.folder().join("ca.crt")});
    let insecure = json!({"server": admin.server(), "insecure-skip-tls-verify": true});
    let context = |name: &str, cluster, user| json!({"name": name, "context": {"cluster": cluster, "user": user}});
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "",
        "clusters": [{"name": "strict", "cluster": cluster}, {"name": "careless", "cluster": insecure}],
        "users": [{"name": "fetched", "user": {"exec": exec}},
            {"name": "broken", "user": {"exec": {"apiVersion": exec["apiVersion"], "command": "/bin/sh", "args": ["-c", "echo eyJhbGciOi; echo not signed in >&2; exit 3"],
                "interactiveMode": "Never"}}}],
        "contexts": [context("fetched", "strict", "fetched"), context("broken", "strict", "broken"),
            context("careless", "careless", "fetched")],
    });
    let file = plane.folder().join("several.kubeconfig");
    std::fs::write(&file, config.to_string())?;
    let open = async |context: Option<&str>| {
        let which = Kubeconfig { file: Some(file.clone()), context: context.map(ToOwned::to_owned) };
        Rescue::from_kubeconfig(&which, LIMITS, "fanlight-test/1").await
    };
    let fetched = open(Some("fetched")).await?;
    assert_eq!((fetched.context(), fetched.verifies_tls()), (Some("fetched"), true));
    assert_eq!(fetched.who().await?.user, ACCOUNT_USER);
    let careless = open(Some("careless")).await?;
    assert!(!careless.verifies_tls());

    let failed = open(Some("broken")).await.expect_err("its program fails");
    assert!(matches!(&failed.trouble, Trouble::Credential(why) if why.ends_with("not signed in")), "{failed}");
    assert!(!failed.to_string().contains("eyJ"), "{failed}");
    let failed = open(Some("elsewhere")).await.expect_err("no such context");
    assert!(matches!(&failed.trouble, Trouble::Kubeconfig(why) if why.contains("elsewhere")), "{failed}");
    let failed = open(None).await.expect_err("no current context");
    assert!(matches!(failed.trouble, Trouble::Kubeconfig(_)), "{failed}");
    let nowhere = Kubeconfig { file: Some(plane.folder().join("nowhere")), context: None };
    let failed = Rescue::from_kubeconfig(&nowhere, LIMITS, "fanlight-test/1").await.expect_err("no such file");
    assert!(matches!(failed.trouble, Trouble::Kubeconfig(_)), "{failed}");
    assert!(failed.to_string().contains("nowhere"), "{failed}");
    std::fs::write(&file, "users: [{name: dana, user: {token: {eyJhbGciOi: 1}}}]")?;
    let failed = open(None).await.expect_err("no kubeconfig");
    assert!(matches!(&failed.trouble, Trouble::Kubeconfig(why) if !why.contains("eyJ")), "{failed}");
    Ok(())
}

#[tokio::test]
async fn what_kube_dc_made_is_taken_over_and_remains_what_it_was() -> anyhow::Result<()> {
    let plane = ControlPlane::start().await?;
    let labels = json!({"app.kubernetes.io/managed-by": "kube-dc-cli", KUBE_DC_LAYER_LABEL: LAYER});
    let metadata = json!({"name": "break-glass", "namespace": "kube-system", "labels": labels,
        "annotations": {"kube-dc.com/source": "its docs"}});
    plane.apply(&json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})).await?;
    let other = json!({"kind": "ServiceAccount", "name": "other", "namespace": "kube-system"});
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": "break-glass", "labels": labels}, "subjects": [other],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
    });
    plane.apply(&binding).await?;
    let token = json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token", "metadata": {
        "name": FIRST_TOKEN, "namespace": "kube-system", "labels": labels,
        "annotations": {"kubernetes.io/service-account.name": "break-glass"}}});
    plane.apply(&token).await?;

    let admin = administrator(&plane).await?;
    assert_eq!(admin.ensure_account(false).await?, Ensured::Kept);
    assert_eq!(admin.ensure_account(false).await?, Ensured::Kept);
    assert_eq!(admin.ensure_binding(false).await?, Ensured::Kept);
    let account = Api::<ServiceAccount>::namespaced(plane.admin(), "kube-system").get("break-glass").await?;
    assert_eq!(account.labels()["app.kubernetes.io/managed-by"], "kube-dc-cli");
    assert_eq!(account.labels()[LAYER_LABEL], LAYER);
    assert_eq!(account.annotations()["kube-dc.com/source"], "its docs");
    let bindings: Api<k8s_openapi::api::rbac::v1::ClusterRoleBinding> = Api::all(plane.admin());
    let subjects = bindings.get("break-glass").await?.subjects.unwrap_or_default();
    let names: Vec<_> = subjects.iter().map(|subject| subject.name.as_str()).collect();
    assert_eq!(names, ["other", "break-glass"]);

    let [secret] = &admin.token_secrets().await?[..] else { panic!("one Secret") };
    assert_eq!((secret.name.as_str(), secret.generation), (FIRST_TOKEN, Some(1)));
    let labelled = admin.label_token_secret(secret, 1).await?;
    assert_eq!(labelled.uid, secret.uid);
    let filled = admin.await_token(&labelled, WAIT).await?;
    assert!(with(&admin, issued(&filled)).is_accepted().await?);
    Ok(())
}

#[tokio::test]
async fn a_binding_to_another_role_and_a_secret_of_another_kind_are_left_alone() -> anyhow::Result<()> {
    let plane = ControlPlane::start().await?;
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "break-glass"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
    });
    plane.apply(&binding).await?;
    let metadata = json!({"name": FIRST_TOKEN, "namespace": "kube-system"});
    plane.apply(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})).await?;
    let admin = administrator(&plane).await?;
    let refused = admin.ensure_binding(false).await.expect_err("another role");
    assert!(matches!(refused.trouble, Trouble::Foreign(_)), "{refused}");
    assert!(refused.to_string().contains("ClusterRole view"), "{refused}");
    let refused = admin.token_secret(FIRST_TOKEN).await.expect_err("another kind");
    assert!(matches!(refused.trouble, Trouble::Foreign(_)), "{refused}");
    assert!(admin.token_secrets().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_rotation_goes_through_and_the_old_token_dies_with_its_secret() -> anyhow::Result<()> {
    let (plane, admin) = adopted().await?;
    let old = issue(&admin, FIRST_TOKEN, 1).await?;
    let new = issue(&admin, "break-glass-token-g2", 2).await?;
    let names: Vec<_> = admin.token_secrets().await?.into_iter().map(|secret| secret.name).collect();
    assert_eq!(names, [FIRST_TOKEN, "break-glass-token-g2"]);
    let (old_way, new_way) = (with(&admin, issued(&old)), with(&admin, issued(&new)));
    assert!(old_way.is_accepted().await? && new_way.is_accepted().await?);

    let superseded = BTreeMap::from([("fanlight.dev/superseded-by".to_owned(), Some(new.name.clone()))]);
    let annotated = new_way.annotate_token_secret(&old, &superseded).await?;
    assert_eq!(annotated.annotations["fanlight.dev/superseded-by"], new.name);
    let stale = new_way.delete_token_secret(&old).await.expect_err("an older version");
    assert!(matches!(stale.trouble, Trouble::Conflict(_)), "{stale}");
    assert!(admin.token_secret(FIRST_TOKEN).await?.is_some(), "nothing was deleted");
    let now = admin.token_secret(FIRST_TOKEN).await?.expect("a Secret");
    assert_eq!(now.last_used, Some(Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()));
    new_way.delete_token_secret(&now).await?;
    new_way.delete_token_secret(&now).await?;
    assert!(old_way.await_rejection(WAIT).await?, "the old token is still good");
    let refused = old_way.cluster_uid().await.expect_err("a dead token");
    assert!(matches!(refused.trouble, Trouble::Rejected(_)), "{refused}");
    assert_eq!(refused.doing, "reading Namespace kube-system");
    assert!(!new_way.within(WAIT).await_rejection(Duration::from_millis(10)).await?);

    let again = issue(&admin, FIRST_TOKEN, 1).await?;
    let mistaken = admin.annotate_token_secret(&old, &superseded).await.expect_err("another Secret of that name");
    assert!(matches!(mistaken.trouble, Trouble::Conflict(_)), "{mistaken}");
    let mistaken = admin.await_token(&old, WAIT).await.expect_err("another Secret of that name");
    assert!(matches!(mistaken.trouble, Trouble::Conflict(_)), "{mistaken}");
    assert_ne!(again.uid, old.uid);
    drop(plane);
    Ok(())
}

#[tokio::test]
async fn only_the_sealed_ca_is_trusted_and_only_the_sealed_token_is_used() -> anyhow::Result<()> {
    let (plane, admin) = adopted().await?;
    let secret = issue(&admin, FIRST_TOKEN, 1).await?;
    let key = rcgen::KeyPair::generate()?;
    let foreign = rcgen::CertificateParams::default().self_signed(&key)?.pem();
    let rescuer = with(&admin, &IssuedToken { token: issued(&secret).token.clone(), ca_pem: foreign });
    let refused = rescuer.who().await.expect_err("a foreign CA");
    let server = admin.server().to_string();
    assert_eq!(refused.trouble, Trouble::Unreachable { server, why: Silence::ForeignCa });

    let ca_pem = issued(&secret).ca_pem.clone();
    let rescuer = with(&admin, &IssuedToken { token: SecretString::from("not-a-token"), ca_pem: ca_pem.clone() });
    let refused = rescuer.who().await.expect_err("no token");
    assert!(matches!(refused.trouble, Trouble::Rejected(_)), "{refused}");
    assert!(!rescuer.is_accepted().await?);

    plane.stop_api_server();
    let rescuer = with(&admin, issued(&secret));
    let silent = rescuer.who().await.expect_err("nobody there");
    assert!(matches!(silent.trouble, Trouble::Unreachable { why: Silence::Refused, .. }), "{silent}");
    plane.start_api_server().await?;
    assert_eq!(rescuer.who().await?.user, ACCOUNT_USER);
    Ok(())
}

#[tokio::test]
async fn somebody_with_few_rights_is_told_which_right_is_missing() -> anyhow::Result<()> {
    let (plane, admin) = adopted().await?;
    issue(&admin, FIRST_TOKEN, 1).await?;
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]);
    let reader = limited(&plane, "reader", rules).await?;
    reader.cluster_ca().await?;
    let refused = reader.token_secrets().await.expect_err("no right");
    let words = r#"User "system:serviceaccount:kube-system:reader" cannot list resource "secrets""#;
    assert!(matches!(&refused.trouble, Trouble::Forbidden(said) if said.contains(words)), "{refused}");
    assert!(refused.to_string().starts_with("listing the token Secrets in kube-system: not allowed: "), "{refused}");
    assert!(matches!(reader.may(&Question::EVERYTHING).await?, May::No(_)));
    assert!(matches!(reader.may(&Question::of_core("create", "secrets", "")).await?, May::No(_)));
    assert_eq!(reader.may(&Question::of_core("get", "configmaps", "")).await?, May::Yes);
    assert_eq!(reader.controllers().await?, Controllers::Unknown);
    Ok(())
}

#[tokio::test]
async fn a_dry_run_finds_the_quota_and_the_policy_that_forbid_the_secret() -> anyhow::Result<()> {
    let (plane, admin) = adopted().await?;
    let none = BTreeMap::new();
    let dry = admin.create_token_secret("break-glass-token-g2", 2, &none, true).await?;
    assert!(dry.issued.is_none());
    assert!(admin.token_secrets().await?.is_empty(), "a dry run creates nothing");

    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": {"name": "few", "namespace": "kube-system"}, "spec": {"hard": {"secrets": "0"}}});
    plane.apply(&quota).await?;
    let words = refusal(&admin, &none).await?;
    assert!(words.contains("exceeded quota: few"), "{words}");
    plane.delete(&quota).await?;

    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "no-long-lived-tokens"},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["secrets"]}]},
            "validations": [{"expression": "object.type != 'kubernetes.io/service-account-token'",
                "message": "long-lived tokens are forbidden here"}],
        },
    });
    let binding = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "no-long-lived-tokens"},
        "spec": {"policyName": "no-long-lived-tokens", "validationActions": ["Deny"]}});
    plane.apply(&policy).await?;
    plane.apply(&binding).await?;
    let words = refusal(&admin, &none).await?;
    assert!(words.contains("long-lived tokens are forbidden here"), "{words}");
    Ok(())
}

/// What a dry run says once the API server has heard of the change that forbids it.
async fn refusal(admin: &Rescue, annotations: &BTreeMap<String, String>) -> anyhow::Result<String> {
    let began = Instant::now();
    while began.elapsed() < WAIT {
        let dry = admin.create_token_secret("break-glass-token-g2", 2, annotations, true).await;
        match dry.map_err(|error| error.trouble) {
            Ok(_) => tokio::task::yield_now().await,
            // A quota that has not been counted yet refuses everything.
            Err(Trouble::Forbidden(words)) if words.contains("status unknown for quota") => {}
            Err(Trouble::Forbidden(words) | Trouble::Refused { words, .. }) => return Ok(words),
            Err(other) => anyhow::bail!("{other}"),
        }
    }
    anyhow::bail!("never refused")
}

#[tokio::test]
async fn the_lock_tells_who_holds_it_and_a_lapsed_one_is_taken_over() -> anyhow::Result<()> {
    let (plane, admin) = adopted().await?;
    let mut mine = admin.lock("dana@desk #1", |_| false).await?;
    let refused = admin.lock("lee@desk #1", |_| false).await.expect_err("taken");
    assert!(matches!(&refused.trouble, Trouble::Locked { holder, .. } if holder == "dana@desk #1"), "{refused}");
    mine.renew().await?;
    mine.release().await?;

    let mut theirs = admin.lock("lee@desk #1", |_| false).await?;
    let long_ago = Timestamp::now() - 10.minutes();
    plane
        .apply(&json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": "break-glass-rotate", "namespace": "kube-system"},
            "spec": {"renewTime": format!("{long_ago:.6}")}}))
        .await?;
    let mine = admin.lock("dana@desk #2", |_| false).await?;
    let lost = theirs.renew().await.expect_err("taken over");
    assert!(matches!(lost.trouble, Trouble::Conflict(_)), "{lost}");
    theirs.release().await?;
    let refused = admin.lock("lee@desk #2", |holder| holder == "lee@desk #1").await.expect_err("taken");
    assert!(matches!(&refused.trouble, Trouble::Locked { holder, .. } if holder == "dana@desk #2"), "{refused}");
    let theirs = admin.lock("lee@desk #2", |holder| holder == "dana@desk #2").await?;
    mine.release().await?;
    theirs.release().await?;

    let both = tokio::join!(admin.lock("dana@desk #3", |_| false), admin.lock("lee@desk #3", |_| false));
    assert!(both.0.is_ok() != both.1.is_ok(), "exactly one gets it: {both:?}");
    Ok(())
}

#[tokio::test]
async fn a_token_for_one_use_dies_with_its_session() -> anyhow::Result<()> {
    let (plane, admin) = adopted().await?;
    let secret = issue(&admin, FIRST_TOKEN, 1).await?;
    let rescuer = with(&admin, issued(&secret));
    let of = Use {
        id: "01j2".to_owned(),
        person: "Dana <dana@example.com>".to_owned(),
        reason: "OIDC is down\nsince 3:00".to_owned(),
        host: "desk".to_owned(),
        tool: "fanlight/1".to_owned(),
        expires: Timestamp::now() + 1.hour(),
    };
    let session = rescuer.begin_session(&of).await?;
    let token = rescuer.session_token(&session, Duration::from_secs(1)).await?;
    assert!(token.expires >= Timestamp::now() + 9.minutes(), "{token:?}");
    assert!(!format!("{token:?}").contains(token.token.expose_secret()));
    let ca_pem = issued(&secret).ca_pem.clone();
    let in_session = with(&admin, &IssuedToken { token: token.token, ca_pem });
    let who = in_session.who().await?;
    assert_eq!(who.user, ACCOUNT_USER);
    assert!(who.credential_id().is_some_and(|id| id.starts_with("JTI=")), "{who:?}");
    assert_eq!(in_session.may(&Question::EVERYTHING).await?, May::Yes);

    let [record] = &rescuer.sessions().await?[..] else { panic!("one session") };
    assert_eq!((&record.session, &record.person, &record.reason), (&session, &of.person, &of.reason));
    assert_eq!(record.expires, Some(of.expires));
    assert_eq!(rescuer.token_secrets().await?.len(), 1, "a session is no long-lived token");
    rescuer.end_session(&session).await?;
    rescuer.end_session(&session).await?;
    assert!(in_session.await_rejection(WAIT).await?, "the session's token is still good");
    assert!(rescuer.sessions().await?.is_empty());
    let late = rescuer.session_token(&session, Duration::from_mins(10)).await.expect_err("it has ended");
    assert!(matches!(late.trouble, Trouble::Missing(_)), "{late}");

    let happening = Happening {
        occasion: Occasion::SessionStarted,
        at: Timestamp::now(),
        note: "Dana: OIDC is down".to_owned(),
        instance: "fanlight/1 on desk".to_owned(),
    };
    rescuer.tell(&happening).await?;
    let events: Api<k8s_openapi::api::events::v1::Event> = Api::namespaced(plane.admin(), "kube-system");
    let events = events.list(&Default::default()).await?;
    let event = events.iter().find(|event| event.reason.as_deref() == Some("BreakGlassSessionStarted"));
    assert_eq!(event.and_then(|event| event.type_.as_deref()), Some("Warning"));
    Ok(())
}

#[tokio::test]
async fn without_its_controllers_a_cluster_is_found_out_and_nothing_waits_for_ever() -> anyhow::Result<()> {
    let (plane, admin) = adopted().await?;
    let began = Instant::now();
    while admin.controllers().await? != Controllers::Alive {
        anyhow::ensure!(began.elapsed() < WAIT, "no lease");
    }
    plane.stop_controllers();
    let created = admin.create_token_secret("break-glass-token-g2", 2, &BTreeMap::new(), false).await?;
    let waited = Duration::from_millis(300);
    let empty = admin.await_token(&created, waited).await.expect_err("nobody fills it");
    assert_eq!(empty.trouble, Trouble::NotIssued(waited));
    assert!(empty.to_string().contains("Secret kube-system/break-glass-token-g2"), "{empty}");
    admin.delete_token_secret(&created).await?;
    let secrets: Api<Secret> = Api::namespaced(plane.admin(), "kube-system");
    assert!(secrets.get_opt("break-glass-token-g2").await?.is_none());

    let long_ago = Timestamp::now() - 10.minutes();
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "kube-controller-manager", "namespace": "kube-system"},
        "spec": {"renewTime": format!("{long_ago:.6}")}});
    plane.apply(&lease).await?;
    assert!(matches!(admin.controllers().await?, Controllers::Down { .. }));

    plane.start_controllers().await?;
    let secret = issue(&admin, "break-glass-token-g2", 2).await?;
    assert!(with(&admin, issued(&secret)).is_accepted().await?);
    Ok(())
}
