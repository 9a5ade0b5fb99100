//! What is meant by what holds an object that is to be deleted.

use super::{Rules, rule};
use crate::Cause::{AtWork, Finalizer, Unreachable};

/// What has to happen before finalizers of Kubernetes itself are taken away.
pub(in crate::cause) const FINALIZERS: [(&str, &str); 5] = [
    ("kubernetes.io/pvc-protection", "a pod still uses it"),
    ("kubernetes.io/pv-protection", "a PersistentVolumeClaim is still bound to it"),
    ("customresourcecleanup.apiextensions.k8s.io", "there are still objects of the kind that it defines"),
    ("service.kubernetes.io/load-balancer-cleanup", "its load balancer is still there"),
    ("batch.kubernetes.io/job-tracking", "its Job has not counted it yet"),
];

/// Of a namespace: the type of a condition that holds, a colon, its message.
pub(in crate::cause) const NAMESPACE: Rules = &[
    rule(
        "NamespaceFinalizersRemaining: Some content in the namespace has finalizers remaining: {what}",
        Finalizer,
        "finalizers in it were not taken away: {what}",
    ),
    rule(
        "NamespaceDeletionDiscoveryFailure: {why}",
        Unreachable,
        "not everything that may be in it can be found: {why}",
    ),
    rule(
        "NamespaceDeletionGroupVersionParsingFailure: {why}",
        Unreachable,
        "not everything that may be in it can be found: {why}",
    ),
    rule("NamespaceDeletionContentFailure: {why}", Finalizer, "not everything in it can be deleted: {why}"),
    rule(
        "NamespaceContentRemaining: Some resources are remaining: {what}",
        AtWork,
        "there are still things in it: {what}",
    ),
];
