/// How an object needs another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bond {
    /// It is named in `spec.dependsOn`.
    Dependency,
    /// Its content comes from there.
    Source,
    /// It is the `HelmChart` that is made for a release.
    Chart,
}

impl Bond {
    /// What somebody would say of the one that needs the other: `depends on`.
    pub fn words(self) -> &'static str {
        match self {
            Bond::Dependency => "depends on",
            Bond::Source => "is made from",
            Bond::Chart => "has its chart from",
        }
    }
}
