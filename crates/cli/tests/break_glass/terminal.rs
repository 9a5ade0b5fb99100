//! `use` at a terminal, on a real cluster. What a session leaves behind whatever its end is tested where sessions are.

use std::{process::Command, time::Duration};

use anyhow::Context;
use rexpect::session::{PtySession, spawn_command};

use crate::stage::{CLUSTER, Stage, with};

fn at_terminal(command: Command) -> anyhow::Result<PtySession> {
    Ok(spawn_command(command, Some(180_000))?)
}

/// Waits for these words and returns what came before them.
fn expect(session: &mut PtySession, words: &str) -> anyhow::Result<String> {
    session.exp_string(words).with_context(|| format!("waiting for “{words}”"))
}

#[test]
fn the_shell_is_marked_works_and_offers_to_rotate_when_it_is_left() {
    with(async {
        let stage = Stage::adopted().await?;
        let token = stage.fleet.token(CLUSTER)?;
        let mut terminal = at_terminal(stage.command(&[CLUSTER]))?;
        expect(&mut terminal, "Why is break-glass needed")?;
        terminal.send_line("sign-in is down")?;
        expect(&mut terminal, "BREAK-GLASS ACTIVE")?;
        expect(&mut terminal, "cluster: eu/prod")?;
        expect(&mut terminal, "names you and your reason")?;
        expect(&mut terminal, "[BREAK-GLASS eu/prod]")?;
        terminal.send_line("kubectl auth whoami -o name; kubectl get secrets -n kube-system -o name")?;
        let secrets = expect(&mut terminal, "secret/break-glass-token")?;
        assert!(secrets.contains("secret/break-glass-session-"), "{secrets}");
        assert!(Stage::holding(&stage.fleet.home(), &token).is_empty(), "the sealed token is on the disk");
        assert!(Stage::holding(&stage.fleet.runtime()?, &token).is_empty(), "the sealed token is on the disk");
        // The last command failing must not hide how it ended.
        terminal.send_line("false; exit")?;
        expect(&mut terminal, "Break-glass session on eu/prod is over after")?;
        expect(&mut terminal, "Rotate the credential now? [y/N]")?;
        terminal.send_line("y")?;
        expect(&mut terminal, "Commit the new file and push it? [y/N]")?;
        terminal.send_line("y")?;
        expect(&mut terminal, "Pushed.")?;
        expect(&mut terminal, "Revoke the old token (break-glass-token)? [y/N]")?;
        terminal.send_line("y")?;
        expect(&mut terminal, "Revoked: break-glass-token.")?;
        terminal.exp_eof()?;
        stage.must_open()?;
        assert_eq!(stage.secrets()?, ["break-glass-token-g2"]);
        Ok(())
    });
}

/// Kills the program that looks after the one session, as an out-of-memory killer would.
fn kill_keeper(stage: &Stage) -> anyhow::Result<()> {
    let sessions = stage.fleet.runtime()?.join("fanlight/break-glass");
    let mut records = std::fs::read_dir(sessions)?.flatten().map(|entry| entry.path().join("record.json"));
    let record = records.find(|record| record.exists()).context("a session")?;
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(record)?)?;
    let keeper = record["keeper"]["pid"].as_i64().context("its keeper")?;
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(keeper.try_into()?), nix::sys::signal::Signal::SIGKILL)?;
    Ok(())
}

#[test]
fn a_killed_session_is_swept_by_the_next_command_and_its_token_ended_by_the_next_use() {
    with(async {
        let stage = Stage::adopted().await?;
        let mut terminal = at_terminal(stage.command(&[CLUSTER, "--reason", "a drill"]))?;
        expect(&mut terminal, "[BREAK-GLASS eu/prod]")?;
        terminal.send_line("kubectl get secrets -n kube-system -o name")?;
        expect(&mut terminal, "secret/break-glass-token")?;
        kill_keeper(&stage)?;
        drop(terminal);
        assert_eq!(stage.secrets()?.len(), 2, "nobody could end it");

        let swept = stage.run(&["sweep"]).succeeded().says("was killed; its files are removed");
        assert!(swept.out.contains("Operator"), "{}", swept.out);
        stage.run(&["sweep"]).succeeded().says("Nothing was left behind.");
        let ledger = std::fs::read_to_string(stage.fleet.root().join("break-glass/ledger.jsonl"))?;
        assert!(ledger.contains("\"ended\":\"killed\""), "{ledger}");
        stage.run(&[CLUSTER, "--reason", "x", "--", "true"]).succeeded().says("Ended the forgotten session");
        assert_eq!(stage.secrets()?, ["break-glass-token"]);
        Ok(())
    });
}

#[test]
fn no_session_opens_within_another() {
    with(async {
        let stage = Stage::adopted().await?;
        let program = crate::stage::PROGRAM;
        let inner =
            format!("{program} break-glass --repo {} {CLUSTER} --reason x -- true", stage.fleet.root().display());
        stage.run(&[CLUSTER, "--reason", "x", "--", "sh", "-c", &inner]).ended(12).says("already: leave it first");
        Ok(())
    });
}

#[test]
fn neither_a_broken_cluster_nor_a_missing_repository_keeps_the_shell_closed() {
    with(async {
        let mut stage = Stage::adopted().await?;
        stage.plane.spoil();
        std::fs::remove_dir_all(stage.fleet.root().join(".git"))?;
        std::fs::write(stage.fleet.root().join("break-glass"), "in the ledger's way")?;
        stage.plane.stop_api_server();
        let run = stage.run(&[CLUSTER, "--reason", "x", "--timeout", "2s", "--", "sh", "-c", "echo inside; exit 3"]);
        assert_eq!((run.code, run.out.as_str()), (3, "inside\n"), "{run:?}");
        run.says("going on all the same")
            .says("The sealed token itself is handed out")
            .says("the ledger could not be written");
        Ok(())
    });
}

#[test]
fn time_runs_out_and_the_session_ends() {
    with(async {
        let stage = Stage::adopted().await?;
        let began = std::time::Instant::now();
        stage
            .run(&[CLUSTER, "--reason", "x", "--limit", "2s", "--", "sleep", "600"])
            .ended(124)
            .says("its time was up");
        assert!(began.elapsed() < Duration::from_secs(60));
        assert_eq!(stage.secrets()?, ["break-glass-token"]);
        Ok(())
    });
}
