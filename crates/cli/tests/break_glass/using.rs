use crate::stage::{CLUSTER, Stage, with};

#[test]
fn a_command_runs_with_a_token_of_this_use_and_its_exit_code_is_passed_on() {
    with(async {
        let stage = Stage::adopted().await?;
        let whoami = ["auth", "whoami", "-o", "json"];
        let run = [&["use", CLUSTER, "--reason", "a drill", "--", "kubectl"][..], &whoami].concat();
        let run = stage.run(&run).succeeded();
        assert!(run.out.contains("system:serviceaccount:kube-system:break-glass"), "{run:?}");
        assert!(run.out.contains("authentication.kubernetes.io/credential-id"), "a token of its own: {run:?}");
        assert_eq!(stage.secrets()?, ["break-glass-token"], "the session’s Secret is gone");
        stage.run(&[CLUSTER, "--reason", "x", "--", "sh", "-c", "exit 7"]).ended(7);
        stage.run(&[CLUSTER, "--reason", "x", "--", "no-such-program"]).ended(127);
        let ledger = std::fs::read_to_string(stage.fleet.root().join("break-glass/ledger.jsonl"))?;
        assert_eq!(ledger.lines().count(), 3, "{ledger}");
        assert!(ledger.contains("\"reason\":\"a drill\"") && ledger.contains("exit 7"), "{ledger}");
        Ok(())
    });
}
