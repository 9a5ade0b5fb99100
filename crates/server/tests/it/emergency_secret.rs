//! The Secret of the emergency user: there or not, changed, of no use, hashed by any program.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context, ensure};
use fanlight_testbed::{ControlPlane, FanlightServer};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    ask::{attempt, features, get, page},
    shared::{PROGRAM, in_namespace, start},
};

const NO_SECRET: &str = "{\"message\":\"Please ensure that a password has been set.\",\"code\":400}\n";

#[test]
fn without_a_secret_the_server_starts_and_as_soon_as_there_is_one_somebody_signs_in() {
    in_namespace("no-secret", async |plane| {
        let server = start(plane, "no-secret", &[]).await?;
        ensure!(page(&server).await?.contains("No emergency user is set up."));
        ensure!(features(&server).await? == json!({"flags": {}}));
        ensure!(attempt(&server, "admin", "secret").await? == (400, NO_SECRET.to_owned()));
        plane.set_emergency_user("no-secret", "admin", "secret").await?;
        ensure!(attempt(&server, "admin", "secret").await? == (200, String::new()));
        ensure!(!page(&server).await?.contains("No emergency user"));
        ensure!(features(&server).await? == json!({"flags": {"CLUSTER_USER_AUTH": "true"}}));
        Ok(())
    });
}

#[test]
fn a_changed_password_works_at_once() {
    in_namespace("changed", async |plane| {
        plane.set_emergency_user("changed", "admin", "old").await?;
        let server = start(plane, "changed", &[]).await?;
        let old = server.sign_in("admin", "old").await?;
        plane.set_emergency_user("changed", "admin", "new").await?;
        ensure!(attempt(&server, "admin", "old").await?.0 == 401);
        let new = server.sign_in("admin", "new").await?;
        ensure!(get(&server, &new, "/oauth2/userinfo").await?.status() == 200);
        ensure!(get(&server, &old, "/oauth2/userinfo").await?.status() == 400);
        Ok(())
    });
}

#[test]
fn a_changed_or_deleted_secret_ends_the_sessions_it_opened_within_ten_seconds() {
    in_namespace("ended", async |plane| {
        plane.set_emergency_user("ended", "admin", "secret").await?;
        let server = start(plane, "ended", &[]).await?;
        for gone in [false, true] {
            let admin = server.sign_in("admin", "secret").await?;
            let mut stream = server.stream(&admin).await?;
            stream.next().await?.context("a view")?;
            if gone {
                let secret = json!({"apiVersion": "v1", "kind": "Secret",
                    "metadata": {"name": "cluster-user-auth", "namespace": "ended"}});
                plane.delete(&secret).await?;
            } else {
                // The same password anew: another hash, another opener.
                plane.set_emergency_user("ended", "admin", "secret").await?;
            }
            // A busy machine needs a moment more to tell it.
            timeout(Duration::from_secs(15), async {
                while let Some((event, _)) = stream.next().await? {
                    if event == "end" {
                        return Ok(());
                    }
                }
                anyhow::bail!("the stream broke off")
            })
            .await
            .context("the session goes on")??;
            ensure!(get(&server, &admin, "/oauth2/userinfo").await?.status() == 400);
            ensure!(get(&server, &admin, "/applications").await?.status() == 303);
        }
        Ok(())
    });
}

