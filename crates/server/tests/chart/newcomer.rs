//! Everything that the documentation tells people to type, typed in as it stands.
//!
//! Each page begins on a cluster with nothing of ours but what [`Page::prepared`] makes; its blocks run one after the other
//! in one folder, with what they set and write. Values are rendered, rules are shown to the API server.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context, bail, ensure};
use fanlight_testbed::{
    ControlPlane, FanlightServer,
    pages::{Block, BlockKind, pages},
    tool,
};
use reqwest::Client;

use crate::{
    helm::{Helm, here, root, template},
    install::{PROGRAM, Release, hash, on_plane},
};

/// What is not typed in here, by what stands in it, and why.
const NOT_HERE: [(&str, &str); 16] = [
    ("cargo ", "it builds this repository, or runs these very tests"),
    ("kubectl logs", "the pods are played: they have no log"),
    ("port-forward", "the pods are played: nothing listens there"),
    ("helm upgrade ww oci://", "there is no registry; with the chart's folder it is on the page about migrating"),
    ("flux install", "there is no flux here: its controllers are played"),
    ("fanlight check oidc-config", "it opens a browser; it has tests of its own"),
    ("✔ ok", "what a command prints; its test compares it"),
    ("jq ", "it reads the audit log of an API server that keeps one"),
    ("nginx.ingress.kubernetes.io/", "another program's: nginx"),
    ("proxy_pass", "another program's: nginx"),
    ("staticClients:", "another program's: Dex"),
    ("creation_rules:", "another program's: sops"),
    ("──►", "a picture"),
    ("/o/ks/", "addresses in the browser"),
    ("/other/core/", "addresses in the browser"),
    ("/events?", "an address in the browser"),
];

/// Pages that other tests walk, before clusters as they need them.
const ELSEWHERE: [&str; 5] =
    ["docs/break-glass", "docs/check.md", "docs/check-oidc.md", "docs/create-dashboard.md", "docs/scripts.md"];

/// Pages that are about Helm: typed in with each of its lines.
const OF_HELM: [&str; 3] = ["docs/install.md", "docs/upgrade.md", "docs/migrate-from-weave-gitops.md"];

/// What every page may take for granted: secrets that somebody types, and names.
const GIVEN: [(&str, &str); 3] =
    [("PASSWORD", "secret"), ("CLIENT_SECRET", "of-the-client"), ("APPLICATION_SECRET", "of-the-application")];

/// Somebody who reads a page.
struct Page<'a> {
    plane: &'a ControlPlane,
    name: &'a str,
    home: PathBuf,
    server: Option<FanlightServer>,
    client: Option<Client>,
}

fn reason(block: &Block) -> Option<&'static str> {
    NOT_HERE.iter().find(|(part, _)| block.text.contains(part)).map(|(_, reason)| *reason)
}

#[test]
fn everything_that_the_documentation_says_to_type_does_what_it_says() {
    on_plane(async |plane| {
        plane.create_namespace("shop").await?;
        let typed = type_in(plane, Helm::Four, |name| !is_elsewhere(name)).await?;
        ensure!(typed >= 30, "only {typed} blocks were found");
        let typed = type_in(plane, Helm::Three, |name| OF_HELM.contains(&name)).await?;
        ensure!(typed >= 10, "only {typed} blocks about Helm were found");
        Ok(())
    });
}

/// Types in what pages say; how many blocks they were.
async fn type_in(plane: &ControlPlane, helm: Helm, wanted: impl Fn(&str) -> bool) -> anyhow::Result<usize> {
    let mut typed = 0;
    for (name, blocks) in pages(&root())?.iter().filter(|(name, _)| wanted(name)) {
        let mut page = Page::prepared(plane, name, helm).await?;
        for block in blocks.iter().filter(|block| reason(block).is_none()) {
            let at = || format!("{helm:?}, {}\n{}", block.place, block.text);
            page.follow(block, blocks).await.with_context(at)?;
            typed += 1;
        }
        page.leave()?;
    }
    Ok(typed)
}

fn is_elsewhere(page: &str) -> bool {
    ELSEWHERE.iter().any(|start| page.starts_with(start))
}

