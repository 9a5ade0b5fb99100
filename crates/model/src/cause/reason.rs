use std::fmt;

/// What is at the root of an object's trouble, in general terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// Nothing that was found explains it.
    Unknown,
    /// What would explain it may not be read by whoever asks, or could not be read just now.
    Hidden,
    /// What held it back is as it should be by now; the controller has not looked again.
    Passing,
    /// What it waits for is still at work.
    AtWork,
    /// What it waits for was suspended.
    Suspended,
    /// It waits for somebody to approve it.
    Approval,
    /// Something that it depends on is not there, or depends on it in turn.
    Dependency,
    /// Its source is not there.
    SourceMissing,
    /// What the source is asked for is not there: a repository, a tag, a bucket, an index.
    NotFound,
    /// The repository has no such branch, tag or commit.
    NoBranch,
    /// Credentials are wanting, wrong or not sufficient.
    Credentials,
    /// A certificate or host key is not trusted.
    Tls,
    /// A signature is missing or not valid.
    Signature,
    /// Another machine does not answer.
    Unreachable,
    /// There is no such chart, or none of that version.
    ChartMissing,
    /// The source has no such path.
    PathMissing,
    /// `kustomize build` fails.
    Build,
    /// Something cannot be decrypted.
    Decryption,
    /// A chart's template fails.
    Template,
    /// Something from which values are taken is not there.
    ValuesMissing,
    /// Values are not what the chart allows.
    ValuesInvalid,
    /// A manifest is not valid.
    InvalidManifest,
    /// A field cannot be changed once it is there.
    Immutable,
    /// A kind is not installed.
    DefinitionMissing,
    /// A namespace is not there.
    NamespaceMissing,
    /// A Secret that a controller needs is not there, or does not hold what it should.
    SecretMissing,
    /// A right is missing.
    Forbidden,
    /// A webhook or policy refuses, or does not answer.
    Admission,
    /// Something belongs to somebody else.
    Conflict,
    /// A quota is used up.
    Quota,
    /// A `LimitRange` does not allow it.
    LimitRange,
    /// A Helm hook failed.
    Hook,
    /// A finalizer was not taken away.
    Finalizer,
    /// Something that was applied is not there any more.
    MemberMissing,
    /// Something that was applied, and runs nothing itself, says of itself that it is not as it should be.
    Unhealthy,
    /// An image cannot be pulled.
    ImagePull,
    /// A container crashes.
    Crash,
    /// A container uses more memory than it may.
    OutOfMemory,
    /// A probe fails.
    Probe,
    /// A container cannot be started.
    Start,
    /// A `ConfigMap` or Secret that a pod needs is not there.
    ConfigMissing,
    /// A volume cannot be had.
    Volume,
    /// No node takes the pod.
    Unschedulable,
    /// A node has thrown the pod out.
    Evicted,
}

impl Cause {
    /// In two or three words.
    pub fn word(self) -> &'static str {
        match self {
            Cause::Unknown => "unknown",
            Cause::Hidden => "not to be seen",
            Cause::Passing => "passing",
            Cause::AtWork => "at work",
            Cause::Suspended => "suspended",
            Cause::Approval => "waits for approval",
            Cause::Dependency => "dependency",
            Cause::SourceMissing => "source missing",
            Cause::NotFound => "not found",
            Cause::NoBranch => "no branch",
            Cause::Credentials => "credentials refused",
            Cause::Tls => "not trusted",
            Cause::Signature => "signature",
            Cause::Unreachable => "unreachable",
            Cause::ChartMissing => "chart missing",
            Cause::PathMissing => "path missing",
            Cause::Build => "build error",
            Cause::Decryption => "decryption",
            Cause::Template => "template error",
            Cause::ValuesMissing => "values missing",
            Cause::ValuesInvalid => "values not valid",
            Cause::InvalidManifest => "invalid manifest",
            Cause::Immutable => "immutable field",
            Cause::DefinitionMissing => "kind not installed",
            Cause::NamespaceMissing => "namespace missing",
            Cause::SecretMissing => "secret missing",
            Cause::Forbidden => "forbidden",
            Cause::Admission => "admission refused",
            Cause::Conflict => "conflict",
            Cause::Quota => "quota",
            Cause::LimitRange => "limit range",
            Cause::Hook => "hook failed",
            Cause::Finalizer => "finalizer",
            Cause::MemberMissing => "object missing",
            Cause::Unhealthy => "not healthy",
            Cause::ImagePull => "image pull",
            Cause::Crash => "crash loop",
            Cause::OutOfMemory => "out of memory",
            Cause::Probe => "probe",
            Cause::Start => "start failed",
            Cause::ConfigMissing => "configuration missing",
            Cause::Volume => "volume",
            Cause::Unschedulable => "unschedulable",
            Cause::Evicted => "evicted",
        }
    }

    /// Whether it explains anything: where it does not, the sentence says so.
    pub fn explains(self) -> bool {
        !matches!(self, Cause::Unknown | Cause::Hidden)
    }

    /// Whether it is more than what belongs to any start: a probe that fails at first, a volume that comes late.
    pub(super) fn outlasts_waiting(self) -> bool {
        matches!(
            self,
            Cause::ImagePull
                | Cause::Crash
                | Cause::OutOfMemory
                | Cause::Start
                | Cause::ConfigMissing
                | Cause::Unschedulable
                | Cause::Quota
                | Cause::LimitRange
                | Cause::Admission
        )
    }

    /// How much it tells: of several, the one that tells most is shown.
    pub(super) fn weight(self) -> u8 {
        match self {
            Cause::Unknown => 0,
            Cause::Passing => 1,
            Cause::Hidden => 2,
            Cause::AtWork => 3,
            _ => 4,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
