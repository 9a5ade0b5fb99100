//! The commands of the documentation on scripts, in the order in which it tells them.

use std::{fs, os::unix::fs::symlink, process::Command};

use anyhow::ensure;
use fanlight_testbed::{FanlightServer, Issuer, Options, estate, rights::flux_rules, tool};
use tokio::task::spawn_blocking;

use crate::{
    house::plane,
    shared::{PROGRAM, WATCH, until},
};

const PAGE: &str = include_str!("../../../../docs/scripts.md");

#[tokio::test(flavor = "multi_thread")]
async fn every_command_on_scripts_does_what_the_documentation_says() -> anyhow::Result<()> {
    let (plane, issuer) = (plane(Options::default()).await?, Issuer::start_plain().await?);
    plane.grant_everywhere("alice@example.com", flux_rules(&WATCH)).await?;
    let flags = [
        format!("--oidc-issuer-url={}", issuer.url()),
        format!("--oidc-client-id={}", Issuer::CLIENT),
        "--oidc-redirect-url=http://127.0.0.1:9/oauth2/callback".to_owned(),
        "--auth-methods=user-account,oidc,token-passthrough".to_owned(),
    ];
    let server =
        FanlightServer::start(PROGRAM.as_ref(), &plane, "fanlight", &flags.each_ref().map(String::as_str)).await?;
    until(async || {
        let flags = reqwest::get(format!("{}/v1/featureflags", server.url())).await?.text().await?;
        Ok(flags.contains("OIDC_AUTH"))
    })
    .await?;
    plane.apply(&estate::kustomization("apps", "other")).await?;
    let home = plane.folder().join("home");
    fs::create_dir_all(home.join("bin"))?;
    symlink(tool("kubectl")?, home.join("bin/kubectl"))?;
    let path = format!("{}:{}", home.join("bin").display(), std::env::var("PATH").unwrap_or_default());
    let (mut tried, mut told) = (0, String::new());
    for command in PAGE.lines().filter_map(|line| line.strip_prefix("    ")) {
        let mut shell = Command::new("bash");
        shell.args(["-euc", command]).current_dir(&home).env("HOME", &home).env("PATH", &path);
        shell
            .env("KUBECONFIG", plane.admin_kubeconfig())
            .env("FANLIGHT", server.url())
            .env("ID_TOKEN", issuer.id_token()?);
        // The issuer answers in this runtime.
        let output = spawn_blocking(move || shell.output()).await??;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{command}: {said}{}", String::from_utf8_lossy(&output.stderr));
        told.push_str(&said);
        tried += 1;
    }
    ensure!(tried == 10, "{tried} commands were found");
    ensure!(told.matches("Kustomization/apps/shop").count() >= 3 && told.contains("by a token"), "{told}");
    ensure!(told.matches("\"word\":\"Done\"").count() == 2, "both actions were done: {told}");
    ensure!(told.contains("Kustomization/data/shop"), "by the ID token more is seen: {told}");
    Ok(())
}
