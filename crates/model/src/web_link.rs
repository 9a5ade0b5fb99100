//! Addresses as specifications have them, and the pages that people can open instead.

/// The https page behind the address of a repository, a registry, a bucket or an image; `None` where there is none that
/// can be told from the address.
///
/// Only `http` and `https` links are ever made: whoever writes an object must not choose what a click runs.
pub fn web_link(address: &str) -> Option<String> {
    let address = address.trim();
    if !address.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\')) {
        return None;
    }
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        // `git@github.com:org/repo.git`, and images: `ghcr.io/org/app`.
        None => match address.split_once('@').and_then(|(_, rest)| rest.split_once(':')) {
            Some((host, path)) => return page("https", host, path.trim_start_matches('/')),
            None => ("image", address),
        },
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    match scheme {
        "http" | "https" => page(scheme, host, path),
        // The port is that of ssh.
        "ssh" => page("https", host.split(':').next()?, path),
        "oci" => page("https", host, path),
        // Without a registry, or without anything in it, it is no address.
        "image" if host.contains('.') && !path.is_empty() => page("https", host, path),
        _ => None,
    }
}

/// The page behind an image, whatever tag or digest it has.
pub fn image_link(image: &str) -> Option<String> {
    web_link(split_image(image).0)
}

/// The image's name, and what is behind it: a tag, a digest, both.
pub fn split_image(image: &str) -> (&str, &str) {
    let path = image.rfind('/').map_or(0, |slash| slash + 1);
    match image[path..].find([':', '@']) {
        Some(end) => (&image[..path + end], &image[path + end + 1..]),
        None => (image, ""),
    }
}

fn page(scheme: &str, host: &str, path: &str) -> Option<String> {
    let known = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | ':' | '[' | ']');
    let plausible = host.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (plausible && host.chars().all(known)).then(|| format!("{scheme}://{host}/{path}"))
}

/// The address without a user name and password that may stand in it; so is each of several in one text.
pub fn without_credentials(address: &str) -> String {
    let of_scheme = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.');
    let (mut told, mut rest) = (String::with_capacity(address.len()), address);
    while let Some(at) = rest.find("://") {
        let (scheme, after) = rest.split_at(at);
        let after = &after["://".len()..];
        // Where the next begins: a password may have any letter, so nothing else ends an address.
        let end = after.find("://").map_or(after.len(), |next| after[..next].trim_end_matches(of_scheme).len());
        let (one, next) = after.split_at(end);
        let (host, path) = one.find('/').map_or((one, ""), |slash| one.split_at(slash));
        let is_ssh = scheme.rsplit(|letter| !of_scheme(letter)).next() == Some("ssh");
        let host = match host.rsplit_once('@') {
            // The user of a ssh address is part of it, and no secret.
            Some((user, _)) if is_ssh && !user.contains(':') => host,
            Some((_, host)) => host,
            None => host,
        };
        for piece in [scheme, "://", host, path] {
            told.push_str(piece);
        }
        rest = next;
    }
    told + rest
}

/// The host of an address alone: what follows it may be a secret, as in the addresses of chat hooks.
pub fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
    rest.rsplit_once('@').map_or(rest, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_repositories_and_images_lead_to_their_pages() {
        for (address, page) in [
            ("https://git.example.com/platform/fleet.git", "https://git.example.com/platform/fleet"),
            ("https://user:secret@git.example.com/fleet", "https://git.example.com/fleet"),
            ("http://charts.example.com:8080/stable", "http://charts.example.com:8080/stable"),
            ("ssh://git@git.example.com:2222/platform/fleet.git", "https://git.example.com/platform/fleet"),
            ("git@git.example.com:platform/fleet.git", "https://git.example.com/platform/fleet"),
            ("oci://registry.example.com/charts/web", "https://registry.example.com/charts/web"),
            ("registry.example.com/acme/web", "https://registry.example.com/acme/web"),
            ("https://git.example.com", "https://git.example.com/"),
        ] {
            assert_eq!(web_link(address).as_deref(), Some(page), "{address}");
        }
    }

    #[test]
    fn an_image_leads_to_the_page_of_its_name_without_tag_and_digest() {
        for (image, parts) in [
            ("registry.example.com:5000/acme/web:1.4.2", ("registry.example.com:5000/acme/web", "1.4.2")),
            ("ghcr.io/acme/web:1@sha256:0f", ("ghcr.io/acme/web", "1@sha256:0f")),
            ("ghcr.io/acme/web@sha256:0f", ("ghcr.io/acme/web", "sha256:0f")),
            ("web", ("web", "")),
            ("", ("", "")),
        ] {
            assert_eq!(split_image(image), parts);
        }
        assert_eq!(image_link("ghcr.io/acme/web:1@sha256:0f").as_deref(), Some("https://ghcr.io/acme/web"));
        assert_eq!(image_link("nginx:1.27"), None);
    }

    #[test]
    fn nothing_else_becomes_a_link() {
        for address in [
            "",
            "nginx",
            "library/nginx",
            "javascript:alert(1)",
            "javascript://example.com/%0aalert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "https://",
            "https:///path",
            "https://a b/c",
            "https://exa\"mple.com/",
            "https://example.com/<script>",
            "ftp://example.com/x",
        ] {
            assert_eq!(web_link(address), None, "{address}");
        }
    }

    #[test]
    fn what_may_be_secret_in_an_address_is_left_out() {
        assert_eq!(without_credentials("https://u:p@h.example/x@y"), "https://h.example/x@y");
        assert_eq!(without_credentials("ssh://git@h.example/x"), "ssh://git@h.example/x");
        assert_eq!(without_credentials("ssh://git:p@h.example/x"), "ssh://h.example/x");
        assert_eq!(without_credentials("git@h.example:x"), "git@h.example:x");
        for between in [",", " ", ";", "/x,", " and "] {
            let text = |one: &str, other: &str| format!("amqp://{one}h1{between}amqp://{other}h2/v");
            assert_eq!(without_credentials(&text("u:p,w@", "u:p@")), text("", ""));
        }
        assert_eq!(without_credentials("a://b://u:p@c://"), "a://b://c://");
        assert_eq!(host("https://hooks.example.com/services/T0/B0/secret"), "hooks.example.com");
        assert_eq!(host("https://u:p@hooks.example.com?token=x"), "hooks.example.com");
        assert_eq!(host("nats.example.com:4222"), "nats.example.com:4222");
        assert_eq!(host(""), "");
    }
}
