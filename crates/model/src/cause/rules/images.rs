//! The words of image-reflector-controller and image-automation-controller.

use super::{Rules, rule};
use crate::Cause::{Conflict, Credentials, Forbidden, InvalidManifest, NoBranch, SecretMissing, Template};

pub(super) const RULES: Rules = &[
    rule("could not parse reference: {name}", InvalidManifest, "`{name}` is no name of an image"),
    rule("unable to determine latest version from provided list", NoBranch, "none of the image’s tags fits the policy"),
    rule("version list argument cannot be empty", NoBranch, "the image has no tags that pass the policy’s filter"),
    rule("invalid policy: {why}", InvalidManifest, "the policy is not valid: {why}"),
    rule("push spec not provided", InvalidManifest, "it is not said to which branch it pushes"),
    rule(
        "failed to push to remote: authentication required: {why}",
        Credentials,
        "the server wants valid credentials: {why}",
    ),
    rule("failed to push to remote: authentication required", Credentials, "the server wants valid credentials"),
    rule("failed to push to remote: authorization failed", Credentials, "the server does not let its credentials push"),
    rule("command error on {name}: {why}", Forbidden, "the server does not take what is pushed to `{name}`: {why}"),
    rule("non-fast-forward update: {name}", Conflict, "somebody else has pushed to `{name}` meanwhile"),
    rule(
        "could not find signing key secret '{secret}': {_}\"{_}\" not found",
        SecretMissing,
        "Secret `{secret}`, with which it signs, does not exist",
    ),
    rule(
        "signing key secret '{secret}' does not contain a '{key}' key",
        SecretMissing,
        "Secret `{secret}`, with which it signs, has no `{key}`",
    ),
    rule(
        "unable to create commit message template from spec: {why}",
        Template,
        "the template of commit messages is not valid: {why}",
    ),
    rule("failed to run template from spec: {why}", Template, "the template of commit messages fails: {why}"),
];
