/// One entry of `status.conditions` (Kubernetes API conventions, `metav1.Condition`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition<'a> {
    /// `Ready`, `Reconciling`, `Stalled`, …
    pub kind: &'a str,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// One word on why.
    pub reason: &'a str,
    /// A sentence for people.
    pub message: &'a str,
    /// When `status` last changed, in seconds since 1970.
    pub since: Option<i64>,
    /// The generation of the object it was written for (`observedGeneration`); 0 if the controller does not say.
    pub generation: i64,
}

impl Condition<'_> {
    /// Whether it is `True`.
    pub fn holds(&self) -> bool {
        self.status == ConditionStatus::True
    }
}

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionStatus {
    /// It does.
    True,
    /// It does not.
    False,
    /// The controller cannot tell, mostly because it is at work. Also any unexpected text.
    Unknown,
}

impl ConditionStatus {
    /// The status as Kubernetes writes it.
    pub fn read(text: &str) -> Self {
        match text {
            "True" => Self::True,
            "False" => Self::False,
            _ => Self::Unknown,
        }
    }

    /// As Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}
