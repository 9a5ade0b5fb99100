//! The words of kubelets and of the scheduler.

use super::{Rules, rule};
use crate::Cause::{ConfigMissing, Credentials, ImagePull, Start, Tls, Unreachable, Unschedulable, Volume};

/// What a container waits for: its reason, a colon, its message.
pub(in crate::cause) const WAITING: Rules = &[
    rule(
        "CreateContainerConfigError: configmap \"{name}\" not found",
        ConfigMissing,
        "ConfigMap `{namespace}/{name}`, which container `{container}` needs, does not exist",
    ),
    rule(
        "CreateContainerConfigError: secret \"{name}\" not found",
        ConfigMissing,
        "Secret `{namespace}/{name}`, which container `{container}` needs, does not exist",
    ),
    rule(
        "CreateContainerConfigError: couldn't find key {key} in {kind} {name}",
        ConfigMissing,
        "{kind} `{name}` has no `{key}`, which container `{container}` needs",
    ),
    rule("CreateContainerConfigError: {why}", Start, "container `{container}` cannot be set up: {why}"),
    rule("exec: \"{program}\": {why}: unknown", Start, "container `{container}` cannot start `{program}`: {why}"),
    rule("CreateContainerError: {why}", Start, "container `{container}` cannot be created: {why}"),
    rule("RunContainerError: {why}", Start, "container `{container}` cannot be started: {why}"),
    rule("StartError: {why}", Start, "container `{container}` cannot be started: {why}"),
];

/// Why an image cannot be pulled; the causes are not told apart further on.
pub(in crate::cause) const IMAGE: Rules = &[
    rule("x509: {why}", Tls, "the registry’s certificate is not trusted: {why}"),
    rule("no such host", Unreachable, "the registry’s name cannot be resolved"),
    rule("connection refused", Unreachable, "the registry refuses connections"),
    rule("i/o timeout", Unreachable, "the registry does not answer"),
    rule("toomanyrequests: {why}", ImagePull, "too many requests: {why}"),
    rule("Too Many Requests", ImagePull, "too many requests"),
    rule("401 Unauthorized", Credentials, "the registry wants valid credentials"),
    rule("no basic auth credentials", Credentials, "the registry wants valid credentials"),
    rule("authentication required", Credentials, "the registry wants valid credentials"),
    rule(
        "authorization failed",
        Credentials,
        "the registry does not let its credentials in, or there is no such image",
    ),
    rule("403 Forbidden", Credentials, "the registry does not let its credentials in"),
    rule("access denied", Credentials, "the registry does not let its credentials in, or there is no such image"),
    rule("couldn't parse image", ImagePull, "that is no name of an image"),
    rule("no match for platform", ImagePull, "there is none for this kind of machine"),
    rule("is not present with pull policy of Never", ImagePull, "it is not on the machine, and it may not be pulled"),
    rule("manifest unknown", ImagePull, "not found"),
    rule("not found", ImagePull, "not found"),
];

/// Why volumes are not there.
pub(in crate::cause) const MOUNT: Rules = &[
    rule(
        "configmap \"{name}\" not found",
        ConfigMissing,
        "ConfigMap `{namespace}/{name}`, which pod `{pod}` mounts, does not exist",
    ),
    rule(
        "secret \"{name}\" not found",
        ConfigMissing,
        "Secret `{namespace}/{name}`, which pod `{pod}` mounts, does not exist",
    ),
    rule("references non-existent secret key: {key}", ConfigMissing, "a Secret that pod `{pod}` mounts has no `{key}`"),
    rule(
        "references non-existent config key: {key}",
        ConfigMissing,
        "a ConfigMap that pod `{pod}` mounts has no `{key}`",
    ),
    rule("{why}", Volume, "a volume of pod `{pod}` cannot be had: {why}"),
];

/// Why the scheduler finds no node.
pub(in crate::cause) const SCHEDULING: Rules = &[
    rule(
        "persistentvolumeclaim \"{name}\" not found",
        Volume,
        "PersistentVolumeClaim `{namespace}/{name}` of pod `{pod}` does not exist",
    ),
    rule(
        "persistentvolumeclaim \"{name}\" is being deleted",
        Volume,
        "PersistentVolumeClaim `{namespace}/{name}` of pod `{pod}` is being deleted",
    ),
    rule("nodes are available: {why}. no new claims to deallocate", Unschedulable, "no node takes pod `{pod}`: {why}"),
    rule("nodes are available: {why}. preemption:", Unschedulable, "no node takes pod `{pod}`: {why}"),
    rule("{why}", Unschedulable, "no node takes pod `{pod}`: {why}"),
];
