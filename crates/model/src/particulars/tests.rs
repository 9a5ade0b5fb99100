use serde_json::{Value, json};

use super::*;
use crate::Kind;

fn read(kind: Kind, spec: &Value, status: &Value) -> Particulars {
    *Particulars::read(kind, spec, status, "apps").expect("particulars")
}

fn texts(kind: Kind, spec: &Value, status: &Value) -> [String; 3] {
    read(kind, spec, status).texts().map(str::to_owned)
}

#[test]
fn what_of_a_source_is_fetched_is_told_in_the_order_in_which_the_controller_looks() {
    let git = |reference: Value| texts(Kind::GIT_REPOSITORY, &json!({"ref": reference}), &Value::Null)[1].clone();
    for (reference, said) in [
        (Value::Null, "master"),
        (json!({"branch": "main"}), "main"),
        (json!({"branch": "main", "tag": "v1"}), "tag v1"),
        (json!({"tag": "v1", "semver": ">=1.0.0"}), "tags >=1.0.0"),
        (json!({"name": "refs/pull/4/head", "branch": "main"}), "refs/pull/4/head"),
        (json!({"commit": "ba66396785f97042590e", "branch": "main"}), "commit ba66396"),
        (json!({"branch": 7}), "master"),
    ] {
        assert_eq!(git(reference), said);
    }
    let oci = |reference: Value| texts(Kind::OCI_REPOSITORY, &json!({"ref": reference}), &Value::Null)[1].clone();
    for (reference, said) in [
        (Value::Null, "latest"),
        (json!({"tag": "v1"}), "v1"),
        (json!({"tag": "v1", "semver": "1.x"}), "tags 1.x"),
        (json!({"digest": "sha256:83ba9c28d7f46c60b9cd5645a3eb4d82", "tag": "v1"}), "sha256:83ba9c28d7f4"),
    ] {
        assert_eq!(oci(reference), said);
    }
}

#[test]
fn each_kind_of_source_says_where_it_comes_from() {
    for (kind, spec, said) in [
        (
            Kind::GIT_REPOSITORY,
            json!({"url": "https://u:p@git.example.com/a"}),
            ["https://git.example.com/a", "master"],
        ),
        (Kind::HELM_REPOSITORY, json!({"url": "oci://r.example.com/c", "type": "oci"}), ["oci://r.example.com/c", ""]),
        (Kind::HELM_CHART, json!({"chart": "web", "version": "1.x"}), ["", "1.x"]),
        (Kind::HELM_CHART, json!({"chart": "web"}), ["", "*"]),
        (Kind::BUCKET, json!({"endpoint": "s3.example.com", "bucketName": "b"}), ["s3.example.com/b", ""]),
    ] {
        assert_eq!(texts(kind, &spec, &Value::Null)[..2], said, "{kind}");
    }
    let spec = json!({"sources": [{"alias": "a", "kind": "GitRepository", "name": "fleet", "namespace": "flux-system"},
        {"kind": "Bucket", "name": "b"}, {"kind": "Ship", "name": "c"}, 7]});
    let generator = read(Kind::ARTIFACT_GENERATOR, &spec, &json!({"inventory": [{"name": "x"}]}));
    let uses: Vec<_> = generator.uses.iter().map(ToString::to_string).collect();
    assert_eq!(uses, ["GitRepository/flux-system/fleet", "Bucket/apps/b"]);
    assert_eq!(&*generator.found, "1 artifact");
}

#[test]
fn a_signature_counts_only_where_somebody_asked_for_it() {
    let condition = |status: &str| json!({"conditions": [{"type": "SourceVerified", "status": status}]});
    let verified = |spec: Value, status: Value| read(Kind::OCI_REPOSITORY, &spec, &status).verified;
    let asked = || json!({"verify": {"provider": "cosign"}});
    assert_eq!(verified(json!({}), condition("True")), None);
    assert_eq!(verified(asked(), condition("True")), Some(Verification::Right));
    assert_eq!(verified(asked(), condition("False")), Some(Verification::Wrong));
    assert_eq!(verified(asked(), condition("Unknown")), Some(Verification::Pending));
    assert_eq!(verified(asked(), Value::Null), Some(Verification::Pending));
}

