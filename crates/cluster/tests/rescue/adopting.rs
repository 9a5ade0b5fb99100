//! Setting up the emergency account: by whom, over what was there, and what forbids it.

use std::{collections::BTreeMap, time::Instant};

use fanlight_cluster::rescue::{
    ACCOUNT_USER, Controllers, Ensured, FIRST_TOKEN, KUBE_DC_LAYER_LABEL, Kubeconfig, LAYER, LAYER_LABEL, May,
    Question, Rescue, Trouble,
};
use fanlight_testbed::ControlPlane;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::{Api, ResourceExt};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::{LIMITS, WAIT, administrator, adopted, issue, issued, with};

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