impl<'a> Page<'a> {
    /// What a page builds on: where it takes over from others, what these have made.
    async fn prepared(plane: &'a ControlPlane, name: &'a str, helm: Helm) -> anyhow::Result<Self> {
        let home = plane.folder().join(format!("{helm:?}-{}", name.replace('/', "-")));
        fs::create_dir_all(home.join("bin"))?;
        std::os::unix::fs::symlink(root().join("charts").canonicalize()?, home.join("charts"))?;
        let fanlight = Path::new(PROGRAM).with_file_name("fanlight");
        for (name, program) in [("fanlight", fanlight), ("kubectl", tool("kubectl")?), ("helm", helm.program()?)] {
            std::os::unix::fs::symlink(program, home.join("bin").join(name))?;
        }
        fs::write(home.join("set"), "")?;
        fs::write(home.join("values.yaml"), "image: {repository: registry.example.com/fanlight-server}\n")?;
        let mut page = Self { plane, name, home, server: None, client: None };
        plane.create_namespace("flux-system").await?;
        match name {
            "docs/install.md" => {}
            "docs/migrate-from-weave-gitops.md" => {
                let old = here().join("predecessor").display().to_string();
                let values =
                    format!("adminUser.create=true,adminUser.username=admin,adminUser.passwordHash={}", hash()?);
                page.run(&format!("helm install ww-gitops {old} --namespace flux-system --set '{values}'"))?;
            }
            _ => {
                let user = format!(
                    "--set adminUser.create=true,adminUser.username=admin --set-string 'adminUser.passwordHash={}'",
                    hash()?
                );
                let user = if name == "docs/emergency-user.md" { String::new() } else { user };
                page.run(&format!(
                    "helm upgrade --install fanlight charts/fanlight --namespace flux-system --values values.yaml {user} \
                     --set rbac.userRoles.create=true"
                ))?;
                page.server = Some(page.release().run("fanlight").await?);
            }
        }
        Ok(page)
    }

    fn release(&self) -> Release<'_> {
        Release::new(self.plane, "flux-system")
    }

    /// Does what a block says.
    async fn follow(&mut self, block: &Block, all: &[Block]) -> anyhow::Result<()> {
        match &block.kind {
            BlockKind::Commands => self.type_in(block, all).await,
            // Rules of a role.
            BlockKind::Yaml(rules) if rules.is_array() => {
                let role = serde_json::json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                    "metadata": {"name": "of-the-documentation"}, "rules": rules});
                self.plane.apply(&role).await?;
                self.plane.delete(&role).await
            }
            BlockKind::Yaml(_) => {
                template(&block.text)?;
                if block.text.contains("repository:") {
                    fs::write(self.home.join("values.yaml"), &block.text)?;
                }
                Ok(())
            }
            BlockKind::Other => bail!("neither commands nor values nor rules: say in NOT_HERE what it is"),
        }
    }

    async fn type_in(&mut self, block: &Block, all: &[Block]) -> anyhow::Result<()> {
        let says = |part: &str| block.text.contains(part);
        if says("oauth2/sign_in") {
            // The page has told how to take the emergency user away before that.
            let set_up =
                all.iter().find(|block| block.text.starts_with("kubectl create secret generic cluster-user-auth"));
            self.run(&set_up.context("the way to set it up")?.text)?;
        }
        if says("jsonpath='{.data.key}'") {
            self.client = Some(self.server.as_ref().context("a server")?.sign_in("admin", "secret").await?);
        }
        self.run(&block.text.replace('…', "secret"))?;
        let is_set_up = says("adminUser.passwordHash") || says("helm upgrade ww-gitops");
        if is_set_up || says("create secret generic fanlight-session-key") {
            self.server = None;
            let deployment = if says("ww-gitops") { "ww-gitops-weave-gitops" } else { "fanlight" };
            let server = self.release().run(deployment).await?;
            server.sign_in("admin", "secret").await.context("signing in after it")?;
            if let Some(client) = self.client.take() {
                let page = client.get(format!("{}/applications", server.url())).send().await?;
                ensure!(page.status() == 200, "a session of the old key: {}", page.status());
            }
            self.server = Some(server);
        }
        Ok(())
    }

    /// Runs commands as somebody at a terminal would, one failure being the end of it; whoever asks for a password gets
    /// one.
    fn run(&self, commands: &str) -> anyhow::Result<()> {
        let script =
            format!("set -euo pipefail; source ./set\n{commands}\ndeclare -p HASH OLD >set 2>/dev/null || true");
        let path =
            std::env::join_paths([self.home.join("bin"), "/usr/local/bin".into(), "/usr/bin".into(), "/bin".into()])?;
        let input = self.home.join("typed");
        fs::write(&input, "secret")?;
        let mut shell = Command::new("bash");
        shell.args(["-c", &script]).current_dir(&self.home).stdin(File::open(input)?);
        shell.env_clear().env("PATH", path).env("HOME", &self.home).env("KUBECONFIG", self.plane.admin_kubeconfig());
        shell.envs(GIVEN).envs(self.server.as_ref().map(|server| ("URL", server.url())));
        let Output { status, stdout, stderr } = shell.output()?;
        ensure!(status.success(), "{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        Ok(())
    }

    /// Leaves nothing to the next page.
    fn leave(mut self) -> anyhow::Result<()> {
        self.server = None;
        self.run(
            "for release in $(helm list --short --namespace flux-system); do
               helm uninstall \"$release\" --namespace flux-system
             done
             kubectl delete secret --all --namespace flux-system
             kubectl delete clusterrolebinding platform-sees-flux second-emergency-user --ignore-not-found",
        )
        .with_context(|| self.name.to_owned())
    }
}
