use std::{fs, path::Path, process::Command, time::Duration};

use anyhow::Context;
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::{
    pool,
    stage::{CLUSTER, PATIENCE, Run, Stage, with},
};

/// Something that is mounted until it is dropped.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    /// `None` for those who may not mount anything.
    fn new(arguments: &[&str], at: &'a Path) -> anyhow::Result<Option<Self>> {
        let done = Command::new("mount").args(arguments).arg(at).output()?.status.success();
        Ok(done.then_some(Self(at)))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_or_read_only_disk_is_found_before_a_new_token_is_made() {
    with(async {
        let stage = Stage::adopted().await?;
        let file = stage.fleet.sealed(CLUSTER);
        let folder = file.parent().context("its folder")?.to_owned();
        let sealed = fs::read(&file)?;
        let config = fs::read(folder.join("cluster-config.env"))?;
        let refused = |words: &str| -> anyhow::Result<()> {
            for verb in ["rotate", "adopt"] {
                // What is sealed is as it should be, so adopting would write nothing; for others it must.
                let run = stage.run(&[verb, CLUSTER, "--commit"]);
                run.ended(1).says(words).says("clusters/eu/prod/break-glass-kubeconfig.enc.yaml");
            }
            assert_eq!(fs::read(&file)?, sealed);
            assert_eq!(stage.secrets()?, ["break-glass-token"]);
            Ok(())
        };
        let path = folder.display().to_string();
        let Some(read_only) = Mounted::new(&["--bind", "-o", "ro", &path], &folder)? else {
            return Ok(()); // Only the superuser can try it.
        };
        refused("Read-only file system")?;
        drop(read_only);

        let small = Mounted::new(&["-t", "tmpfs", "-o", "size=32k", "none"], &folder)?.context("a small disk")?;
        fs::write(folder.join("cluster-config.env"), &config)?;
        fs::write(&file, &sealed)?;
        let full = fs::write(folder.join("filler"), vec![b'x'; 1 << 20]);
        assert!(full.is_err(), "the disk is full");
        refused("No space left on device")?;
        fs::remove_file(folder.join("filler"))?;
        stage.run(&["rotate", CLUSTER]).ended(11);
        drop(small);
        stage.must_open()
    });
}

#[test]
fn without_controllers_a_rotation_is_refused_or_takes_back_what_it_made() {
    with(async {
        let mut stage = Stage::adopted().await?;
        stage.plane.spoil();
        stage.plane.stop_controllers();
        let sealed = fs::read(stage.fleet.sealed(CLUSTER))?;
        // Nobody has noticed yet that they are down.
        stage.run(&["rotate", CLUSTER, "--timeout", "6s"]).ended(1).says("no token after").says("Nothing was changed");
        assert_eq!(stage.secrets()?, ["break-glass-token"], "the empty Secret is gone again");

        let long_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(10);
        stage
            .plane
            .apply(&json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": {"name": "kube-controller-manager", "namespace": "kube-system"},
                "spec": {"renewTime": format!("{long_ago:.6}")}}))
            .await?;
        stage.run(&["rotate", CLUSTER]).ended(1).says("kube-controller-manager has not been heard of");
        assert_eq!(stage.secrets()?, ["break-glass-token"]);
        assert_eq!(fs::read(stage.fleet.sealed(CLUSTER))?, sealed);
        stage.run(&["use", CLUSTER, "--reason", "drill", "--", "true"]).succeeded();

        stage.plane.start_controllers().await?;
        stage.run(&["rotate", CLUSTER, "--push"]).ended(11);
        stage.must_open()
    });
}

const POLICY: &str = "no-token-secrets";

