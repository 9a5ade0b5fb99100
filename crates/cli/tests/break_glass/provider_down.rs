use anyhow::ensure;
use fanlight_testbed::{Issuer, Options};

use crate::{
    pool::Lent,
    stage::{CLUSTER, Stage, with},
};

#[test]
fn a_cluster_whose_identity_provider_is_down_is_opened_all_the_same() {
    with(async {
        let issuer = Issuer::start().await?;
        let options = Options { oidc: Some(issuer.trusted()), ..Options::default() };
        let plane = Lent::with(options).await?;
        let user = plane.until_taken(&issuer.id_token()?).await?;
        ensure!(user["username"] == "alice", "people come in through the provider: {user}");
        let server = plane.url();
        let stage = Stage::at(plane, &server)?;
        stage.run(&["adopt", CLUSTER, "--push"]).succeeded();

        issuer.stop().await;
        let allowed = ["use", CLUSTER, "--reason", "no provider", "--", "kubectl", "auth", "can-i", "*", "*"];
        ensure!(stage.run(&allowed).succeeded().out.trim() == "yes");
        let who = ["use", CLUSTER, "--reason", "no provider", "--", "kubectl", "auth", "whoami", "-o", "json"];
        ensure!(stage.run(&who).succeeded().out.contains("system:serviceaccount:kube-system:break-glass"));
        Ok(())
    });
}