#[test]
fn image_policies_name_their_rule_and_the_image_they_chose_whatever_the_version_of_their_api() {
    let spec = |policy: Value| json!({"policy": policy});
    let chosen = json!({"latestRef": {"name": "r.example.com/web", "tag": "1.4.2"}, "latestImage": "other"});
    let said = texts(Kind::IMAGE_POLICY, &spec(json!({"semver": {"range": "1.x"}})), &chosen);
    assert_eq!(said, ["", "semver 1.x", "r.example.com/web:1.4.2"]);
    let old =
        texts(Kind::IMAGE_POLICY, &spec(json!({"numerical": {}})), &json!({"latestImage": "r.example.com/web:7"}));
    assert_eq!(old, ["", "numerical asc", "r.example.com/web:7"]);
    let digest = json!({"latestRef": {"name": "r/web", "tag": "a", "digest": "sha256:0f"}});
    let said = texts(Kind::IMAGE_POLICY, &spec(json!({"alphabetical": {"order": "desc"}})), &digest);
    assert_eq!(said, ["", "alphabetical desc", "r/web:a@sha256:0f"]);
}

#[test]
fn an_automation_says_where_it_pushes_to() {
    let push = |push: Value| {
        let spec =
            json!({"update": {"path": "./apps"}, "git": {"checkout": {"ref": {"branch": "main"}}, "push": push}});
        texts(Kind::IMAGE_UPDATE_AUTOMATION, &spec, &json!({"lastPushCommit": "ba66396785f9"}))
    };
    assert_eq!(push(Value::Null), ["./apps", "main", "ba66396"]);
    assert_eq!(push(json!({"branch": "main"}))[1], "main");
    assert_eq!(push(json!({"branch": "updates"}))[1], "main → updates");
}

#[test]
fn of_a_providers_address_no_more_than_the_host_is_kept() {
    let spec = json!({"type": "slack", "channel": "ops", "address": "https://hooks.example.com/services/secret"});
    assert_eq!(texts(Kind::PROVIDER, &spec, &Value::Null), ["hooks.example.com", "slack", "ops"]);
}

#[test]
fn alerts_and_receivers_name_what_they_are_about() {
    let sources =
        json!([{"kind": "Kustomization", "name": "*"}, {"kind": "HelmRelease", "name": "*", "namespace": "edge"}]);
    let said = texts(Kind::ALERT, &json!({"eventSources": sources}), &Value::Null);
    assert_eq!(said, ["", "info", "Kustomization *, HelmRelease edge/*"]);
    let said =
        texts(Kind::RECEIVER, &json!({"type": "github", "resources": sources}), &json!({"webhookPath": "/hook/1f"}));
    assert_eq!(said[..2], ["/hook/1f", "github"]);
}

#[test]
fn what_is_missing_or_odd_says_nothing_and_long_texts_are_cut() {
    for kind in Kind::all() {
        for odd in
            [Value::Null, json!({}), json!(7), json!([1]), json!({"url": 7, "ref": [], "inputs": 1, "policy": "x"})]
        {
            let read = Particulars::read(kind, &odd, &odd, "apps");
            assert_eq!(read.is_none(), Kind::APPLICATIONS.contains(&kind), "{kind}");
        }
    }
    let long = read(Kind::HELM_REPOSITORY, &json!({"url": "x".repeat(5000)}), &Value::Null);
    assert!(long.address.len() <= Particulars::LIMIT);
    let many: Vec<_> = (0..1000).map(|n| json!({"kind": "Bucket", "name": format!("b{n}")})).collect();
    assert_eq!(read(Kind::ARTIFACT_GENERATOR, &json!({"sources": many}), &Value::Null).uses.len(), Particulars::USES);
}
