use std::{
    io::Read,
    os::unix::fs::symlink,
    process::{Child, Command, Stdio},
};

use super::*;

/// A home in which kube-dc has worked, and a fleet.
struct Ground(tempfile::TempDir);

impl Ground {
    fn new() -> Self {
        let ground = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(ground.home().join(".kube-dc/break-glass")).unwrap();
        fs::create_dir_all(ground.fleet().join("clusters/group/alpha")).unwrap();
        ground
    }

    fn home(&self) -> PathBuf {
        self.0.path().join("home")
    }

    fn fleet(&self) -> PathBuf {
        self.0.path().join("fleet")
    }

    fn file(&self, path: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(path);
        fs::write(&path, text).unwrap();
        path
    }

    fn sweep(&self) -> Vec<KubeDcFile> {
        sweep(&self.home(), Some(&self.fleet())).unwrap()
    }
}

/// A process that has said that it runs.
fn running(command: &mut Command) -> Child {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0; 2]).unwrap();
    child
}

/// A shell that answers, and waits for its end.
const WAITS: &str = "echo; echo; read -r line";

#[test]
fn a_kubeconfig_that_a_killed_kube_dc_left_is_removed_and_what_is_not_its_own_stays() {
    let ground = Ground::new();
    let left = ground.file("home/.kube-dc/break-glass/kubeconfig-123.yaml", "token: secret");
    let other = ground.file("home/.kube-dc/break-glass/notes.yaml", "mine");
    let link = ground.home().join(".kube-dc/break-glass/kubeconfig-link.yaml");
    symlink(&other, &link).unwrap();
    assert_eq!(ground.sweep(), [KubeDcFile { path: left.clone(), used_by: None }]);
    assert!(!left.exists() && other.exists() && link.exists());
    assert_eq!(ground.sweep(), []);
}

#[test]
fn a_kubeconfig_in_which_a_shell_still_works_stays_until_that_ends() {
    let ground = Ground::new();
    let used = ground.file("home/.kube-dc/break-glass/kubeconfig-1.yaml", "token: secret");
    let list = format!("/other:{}", used.display());
    let mut shell = running(Command::new("sh").args(["-c", WAITS]).env("KUBECONFIG", list));
    assert_eq!(ground.sweep(), [KubeDcFile { path: used.clone(), used_by: Some(shell.id().cast_signed()) }]);
    assert!(used.exists());
    drop(shell.stdin.take());
    shell.wait().unwrap();
    assert_eq!(ground.sweep(), [KubeDcFile { path: used.clone(), used_by: None }]);
    assert!(!used.exists());
}

#[test]
fn a_draft_that_was_never_sealed_is_removed_wherever_the_cluster_lies_and_sealed_files_stay() {
    let ground = Ground::new();
    let plain = "users: [{user: {token: secret}}]";
    let name = "bg-encrypt-5.break-glass-kubeconfig.enc.yaml";
    let deep = ground.file(&format!("fleet/clusters/group/alpha/{name}"), plain);
    let shallow = ground.file(&format!("fleet/clusters/group/{name}"), plain);
    let sealed =
        ground.file("fleet/clusters/group/bg-encrypt-6.break-glass-kubeconfig.enc.yaml", "a: ENC[AES256_GCM,x]");
    let kept = ground.file("fleet/clusters/group/alpha/break-glass-kubeconfig.enc.yaml", plain);
    let mut swept: Vec<PathBuf> = ground.sweep().into_iter().map(|file| file.path).collect();
    swept.sort();
    assert_eq!(swept, [deep.clone(), shallow.clone()]);
    assert!(!deep.exists() && !shallow.exists() && sealed.exists() && kept.exists());
}

#[test]
fn a_draft_stays_while_something_works_on_it() {
    let ground = Ground::new();
    let draft = ground.file("fleet/clusters/group/alpha/bg-encrypt-5.break-glass-kubeconfig.enc.yaml", "token: secret");
    let mut sops = running(Command::new("sh").args(["-c", WAITS, "sops"]).arg(&draft));
    assert_eq!(ground.sweep(), [KubeDcFile { path: draft.clone(), used_by: Some(sops.id().cast_signed()) }]);
    assert!(draft.exists());
    drop(sops.stdin.take());
    sops.wait().unwrap();
    assert_eq!(ground.sweep(), [KubeDcFile { path: draft.clone(), used_by: None }]);
    assert!(!draft.exists());
}

#[test]
fn a_kube_dc_that_runs_may_be_about_to_seal_any_draft() {
    let words = |line: &str| line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
    let others = [(1, words("sops --encrypt /fleet/other")), (2, words("/opt/kube-dc-old rotate"))];
    assert_eq!(sealer(Path::new("/fleet/draft"), &others), None);
    let processes = [others.as_slice(), &[(3, words("/opt/kube-dc bootstrap break-glass rotate alpha"))]].concat();
    assert_eq!(sealer(Path::new("/fleet/draft"), &processes), Some(3));
}