/// Waits until the API server has taken in the policy.
async fn refused(stage: &Stage, verb: &str) -> anyhow::Result<()> {
    let in_force = async {
        while stage.run(&[verb, CLUSTER, "--dry-run"]).code != 12 {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, in_force).await.context("the policy is not in force")
}

#[test]
fn a_policy_against_token_secrets_is_found_before_anything_is_changed() {
    with(async {
        let mut stage = Stage::new().await?;
        stage.plane.spoil();
        let objects = [
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
                "metadata": {"name": POLICY}, "spec": {"failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                    "resources": ["secrets"]}]},
                "validations": [{"expression": "object.type != 'kubernetes.io/service-account-token'",
                    "message": "long-lived tokens are forbidden here"}]}}),
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
                "metadata": {"name": POLICY}, "spec": {"policyName": POLICY, "validationActions": ["Deny"]}}),
        ];
        for object in &objects {
            stage.plane.apply(object).await?;
        }
        refused(&stage, "adopt").await?;
        let words = "long-lived tokens are forbidden here";
        stage.run(&["adopt", CLUSTER]).ended(12).says(words).says("Nothing was changed");
        let account = stage.kubectl(&["get", "serviceaccount", "break-glass", "-n", "kube-system"])?;
        assert_ne!(account.code, 0, "no account was made: {account:?}");

        for object in &objects {
            pool::gone(&stage.plane, object).await?;
        }
        let adopted = async {
            while stage.run(&["adopt", CLUSTER, "--push"]).code != 0 {
                sleep(Duration::from_millis(100)).await;
            }
        };
        timeout(PATIENCE, adopted).await.context("the policy stays in force")?;
        for object in &objects {
            stage.plane.apply(object).await?;
        }
        refused(&stage, "rotate").await?;
        stage.run(&["rotate", CLUSTER, "--revoke-now"]).ended(12).says(words).says("Nothing was changed");
        assert_eq!(stage.secrets()?, ["break-glass-token"]);
        stage.must_open()
    });
}

#[test]
fn a_way_in_without_rights_is_told_in_the_api_servers_own_words() {
    with(async {
        let stage = Stage::new().await?;
        let weak =
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "weak", "namespace": "default"}});
        stage.plane.apply(&weak).await?;
        let kubeconfig = stage.plane.kubeconfig_for("default", "weak").await?.display().to_string();
        let by_weak = ["--kubeconfig", kubeconfig.as_str()];
        let words = "User \"system:serviceaccount:default:weak\" cannot";
        stage.run(&[&["adopt", CLUSTER][..], &by_weak].concat()).ended(12).says(words);
        assert!(!stage.fleet.sealed(CLUSTER).exists());
        stage.run(&["adopt", CLUSTER, "--push"]).succeeded();
        stage.run(&[&["rotate", CLUSTER][..], &by_weak].concat()).ended(12).says(words);
        assert_eq!(stage.secrets()?, ["break-glass-token"]);
        Ok(())
    });
}

#[test]
fn rights_that_were_taken_from_the_account_are_named_by_verify_and_given_back_by_adopt() {
    with(async {
        let stage = Stage::adopted().await?;
        stage.kubectl(&["delete", "clusterrolebinding", "break-glass"])?.succeeded();
        let noticed = async {
            loop {
                let run = stage.run(&["verify", CLUSTER]);
                if run.code != 0 {
                    return run;
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        let run: Run = timeout(PATIENCE, noticed).await?;
        run.ended(7).says("ClusterRoleBinding break-glass is missing");
        stage.run(&["adopt", CLUSTER]).succeeded().says("ClusterRoleBinding break-glass → cluster-admin created");
        stage.run(&["verify", CLUSTER]).succeeded();
        Ok(())
    });
}

#[test]
fn a_rotation_inside_a_session_is_safe() {
    with(async {
        let stage = Stage::adopted().await?;
        let program = crate::stage::PROGRAM;
        let root = stage.fleet.root().display().to_string();
        let inside =
            [program, "break-glass", "--repo", &root, "rotate", CLUSTER, "--push", "--revoke-now", "--timeout", "8s"];
        let used = stage.run(&[&["use", CLUSTER, "--reason", "drill", "--"][..], &inside].concat());
        used.succeeded().says("Revoked: break-glass-token.");
        stage.must_open_in("@{upstream}")?;
        assert!(!stage.secrets()?.contains(&"break-glass-token".to_owned()));
        // The same with the sealed token itself, which is the one that goes.
        let used = stage.run(&[&["use", CLUSTER, "--direct", "--reason", "drill", "--"][..], &inside].concat());
        used.succeeded().says("Revoked: break-glass-token-g2.");
        stage.must_open_in("@{upstream}")
    });
}
