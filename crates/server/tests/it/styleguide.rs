//! The style guide: there only where it was asked for.

use anyhow::ensure;
use fanlight_testbed::FanlightServer;

use crate::shared::{in_namespace, start};

#[test]
fn a_server_that_was_not_told_to_has_no_style_guide() {
    in_namespace("no-styleguide", async |plane| {
        plane.set_emergency_user("no-styleguide", "admin", "secret").await?;
        let server = start(plane, "no-styleguide", &[]).await?;
        let admin = server.sign_in("admin", "secret").await?;
        for client in [admin, FanlightServer::client()?] {
            let answer = client.get(format!("{}/styleguide", server.url())).send().await?;
            ensure!(answer.status() == 404, "{answer:?}");
            ensure!(answer.text().await?.contains("There is no such page"));
        }
        Ok(())
    });
}

#[test]
fn the_style_guide_is_for_those_who_are_signed_in_and_shows_every_part() {
    in_namespace("styleguide", async |plane| {
        plane.set_emergency_user("styleguide", "admin", "secret").await?;
        let server = start(plane, "styleguide", &["--styleguide"]).await?;
        let address = format!("{}/styleguide", server.url());
        let answer = FanlightServer::client()?.get(&address).send().await?;
        ensure!(answer.status() == 303, "{answer:?}");
        ensure!(answer.headers()["location"] == "/sign_in?redirect=%2Fstyleguide", "{answer:?}");
        let admin = server.sign_in("admin", "secret").await?;
        let page = admin.get(&address).send().await?.error_for_status()?.text().await?;
        for part in [
            "data-key=\"Kustomization/styleguide/orders\"",
            "Suspended by ada@example.com: “loading the backlog”",
            "Kubernetes does not let you patch kustomizations in styleguide",
            "class=\"manifest\"",
        ] {
            ensure!(page.contains(part), "{part}: {page}");
        }
        Ok(())
    });
}
