//! The words of kustomize-controller before anything is applied.

use super::{Rules, rule};
use crate::Cause::{Build, Decryption, InvalidManifest, PathMissing, SecretMissing, ValuesMissing};

pub(super) const RULES: Rules = &[
    rule(
        "kustomization path not found: stat {path}: no such file or directory",
        PathMissing,
        "the source has no path `{path}`",
    ),
    rule(
        "unable to read KubeConfig secret '{secret}' error: {_}\"{_}\" not found",
        SecretMissing,
        "Secret `{secret}`, the kubeconfig of the cluster it is for, does not exist",
    ),
    rule(
        "unable to read KubeConfig secret '{secret}' error: {why}",
        SecretMissing,
        "Secret `{secret}`, the kubeconfig of the cluster it is for, cannot be read: {why}",
    ),
    rule(
        "substitute from '{from}' error: {_}\"{_}\" not found",
        ValuesMissing,
        "{from:id}, from which variables are taken, does not exist",
    ),
    rule("variable not set (strict mode): \"{name}\"", ValuesMissing, "the variable `{name}` is not set"),
    rule("variable substitution failed: {why}", Build, "variables cannot be put in: {why}"),
    rule(
        "failed to decrypt and format '{file}': {_}0 successful groups required, got 0",
        Decryption,
        "`{file}` cannot be decrypted: no key opens it",
    ),
    rule("failed to decrypt and format '{file}': {why}", Decryption, "`{file}` cannot be decrypted: {why}"),
    rule("cannot get sops data key, {why}", Decryption, "a file of sops cannot be decrypted: {why}"),
    rule("cannot get sops data key", Decryption, "a file of sops cannot be decrypted: no key opens it"),
    rule(
        "failed to decode Kubernetes YAML from {file}: {_}yaml: line {line}: {why}",
        InvalidManifest,
        "`{file}` is not valid YAML at line {line}: {why}",
    ),
    rule(
        "yaml: line {line}: {why} in File: {file}",
        InvalidManifest,
        "`{file}` is not valid YAML at line {line}: {why}",
    ),
    rule(
        "failed to decode Kubernetes YAML from {file}: {why}",
        InvalidManifest,
        "`{file}` is not a valid manifest: {why}",
    ),
    rule(
        "accumulating resources from '{path}': {_}no such file or directory",
        Build,
        "a `kustomization.yaml` names `{path}`, which is not there",
    ),
    rule("no matches for Id {id};", Build, "a patch is for `{id}`, which is not among the resources"),
    rule("no matches for Id {id}", Build, "a patch is for `{id}`, which is not among the resources"),
    rule("may not add resource with an already registered id: {id}", Build, "`{id}` is among the resources twice"),
    rule("kustomize build failed: {why}", Build, "`kustomize build` fails: {why}"),
];
