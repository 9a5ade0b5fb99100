use fanlight_identity::Offers;
use serde::Serialize;

use super::remedy::{Finding, Severity};

/// What a check brought to light.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    /// Whether people can sign in.
    pub(super) ok: bool,
    pub(super) issuer: Option<String>,
    pub(super) client_id: Option<String>,
    /// Where the server has people sent back to.
    pub(super) server_redirect_url: Option<String>,
    /// `code` or `device`.
    pub(super) flow: Option<&'static str>,
    /// As Kubernetes will see them.
    pub(super) user: Option<String>,
    pub(super) groups: Option<Vec<String>>,
    /// `ID token` or `UserInfo`.
    pub(super) groups_from: Option<&'static str>,
    /// What the ID token has, by name.
    pub(super) claims: Vec<String>,
    /// What UserInfo has, by name, if it was asked.
    pub(super) user_info_claims: Option<Vec<String>>,
    /// Whether the session could be confirmed once more; absent if the provider gave no refresh token.
    pub(super) refreshed: Option<bool>,
    pub(super) offers: Option<Offers>,
    pub(super) findings: Vec<Finding>,
}

impl Report {
    pub(super) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// For people; the first two lines are the predecessor's.
    pub(super) fn text(&self) -> String {
        let mut lines = Vec::new();
        if let Some(user) = &self.user {
            lines.push(format!("user: {user}"));
            lines.push(match self.groups.as_deref() {
                Some([]) | None if self.groups_from.is_none() => "no groups claim".to_owned(),
                groups => format!("groups: {}", groups.unwrap_or_default().join(", ")),
            });
            lines.push(String::new());
        }
        let mut line = |name: &str, value: Option<String>| {
            lines.extend(value.filter(|value| !value.is_empty()).map(|value| format!("{name:<19}{value}")));
        };
        line("issuer:", self.issuer.clone());
        line("client:", self.client_id.clone());
        line("server’s redirect:", self.server_redirect_url.clone());
        line(
            "signed in by:",
            self.flow
                .map(|flow| if flow == "code" { "authorization code, PKCE S256" } else { "device code" }.to_owned()),
        );
        line("groups come from:", self.groups_from.map(ToOwned::to_owned));
        line("ID token has:", Some(self.claims.join(", ")));
        line("UserInfo has:", self.user_info_claims.as_ref().map(|claims| claims.join(", ")));
        line("refresh:", self.refreshed.map(|works| if works { "works" } else { "does not work" }.to_owned()));
        if let Some(offers) = &self.offers {
            line("provider offers:", Some(offered(offers)));
            line("  PKCE:", Some(told(&offers.code_challenge_methods)));
            line("  signatures:", Some(told(&offers.algorithms)));
            line("  scopes:", Some(told(&offers.scopes)));
            line("  claims:", Some(told(&offers.claims)));
        }
        lines.extend(self.findings.iter().map(finding));
        lines.push(String::new());
        lines.push(
            if self.ok { "People can sign in." } else { "People cannot sign in, or it could not be found out." }
                .to_owned(),
        );
        lines.join("\n")
    }
}

fn finding(finding: &Finding) -> String {
    let mark = match finding.severity {
        Severity::Mistake => "MISTAKE",
        Severity::Warning => "warning",
    };
    format!("\n{mark} ({}): {}\n  → {}", finding.code, finding.says, finding.remedy)
}

fn offered(offers: &Offers) -> String {
    let all = [
        (offers.user_info, "UserInfo"),
        (offers.sign_out, "sign-out"),
        (offers.revocation, "revocation"),
        (offers.device_code, "device code"),
        (offers.scopes.iter().any(|scope| scope == "offline_access"), "offline_access"),
    ];
    let names: Vec<_> = all.into_iter().filter(|(offered, _)| *offered).map(|(_, name)| name).collect();
    if names.is_empty() { "nothing beyond signing in".to_owned() } else { names.join(", ") }
}

fn told(values: &[String]) -> String {
    if values.is_empty() { "it does not say".to_owned() } else { values.join(", ") }
}
