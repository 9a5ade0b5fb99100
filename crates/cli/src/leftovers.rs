//! What `gitops` could do and `fanlight` cannot, answered by what to do instead.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Commands of the predecessor, by their first words, and what to do instead.
const COMMANDS: [(&[&str], &str); 19] = [
    (&["get", "config"], NO_CONFIGURATION),
    (&["set", "config"], NO_CONFIGURATION),
    (&["set"], NO_CONFIGURATION),
    (&["create", "terraform"], "Terraform objects are made by tofu-controller's own program: use `tfctl create`."),
    (&["create", "tf"], "Terraform objects are made by tofu-controller's own program: use `tfctl create`."),
    (&["delete", "terraform"], "Terraform objects are deleted by tofu-controller's own program: use `tfctl delete`."),
    (&["delete", "tf"], "Terraform objects are deleted by tofu-controller's own program: use `tfctl delete`."),
    (&["suspend", "terraform"], "Suspend Terraform objects by `tfctl suspend`, or on their page in the dashboard."),
    (&["suspend", "tf"], "Suspend Terraform objects by `tfctl suspend`, or on their page in the dashboard."),
    (&["resume", "terraform"], "Resume Terraform objects by `tfctl resume`, or on their page in the dashboard."),
    (&["resume", "tf"], "Resume Terraform objects by `tfctl resume`, or on their page in the dashboard."),
    (&["replan", "terraform"], "Plans are made anew by tofu-controller's own program: use `tfctl replan`."),
    (&["replan", "tf"], "Plans are made anew by tofu-controller's own program: use `tfctl replan`."),
    (&["logs", "terraform"], "Read the runner's log by `kubectl logs NAME-tf-runner`."),
    (&["logs", "tf"], "Read the runner's log by `kubectl logs NAME-tf-runner`."),
    (&["docs"], "Every command describes itself: use `fanlight help COMMAND`."),
    (
        &["beta"],
        "GitOps Run is gone, also from the predecessor: use `flux build kustomization` and `flux diff kustomization`.",
    ),
    (
        &["run"],
        "GitOps Run is gone, also from the predecessor: use `flux build kustomization` and `flux diff kustomization`.",
    ),
    (
        &["upgrade"],
        "Weave GitOps Enterprise has no successor here: `fanlight create dashboard` installs the open dashboard.",
    ),
];

const NO_CONFIGURATION: &str =
    "There is nothing to configure, and nothing is reported to anybody: weave-gitops-config.json may be deleted.";
const IN_KUBECONFIG: &str =
    "How the cluster is reached stands in the kubeconfig: choose one by --kubeconfig, and --context.";

/// Flags of the predecessor, and what to do instead.
const FLAGS: [(&str, &str); 19] = [
    (
        "--endpoint",
        "There is no Enterprise server to talk to: leave out --endpoint, and WEAVE_GITOPS_ENTERPRISE_API_URL.",
    ),
    ("-e", "There is no Enterprise server to talk to: leave out --endpoint, and WEAVE_GITOPS_ENTERPRISE_API_URL."),
    (
        "--username",
        "A name is only taken where a user is made: leave it out, or see `fanlight create dashboard --help`.",
    ),
    ("-u", "A name is only taken where a user is made: leave it out, or see `fanlight create dashboard --help`."),
    (
        "--password",
        "A password is only taken where a user is made: leave it out, or see `fanlight create dashboard --help`.",
    ),
    ("-p", "A password is only taken where a user is made: leave it out, or see `fanlight create dashboard --help`."),
    (
        "--insecure-skip-tls-verify",
        "Certificates are checked unless the kubeconfig says otherwise of its cluster: put the CA there, and leave out the flag.",
    ),
    ("--override-in-cluster", "It only served the predecessor's tests: leave it out."),
    ("--git-host-types", "Nothing is written to Git: leave it out."),
    ("--server", IN_KUBECONFIG),
    ("--cluster", IN_KUBECONFIG),
    ("--user", IN_KUBECONFIG),
    ("--token", IN_KUBECONFIG),
    ("--as", IN_KUBECONFIG),
    ("--as-group", IN_KUBECONFIG),
    ("--certificate-authority", IN_KUBECONFIG),
    ("--client-certificate", IN_KUBECONFIG),
    ("--client-key", IN_KUBECONFIG),
    ("--tls-server-name", IN_KUBECONFIG),
];

/// The flags of the predecessor that take a value in the next argument and could stand before a command.
const WITH_VALUE: [&str; 11] = [
    "--namespace",
    "-n",
    "--endpoint",
    "-e",
    "--username",
    "-u",
    "--password",
    "-p",
    "--kubeconfig",
    "--context",
    "--git-host-types",
];

/// What to do instead, if the line that was not understood is one of the predecessor's.
pub(crate) fn answer(error: &clap::Error, line: impl Iterator<Item = String>) -> Option<&'static str> {
    if !error.use_stderr() {
        return None;
    }
    let words = words(line);
    let is_ours = matches!(words.first().map(String::as_str), Some("break-glass" | "bootstrap"));
    let command =
        COMMANDS.iter().find(|(known, _)| words.len() >= known.len() && words.iter().zip(*known).all(|(a, b)| a == b));
    match (command, error.kind()) {
        _ if is_ours => None,
        (Some((_, answer)), _) => Some(answer),
        (None, ErrorKind::UnknownArgument) => {
            let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return None };
            let flag = flag.split(['=', ' ']).next()?;
            FLAGS.iter().find(|(known, _)| *known == flag).map(|(_, answer)| *answer)
        }
        (None, _) => None,
    }
}

/// The words of a line that are neither flags nor their values.
fn words(line: impl Iterator<Item = String>) -> Vec<String> {
    let mut words = Vec::new();
    let mut is_value = false;
    for word in line {
        if std::mem::take(&mut is_value) {
            continue;
        }
        is_value = WITH_VALUE.contains(&word.as_str());
        if !word.starts_with('-') {
            words.push(word);
        }
    }
    words
}
