use std::fs;

use crate::stage::{CLUSTER, Stage, with};

#[test]
fn a_cluster_is_adopted_sealed_proven_and_pushed_and_the_real_sops_opens_it() {
    with(async {
        let stage = Stage::new().await?;
        let adopted = stage.run(&["adopt", CLUSTER, "--push"]).succeeded().says("Pushed.");
        assert!(adopted.out.starts_with("eu/prod adopted: generation 1 for https://127.0.0.1:"), "{}", adopted.out);
        stage.must_open()?;
        let sealed = fs::read_to_string(stage.fleet.sealed(CLUSTER))?;
        assert!(!sealed.contains("127.0.0.1") && !sealed.contains("break-glass/"), "every leaf is sealed: {sealed}");
        stage.run(&["verify", CLUSTER]).succeeded().says("system:serviceaccount:kube-system:break-glass");
        // The one thing to say of it is true of every cluster of a test.
        stage
            .run(&["status", CLUSTER])
            .ended(9)
            .says("git:          committed")
            .says("problems:     the server is this machine");

        // Once more, after a program was killed while it wrote: the same token, and nothing to commit.
        let draft = stage.fleet.sealed(CLUSTER).with_file_name(".break-glass-x1Y2z3.sealed");
        fs::write(&draft, "half of")?;
        stage.run(&["adopt", CLUSTER, "--push"]).succeeded().says("unchanged");
        assert_eq!(fs::read_to_string(stage.fleet.sealed(CLUSTER))?, sealed);
        assert!(!draft.exists(), "it cannot be committed by mistake");
        Ok(())
    });
}

#[test]
fn a_dry_run_changes_neither_cluster_nor_fleet() {
    with(async {
        let stage = Stage::new().await?;
        stage.run(&["adopt", CLUSTER, "--dry-run"]).succeeded().says("This would be done");
        assert!(!stage.fleet.sealed(CLUSTER).exists());
        let run = stage.kubectl(&["get", "serviceaccount,secret", "-n", "kube-system", "break-glass"])?;
        assert_ne!(run.code, 0, "nothing is there: {run:?}");
        Ok(())
    });
}
