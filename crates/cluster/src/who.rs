//! Who somebody is, by the word of the API server (`SelfSubjectReview`, `authentication.k8s.io/v1`).

use fanlight_model::{Holder, Token};
use k8s_openapi::api::authentication::v1::{SelfSubjectReview, UserInfo};
use serde_json::json;

use crate::{
    ApiServer, ReadError,
    api_server::{As, Errand, Order, decode},
    doubt::is_refusal,
};

impl ApiServer {
    /// The server's own account, as the API server knows it.
    pub async fn own_name(&self) -> Result<String, ReadError> {
        let user = self.review_self(As::Itself, "the server’s own name").await?;
        Ok(user.username.unwrap_or_default())
    }

    /// Whom the API server takes the bearer of a token for; `None` if for nobody.
    ///
    /// Takes no right of the server's own: it is asked with that token alone.
    pub async fn who_holds(&self, token: &Token) -> Result<Option<Holder>, ReadError> {
        const WHAT: &str = "whose a token is";
        match self.review_self(As::Bearer(token), WHAT).await {
            Ok(user) => Ok(holder(&user, token)),
            // It does not know the token; or it does, and whoever it is of may not even ask who they are.
            Err(error) if is_refusal(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn review_self(&self, who: As<'_>, what: &str) -> Result<UserInfo, ReadError> {
        const PATH: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let order = Order::Create(review.to_string().into());
        let answered = self.run_beyond_doubt(&Errand { order, ..Errand::read(who, what, PATH) }).await?;
        let review: SelfSubjectReview = decode(what, &answered.body)?;
        Ok(review.status.and_then(|status| status.user_info).unwrap_or_default())
    }
}

/// Nobody, if the token was lost on the way and the API server speaks of whoever brings none.
fn holder(user: &UserInfo, token: &Token) -> Option<Holder> {
    let name = user.username.as_deref().filter(|name| *name != "system:anonymous")?;
    let groups = user.groups.iter().flatten().map(String::as_str);
    Holder::new(name, groups, token.clone()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_lost_the_token_on_the_way_is_nobody() {
        let user = |name: &str| UserInfo { username: Some(name.to_owned()), ..UserInfo::default() };
        let token = Token::new("abc").expect("a token");
        assert!(holder(&user("system:serviceaccount:ci:robot"), &token).is_some());
        assert_eq!(holder(&user("system:anonymous"), &token), None);
        assert_eq!(holder(&user(""), &token), None);
        assert_eq!(holder(&UserInfo::default(), &token), None);
    }
}
