//! What is wrong with values is said before anything is changed.

use anyhow::ensure;

use crate::helm::{Helm, IMAGE, chart, template};

#[test]
fn a_mistake_is_refused_with_what_to_do_about_it() -> anyhow::Result<()> {
    for (values, said) in [
        ("{replicas: 3}", "- replicas (did you mean replicaCount?)"),
        ("{serverTLS: {enabled: true}}", "- serverTLS.enabled (did you mean serverTLS.enable?)"),
        ("{adminUser: {userName: a}}", "- adminUser.userName (did you mean adminUser.username?)"),
        ("{passwordHash: x}", "- passwordHash (did you mean adminUser.passwordHash?)"),
        ("{adminuser: {create: true}}", "- adminuser (did you mean adminUser?)"),
        ("{ingress: {clasName: x}}", "- ingress.clasName (did you mean ingress.className?)"),
        ("{zzz: 1}", "- zzz\n"),
        ("{replicaCount: many}", "at '/replicaCount': got string, want integer"),
        ("{logLevel: loud}", "at '/logLevel': value must be one of"),
        ("{externalUrl: fanlight.example.com}", "at '/externalUrl'"),
        ("{ingress: {enabled: true}}", "ingress.hosts must be set"),
        ("{ingress: {hosts: [{host: a, path: /}]}}", "additional properties 'path' not allowed"),
        ("{adminUser: {create: true}}", "adminUser.passwordHash must be set!"),
        ("{oidcSecret: {create: true}}", "oidcSecret.clientID must be set"),
        ("{rbac: {viewSecretsResourceNames: []}}", "would let the server read every Secret"),
        ("{rbac: {viewSecrets: [a], viewSecretsResourceNames: [b]}}", "both are set"),
        ("{rbac: {constrainedImpersonation: {enabled: true}}, kubeVersion: v1.35.2}", "needs Kubernetes 1.36"),
        ("{metrics: {serviceMonitor: {create: true}}}", "needs metrics.enabled"),
        ("{serverTLS: {clientCA: {secretName: x}}}", "needs serverTLS.enable"),
        ("{rbac: {impersonationResources: []}}", "at '/rbac/impersonationResources': minItems"),
        ("{adminUser: {create: true, username: 'system:admin', passwordHash: x}}", "begins with system:"),
        ("{rbac: null}", "missing property 'rbac'"),
        ("{rbac: {userRoles: {viewer: null}}}", "at '/rbac/userRoles': missing property 'viewer'"),
        ("{adminUser: {sessionDuration: soon}}", "at '/adminUser/sessionDuration'"),
        ("{auditLog: here}", "at '/auditLog'"),
        ("{auditLog: /audit/log}", "nothing is mounted there"),
        ("{auditLog: /audit/log, extraVolumeMounts: [{name: audit, mountPath: /aud}]}", "nothing is mounted there"),
        ("{trustedProxies: 10.0.0.0/8}", "at '/trustedProxies'"),
        ("{serviceAccount: {create: false}}", "serviceAccount.name: default, if that is meant"),
        ("{rbac: {impersonationResources: [user]}}", "at '/rbac/impersonationResources/0'"),
    ] {
        for helm in Helm::ALL {
            let refused = helm.template(values).err().map(|error| error.to_string()).unwrap_or_default();
            ensure!(refused.contains(said), "{helm:?}, {values}: {refused}");
        }
    }
    Ok(())
}

#[test]
fn what_is_free_to_name_is_not_taken_for_a_mistake() -> anyhow::Result<()> {
    template(
        "{podLabels: {team: a}, global: {of: {another: chart}}, oidcSecret: {additionalKeys: {claimUsername: sub}}}",
    )?;
    // `gitops create dashboard` wrote it.
    template("{WEAVE_GITOPS_FEATURE_TELEMETRY: true}")?;
    Ok(())
}

#[test]
fn the_image_of_the_predecessor_is_not_started_with_our_arguments() -> anyhow::Result<()> {
    let chart = chart().display().to_string();
    let old = "image.repository=ghcr.io/weaveworks/wego-app";
    let error =
        Helm::Four.run(None, &["template", "a", &chart, "--set", "sessionKey.existingSecret=x", "--set", old], "");
    ensure!(error.is_err_and(|error| error.to_string().contains("an image of Weave GitOps")));
    Ok(())
}

#[test]
fn without_a_cluster_to_look_into_no_key_is_made_that_the_next_rendering_would_replace() -> anyhow::Result<()> {
    let error = Helm::Four.run(None, &["template", "a", &chart().display().to_string(), "--set", IMAGE], "");
    ensure!(error.is_err_and(|error| error.to_string().contains("sessionKey.existingSecret must be set here")));
    Ok(())
}

#[test]
fn what_makes_the_accounts_token_dangerous_is_said_after_the_installation() -> anyhow::Result<()> {
    for (values, said) in [
        ("{}", Some("the server may impersonate everybody")),
        ("{rbac: {impersonationResources: [groups]}}", Some("the server may impersonate every group")),
        (
            "{rbac: {impersonationResources: [serviceaccounts]}}",
            Some("none but service accounts that the provider names"),
        ),
        ("{rbac: {impersonationResources: [serviceaccounts]}}", Some("may impersonate every service account")),
        ("{rbac: {impersonationResources: [uids]}}", Some("nobody will see anything")),
        ("{rbac: {impersonationResourceNames: ['system:masters']}}", Some("system:masters is among")),
        ("{serviceAccount: {create: false, name: default}}", Some("runs as the service account “default”")),
        ("{rbac: {viewSecretsEnabled: false}}", Some("Nobody signs in unless")),
        (
            "{rbac: {impersonationResourceNames: [admin]}, adminUser: {create: true, passwordHash: x}}",
            Some("“gitops-test-user” is not among"),
        ),
        (
            "{rbac: {impersonationResources: [groups], impersonationResourceNames: [dev]}, adminUser: {create: true, passwordHash: x}}",
            Some("has no groups, and cannot sign in"),
        ),
        ("{rbac: {impersonationResourceNames: [admin]}}", None),
        ("{rbac: {constrainedImpersonation: {enabled: true}}}", None),
    ] {
        let notes = Helm::Four.notes(values)?;
        match said {
            Some(said) => ensure!(notes.contains("WARNING") && notes.contains(said), "{values}: {notes}"),
            None => ensure!(!notes.contains("WARNING"), "{values}: {notes}"),
        }
    }
    Ok(())
}
