use bytes::Bytes;
use fanlight_model::{Identity, Persona, Token};
use http::{HeaderValue, Method, Request, header};
use kube::client::Body;

use super::request;
use crate::{
    dress::Dress,
    lanes::{Class, LaneId},
};

/// In whose name a request is made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum As<'a> {
    /// The server's own account: for discovery, namespaces, the two sign-in Secrets and the record of ended sessions,
    /// nothing else.
    Itself,
    /// A person: impersonated, or by their own token.
    Person(&'a Identity),
    /// Whoever a token is of, which is not known so far.
    Bearer(&'a Token),
    /// The server's own account by its token, over the connections of those who bring theirs: to learn where these lead.
    Beside,
}

impl<'a> As<'a> {
    /// Who is impersonated, if anybody is.
    pub(crate) fn persona(self) -> Option<&'a Persona> {
        match self {
            As::Person(Identity::Impersonated(persona)) => Some(persona),
            As::Itself | As::Beside | As::Bearer(_) | As::Person(Identity::Holder(_)) => None,
        }
    }
}

/// What a short request does.
#[derive(Debug, Clone)]
pub(crate) enum Order {
    /// Reads what is there.
    Read,
    /// Creates this object.
    Create(Bytes),
    /// Changes what is there by a merge patch (RFC 7396), the only form in which anything is changed in somebody's name.
    Patch(Bytes),
    /// Deletes what is there, under these conditions (`DeleteOptions`).
    Delete(Bytes),
    /// Writes this object in place of the one of the version that it names: the server's own record, and nothing else.
    Replace(Bytes),
}

/// A request that is answered at once.
#[derive(Debug, Clone)]
pub(crate) struct Errand<'a> {
    pub(crate) who: As<'a>,
    /// What it is about, for errors.
    pub(crate) what: &'a str,
    pub(crate) path: &'a str,
    pub(crate) order: Order,
    /// In which form the answer is wanted.
    pub(crate) accept: &'static str,
    /// The lane that must carry it.
    pub(crate) lane: Option<LaneId>,
}

impl<'a> Errand<'a> {
    /// Plain JSON.
    pub(crate) const JSON: &'static str = "application/json";

    /// Reads what is at a path.
    pub(crate) fn read(who: As<'a>, what: &'a str, path: &'a str) -> Self {
        Self { who, what, path, order: Order::Read, accept: Self::JSON, lane: None }
    }

    pub(super) fn request(&self, dress: &Dress) -> Request<Body> {
        let mut request = request(dress, self.path, self.accept, Class::Short);
        let sent = match &self.order {
            Order::Read => None,
            Order::Create(object) => Some((Method::POST, Self::JSON, object)),
            Order::Patch(patch) => Some((Method::PATCH, "application/merge-patch+json", patch)),
            Order::Replace(object) => Some((Method::PUT, Self::JSON, object)),
            Order::Delete(conditions) => Some((Method::DELETE, Self::JSON, conditions)),
        };
        if let Some((method, form, body)) = sent {
            *request.method_mut() = method;
            *request.body_mut() = Body::from(body.clone());
            request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(form));
        }
        if let Some(lane) = self.lane {
            request.extensions_mut().insert(lane);
        }
        request
    }
}

/// An answer with the lane it came over.
pub(crate) struct Answered {
    pub(crate) lane: Option<LaneId>,
    pub(crate) body: Bytes,
}