#[test]
fn a_secret_of_no_use_lets_nobody_in_and_the_page_says_why() {
    in_namespace("no-use", async |plane| {
        let server = start(plane, "no-use", &[]).await?;
        let hash = bcrypt(4, "secret")?;
        let dear = hash.replacen("$04$", "$17$", 1);
        for (content, why) in [
            (json!({"password": hash}), "key “username” is missing"),
            (json!({"username": "", "password": hash}), "user name is empty or cannot be impersonated"),
            (json!({"username": "system:admin", "password": hash}), "user name is empty or cannot be impersonated"),
            (json!({"username": "admin"}), "key “password” is missing"),
            (json!({"username": "admin", "password": "secret"}), "no bcrypt hash of cost 4 to 16"),
            (json!({"username": "admin", "password": hash[..59]}), "no bcrypt hash of cost 4 to 16"),
            (json!({"username": "admin", "password": dear}), "no bcrypt hash of cost 4 to 16"),
        ] {
            set_anew(plane, "no-use", &content).await?;
            // A name that the throttle does not know yet, where the name does not matter.
            let name = content["username"].as_str().unwrap_or_default();
            let refused = attempt(&server, name, "secret").await?;
            ensure!(refused == (401, String::new()), "{content}: {refused:?}");
            let page = page(&server).await?;
            ensure!(page.contains(why), "{content}: {page}");
            ensure!(features(&server).await? == json!({"flags": {}}));
            ensure!(server.log().contains("the emergency user’s Secret is of no use"));
        }
        Ok(())
    });
}

#[test]
fn a_server_that_may_not_read_the_secret_runs_lets_nobody_in_and_says_so() {
    in_namespace("no-right", async |plane| {
        plane.set_emergency_user("no-right", "admin", "secret").await?;
        let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": "poor", "namespace": "no-right"}});
        plane.apply(&account).await?;
        let arguments = ["--insecure".to_owned()];
        let server = FanlightServer::start_as(PROGRAM.as_ref(), plane, ["no-right", "poor"], &arguments, &[]).await?;
        ensure!(attempt(&server, "admin", "secret").await? == (400, NO_SECRET.to_owned()));
        ensure!(page(&server).await?.contains("does not let Fanlight read the emergency user’s Secret"));
        ensure!(features(&server).await? == json!({"flags": {}}));
        ensure!(server.log().contains("forbidden"), "{}", server.log());
        Ok(())
    });
}

#[test]
fn a_hash_of_any_family_and_of_any_program_signs_in() {
    in_namespace("families", async |plane| {
        let server = start(plane, "families", &[]).await?;
        let ours = bcrypt(4, "pässwörd")?;
        let hashes = ["2", "2a", "2b", "2x", "2y"].map(|family| ours.replacen("2a", family, 1));
        let others = [fanlight("pässwörd")?, htpasswd("pässwörd")?, format!("{ours}\n")];
        for hash in hashes.into_iter().chain(others) {
            set_anew(plane, "families", &json!({"username": "admin", "password": hash})).await?;
            let (status, _) = attempt(&server, "admin", "pässwörd").await?;
            ensure!(status == 200, "{hash}");
        }
        Ok(())
    });
}

/// Writes the Secret without anything that was in it before.
async fn set_anew(plane: &ControlPlane, namespace: &str, content: &Value) -> anyhow::Result<()> {
    let secret = json!({"apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "cluster-user-auth", "namespace": namespace}});
    // The first time there is none.
    let _ = plane.delete(&secret).await;
    plane.set_emergency_secret(namespace, content).await
}

/// A hash of family 2a, made here.
fn bcrypt(cost: u32, password: &str) -> anyhow::Result<String> {
    Ok(fanlight_identity::hash_password(password.as_bytes(), cost)?)
}

/// A hash made by our own program.
fn fanlight(password: &str) -> anyhow::Result<String> {
    let program = Path::new(PROGRAM).with_file_name("fanlight");
    let mut command = Command::new("sh");
    command.args(["-c", r#"printf %s "$2" | "$1" get bcrypt-hash"#, "sh"]).arg(program).arg(password);
    let output = command.output()?;
    ensure!(output.status.success(), "{}; `cargo build` makes it", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

/// A hash made by Apache's program.
fn htpasswd(password: &str) -> anyhow::Result<String> {
    let output = Command::new("htpasswd").args(["-nbBC", "10", "admin", password]).output().context("htpasswd")?;
    let line = String::from_utf8(output.stdout)?;
    Ok(line.trim_end().strip_prefix("admin:").context("name and hash")?.to_owned())
}
