use std::sync::Arc;

use age::secrecy::SecretString;

use crate::value::Text;

/// Whoever answers questions while keys are used: for the passphrase of a key, for the PIN of a token.
pub trait Prompter: Send + Sync + 'static {
    /// Shows a message, such as that a token waits to be touched.
    fn show(&self, message: &str);

    /// Asks for a decision; `None` if there is nobody to ask. Without `no` it is a message to be acknowledged.
    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool>;

    /// Asks for something that may be seen; `None` if there is nobody to ask.
    fn line(&self, question: &str) -> Option<String>;

    /// Asks for a secret; `None` if there is nobody to ask.
    fn secret(&self, question: &str) -> Option<Text>;
}

/// Nobody to ask: keys that need an answer stay closed.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Prompter for Nobody {
    fn show(&self, _: &str) {}

    fn confirm(&self, _: &str, _: &str, _: Option<&str>) -> Option<bool> {
        None
    }

    fn line(&self, _: &str) -> Option<String> {
        None
    }

    fn secret(&self, _: &str) -> Option<Text> {
        None
    }
}

/// A prompter as plugins of age call it.
#[derive(Clone)]
pub(crate) struct Callbacks(pub(crate) Arc<dyn Prompter>);

impl age::Callbacks for Callbacks {
    fn display_message(&self, message: &str) {
        self.0.show(message);
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        self.0.confirm(message, yes, no)
    }

    fn request_public_string(&self, description: &str) -> Option<String> {
        self.0.line(description)
    }

    fn request_passphrase(&self, description: &str) -> Option<SecretString> {
        self.0.secret(description).map(|secret| secret.as_str().into())
    }
}
