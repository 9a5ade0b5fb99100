//! The commands and values of the predecessor's documentation, typed in as they stand there.

use std::{path::Path, process::Command};

use anyhow::{Context, ensure};
use fanlight_testbed::{FanlightServer, tool};
use serde_json::json;

use crate::{
    helm::here,
    install::{PROGRAM, Release, on_plane},
};

/// With `gitops` and `kubectl` found by their names.
const SET_UP: &str = r#"
PASSWORD="<your password>"
HASH=$(echo -n $PASSWORD | gitops get bcrypt-hash)
kubectl create secret generic cluster-user-auth \
--namespace flux-system \
--from-literal=username=admin \
--from-literal=password="$HASH"
"#;

#[test]
fn the_emergency_user_is_set_up_and_removed_by_the_documented_commands_and_values() {
    on_plane(async |plane| {
        let programs = plane.folder().join("programs");
        std::fs::create_dir_all(&programs)?;
        let fanlight = Path::new(PROGRAM).with_file_name("fanlight");
        for (name, program) in [("gitops", fanlight), ("kubectl", tool("kubectl")?)] {
            std::os::unix::fs::symlink(program, programs.join(name))?;
        }
        let release = Release::new(plane, "flux-system");
        release.put("{}").await?;
        let path = std::env::join_paths([programs, "/usr/bin".into(), "/bin".into()])?;
        let output = Command::new("bash")
            .args(["-euc", SET_UP])
            .env("PATH", path)
            .env("KUBECONFIG", plane.admin_kubeconfig())
            .output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let server = release.run("flux-system-fanlight").await?;
        server.sign_in("admin", "<your password>").await?;

        release.put(&std::fs::read_to_string(here().join("cases/no-emergency-user.yaml"))?).await?;
        let server = release.run("flux-system-fanlight").await?;
        let refused = server.try_sign_in(&FanlightServer::client()?, "admin", "<your password>").await?;
        ensure!(refused.status() == 401, "{}", refused.status());
        release.uninstall()?;
        // As documented: whoever made it takes it away.
        plane
            .delete(&json!({"apiVersion": "v1", "kind": "Secret",
                "metadata": {"name": "cluster-user-auth", "namespace": "flux-system"}}))
            .await
    });
}

#[test]
fn the_documented_limits_of_impersonation_hold_as_they_stand() {
    on_plane(async |plane| {
        for (case, allowed, refused) in [
            ("limited-to-users", "--as=bill@example.com", "--as=eve@example.com"),
            ("limited-to-users", "--as=wego-admin", "--as=admin"),
        ] {
            let release = Release::new(plane, "limits");
            release.put(&std::fs::read_to_string(here().join(format!("cases/{case}.yaml")))?).await?;
            let kubeconfig = plane.kubeconfig_for("limits", "limits-fanlight").await?;
            let who_am_i = |whom: &str| {
                let mut kubectl = Command::new(tool("kubectl")?);
                kubectl.args(["auth", "whoami", whom, "--kubeconfig"]).arg(&kubeconfig);
                kubectl.output().context("kubectl")
            };
            ensure!(who_am_i(allowed)?.status.success(), "{allowed}");
            ensure!(!who_am_i(refused)?.status.success(), "{refused}");
            release.uninstall()?;
        }
        Ok(())
    });
}
