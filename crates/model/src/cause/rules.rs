//! What the words of controllers, kubelets and schedulers mean: tables, the more particular rule before the more general.

mod admission;
mod apply;
mod build;
mod conditions;
mod deletion;
mod images;
mod operator;
mod pods;
mod release;
mod source;
mod terraform;

use super::{Cause, pattern};
use crate::{cut, status::words};

pub(super) use conditions::telling;
pub(super) use deletion::{FINALIZERS, NAMESPACE};
pub(super) use pods::{IMAGE, MOUNT, SCHEDULING, WAITING};

/// If these words are found, this is the cause, and this is what a person would say.
pub(super) struct Rule {
    find: &'static str,
    cause: Cause,
    says: &'static str,
}

/// A table of rules.
pub(super) type Rules = &'static [Rule];

/// Of what a source says why it has nothing.
pub(super) const SOURCE: &[Rules] = &[source::RULES];
/// Of what a Kustomization says, and whatever else builds manifests and applies them.
pub(super) const APPLIER: &[Rules] = &[build::RULES, admission::RULES, apply::RULES];
/// Of what a HelmRelease says.
pub(super) const RELEASE: &[Rules] = &[release::RULES, admission::RULES, apply::RULES];
/// Of what the Flux Operator's objects say, which build manifests and apply them.
pub(super) const OPERATOR: &[Rules] = &[operator::RULES, build::RULES, admission::RULES, apply::RULES];
/// Of what is said of images and of what is pushed for them.
pub(super) const IMAGES: &[Rules] = &[images::RULES, source::RULES, admission::RULES, apply::RULES];
/// Of what a Terraform says.
pub(super) const TERRAFORM: &[Rules] = &[terraform::RULES, source::RULES, admission::RULES, apply::RULES];
/// Of what else Flux has.
pub(super) const OTHER: &[Rules] = &[source::RULES, admission::RULES, apply::RULES];
/// Of why no pod is created.
pub(super) const CREATION: &[Rules] = &[admission::RULES];

/// How much of one captured text is told.
const CAPTURED: usize = 240;

const fn rule(find: &'static str, cause: Cause, says: &'static str) -> Rule {
    Rule { find, cause, says }
}

/// What the first rule that fits makes of some words; `context` fills what no capture does.
///
/// A rule's sentence has names in braces. `{object:id}` makes of `Deployment/shop/cart` what people write.
pub(super) fn read(tables: &[Rules], said: &str, context: &[(&str, &str)]) -> Option<(Cause, String)> {
    // Go lists a single error like many; Terraform says what is wrong behind an empty line.
    let text = words::without_temporary_directories(said).replace("1 error occurred:\n\t* ", "");
    let text = text.replace("exit status 1\n\nError: ", "");
    tables.iter().copied().flatten().find_map(|rule| {
        let captures = pattern::find(rule.find, &text)?;
        let value = |name: &str| {
            let context = || context.iter().find(|(own, _)| *own == name).map(|(_, text)| *text);
            captures.get(name).or_else(context).unwrap_or_default()
        };
        Some((rule.cause, fill(rule.says, value)))
    })
}

fn fill<'a>(says: &str, value: impl Fn(&str) -> &'a str) -> String {
    let mut told = String::with_capacity(says.len());
    let mut rest = says;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, name)| Some((before, name.split_once('}')?)))
    {
        told.push_str(before);
        match name.strip_suffix(":id") {
            Some(name) => told.push_str(&identified(value(name))),
            None => told.push_str(&plain(value(name))),
        }
        rest = after;
    }
    told.push_str(rest);
    told
}

/// `Deployment/shop/cart` as people write it.
fn identified(id: &str) -> String {
    let id = plain(id);
    match id.split_once('/') {
        Some((kind, name)) => format!("{kind} `{name}`"),
        None => format!("`{id}`"),
    }
}

/// Words that may stand in a sentence: short, and without what would end a piece of code in it.
pub(super) fn plain(text: &str) -> String {
    let text = legible(text);
    cut(&words::timeouts(text.trim().trim_end_matches(['.', ',', ';', ':'])).replace('`', "'"), CAPTURED)
}

/// Words without what terminals are told by, such as colours.
pub(super) fn legible(text: &str) -> String {
    const ESCAPE: char = '\u{1b}';
    let mut parts = text.split(ESCAPE);
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let sequence = part.strip_prefix('[');
        let rest =
            sequence.and_then(|rest| rest.find(|end: char| ('@'..='~').contains(&end)).map(|end| &rest[end + 1..]));
        told.push_str(rest.unwrap_or(part));
    }
    told.chars().filter(|letter| !letter.is_control() || *letter == '\n').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_filled_from_captures_first_and_from_the_context_then() {
        let said = "configmap \"web\" not found";
        let (cause, told) = read(
            &[WAITING],
            &format!("CreateContainerConfigError: {said}"),
            &[("namespace", "shop"), ("container", "c`x")],
        )
        .expect("a rule");
        assert_eq!(cause, Cause::ConfigMissing);
        assert_eq!(told, "ConfigMap `shop/web`, which container `c'x` needs, does not exist");
    }

    #[test]
    fn what_terminals_are_told_by_is_left_out() {
        assert_eq!(legible("\u{1b}[1;31mERROR\u{1b}[0m: \u{7}no\u{1b}x\u{1b}["), "ERROR: nox[");
        assert_eq!(plain(" `a` fails. "), "'a' fails");
    }

    #[test]
    fn every_name_that_a_sentence_has_is_captured_or_known_from_where_it_is_said() {
        const CONTEXT: [&str; 4] = ["namespace", "pod", "container", "image"];
        for rule in [
            SOURCE,
            APPLIER,
            OPERATOR,
            IMAGES,
            TERRAFORM,
            RELEASE,
            OTHER,
            &[IMAGE, MOUNT, NAMESPACE, SCHEDULING, WAITING],
        ]
        .into_iter()
        .flatten()
        .copied()
        .flatten()
        {
            for name in rule.says.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name) {
                let name = name.trim_end_matches(":id");
                assert!(
                    rule.find.contains(&format!("{{{name}}}")) || CONTEXT.contains(&name),
                    "{name} of {}",
                    rule.find
                );
            }
        }
    }
}
