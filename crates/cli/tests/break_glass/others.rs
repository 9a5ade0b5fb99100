//! Several people and clones at once.

use std::{fs, path::PathBuf, process::Stdio, time::Duration};

use anyhow::Context;
use fanlight_testbed::{Fault, When};
use tokio::time::{sleep, timeout};

use crate::{
    stage::{CLUSTER, PROGRAM, Run, Stage, with},
    walk::Walk,
};

/// A second clone of the fleet.
fn clone(stage: &Stage) -> anyhow::Result<PathBuf> {
    let at = stage.fleet.home().join("clone");
    stage.fleet.git(&["clone", "--quiet", &stage.fleet.upstream().display().to_string(), &at.display().to_string()])?;
    Ok(at)
}

/// The program in a clone, by somebody of this name.
fn run_in(stage: &Stage, clone: &PathBuf, name: &str, arguments: &[&str]) -> anyhow::Result<Run> {
    let mut command = stage.fleet.as_engineer(PROGRAM);
    command.env("GIT_AUTHOR_NAME", name).args(["break-glass", "--repo"]).arg(clone).args(arguments);
    Ok(Run::of(&command.output()?))
}

#[test]
fn of_two_rotations_at_once_one_goes_on_and_the_other_is_told_who_is_at_it() {
    with(async {
        const ROTATE: [&str; 4] = ["rotate", CLUSTER, "--push", "--revoke-now"];
        let walk = Walk::adopted().await?;
        let other = clone(&walk.stage)?;
        // The first one hangs when it creates its Secret.
        walk.proxy.plan(When::At(14), Fault::Silence);
        let mut first = walk.stage.command(&ROTATE);
        let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let hangs = async {
            while !walk.proxy.struck() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(60), hangs).await.context("it never came so far")?;
        let here = walk.stage.run(&ROTATE);
        let adopting = walk.stage.run(&["adopt", CLUSTER]);
        let elsewhere = run_in(&walk.stage, &other, "Another", &ROTATE)?;
        let same_person_elsewhere = run_in(&walk.stage, &other, "Operator", &ROTATE)?;
        first.kill()?;
        first.wait()?;
        here.ended(10).says("another program on this machine");
        adopting.ended(10).says("another program on this machine");
        elsewhere.ended(10).says("Operator <operator@example.com> on ").says("is rotating");
        same_person_elsewhere.ended(10).says(&format!("(process {})", first.id()));
        walk.stage.must_open()?;
        run_in(&walk.stage, &other, "Another", &ROTATE)?.ended(10).says("is rotating");
        // The same person knows that their run was killed.
        walk.run(&ROTATE).succeeded();
        walk.must_be_alone()
    });
}

#[test]
fn two_rotations_started_together_leave_one_good_state() {
    with(async {
        let stage = Stage::adopted().await?;
        let start =
            || stage.command(&["rotate", CLUSTER, "--push"]).stderr(Stdio::null()).stdout(Stdio::null()).spawn();
        let (mut one, mut two) = (start()?, start()?);
        let mut codes = [one.wait()?.code(), two.wait()?.code()];
        codes.sort_unstable();
        assert!(codes == [Some(10), Some(11)] || codes == [Some(11), Some(11)], "{codes:?}");
        stage.must_open_in("@{upstream}")?;
        assert_eq!(stage.secrets()?, ["break-glass-token", "break-glass-token-g2"]);
        stage.run(&["rotate", CLUSTER, "--finish"]).succeeded();
        stage.must_open_in("@{upstream}")
    });
}

#[test]
fn who_has_not_pulled_since_another_rotated_is_told_to_pull() {
    with(async {
        let stage = Stage::adopted().await?;
        let behind = clone(&stage)?;
        stage.run(&["rotate", CLUSTER, "--push", "--revoke-now"]).succeeded();
        for verb in [&["use", CLUSTER, "--reason", "x", "--", "true"][..], &["verify", CLUSTER], &["rotate", CLUSTER]] {
            run_in(&stage, &behind, "Operator", verb)?.ended(7).says("pull");
        }
        let pull = ["-C", &behind.display().to_string(), "pull", "--quiet"];
        stage.fleet.git(&pull)?;
        run_in(&stage, &behind, "Operator", &["verify", CLUSTER])?.succeeded();
        run_in(&stage, &behind, "Operator", &["use", CLUSTER, "--reason", "x", "--", "true"])?.succeeded();
        Ok(())
    });
}

#[test]
fn a_rotation_that_pushes_behind_anothers_back_keeps_its_token_valid() {
    with(async {
        let stage = Stage::adopted().await?;
        let other = clone(&stage)?;
        stage.run(&["rotate", CLUSTER]).ended(11);
        // Sealed here and not published: the other clone makes the same token its own, and publishes first.
        run_in(&stage, &other, "Another", &["rotate", CLUSTER, "--push"])?.ended(11);
        run_in(&stage, &other, "Another", &["rotate", CLUSTER, "--finish"])?.succeeded();
        assert_eq!(stage.secrets()?, ["break-glass-token-g2"]);
        // The file here opens the cluster as well, although it was sealed by itself.
        stage.run(&["verify", CLUSTER]).succeeded();
        stage.fleet.git(&["fetch", "--quiet"])?;
        stage.must_open_in("@{upstream}")
    });
}

#[test]
fn status_says_by_its_exit_code_and_in_json_how_a_fleet_stands() {
    with(async {
        let stage = Stage::adopted().await?;
        stage.run(&["status", "us/spare"]).ended(3).says("no sealed credential");
        stage.run(&["status", "nowhere"]).ended(2).says("eu/prod, us/spare");
        stage.run(&["status", "../../etc"]).ended(2);
        let all = stage.json(&["status", "--all"])?;
        let all = all.as_array().context("a list")?;
        assert_eq!(all.len(), 2);
        let prod = &all[0];
        assert_eq!(
            (&prod["cluster"], &prod["adopted"], &prod["generation"]),
            (&"eu/prod".into(), &true.into(), &1.into())
        );
        assert_eq!((&prod["git"], &prod["server"]), (&"committed".into(), &stage.plane.url().into()));
        assert!(!prod.to_string().contains("eyJ"), "no token in it");
        assert_eq!((&all[1]["adopted"], &all[1]["problems"][0]), (&false.into(), &"no sealed credential".into()));

        // Sealed anew by hand, by the real `sops`, for an address that is fine everywhere: nothing is to be said of it.
        let clear =
            stage.fleet.opened_by_sops(CLUSTER)?.replace(&stage.plane.url(), "https://kube-api.example.com:6443");
        fs::write(stage.fleet.sealed(CLUSTER), clear)?;
        let mut sops = stage.fleet.as_engineer(fanlight_testbed::tool("sops")?);
        sops.current_dir(stage.fleet.root()).args(["--encrypt", "--encrypted-regex", ".*", "-i"]);
        Run::of(&sops.arg(stage.fleet.sealed(CLUSTER)).output()?).succeeded();
        stage.run(&["status", CLUSTER]).ended(9).says("not committed");
        stage.fleet.commit("moved")?;
        stage.run(&["status", CLUSTER]).ended(9).says("not pushed");
        stage.fleet.git(&["push", "--quiet"])?;
        stage.run(&["status", CLUSTER]).ended(0).says("problems:     none");
        stage.run(&["status", "--all"]).ended(9);
        // Nothing of it needs the cluster, and nothing was written.
        assert!(stage.fleet.git(&["status", "--porcelain"])?.is_empty());
        Ok(())
    });
}
