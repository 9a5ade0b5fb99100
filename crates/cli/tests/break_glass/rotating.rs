use std::fs;

use crate::stage::{CLUSTER, Stage, with};

#[test]
fn an_unattended_rotation_keeps_the_old_token_until_the_new_file_is_pushed() {
    with(async {
        let stage = Stage::adopted().await?;
        let before = fs::read_to_string(stage.fleet.sealed(CLUSTER))?;
        stage
            .run(&["rotate", CLUSTER])
            .ended(11)
            .says("generation 2 is sealed and proven")
            .says("git add clusters/eu/prod");
        stage.must_open()?;
        assert_ne!(fs::read_to_string(stage.fleet.sealed(CLUSTER))?, before);
        assert_eq!(stage.secrets()?, ["break-glass-token", "break-glass-token-g2"]);

        stage.run(&["rotate", CLUSTER, "--finish"]).ended(11).says("git commit");
        assert_eq!(stage.secrets()?.len(), 2, "not pushed, so nothing is revoked");
        stage.fleet.commit("rotated")?;
        stage.run(&["rotate", CLUSTER, "--finish"]).ended(11).says("push");
        stage.must_open()?;

        stage.fleet.git(&["push", "--quiet"])?;
        stage.run(&["rotate", CLUSTER, "--finish"]).succeeded().says("Revoked: break-glass-token.");
        stage.must_open()?;
        assert_eq!(stage.secrets()?, ["break-glass-token-g2"]);
        stage.run(&["rotate", CLUSTER, "--finish"]).succeeded();
        assert_eq!(stage.secrets()?, ["break-glass-token-g2"], "there was nothing left to do");
        Ok(())
    });
}

#[test]
fn a_rotation_that_revokes_now_commits_first_and_the_old_token_is_refused() {
    with(async {
        let stage = Stage::adopted().await?;
        let old = stage.fleet.opened_by_sops(CLUSTER)?;
        stage
            .run(&["rotate", CLUSTER, "--revoke-now"])
            .succeeded()
            .says("Committed")
            .says("Revoked: break-glass-token.");
        stage.must_open()?;
        let by_old = stage.kubectl_with(&old, &["auth", "whoami"])?;
        assert_ne!(by_old.code, 0, "{by_old:?}");
        assert!(stage.fleet.git(&["status", "--porcelain"])?.is_empty(), "all is committed");
        Ok(())
    });
}

#[test]
fn a_dry_run_of_a_rotation_changes_nothing() {
    with(async {
        let stage = Stage::adopted().await?;
        stage.run(&["rotate", CLUSTER, "--dry-run"]).succeeded().says("break-glass-token-g2");
        assert_eq!(stage.secrets()?, ["break-glass-token"]);
        assert!(stage.fleet.git(&["status", "--porcelain"])?.is_empty());
        Ok(())
    });
}

#[test]
fn a_rotation_that_did_not_happen_does_not_end_as_if_it_had() {
    with(async {
        let stage = Stage::new().await?;
        stage.run(&["adopt", CLUSTER]).succeeded();
        stage.run(&["rotate", CLUSTER]).ended(11).says("not rotated").says("git commit");
        stage.fleet.commit("adopted")?;
        stage.run(&["rotate", CLUSTER]).ended(11).says("not rotated").says("push");
        assert_eq!(stage.secrets()?, ["break-glass-token"]);
        stage.run(&["rotate", CLUSTER, "--push"]).ended(11).says("generation 2");
        Ok(())
    });
}

#[test]
fn tokens_can_be_revoked_one_after_the_other_without_a_push_however_long_each_takes_to_die() {
    with(async {
        let stage = Stage::adopted().await?;
        // Each waits some ten seconds for the API server to forget: longer than a single answer may take.
        for generation in ["2", "3"] {
            let run = stage.run(&["rotate", CLUSTER, "--revoke-now", "--timeout", "8s"]).succeeded();
            assert!(run.out.contains(&format!("generation {generation} is")), "{run:?}");
            assert!(!run.err.contains("Note:") && !run.err.contains("Warning:"), "{run:?}");
            stage.must_open()?;
        }
        assert_eq!(stage.secrets()?, ["break-glass-token-g3"]);
        Ok(())
    });
}
