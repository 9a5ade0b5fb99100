//! Those who make single requests with a token of their own, instead of signing in.

use std::time::{Duration, SystemTime};

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use fanlight_identity::{BearerError, Method, NotHeld, OidcDesk, OidcStanding, Session, SessionId, bearer_token};
use fanlight_model::{Identity, Token, TokenRefused, cut};

use crate::{
    App, allowance,
    audit::{Event, Reason, Who},
    request::Origin,
    sign_in::failed,
};

/// Why a token does not let anybody in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAdmitted {
    /// What the header holds is no token.
    #[error(transparent)]
    NoToken(#[from] TokenRefused),
    /// There are several, and nobody can say which counts.
    #[error("there is more than one Authorization header with a token")]
    Several,
    /// The API server does not know it.
    #[error(transparent)]
    NotHeld(#[from] NotHeld),
    /// The identity provider’s keys do not fit it, or who it is about may not come in.
    #[error(transparent)]
    Oidc(#[from] BearerError),
}

/// A token that was refused, as scripts are told.
#[derive(Debug)]
pub(crate) struct Refused {
    error: NotAdmitted,
    now: SystemTime,
}

/// Who makes a request by the header `Authorization`; `None` if there is no token in it, or tokens are not taken here.
pub(crate) async fn presented(parts: &mut Parts, app: &App) -> Result<Option<Session>, Refused> {
    if app.tokens.is_none() && id_tokens(app).is_none() {
        return Ok(None);
    }
    let headers = parts.headers.get_all(header::AUTHORIZATION).iter();
    let mut tokens = headers.filter_map(|value| bearer_token(&String::from_utf8_lossy(value.as_bytes())));
    let token = match (tokens.next(), tokens.next()) {
        (None, _) => return Ok(None),
        (Some(token), None) => token.map_err(NotAdmitted::from),
        (Some(_), Some(_)) => Err(NotAdmitted::Several),
    };
    // Every page asks twice.
    if let (Ok(token), Some(known)) = (&token, parts.extensions.get::<Known>())
        && known.0 == *token
    {
        return Ok(Some(known.1.clone()));
    }
    let Ok(origin) = Origin::from_request_parts(parts, app).await;
    let admitted = match token {
        Ok(token) => admit(app, &token, origin).await.map(|session| Known(token, session)),
        Err(error) => Err(error),
    };
    match admitted {
        Ok(known) => {
            let session = known.1.clone();
            parts.extensions.insert(known);
            Ok(Some(session))
        }
        Err(error) => {
            let method = if app.tokens.is_some() { Method::Token } else { Method::IdToken };
            let event = Event::not_signed_in(Reason::from(&error), None);
            app.audit.note(origin, &Who::stranger(method, None), &event);
            // What is wrong may quote the token's claims, which nobody has vouched for.
            tracing::info!(error = quotable(&error), request = %origin.request, "a token was refused");
            Err(Refused { error, now: (app.clock)() })
        }
    }
}

/// Whether a token that opened a stream still counts.
pub(crate) async fn holds(app: &App, session: &Session) -> bool {
    match (&session.identity, app.tokens.as_ref().or(app.id_tokens_go_on.as_ref())) {
        (Identity::Holder(holder), Some(desk)) => desk.still_holds(holder).await,
        _ => id_tokens(app).is_some(),
    }
}

/// The token of a request and whom it was found to be of.
#[derive(Clone)]
struct Known(Token, Session);

/// The API server is asked first, as the predecessor did; what it does not know may still be an ID token. Where ID tokens go
/// on to the API server, it alone says whose they are: by our own rules somebody might have another name.
async fn admit(app: &App, token: &Token, origin: Origin) -> Result<Session, NotAdmitted> {
    /// As long as a stream may last.
    const LONGEST: Duration = Duration::from_secs(3600);
    let now = (app.clock)();
    let open = |identity, method, ends| Session::unopened(SessionId::of_token(token), identity, method, now, ends);
    if let (Some(go_on), None) = (&app.id_tokens_go_on, &app.tokens) {
        let desk = id_tokens(app).ok_or(NotHeld::Unknown)?;
        let ends = desk.bearer(token.expose(), now).await?.expires.min(now + LONGEST);
        let holder = go_on.holder_vouched_for(token).await?;
        return Ok(open(Identity::Holder(holder), Method::IdToken, ends));
    }
    let unknown = match &app.tokens {
        None => None,
        Some(desk) => match desk.holder(token, origin.address).await {
            Ok(holder) => return Ok(open(Identity::Holder(holder), Method::Token, now + LONGEST)),
            Err(NotHeld::Unknown) if app.id_tokens_go_on.is_none() => Some(NotHeld::Unknown),
            Err(error) => return Err(error.into()),
        },
    };
    match (id_tokens(app), unknown) {
        (Some(desk), _) => {
            let bearer = desk.bearer(token.expose(), now).await?;
            for notice in &bearer.mapped.notices {
                tracing::info!(user = %bearer.mapped.identity.user(), %notice, "groups are not as the identity provider meant them");
            }
            Ok(open(bearer.mapped.identity, Method::IdToken, bearer.expires.min(now + LONGEST)))
        }
        (None, unknown) => Err(unknown.unwrap_or(NotHeld::Unknown).into()),
    }
}

/// Where ID tokens are verified, if a provider is set up.
fn id_tokens(app: &App) -> Option<&OidcDesk> {
    app.oidc.as_ref().filter(|desk| desk.standing() != OidcStanding::Off)
}

impl IntoResponse for Refused {
    /// The body is the predecessor's; what is wrong stands in the header that RFC 6750 §3 has for it.
    fn into_response(self) -> Response {
        let Self { error, now } = self;
        match &error {
            NotAdmitted::NotHeld(NotHeld::Throttled { wait } | NotHeld::Crowded { wait }) => {
                let mut answer = failed(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
                answer.headers_mut().extend(allowance::date(now, *wait).map(|date| (header::RETRY_AFTER, date)));
                answer
            }
            NotAdmitted::NotHeld(NotHeld::Unanswered(_)) | NotAdmitted::Oidc(BearerError::NotReady(_)) => {
                failed(StatusCode::SERVICE_UNAVAILABLE, "The token cannot be looked at now")
            }
            error => {
                let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{}\"", quotable(error));
                let answer = failed(StatusCode::UNAUTHORIZED, "Authentication required");
                ([(header::WWW_AUTHENTICATE, challenge)], answer).into_response()
            }
        }
    }
}

/// An error as that header can carry it.
fn quotable(error: &NotAdmitted) -> String {
    let plain = |letter: char| match letter {
        '“' | '”' | '’' | '"' => '\'',
        letter if letter.is_ascii_graphic() && letter != '\\' || letter == ' ' => letter,
        _ => '?',
    };
    let text: String = error.to_string().chars().map(plain).collect();
    cut(&text, 300).replace('…', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(error: NotAdmitted) -> Response {
        Refused { error, now: SystemTime::UNIX_EPOCH }.into_response()
    }

    #[test]
    fn what_is_wrong_with_a_token_is_said_in_a_header_that_nothing_can_break_out_of() {
        let evil = NotHeld::Unanswered("a\"b\\c\r\nd’é".to_owned());
        assert_eq!(quotable(&evil.into()), "a'b?c??d'?");
        let answer = refused(TokenRefused::Empty.into());
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        let challenge = &answer.headers()[header::WWW_AUTHENTICATE];
        assert_eq!(challenge, "Bearer error=\"invalid_token\", error_description=\"there is no token\"");
    }

    #[test]
    fn who_cannot_be_judged_now_is_not_told_that_the_token_is_bad() {
        let away = || "no connection".to_owned();
        for error in [NotHeld::Unanswered(away()).into(), NotAdmitted::Oidc(BearerError::NotReady(away()))] {
            assert_eq!(refused(error).status(), StatusCode::SERVICE_UNAVAILABLE);
        }
        let answer = refused(NotHeld::Throttled { wait: Duration::from_secs(3) }.into());
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(answer.headers().contains_key(header::RETRY_AFTER));
    }
}
