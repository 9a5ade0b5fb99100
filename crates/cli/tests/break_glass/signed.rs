//! A fleet whose commits vouch for its files.

use std::{fs, path::PathBuf, process::Command};

use crate::stage::{CLUSTER, Run, Stage, with};

const LIST: &str = "break-glass/allowed_signers";

/// Makes a key, and returns it and its line for the list.
fn key(stage: &Stage, name: &str) -> anyhow::Result<(PathBuf, String)> {
    let file = stage.fleet.home().join(name);
    let mut keygen = Command::new("ssh-keygen");
    Run::of(&keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&file).output()?).succeeded();
    let public = fs::read_to_string(file.with_extension("pub"))?;
    Ok((file, format!("{name} {public}")))
}

/// Commits everything, signed by this key, or by nobody.
fn commit(stage: &Stage, key: Option<&PathBuf>) -> anyhow::Result<()> {
    stage.fleet.git(&["add", "--all"])?;
    let key = key.map(|key| format!("user.signingKey={}", key.display()));
    let sign = if key.is_some() { "--gpg-sign" } else { "--no-gpg-sign" };
    let key = key.unwrap_or("user.signingKey=".to_owned());
    stage.fleet.git(&["-c", "gpg.format=ssh", "-c", &key, "commit", "--quiet", sign, "-m", "sealed"]).map(drop)
}

/// Forgets what this machine knows of the cluster.
fn forget(stage: &Stage) {
    let _ = fs::remove_dir_all(stage.fleet.home().join(".fanlight"));
}

/// Seals the same content anew by the real `sops`, perhaps for another address.
fn seal_again(stage: &Stage, server: &str) -> anyhow::Result<()> {
    let clear = stage.fleet.opened_by_sops(CLUSTER)?.replace(&stage.plane.url(), server);
    fs::write(stage.fleet.sealed(CLUSTER), clear)?;
    let mut sops = stage.fleet.as_engineer(fanlight_testbed::tool("sops")?);
    sops.current_dir(stage.fleet.root()).args(["--encrypt", "--encrypted-regex", ".*", "-i"]);
    Run::of(&sops.arg(stage.fleet.sealed(CLUSTER)).output()?).succeeded();
    Ok(())
}

const USE: [&str; 6] = ["use", CLUSTER, "--reason", "drill", "--", "true"];

#[test]
fn a_fresh_machine_takes_a_signed_file_and_refuses_one_that_is_not() {
    with(async {
        let stage = Stage::new().await?;
        let (signer, line) = key(&stage, "signer")?;
        let (stranger, _) = key(&stage, "stranger")?;
        fs::create_dir_all(stage.fleet.root().join("break-glass"))?;
        fs::write(stage.fleet.root().join(LIST), line)?;
        stage.run(&["adopt", CLUSTER]).succeeded();
        commit(&stage, Some(&signer))?;
        forget(&stage);
        stage.run(&["verify", CLUSTER]).succeeded();

        let url = stage.plane.url();
        for by in [None, Some(&stranger)] {
            seal_again(&stage, &url)?;
            commit(&stage, by)?;
            forget(&stage);
            for verb in [&["verify", CLUSTER][..], &USE, &["rotate", CLUSTER]] {
                stage.run(verb).ended(12).says("is not signed by an allowed signer");
            }
        }
        // What is signed, and then changed without a commit, is not vouched for either.
        seal_again(&stage, &url)?;
        commit(&stage, Some(&signer))?;
        stage.run(&["verify", CLUSTER]).succeeded();
        seal_again(&stage, &url)?;
        forget(&stage);
        stage.run(&["verify", CLUSTER]).ended(12).says("differs from its last commit");
        stage.run(&["verify", CLUSTER, "--accept-identity"]).succeeded();
        Ok(())
    });
}

#[test]
fn a_machine_that_knows_the_cluster_follows_a_move_only_if_it_is_signed() {
    with(async {
        let stage = Stage::new().await?;
        let (signer, line) = key(&stage, "signer")?;
        fs::create_dir_all(stage.fleet.root().join("break-glass"))?;
        fs::write(stage.fleet.root().join(LIST), line)?;
        stage.run(&["adopt", CLUSTER]).succeeded();
        commit(&stage, Some(&signer))?;
        stage.run(&["verify", CLUSTER]).succeeded();
        let moved = stage.plane.url().replace("127.0.0.1", "localhost");
        seal_again(&stage, &moved)?;
        commit(&stage, None)?;
        stage.run(&["verify", CLUSTER]).ended(8).says("the server was");
        stage.run(&USE).ended(8).says("the server was");
        // The same, signed.
        stage.fleet.git(&["reset", "--quiet", "--soft", "HEAD~1"])?;
        commit(&stage, Some(&signer))?;
        stage.run(&["verify", CLUSTER]).succeeded().says("The signed commit moves eu/prod");
        Ok(())
    });
}

#[test]
fn the_list_of_signers_itself_is_changed_only_by_one_of_those_on_it() {
    with(async {
        let stage = Stage::new().await?;
        let (signer, line) = key(&stage, "signer")?;
        let (second, second_line) = key(&stage, "second")?;
        let list = stage.fleet.root().join(LIST);
        fs::create_dir_all(stage.fleet.root().join("break-glass"))?;
        fs::write(&list, &line)?;
        stage.run(&["adopt", CLUSTER]).succeeded();
        commit(&stage, Some(&signer))?;
        stage.run(&["verify", CLUSTER]).succeeded();
        let url = stage.plane.url();
        let moved = url.replace("127.0.0.1", "localhost");
        // Somebody puts themselves on the list, and moves the cluster.
        fs::write(&list, &second_line)?;
        seal_again(&stage, &moved)?;
        commit(&stage, Some(&second))?;
        stage.run(&["verify", CLUSTER]).ended(8).says("is not vouched for");
        // Or takes the list away.
        fs::remove_file(&list)?;
        commit(&stage, None)?;
        stage.run(&["verify", CLUSTER]).ended(8);
        // One of those on it adds them; then their word counts.
        stage.fleet.git(&["reset", "--quiet", "--hard", "HEAD~2"])?;
        fs::write(&list, format!("{line}{second_line}"))?;
        commit(&stage, Some(&signer))?;
        stage.run(&["verify", CLUSTER]).succeeded();
        seal_again(&stage, &moved)?;
        commit(&stage, Some(&second))?;
        stage.run(&["verify", CLUSTER]).succeeded().says("The signed commit moves");
        Ok(())
    });
}
