//! What the programs of a control plane are started with.

use std::path::Path;

use super::Options;
use crate::{TrustedIssuer, authorizer, certificates::Certificates};

/// What the API server keeps account of.
pub(super) const AUDIT_POLICY: &str = "
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, nonResourceURLs: ['/readyz*', '/livez*', '/healthz*']}
- {level: Metadata}
";

/// etcd, for one control plane alone.
pub(super) fn etcd(folder: &Path, port: u16, peer_port: u16) -> Vec<String> {
    let (url, peer) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{peer_port}"));
    vec![
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls={url}"),
        format!("--advertise-client-urls={url}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        "--unsafe-no-fsync".to_owned(),
    ]
}

/// kube-apiserver.
pub(super) fn api_server(
    folder: &Path,
    certificates: &Certificates,
    etcd_port: u16,
    port: u16,
    options: &Options,
) -> Vec<String> {
    let file = |path: &Path| path.display().to_string();
    let mut arguments = vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd_port}"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        format!("--tls-cert-file={}", file(&certificates.server.certificate)),
        format!("--tls-private-key-file={}", file(&certificates.server.key)),
        format!("--client-ca-file={}", file(&certificates.ca)),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={}", file(&certificates.service_accounts.with_extension("pub"))),
        format!("--service-account-signing-key-file={}", file(&certificates.service_accounts)),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(),
        // Machines have no names that could be found.
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        format!("--audit-policy-file={}", folder.join("audit-policy.yaml").display()),
        format!("--audit-log-path={}", folder.join("audit.log").display()),
        format!("--goaway-chance={}", options.goaway_chance),
        format!("--feature-gates=WatchList={}", !options.refuses_streaming_lists),
    ];
    arguments.extend(options.oidc.iter().flat_map(TrustedIssuer::arguments));
    arguments.extend(authorizer::arguments(folder, options.authorizer.is_some()));
    arguments
}

/// kube-controller-manager.
pub(super) fn controller_manager(folder: &Path, certificates: &Certificates) -> Vec<String> {
    vec![
        format!("--kubeconfig={}", folder.join("admin.kubeconfig").display()),
        format!("--service-account-private-key-file={}", certificates.service_accounts.display()),
        format!("--root-ca-file={}", certificates.ca.display()),
        // Alone, but with a lease to be seen; it must not give up when a test stops the API server for a while.
        "--leader-elect-lease-duration=300s".to_owned(),
        "--leader-elect-renew-deadline=240s".to_owned(),
        "--secure-port=0".to_owned(),
    ]
}
