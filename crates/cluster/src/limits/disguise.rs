use fanlight_model::{Answer, Deed, Face, Form, Guise, Persona, UserName};
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};

use super::lore::Lore;
use crate::{ApiServer, ReadError};

/// Questions at a time about one person's groups.
pub(super) const TOGETHER: usize = 8;

/// Being somebody, or a part of somebody, in the words of access rules; an empty name stands for all.
pub(super) fn deed(form: Form, resource: &str, name: &str) -> Deed {
    let deed = Deed { verb: form.verb().to_owned(), resource: resource.to_owned(), ..Deed::default() };
    Deed { group: form.group().to_owned(), name: name.to_owned(), ..deed }
}

/// The same of a user, or of a service account, whichever has this name.
pub(super) fn user(form: Form, name: &str) -> Deed {
    let account = name.strip_prefix("system:serviceaccount:").and_then(|account| account.split_once(':'));
    match account {
        Some((namespace, account)) => {
            Deed { namespace: namespace.to_owned(), ..deed(form, "serviceaccounts", account) }
        }
        None => deed(form, "users", name),
    }
}

/// In either form, extras have the API group of the newer one.
fn person(form: Form, name: &str) -> Deed {
    let subresource = Face::EXTRA.to_owned();
    Deed { subresource, group: Form::UserInfo.group().to_owned(), ..deed(form, "userextras", name) }
}

fn forms(user: &UserName) -> [Form; 2] {
    [Form::Classic, if is_account(user) { Form::ServiceAccount } else { Form::UserInfo }]
}

fn is_account(user: &UserName) -> bool {
    user.as_str().starts_with("system:serviceaccount:")
}

impl ApiServer {
    /// The guise that hides the least of a person: in their own name if possible, else as a member of their groups.
    pub(super) async fn disguise(&self, lore: &Lore, who: &Persona) -> Result<Guise, ReadError> {
        let groups: Vec<&str> = who.groups().collect();
        let mut best: Option<Face> = None;
        for form in forms(who.user()) {
            if self.user_allowed(lore, form, who.user()).await? == Answer::No {
                continue;
            }
            let allowed = self.allowed(lore, form, &groups).await?;
            if best.as_ref().is_none_or(|best| best.groups.len() < allowed.len()) {
                best = Some(Face { user: who.user().clone(), groups: allowed, person: None, form });
            }
            if best.as_ref().is_some_and(|best| best.groups.len() == groups.len()) {
                break;
            }
        }
        let face = match best {
            Some(face) => Some(face),
            None => self.member(lore, who, &groups).await?,
        };
        let kept = |group: &str| face.as_ref().is_some_and(|face| face.groups.iter().any(|kept| **kept == *group));
        let left_out = groups.iter().filter(|group| !kept(group)).map(|group| Box::from(*group)).collect();
        Ok(Guise { face, left_out })
    }

    async fn user_allowed(&self, lore: &Lore, form: Form, name: &UserName) -> Result<Answer, ReadError> {
        // Whoever may be all users may not be service accounts for that.
        if !is_account(name) && self.own(lore, deed(form, "users", "")).await? == Answer::Yes {
            return Ok(Answer::Yes);
        }
        self.own(lore, user(form, name.as_str())).await
    }

    /// A member in the person's place. Who has no group that could be named is no member of anything.
    async fn member(&self, lore: &Lore, who: &Persona, groups: &[&str]) -> Result<Option<Face>, ReadError> {
        let Ok(member) = UserName::new(Face::MEMBER) else { return Ok(None) };
        for form in forms(&member) {
            let allowed = self.allowed(lore, form, groups).await?;
            if !allowed.is_empty()
                && self.own(lore, user(form, Face::MEMBER)).await? == Answer::Yes
                && (self.own(lore, person(form, "")).await? == Answer::Yes
                    || self.own(lore, person(form, who.user().as_str())).await? == Answer::Yes)
            {
                return Ok(Some(Face { user: member, groups: allowed, person: Some(who.user().clone()), form }));
            }
        }
        Ok(None)
    }

    /// Those of the groups that are not known to be refused.
    async fn allowed(&self, lore: &Lore, form: Form, groups: &[&str]) -> Result<Vec<Box<str>>, ReadError> {
        // Kubernetes gives service accounts their groups itself in this form, and takes no others.
        if groups.is_empty() || form == Form::ServiceAccount {
            return Ok(Vec::new());
        }
        if self.own(lore, deed(form, "groups", "")).await? == Answer::Yes {
            return Ok(groups.iter().map(|group| Box::from(*group)).collect());
        }
        let asked: Vec<_> = groups.iter().map(|group| self.own(lore, deed(form, "groups", group)).boxed()).collect();
        let answers: Vec<Answer> = stream::iter(asked).buffered(TOGETHER).try_collect().await?;
        let named = groups.iter().zip(answers).filter(|(_, answer)| *answer != Answer::No);
        Ok(named.map(|(group, _)| Box::from(*group)).collect())
    }
}
