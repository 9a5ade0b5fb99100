//! Why the API server does not take an object: said to controllers of Flux and of Kubernetes alike.

use super::{Rules, rule};
use crate::Cause::{Admission, ConfigMissing, Forbidden, LimitRange, NamespaceMissing, Quota};

pub(super) const RULES: Rules = &[
    rule(
        "exceeded quota: {quota}, requested: {requested}, used: {used}, limited: {limited}",
        Quota,
        "quota `{quota}` is used up: {requested} is wanted, {used} of {limited} is in use",
    ),
    rule("failed quota: {quota}: must specify {what}", Quota, "quota `{quota}` demands that pods say {what}"),
    rule(
        "maximum {what} usage per {unit} is {limit}, but {_} is {wanted}",
        LimitRange,
        "a LimitRange lets a {unit} have {limit} of {what} at most, not {wanted}",
    ),
    rule(
        "minimum {what} usage per {unit} is {limit}, but {_} is {wanted}",
        LimitRange,
        "a LimitRange demands {limit} of {what} for a {unit}, not {wanted}",
    ),
    rule(
        "{object} dry-run failed (Forbidden): admission webhook \"{hook}\" denied the request: {why}",
        Admission,
        "the admission webhook `{hook}` refuses {object:id}: {why}",
    ),
    rule(
        "{object} dry-run failed: admission webhook \"{hook}\" denied the request: {why}",
        Admission,
        "the admission webhook `{hook}` refuses {object:id}: {why}",
    ),
    rule(
        "admission webhook \"{hook}\" denied the request: {why}",
        Admission,
        "the admission webhook `{hook}` refuses it: {why}",
    ),
    rule("admission webhook \"{hook}\" denied the request", Admission, "the admission webhook `{hook}` refuses it"),
    rule(
        "{object} dry-run failed (InternalError): {_}failed calling webhook \"{hook}\": failed to call webhook: {_} \"{_}\": {why}",
        Admission,
        "the admission webhook `{hook}`, which is asked about {object:id}, does not answer: {why}",
    ),
    rule(
        "{object} dry-run failed (InternalError): {_}failed calling webhook \"{hook}\": {why}",
        Admission,
        "the admission webhook `{hook}`, which is asked about {object:id}, does not answer: {why}",
    ),
    rule(
        "failed calling webhook \"{hook}\": {why}",
        Admission,
        "the admission webhook `{hook}` does not answer: {why}",
    ),
    rule(
        "ValidatingAdmissionPolicy '{policy}' with binding '{_}' denied request: {why}",
        Admission,
        "the admission policy `{policy}` refuses it: {why}",
    ),
    rule("violates PodSecurity \"{level}\": {why}", Admission, "the pod security level `{level}` refuses it: {why}"),
    rule(
        "error looking up service account {account}: serviceaccount \"{_}\" not found",
        ConfigMissing,
        "service account `{account}`, as which its pods are to run, does not exist",
    ),
    rule(
        "User \"system:serviceaccount:{namespace}:{account}\" cannot {verb} resource \"{resource}\" in API group \"{_}\" in the namespace \"{where}\"",
        Forbidden,
        "service account `{namespace}/{account}` may not {verb} `{resource}` in namespace `{where}`",
    ),
    rule(
        "User \"system:serviceaccount:{namespace}:{account}\" cannot {verb} resource \"{resource}\" in API group \"{_}\" at the cluster scope",
        Forbidden,
        "service account `{namespace}/{account}` may not {verb} `{resource}` in the whole cluster",
    ),
    rule(
        "User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{_}\" in the namespace \"{where}\"",
        Forbidden,
        "user `{user}` may not {verb} `{resource}` in namespace `{where}`",
    ),
    rule(
        "User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{_}\" at the cluster scope",
        Forbidden,
        "user `{user}` may not {verb} `{resource}` in the whole cluster",
    ),
    rule(
        "attempting to grant RBAC permissions not currently held{_}",
        Forbidden,
        "the account that applies it would give away rights that it does not have itself",
    ),
    rule("namespaces \"{name}\" not found", NamespaceMissing, "namespace `{name}` does not exist"),
    rule("because it is being terminated", NamespaceMissing, "its namespace is being deleted"),
    rule(
        "no API token found for service account \"{account}\"",
        ConfigMissing,
        "service account `{account}` has no token",
    ),
];
