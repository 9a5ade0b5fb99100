//! The words of tofu-controller, and of Terraform.

use super::{Rules, rule};
use crate::Cause::{Approval, Build, Conflict, SourceMissing};

pub(super) const RULES: Rules = &[
    rule(
        "set approvePlan: \"{plan}\" to approve this plan",
        Approval,
        "its plan `{plan}` waits for somebody to approve it",
    ),
    rule("Source '{object}' not found", SourceMissing, "{object:id}, its source, does not exist"),
    rule("Error acquiring the state lock", Conflict, "the state of Terraform is locked by somebody else"),
    rule("error running Init: {_}desc = {why}", Build, "`terraform init` fails: {why}"),
    rule("error running Plan: {_}desc = {why}", Build, "`terraform plan` fails: {why}"),
    rule("error running Apply: {_}desc = {why}", Build, "`terraform apply` fails: {why}"),
    rule("error running Destroy: {_}desc = {why}", Build, "`terraform destroy` fails: {why}"),
];
