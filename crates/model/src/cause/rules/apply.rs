//! Why an object cannot be applied as it is written.

use super::{Rules, rule};
use crate::Cause::{Conflict, DefinitionMissing, Forbidden, Immutable, InvalidManifest, SecretMissing};

pub(super) const RULES: Rules = &[
    rule(
        "{object} dry-run failed (Invalid): {_} is invalid: {field}: Invalid value: {_}: field is immutable",
        Immutable,
        "`{field}` of {object:id} cannot be changed once it is there",
    ),
    rule(
        "cannot patch \"{name}\" with kind {kind}: {_} is invalid: {field}: Invalid value: {_}: field is immutable",
        Immutable,
        "`{field}` of {kind} `{name}` cannot be changed once it is there",
    ),
    rule(
        "failed for object {name} {_}, Kind={kind}: {_} is invalid: {field}: Invalid value: {_}: field is immutable",
        Immutable,
        "`{field}` of {kind} `{name}` cannot be changed once it is there",
    ),
    rule(
        "{object} dry-run failed (Invalid): {_} is invalid: {field}: {why}",
        InvalidManifest,
        "{object:id} is not valid: `{field}`: {why}",
    ),
    rule(
        "cannot patch \"{name}\" with kind {kind}: {_} is invalid: {field}: {why}",
        InvalidManifest,
        "{kind} `{name}` is not valid: `{field}`: {why}",
    ),
    rule(
        "failed for object {name} {_}, Kind={kind}: {_} is invalid: {field}: {why}",
        InvalidManifest,
        "{kind} `{name}` is not valid: `{field}`: {why}",
    ),
    rule(
        "failed to create typed patch object ({name}; {_}Kind={kind}): {field}: {why}",
        InvalidManifest,
        "{kind} `{name}` is not valid: `{field}`: {why}",
    ),
    rule(
        "{object} dry-run failed: no matches for kind \"{kind}\" in version \"{version}\"",
        DefinitionMissing,
        "the kind {kind} of `{version}`, of which {object:id} is, is not installed",
    ),
    rule(
        "no matches for kind \"{kind}\" in version \"{version}\"",
        DefinitionMissing,
        "the kind {kind} of `{version}` is not installed",
    ),
    rule(
        "could not find the requested resource",
        DefinitionMissing,
        "a kind is not installed, or not in the version that is asked for",
    ),
    rule(
        "Apply failed with {_}: conflict with \"{manager}\"",
        Conflict,
        "fields that are to be changed belong to `{manager}`",
    ),
    rule(
        "Apply failed with {_}: conflicts with \"{manager}\"",
        Conflict,
        "fields that are to be changed belong to `{manager}`",
    ),
    rule(
        "serviceaccounts \"{account}\" not found",
        Forbidden,
        "service account `{account}`, as which it is applied, does not exist",
    ),
    rule("secrets \"{secret}\" not found", SecretMissing, "Secret `{secret}` does not exist"),
];
