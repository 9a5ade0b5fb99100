use std::{fs, os::unix::fs::PermissionsExt};

use anyhow::{Context, ensure};
use fanlight_testbed::{Fault, When};

use crate::{
    pool,
    stage::{CLUSTER, Run, with},
    walk::Walk,
};

/// Rotates, commits, revokes, pushes.
const ALL: [&str; 4] = ["rotate", CLUSTER, "--push", "--revoke-now"];

#[test]
fn a_rotation_killed_at_any_request_leaves_a_credential_and_goes_on_from_there() {
    with(async {
        let walk = Walk::adopted().await?;
        walk.proxy.calm();
        walk.run(&ALL).succeeded();
        let (all, changing) = (walk.proxy.requests().len(), walk.changing());
        let before = (0..all).map(|number| (number, Fault::Instead(walk.kill())));
        let after = changing.into_iter().map(|number| (number, Fault::After(walk.kill())));
        for (number, fault) in before.chain(after) {
            let run = walk.with_fault(&ALL, When::At(number), fault.clone())?;
            let Some(run) = run else { continue };
            let case = format!("{fault:?} request {number}: {run:?}");
            ensure!(run.code == -1, "it was killed: {case}");
            walk.stage.must_open().with_context(|| case.clone())?;
            recover(&walk, &ALL, 0).with_context(|| case)?;
            walk.must_be_alone()?;
        }
        Ok(())
    });
}

#[test]
fn a_rotation_killed_while_git_works_leaves_a_credential_and_goes_on_from_there() {
    with(async {
        let walk = Walk::adopted().await?;
        let folder = walk.stage.fleet.home().join("bin");
        fs::create_dir_all(&folder)?;
        for verb in ["add", "commit", "push", "fetch"] {
            for (what, script) in [
                ("before", "kill -9 $PPID; exit 1"),
                ("after", "\"$real\" \"$@\"; kill -9 $PPID; exit 1"),
                ("instead", "echo no such luck >&2; exit 1"),
            ] {
                let git = folder.join("git");
                let wrapper = format!(
                    "#!/bin/sh\nreal=$(PATH=/usr/local/bin:/usr/bin:/bin command -v git)\nfor word; do\n\
                     if [ \"$word\" = {verb} ]; then {script}; fi\ndone\nexec \"$real\" \"$@\"\n"
                );
                fs::write(&git, wrapper)?;
                fs::set_permissions(&git, PermissionsExt::from_mode(0o755))?;
                let run = walk.run(&ALL);
                fs::remove_file(&git)?;
                let case = format!("{what} git {verb}: {run:?}");
                let codes: &[i32] = match (what, verb) {
                    ("instead", "fetch") => &[0],
                    // The new file is committed, and the old token stays valid until it is pushed.
                    ("instead", "push") => &[11],
                    ("instead", _) => &[1],
                    _ => &[-1],
                };
                ensure!(codes.contains(&run.code), "{case}");
                ensure!(what != "instead" || run.err.contains("no such luck"), "it says what Git said: {case}");
                walk.must_be_clean()?;
                walk.stage.must_open().with_context(|| case.clone())?;
                recover(&walk, &ALL, 0).with_context(|| case)?;
                walk.must_be_alone()?;
            }
        }
        Ok(())
    });
}

#[test]
fn whatever_goes_wrong_with_any_request_of_a_rotation_in_two_parts_nothing_is_lost() {
    const BEGIN: [&str; 3] = ["rotate", CLUSTER, "--push"];
    const FINISH: [&str; 3] = ["rotate", CLUSTER, "--finish"];
    let faults = [
        Fault::Answer(401),
        Fault::Answer(403),
        Fault::Answer(409),
        Fault::Lost,
        Fault::Answer(500),
        Fault::Unanswered,
        Fault::Answer(429),
    ];
    with(async {
        let walk = Walk::adopted().await?;
        let (mut number, mut met) = (0, true);
        while met {
            met = false;
            for (arguments, ends) in [(BEGIN, 11), (FINISH, 0)] {
                let fault = faults[number % faults.len()].clone();
                let Some(run) = walk.with_fault(&arguments, When::At(number), fault.clone())? else {
                    recover(&walk, &arguments, ends)?;
                    continue;
                };
                met = true;
                let case = format!("{fault:?} to request {number} of {arguments:?}: {run:?}");
                for copy in ["HEAD", "@{upstream}"] {
                    walk.stage.must_open_in(copy).with_context(|| case.clone())?;
                }
                said_so(&run, &fault).with_context(|| case.clone())?;
                recover(&walk, &arguments, ends).with_context(|| case)?;
            }
            walk.must_be_alone()?;
            number += 1;
        }
        ensure!(number > 25, "the walk went through all of it: {number}");
        Ok(())
    });
}

/// What is wrong for good is told, with the exit code that says what it is.
fn said_so(run: &Run, fault: &Fault) -> anyhow::Result<()> {
    let codes: &[i32] = match fault {
        Fault::Answer(401) => &[0, 7, 11],
        Fault::Answer(403) => &[0, 11, 12],
        Fault::Answer(409) => &[0, 1, 11],
        _ => &[0, 11],
    };
    ensure!(codes.contains(&run.code), "exit code {}", run.code);
    ensure!(matches!(run.code, 0 | 11) || run.err.contains("as planned"), "it quotes what was answered");
    Ok(())
}

/// Runs it again without a fault.
fn recover(walk: &Walk, arguments: &[&str], ends: i32) -> anyhow::Result<()> {
    let run = walk.run(arguments);
    ensure!(run.code == ends, "afterwards: {run:?}");
    walk.stage.must_open().with_context(|| format!("{run:?}"))
}

#[test]
fn an_adoption_that_goes_wrong_at_any_request_can_be_done_again() {
    const ADOPT: [&str; 3] = ["adopt", CLUSTER, "--push"];
    with(async {
        let walk = Walk::new().await?;
        let faults = [
            Fault::Instead(walk.kill()),
            Fault::After(walk.kill()),
            Fault::Answer(401),
            Fault::Unanswered,
            Fault::Answer(403),
            Fault::Answer(500),
        ];
        // Two faults for each request.
        for turn in 0..usize::MAX {
            let (number, fault) = (turn / 2, faults[turn % faults.len()].clone());
            let Some(run) = walk.with_fault(&ADOPT, When::At(number), fault.clone())? else {
                ensure!(number > 12, "the walk went through all of it: {number}");
                break;
            };
            let case = format!("{fault:?} to request {number}: {run:?}");
            if walk.stage.fleet.sealed(CLUSTER).exists() {
                walk.stage.fleet.commit("what there is")?;
                walk.stage.must_open().with_context(|| case.clone())?;
            }
            recover(&walk, &ADOPT, 0).with_context(|| case)?;
            walk.must_be_alone()?;
            pool::clear(&walk.stage.plane).await?;
            fs::remove_file(walk.stage.fleet.sealed(CLUSTER))?;
            walk.stage.fleet.commit("anew")?;
            walk.stage.fleet.git(&["push", "--quiet"])?;
            let _ = fs::remove_file(walk.stage.fleet.home().join(".fanlight/break-glass/pins.json"));
        }
        Ok(())
    });
}
