use std::fmt;

/// Where a value stands in a document: keys, and positions in lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(Vec<Step>);

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A key of a mapping.
    Key(String),
    /// A position in a list, from 0.
    Item(usize),
}

impl Path {
    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The keys on the way; what selectors look at and what an encrypted value is bound to.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Item(_) => None,
        })
    }

    /// What an encrypted value is bound to: the keys, each with a colon behind it. Positions in lists are left out.
    pub(crate) fn binding(&self) -> String {
        self.keys().fold(String::new(), |text, key| text + key + ":")
    }

    /// Goes one step further down.
    pub(crate) fn push(&mut self, step: Step) {
        self.0.push(step);
    }

    /// Goes one step back up.
    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if place == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Item(position) => write!(f, "[{position}]")?,
            }
        }
        if self.0.is_empty() { f.write_str("the document") } else { Ok(()) }
    }
}
