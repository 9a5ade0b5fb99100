//! What was asked for in vain: one line each for the log.

use super::Arguments;

/// Variables that have no effect, with what that means.
const VARIABLES: [(&str, &str); 3] = [
    ("WEAVE_GITOPS_USERS_CLIENTS_TTL", "there are no clients for each user that could be kept"),
    ("WEAVE_GITOPS_KUBE_CLIENT_TIMEOUT", "requests have time limits of their own"),
    ("WEAVE_GITOPS_FALLBACK_NAMESPACE", "Flux is found in every namespace"),
];

/// Features that have no effect when they are switched on, with what that means.
const FEATURES: [(&str, &str); 3] = [
    ("WEAVE_GITOPS_FEATURE_USE_USER_CLIENT_FOR_NAMESPACES", "namespaces are listed by the server's own account"),
    ("WEAVE_GITOPS_FEATURE_DEV_MODE", "it would let anybody in, and is never offered"),
    ("WEAVE_GITOPS_FEATURE_TELEMETRY", "nothing is reported to anybody"),
];

impl Arguments {
    /// What was asked for by flags and variables and has no effect.
    pub(crate) fn notices(&self, environment: &[(String, String)]) -> Vec<String> {
        let mut notices = self.flag_notices();
        let variables = VARIABLES.iter().filter(|(name, _)| environment.iter().any(|(set, _)| set == name));
        let is_on = |name: &str| environment.iter().any(|(set, value)| set == name && value == "true");
        let features = FEATURES.iter().filter(|(name, _)| is_on(name));
        notices.extend(variables.chain(features).map(|(name, why)| format!("{name} has no effect: {why}")));
        notices
    }

    fn flag_notices(&self) -> Vec<String> {
        let is_open = self.sign_in.insecure_no_authentication_user.is_some();
        let flags = [
            (
                "--oidc-issuer-url",
                self.single_sign_on.is_given() && !self.has_single_sign_on(),
                if is_open { "nobody signs in" } else { "--auth-methods is without oidc" },
            ),
            ("--metrics-address", self.accounts.is_address_in_vain(), "--enable-metrics is not given"),
            (
                "--notification-controller-address",
                self.without_effect.notification_controller_address.is_some(),
                "nothing is asked of the notification controller",
            ),
            (
                "--use-k8s-cached-clients",
                self.without_effect.use_k8s_cached_clients,
                "watches are always shared, each user seeing only what they may",
            ),
        ];
        let mut notices: Vec<_> = flags
            .into_iter()
            .filter(|(_, given, _)| *given)
            .map(|(flag, _, why)| format!("{flag} has no effect: {why}"))
            .collect();
        if !is_open && !self.has_emergency_user() {
            notices.push(
                "--auth-methods is without user-account: while the identity provider is down, nobody can sign in"
                    .to_owned(),
            );
        }
        notices
    }
}

/// The variables that the sign-in page and scripts may read as feature flags.
pub(crate) fn features(environment: &[(String, String)]) -> std::collections::BTreeMap<String, String> {
    environment.iter().filter(|(name, _)| name.starts_with("WEAVE_GITOPS_FEATURE")).cloned().collect()
}
