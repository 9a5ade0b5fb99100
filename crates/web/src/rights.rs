use std::sync::Arc;

use fanlight_model::{Deed, Form, Guise, Identity, Persona, Verdict};
use futures_util::future::BoxFuture;

/// As whom people go before the API server, and what it lets them do.
pub trait Rights: Send + Sync + 'static {
    /// As whom somebody who is impersonated goes before the API server: as known lately, or `anew`. Else why that is not
    /// known.
    fn guise(&self, who: &Persona, anew: bool) -> BoxFuture<'static, Result<Arc<Guise>, String>>;

    /// Whether the API server lets the person do this, and the server in their name.
    fn verdict(&self, who: &Identity, deed: &Deed) -> BoxFuture<'static, Verdict>;

    /// The server's own account, if the API server answers.
    fn own_name(&self) -> BoxFuture<'static, Option<String>>;

    /// In which form the server's own account may act for people.
    fn form(&self) -> BoxFuture<'static, Form>;
}
