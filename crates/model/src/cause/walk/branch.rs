use super::{Cause, Gap, Link};

/// One way from a thing to what explains it.
pub(in crate::cause) struct Branch {
    pub(in crate::cause) links: Vec<Link>,
    pub(in crate::cause) end: End,
}

/// Where a way ends.
pub(in crate::cause) struct End {
    pub(in crate::cause) cause: Cause,
    /// What a person would say of it, without a capital letter.
    pub(in crate::cause) because: String,
    /// What follows for the thing that the way began at, in the order in which it was found.
    pub(super) aside: Vec<String>,
    /// The thing that others wait for, and how many others there are in between.
    pub(super) awaited: Option<(String, usize)>,
    /// Whether the sentence says already who waits for whom.
    pub(super) is_whole: bool,
    pub(in crate::cause) gaps: Vec<Gap>,
    pub(in crate::cause) commands: Vec<String>,
}

impl Branch {
    pub(in crate::cause) fn new(cause: Cause, because: impl Into<String>) -> Self {
        let because = because.into();
        let end = End {
            cause,
            because,
            aside: Vec::new(),
            awaited: None,
            is_whole: false,
            gaps: Vec::new(),
            commands: Vec::new(),
        };
        Self { links: Vec::new(), end }
    }

    /// A way that ends where nothing more can be seen: `known` is what is certain.
    pub(super) fn hidden(known: &str, gap: Gap) -> Self {
        let mut branch = Self::new(Cause::Hidden, format!("{known}; why is not to be seen: {}", gap.said));
        branch.end.gaps.push(gap);
        branch
    }

    /// The best of what was found where only the first of many were looked at: unless that explains something, one of the
    /// others may. `known` is what is certain where nothing was found.
    pub(super) fn of_the_first(best: Option<Self>, known: &str, (looked_at, all): (usize, usize)) -> Option<Self> {
        if looked_at >= all || best.as_ref().is_some_and(Self::is_certain) {
            return best;
        }
        let gap = Gap::new(format!("only the first {looked_at} of {all} were looked at"));
        Some(match best {
            None => Self::hidden(known, gap),
            Some(branch) if matches!(branch.end.cause, Cause::Hidden | Cause::AtWork) => branch.gap(Some(gap)),
            Some(Self { links, end }) => Self { links, ..Self::hidden(&end.because, gap) },
        })
    }

    /// Whether it explains something.
    pub(in crate::cause) fn is_certain(&self) -> bool {
        !matches!(self.end.cause, Cause::Unknown | Cause::Passing | Cause::Hidden | Cause::AtWork)
    }

    /// With a step before the others.
    pub(in crate::cause) fn after(mut self, link: Link) -> Self {
        self.links.insert(0, link);
        self
    }

    /// With a last step.
    pub(in crate::cause) fn then(mut self, link: Link) -> Self {
        self.links.push(link);
        self
    }

    /// With a command by which to go on, if it has one.
    pub(super) fn command(mut self, command: Option<String>) -> Self {
        self.end.commands.extend(command);
        self
    }

    pub(super) fn gap(mut self, gap: Option<Gap>) -> Self {
        self.end.gaps.extend(gap);
        self
    }

    /// Of something that another one waits for, as `label`: why that one is not ready. `rest` is what its controller says of
    /// it, `demand` the expression by which it counts as ready, if that is not the usual.
    pub(in crate::cause) fn awaited(mut self, label: String, rest: &str, demand: Option<String>) -> Self {
        let is_certain = self.is_certain();
        let end = &mut self.end;
        match &mut end.awaited {
            _ if end.is_whole => {}
            Some((_, between)) => *between += 1,
            None if is_certain && end.cause != Cause::Suspended => {
                end.awaited = Some((label, 0));
            }
            None if end.cause == Cause::Passing => match demand {
                _ if rest.starts_with("revision") => {
                    end.because = format!("{label} has to apply the new revision first");
                }
                Some(expression) => {
                    end.cause = Cause::Dependency;
                    end.because = format!("{label} is ready, and not what `{expression}` demands of it");
                }
                None => end.because = format!("{label}, for which it waited, is ready by now; it looks again soon"),
            },
            None => {
                let known = end.because.strip_prefix(&label).and_then(|rest| rest.strip_prefix(" is "));
                end.because = match known {
                    Some(standing) => format!("it waits for {label}, which is {standing}"),
                    None => format!("it waits for {label}: {}", end.because),
                };
            }
        }
        self
    }

    /// Of the source of something, as `label`: why there is nothing to make that from.
    pub(in crate::cause) fn of_source(mut self, label: &str) -> Self {
        match self.end.cause {
            Cause::Passing => self.end.because = format!("source {label} is ready by now; it looks again soon"),
            Cause::Suspended => self.end.because = format!("source {label} is suspended and has no artifact"),
            _ if self.is_certain() && !self.end.is_whole => self = self.so(&format!("source {label} has no artifact")),
            _ => {}
        }
        self.end.is_whole = true;
        self
    }

    /// With what follows from the cause: `so Deployment … has none`.
    pub(in crate::cause) fn so(mut self, consequence: &str) -> Self {
        if self.is_certain() {
            let because = &mut self.end.because;
            // Behind a colon a comma would belong to the words quoted there.
            because.push_str(if because.contains(": ") { "; so " } else { ", so " });
            because.push_str(consequence);
        }
        self
    }
}

impl End {
    pub(in crate::cause) fn sentence(&self) -> String {
        let mut told = self.because.clone();
        if let Some((awaited, between)) = &self.awaited {
            let held = match between {
                0 => format!("; {awaited} fails by it, and this waits for it"),
                1 => format!("; {awaited} fails by it, and this waits for it by way of one other"),
                others => format!("; {awaited} fails by it, and this waits for it by way of {others} others"),
            };
            told.push_str(&held);
        }
        for aside in &self.aside {
            told.push_str("; ");
            told.push_str(aside);
        }
        told
    }
}
