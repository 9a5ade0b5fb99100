//! The words of the Flux Operator before anything is applied.

use super::{Rules, rule};
use crate::Cause::{Build, NotFound, Template, ValuesMissing};

pub(super) const RULES: Rules = &[
    rule(
        "template: {file}:{line}:{_}: executing {_} at <{value}>: {why}",
        Template,
        "the template fails at line {line}, at `{value}`: {why}",
    ),
    rule("template: {file}:{line}: {why}", Template, "the template is not valid at line {line}: {why}"),
    rule(
        "failed to get inputs from {name}: {_}\"{_}\" not found",
        ValuesMissing,
        "ResourceSetInputProvider `{name}`, from which it takes inputs, does not exist",
    ),
    rule(
        "duplicate resource {object} in step \"{one}\", already defined in step \"{other}\"",
        Build,
        "{object:id} is made in two steps, `{other}` and `{one}`",
    ),
    rule("no match found for semver: {range}", NotFound, "no version of Flux fits `{range}`"),
    rule(
        "downgrading from {from} to {to} is not supported",
        Build,
        "Flux cannot go back from `{from}` to `{to}`: it has to be installed anew",
    ),
];
