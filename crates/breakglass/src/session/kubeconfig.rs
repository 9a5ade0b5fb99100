use std::path::Path;

use base64::{Engine, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

use super::{Session, TOKEN_SUBCOMMAND, Token};

/// How programs come to the token.
pub(super) enum Access<'a> {
    /// By running `program`, which asks at `socket`.
    Asked { program: &'a str, socket: &'a str },
    /// It stands there.
    Written(&'a Token),
}

/// The kubeconfig of a session: one cluster, one user, one context. Texts are quoted as JSON has it, which YAML shares.
pub(super) fn kubeconfig(session: &Session, access: &Access<'_>) -> Zeroizing<String> {
    let (name, server) = (&*quoted(&session.cluster), &*quoted(&session.server));
    let ca = BASE64_STANDARD.encode(&session.ca_pem);
    let user = match access {
        Access::Asked { program, socket } => Zeroizing::new(format!(
            "    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: {}
      args: [{TOKEN_SUBCOMMAND}, --socket, {}]
      interactiveMode: Never
      provideClusterInfo: false",
            *quoted(program),
            *quoted(socket)
        )),
        Access::Written(token) => Zeroizing::new(format!("    token: {}", *quoted(&token.bearer))),
    };
    Zeroizing::new(format!(
        "apiVersion: v1
kind: Config
clusters:
- name: {name}
  cluster:
    server: {server}
    certificate-authority-data: {ca}
users:
- name: break-glass
  user:
{}
contexts:
- name: {name}
  context:
    cluster: {name}
    user: break-glass
current-context: {name}
",
        *user
    ))
}

/// A path as text.
pub(super) fn text(path: &Path) -> Result<&str, super::SessionError> {
    path.to_str().ok_or_else(|| super::SessionError::NotText(path.to_owned()))
}

fn quoted(text: &str) -> Zeroizing<String> {
    #[expect(clippy::expect_used, reason = "texts are always JSON")]
    Zeroizing::new(serde_json::to_string(text).expect("JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::terms::test::session;

    #[test]
    fn programs_are_sent_to_ask_for_the_token_and_find_none_in_the_file() {
        let session = session("alpha: \"1\"\n");
        let text = kubeconfig(&session, &Access::Asked { program: "/opt/fan light", socket: "/run/\"x\"/broker" });
        let read: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(read["current-context"], session.cluster.as_str());
        assert_eq!(read["clusters"][0]["name"], session.cluster.as_str());
        assert_eq!(read["clusters"][0]["cluster"]["server"], session.server.as_str());
        let ca = read["clusters"][0]["cluster"]["certificate-authority-data"].as_str().unwrap();
        assert_eq!(BASE64_STANDARD.decode(ca).unwrap(), session.ca_pem.as_bytes());
        let user = &read["users"][0]["user"];
        assert_eq!(user["exec"]["command"], "/opt/fan light");
        assert_eq!(user["exec"]["args"], serde_json::json!([TOKEN_SUBCOMMAND, "--socket", "/run/\"x\"/broker"]));
        assert_eq!(user["exec"]["interactiveMode"], "Never");
        assert_eq!(user.as_object().unwrap().len(), 1);
    }

    #[test]
    fn for_programs_that_cannot_ask_the_token_is_written() {
        let token = Token { bearer: Zeroizing::new("ey.J-_.x".to_owned()), expires: None };
        let text = kubeconfig(&session("alpha"), &Access::Written(&token));
        let read: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(read["users"][0]["user"], serde_json::json!({ "token": "ey.J-_.x" }));
    }
}
