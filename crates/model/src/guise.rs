use crate::UserName;

/// As whom somebody goes before the API server: what of their identity the server's own account may impersonate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guise {
    /// As whom; `None` if neither the person nor a member in their place may be impersonated.
    pub face: Option<Face>,
    /// Groups of theirs that may not be impersonated, sorted: Kubernetes would refuse the whole request because of one.
    pub left_out: Vec<Box<str>>,
}

/// User and groups as the API server is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// The user name.
    pub user: UserName,
    /// The groups, sorted.
    pub groups: Vec<Box<str>>,
    /// The person, where the user name is [`Face::MEMBER`]: told in the extra [`Face::EXTRA`].
    pub person: Option<UserName>,
    /// By which form of impersonation.
    pub form: Form,
}

/// A form in which Kubernetes lets one account act as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// By the verb `impersonate`: all that the other may do.
    Classic,
    /// By the verb `impersonate:user-info`: what `impersonate-on:user-info:…` lists as well.
    UserInfo,
    /// The same for service accounts: `impersonate:serviceaccount`.
    ServiceAccount,
}

impl Face {
    /// The user name where only groups may be impersonated, since Kubernetes accepts none without a user.
    pub const MEMBER: &str = "fanlight:member";
    /// The extra that names the person then.
    pub const EXTRA: &str = "fanlight.dev/user";
}

impl Form {
    /// The verb that allows to be somebody.
    pub fn verb(self) -> &'static str {
        match self {
            Form::Classic => "impersonate",
            Form::UserInfo => "impersonate:user-info",
            Form::ServiceAccount => "impersonate:serviceaccount",
        }
    }

    /// The verb that allows to do something as somebody; none is needed in the classic form.
    pub fn verb_on(self, verb: &str) -> Option<String> {
        match self {
            Form::Classic => None,
            Form::UserInfo => Some(format!("impersonate-on:user-info:{verb}")),
            Form::ServiceAccount => Some(format!("impersonate-on:serviceaccount:{verb}")),
        }
    }

    /// The API group in which rules name users, groups and service accounts.
    pub fn group(self) -> &'static str {
        match self {
            Form::Classic => "",
            Form::UserInfo | Form::ServiceAccount => "authentication.k8s.io",
        }
    }
}
