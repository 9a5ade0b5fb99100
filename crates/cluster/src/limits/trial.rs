use fanlight_model::{Answer, Deed, Face, Guise};
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::json;

use super::{
    disguise::{TOGETHER, deed, user},
    lore::Lore,
};
use crate::{
    ApiServer, ReadError,
    api_server::{As, Errand, Order},
};

impl ApiServer {
    /// Finds out by trying which parts of a face may be impersonated, where no review could tell; says whether one of them
    /// may not. What a refusal names is no help: it may speak of either form of impersonation.
    pub(super) async fn try_on(&self, lore: &Lore, face: &Face) -> Result<bool, ReadError> {
        let bare = || Face { groups: Vec::new(), ..face.clone() };
        let whole = user(face.form, face.user.as_str());
        if lore.is_open(&whole) && self.is_refused(lore, whole, bare()).await? {
            return Ok(true);
        }
        let groups = face.groups.iter().map(|group| (deed(face.form, "groups", group), group));
        let groups = groups.filter(|(deed, _)| lore.is_open(deed));
        let tried = groups.map(|(deed, group)| {
            let face = Face { groups: vec![group.clone()], ..bare() };
            self.is_refused(lore, deed, face).boxed()
        });
        let tried: Vec<_> = tried.collect();
        let refused: Vec<bool> = stream::iter(tried).buffered(TOGETHER).try_collect().await?;
        Ok(refused.contains(&true))
    }

    /// Whether a request in this guise is refused because of the guise; which is then known of the part that it is for.
    async fn is_refused(&self, lore: &Lore, part: Deed, face: Face) -> Result<bool, ReadError> {
        const WHAT: &str = "whether somebody may be impersonated";
        // What everybody may ask who gets that far, and the server is allowed to ask for others in every set-up.
        const PATH: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"nonResourceAttributes": {"path": "/readyz", "verb": "get"}}});
        let order = Order::Create(review.to_string().into());
        let errand = Errand { order, ..Errand::read(As::Itself, WHAT, PATH) };
        let answer = match self.ask_in(Guise { face: Some(face), left_out: Vec::new() }, &errand).await {
            Err(ReadError::NotImpersonated { .. }) => Answer::No,
            Ok(()) | Err(ReadError::Refused { code: http::StatusCode::FORBIDDEN, .. }) => Answer::Yes,
            Err(error) => return Err(error),
        };
        lore.note(part, answer);
        Ok(answer == Answer::No)
    }
}
