//! From a face to the headers of a request.

use fanlight_model::Face;
use http::{HeaderMap, HeaderName, HeaderValue};

const USER: HeaderName = HeaderName::from_static("impersonate-user");
const GROUP: HeaderName = HeaderName::from_static("impersonate-group");
/// [`Face::EXTRA`] as a header can name it.
const PERSON: HeaderName = HeaderName::from_static("impersonate-extra-fanlight.dev%2fuser");

/// Says in whose name a request is made.
pub(crate) fn write(headers: &mut HeaderMap, face: &Face) {
    headers.insert(USER, sealed(face.user.as_str()));
    for group in &face.groups {
        headers.append(GROUP, sealed(group));
    }
    if let Some(person) = &face.person {
        headers.insert(PERSON, sealed(person.as_str()));
    }
}

#[expect(clippy::expect_used, reason = "an Identity holds only names of visible ASCII")]
fn sealed(name: &str) -> HeaderValue {
    HeaderValue::from_str(name).expect("visible ASCII")
}

#[cfg(test)]
mod tests {
    use fanlight_model::{Form, UserName};

    use super::*;

    fn headers(user: &str, person: Option<&str>) -> HeaderMap {
        let name = |name| UserName::new(name).expect("a plain name");
        let groups = vec!["dev".into(), "qa".into()];
        let face = Face { user: name(user), groups, person: person.map(name), form: Form::Classic };
        let mut headers = HeaderMap::new();
        write(&mut headers, &face);
        headers
    }

    #[test]
    fn a_request_in_a_persons_name_says_whose_and_with_which_groups() {
        let headers = headers("dana@example.com", None);
        assert_eq!(headers["impersonate-user"], "dana@example.com");
        let groups: Vec<_> = headers.get_all("impersonate-group").iter().collect();
        assert_eq!(groups, ["dev", "qa"]);
        assert!(!headers.contains_key(PERSON));
    }

    #[test]
    fn a_member_is_named_in_the_extra() {
        let headers = headers(Face::MEMBER, Some("dana@example.com"));
        assert_eq!(headers["impersonate-user"], "fanlight:member");
        assert_eq!(headers[PERSON], "dana@example.com");
    }
}
