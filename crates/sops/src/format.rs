use std::path::Path;

use crate::{
    error::SyntaxError,
    json,
    value::{Map, Text, Value},
    yaml,
};

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML, one document.
    Yaml,
    /// JSON.
    Json,
}

impl Format {
    /// The format that sops takes a file of this name for, if it is one of those read here.
    pub fn of(file: &Path) -> Option<Self> {
        match file.extension()?.to_str()? {
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// Its name, as sops calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
        }
    }

    /// Reads a document in clear, such as a kubeconfig before it is sealed.
    pub fn read(self, text: &str) -> Result<Map, SyntaxError> {
        match self {
            Self::Yaml => yaml::read(text),
            Self::Json => json::read(text),
        }
    }

    /// Writes a document in clear; it is wiped when it is let go.
    pub fn write(self, tree: &Map) -> Text {
        match self {
            Self::Yaml => yaml::write(tree),
            Self::Json => json::write(tree),
        }
    }

    /// Whether this format can carry a leaf.
    pub(crate) fn carries(self, leaf: &Value) -> bool {
        self == Self::Yaml || !matches!(leaf, Value::Float(number) if !number.is_finite())
    }
}
