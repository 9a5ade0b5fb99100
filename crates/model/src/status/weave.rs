use super::{Condition, ConditionStatus};

/// The status words of Weave GitOps, which its API and saved links use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeaveStatus {
    /// As wanted.
    Ready,
    /// Anything that is none of the others.
    NotReady,
    /// At work.
    Reconciling,
    /// A Terraform plan waits for approval.
    PendingAction,
    /// Left alone.
    Suspended,
    /// Nothing was ever written.
    None,
}

impl WeaveStatus {
    /// The word as Weave GitOps writes it.
    pub fn word(self) -> &'static str {
        match self {
            WeaveStatus::Ready => "Ready",
            WeaveStatus::NotReady => "Not Ready",
            WeaveStatus::Reconciling => "Reconciling",
            WeaveStatus::PendingAction => "PendingAction",
            WeaveStatus::Suspended => "Suspended",
            WeaveStatus::None => "None",
        }
    }
}

/// The status and message that Weave GitOps would show: suspension first, then the first condition that is `Ready` or
/// `Available`; without one, whether any condition is `False`.
pub fn weave<'a>(suspended: bool, conditions: &[Condition<'a>]) -> (WeaveStatus, &'a str) {
    let main = conditions.iter().find(|condition| matches!(condition.kind, "Ready" | "Available"));
    let wrong = conditions.iter().find(|condition| condition.status == ConditionStatus::False);
    let message = main.or(wrong).or(conditions.first()).map_or("", |condition| condition.message);
    let status = match main {
        _ if suspended => WeaveStatus::Suspended,
        Some(condition) => match (condition.status, condition.reason) {
            (ConditionStatus::True, _) => WeaveStatus::Ready,
            (ConditionStatus::Unknown, "Progressing") => WeaveStatus::Reconciling,
            (ConditionStatus::Unknown, "TerraformPlannedWithChanges") => WeaveStatus::PendingAction,
            _ => WeaveStatus::NotReady,
        },
        None if conditions.is_empty() => WeaveStatus::None,
        None if wrong.is_some() => WeaveStatus::NotReady,
        None => WeaveStatus::Ready,
    };
    (status, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(kind: &'static str, status: &str, reason: &'static str) -> Condition<'static> {
        let message = kind;
        Condition { kind, status: ConditionStatus::read(status), reason, message, since: None, generation: 1 }
    }

    #[test]
    fn each_combination_gives_the_word_that_weave_gitops_gives() {
        let ready = |status, reason| condition("Ready", status, reason);
        for (suspended, conditions, word, message) in [
            (true, vec![ready("False", "BuildFailed")], "Suspended", "Ready"),
            (true, vec![], "Suspended", ""),
            (false, vec![ready("True", "Succeeded")], "Ready", "Ready"),
            (false, vec![condition("Available", "True", "MinimumReplicasAvailable")], "Ready", "Available"),
            (false, vec![ready("Unknown", "Progressing")], "Reconciling", "Ready"),
            (false, vec![ready("Unknown", "ProgressingWithRetry")], "Not Ready", "Ready"),
            (false, vec![ready("Unknown", "TerraformPlannedWithChanges")], "PendingAction", "Ready"),
            (false, vec![ready("False", "DependencyNotReady")], "Not Ready", "Ready"),
            (false, vec![condition("Reconciling", "True", "Progressing"), ready("False", "X")], "Not Ready", "Ready"),
            (false, vec![condition("A", "True", ""), condition("B", "False", "")], "Not Ready", "B"),
            (false, vec![condition("A", "True", ""), condition("B", "Unknown", "")], "Ready", "A"),
            (false, vec![], "None", ""),
        ] {
            let (status, said) = weave(suspended, &conditions);
            assert_eq!((status.word(), said), (word, message), "{conditions:?}");
        }
    }
}
