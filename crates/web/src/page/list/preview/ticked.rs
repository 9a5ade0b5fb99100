//! The same for rows that somebody has ticked.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use fanlight_model::ObjectKey;

use super::{About, Line, Matching, Preview};
use crate::{
    App,
    action::{Wish, sign_in_again},
    audit::{Event, Outcome, Page, Seen, Who},
    frame::Frame,
    page::list::{Note, Which},
    request::Origin,
    signed::{Signed, seen, visitor},
};

/// Shows what an action would do to several objects; with one alone it is done, as a button on the object's page does it.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Which(page): Which,
    uri: Uri,
    headers: HeaderMap,
    Signed(session): Signed,
    origin: Origin,
    body: Bytes,
) -> Response {
    let Some(session) = session else { return sign_in_again(&app, &headers, &body) };
    let wish = match Wish::read(&app.base, &body) {
        Ok(wish) => wish,
        Err(problem) => return (StatusCode::BAD_REQUEST, problem).into_response(),
    };
    if wish.keys.len() == 1 {
        // The same form, at the address that acts.
        return Redirect::temporary(&format!("{}/actions", app.base)).into_response();
    }
    let frame = Frame { here: wish.back.clone(), ..Frame::of(&app, &session, &headers, &uri) }.at(page.place);
    if let Err(wait) = app.previews.attempt(&session.identity) {
        return crate::page::message::previewed_too_often(frame, origin.request, (app.clock)(), wait);
    }
    let kinds: BTreeSet<_> = wish.keys.iter().map(|key| key.kind).filter(|kind| page.kinds.contains(kind)).collect();
    let mut visit = app.live.visit(&visitor(&app, &session), &kinds.into_iter().collect::<Vec<_>>()).await;
    let matching = Matching::ticked(&mut visit, &wish.keys);
    let mut lines = matching.forecast(&app, &session.identity, &frame, &wish.action).await;
    let is_there = |key: &ObjectKey| matching.rows.iter().any(|row| row.key == *key);
    lines.extend(wish.keys.iter().filter(|key| !is_there(key)).map(|key| Line::unseen(key, &frame)));
    let note = Note::of(matching.freshness, (app.clock)());
    let about = About::ticked(page, wish.back.clone(), wish.keys.len());
    let comment = wish.comment();
    let preview = Preview::new(page, &frame, about, (&wish.action, wish.name.clone()), lines);
    let response =
        crate::page::html(StatusCode::OK, &Preview { note, comment, refused: matching.refuses(), ..preview });
    let (page, outcome) = (Page::List(page.path), Outcome::Done);
    app.audit.note(origin, &Who::signed(&session), &Event::View { page, seen: Seen::rows(&visit), outcome });
    seen(&app, &headers, &session, response)
}
