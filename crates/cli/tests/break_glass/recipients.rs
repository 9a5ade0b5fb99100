use std::fs;

use serde_json::Value;

use crate::stage::{CLUSTER, Stage, with};

/// For whom the cluster's file is sealed.
fn sealed_for(stage: &Stage) -> anyhow::Result<Vec<String>> {
    let status = stage.json(&["status", CLUSTER])?;
    let names = status["recipients"].as_array().cloned().unwrap_or_default();
    Ok(names.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect())
}

fn another_key(stage: &Stage, name: &str) -> anyhow::Result<String> {
    stage.fleet.new_key(&stage.fleet.home().join(name))
}

/// Nothing was made, neither there nor here.
fn must_be_as_before(stage: &Stage) -> anyhow::Result<()> {
    let account = stage.kubectl(&["get", "serviceaccount", "break-glass", "-n", "kube-system"])?;
    anyhow::ensure!(account.code != 0, "there is an account: {account:?}");
    anyhow::ensure!(!stage.fleet.sealed(CLUSTER).exists(), "there is a file");
    Ok(())
}

#[test]
fn recipients_in_the_environment_are_refused_before_anything_is_changed() {
    with(async {
        let stage = Stage::new().await?;
        let stranger = another_key(&stage, "stranger.txt")?;
        let run = |arguments: &[&str]| -> anyhow::Result<_> {
            let output = stage.command(arguments).env("SOPS_AGE_RECIPIENTS", &stranger).output()?;
            Ok(crate::stage::Run::of(&output))
        };
        run(&["adopt", CLUSTER])?.ended(5).says("SOPS_AGE_RECIPIENTS");
        must_be_as_before(&stage)?;
        stage.run(&["adopt", CLUSTER, "--push"]).succeeded();
        let sealed = fs::read(stage.fleet.sealed(CLUSTER))?;
        run(&["rotate", CLUSTER, "--revoke-now"])?.ended(5).says("SOPS_AGE_RECIPIENTS");
        assert_eq!(stage.secrets()?, ["break-glass-token"]);
        assert_eq!(fs::read(stage.fleet.sealed(CLUSTER))?, sealed);
        // To open needs no recipients, so it is no reason to stop anybody.
        run(&["use", CLUSTER, "--reason", "drill", "--", "true"])?.succeeded();
        Ok(())
    });
}

#[test]
fn the_rule_for_the_final_name_decides_and_only_the_recipients_count_in_it() {
    with(async {
        let stage = Stage::new().await?;
        let (own, paper) = (stage.fleet.recipient().to_owned(), another_key(&stage, "paper.txt")?);
        let everybody = another_key(&stage, "everybody.txt")?;
        let selectors = ["", "    encrypted_suffix: _secret\n", "    unencrypted_regex: ^(server|token)$\n"];
        for selector in selectors {
            let rules = format!(
                "creation_rules:\n  - path_regex: clusters/.*/break-glass-kubeconfig\\.enc\\.yaml$\n    age: {own},{paper}\n\
                 {selector}  - path_regex: \\.enc\\.yaml$\n    age: {own},{everybody}\n"
            );
            fs::write(stage.fleet.root().join(".sops.yaml"), rules)?;
            let _ = fs::remove_file(stage.fleet.sealed(CLUSTER));
            stage.run(&["adopt", CLUSTER, "--commit"]).succeeded();
            let mut expected = vec![own.clone(), paper.clone()];
            expected.sort();
            let mut found = sealed_for(&stage)?;
            found.sort();
            assert_eq!(found, expected, "{selector}");
            let text = fs::read_to_string(stage.fleet.sealed(CLUSTER))?;
            let token = stage.fleet.token(CLUSTER)?;
            assert!(!text.contains("127.0.0.1") && !text.contains(&token), "all of it is sealed: {text}");
            stage.must_open()?;
        }
        Ok(())
    });
}

#[test]
fn a_policy_above_the_fleet_is_not_the_fleets() {
    with(async {
        let stage = Stage::new().await?;
        let policy = stage.fleet.root().join(".sops.yaml");
        let above = stage.fleet.root().parent().expect("a folder above").join(".sops.yaml");
        fs::rename(&policy, &above)?;
        stage.run(&["adopt", CLUSTER]).ended(5).says("nothing says for whom");
        must_be_as_before(&stage)
    });
}

#[test]
fn somebody_who_cannot_open_the_result_is_told_before_anything_is_changed() {
    with(async {
        let stage = Stage::new().await?;
        let other = another_key(&stage, "other.txt")?;
        stage.fleet.seal_for(&[&other])?;
        let run = stage.run(&["adopt", CLUSTER]);
        assert!([4, 5].contains(&run.code), "{run:?}");
        must_be_as_before(&stage)
    });
}

#[test]
fn who_was_removed_from_the_policy_is_named_until_the_next_rotation() {
    with(async {
        let stage = Stage::new().await?;
        let own = stage.fleet.recipient().to_owned();
        let gone = another_key(&stage, "gone.txt")?;
        stage.fleet.seal_for(&[&own, &gone])?;
        stage.run(&["adopt", CLUSTER, "--push"]).succeeded();
        stage.fleet.seal_for(&[&own])?;
        stage.run(&["status", CLUSTER]).ended(9).says(&format!("can be opened by {gone}"));
        stage.run(&["verify", CLUSTER]).ended(9).says("sealed for others");
        stage.run(&["rotate", CLUSTER, "--push"]).ended(11);
        assert_eq!(sealed_for(&stage)?, [own]);
        stage.must_open()
    });
}
