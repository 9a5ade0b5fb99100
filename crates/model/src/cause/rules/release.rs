//! The words of helm-controller and of Helm.

use super::{Rules, rule};
use crate::Cause::{Conflict, Hook, InvalidManifest, SecretMissing, Template, ValuesInvalid, ValuesMissing};

pub(super) const RULES: Rules = &[
    rule(
        "could not resolve {kind} chart values reference '{name}' with key '{_}': {_}\"{_}\" not found",
        ValuesMissing,
        "{kind} `{name}`, from which it takes values, does not exist",
    ),
    rule(
        "could not resolve {kind} chart values reference '{name}' with key '{key}': {why}",
        ValuesMissing,
        "{kind} `{name}`, from which it takes values, has no usable `{key}`: {why}",
    ),
    rule(
        "kubeconfig secret '{secret}': {_}\"{_}\" not found",
        SecretMissing,
        "Secret `{secret}`, the kubeconfig of the cluster it is for, does not exist",
    ),
    rule(
        "execution error at ({file}:{line}:{_}): {why}",
        Template,
        "the chart’s template `{file}` ends at line {line}: {why}",
    ),
    rule(
        "template: {file}:{line}:{_}: executing {_} at <{value}>: {why}",
        Template,
        "the chart’s template `{file}` fails at line {line}, at `{value}`: {why}",
    ),
    rule(
        "parse error at ({file}:{line}): {why}",
        Template,
        "the chart’s template `{file}` is not valid at line {line}: {why}",
    ),
    rule(
        "YAML parse error on {file}: {_}yaml: line {line}: {why}",
        InvalidManifest,
        "what the chart’s `{file}` becomes is not valid YAML at line {line}: {why}",
    ),
    rule(
        "YAML parse error on {file}: {why}",
        InvalidManifest,
        "what the chart’s `{file}` becomes is not valid YAML: {why}",
    ),
    rule(
        "values don't meet the specifications of the schema",
        ValuesInvalid,
        "the values are not what the chart’s schema allows",
    ),
    rule(
        "Unable to continue with {_}: {kind} \"{name}\" in namespace \"{namespace}\" exists and cannot be imported into the current release: {why}",
        Conflict,
        "{kind} `{namespace}/{name}` is there already and is not of this release: {why}",
    ),
    rule(
        "another operation (install/upgrade/rollback) is in progress",
        Conflict,
        "another Helm operation on the release is under way, or was cut off",
    ),
    rule("cannot re-use a name that is still in use", Conflict, "a release of that name is there already"),
    rule("pre-install hooks failed: {why}", Hook, "the chart’s pre-install hook failed: {why}"),
    rule("post-install hooks failed: {why}", Hook, "the chart’s post-install hook failed: {why}"),
    rule("pre-upgrade hooks failed: {why}", Hook, "the chart’s pre-upgrade hook failed: {why}"),
    rule("post-upgrade hooks failed: {why}", Hook, "the chart’s post-upgrade hook failed: {why}"),
    rule("failed pre-install: {why}", Hook, "the chart’s pre-install hook failed: {why}"),
    rule("failed post-install: {why}", Hook, "the chart’s post-install hook failed: {why}"),
    rule("failed pre-upgrade: {why}", Hook, "the chart’s pre-upgrade hook failed: {why}"),
    rule("failed post-upgrade: {why}", Hook, "the chart’s post-upgrade hook failed: {why}"),
    rule("failed pre-delete: {why}", Hook, "the chart’s pre-delete hook failed: {why}"),
];
