/// A revision as people say it: the branch or tag and seven characters of the commit or digest.
///
/// Flux writes `main@sha1:<40 hex>`, `v1.2.0@sha256:<64 hex>`, `sha256:<64 hex>` (also `sha1:`), or a chart version,
/// which stays as it is apart from build metadata that is a digest or commit (`1.2.3+<12 hex or more>`): that is cut,
/// but not left out, since a chart taken from a repository at every commit changes in nothing else.
///
/// See <https://fluxcd.io/flux/components/source/gitrepositories/#artifact>. A bare commit, as image automation notes what it
/// has pushed, is shortened too.
pub fn short_revision(revision: &str) -> String {
    const COMMIT: usize = 40;
    if let Some((reference, digest)) = revision.rsplit_once('@')
        && let Some(short) = short_digest(digest)
    {
        return format!("{reference}@{short}");
    }
    if let Some(short) = short_digest(revision) {
        return short.to_owned();
    }
    if revision.len() == COMMIT && is_hex(revision) {
        return revision[..7].to_owned();
    }
    match revision.split_once('+') {
        Some((version, build)) if build.len() >= 12 && is_hex(build) => format!("{version}+{}", &build[..7]),
        _ => revision.to_owned(),
    }
}

/// Seven characters of `sha1:…`, `sha256:…` and the like; nothing for any other text.
fn short_digest(text: &str) -> Option<&str> {
    let (algorithm, hex) = text.split_once(':')?;
    (algorithm.starts_with("sha") && is_hex(hex)).then_some(())?;
    hex.get(..7)
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::short_revision;

    #[test]
    fn each_form_that_flux_writes_is_shortened_to_what_people_say() {
        for (full, short) in [
            ("main@sha1:ba66396785f97042590e94c06645dac9ed1d1c82", "main@ba66396"),
            ("feature/a@b@sha1:ba66396785f97042590e94c06645dac9ed1d1c82", "feature/a@b@ba66396"),
            ("6.2.0@sha256:9103b382a08358f72bf84b61a79bff8606dd3ed6616ec92cf5e7780b32e190f6", "6.2.0@9103b38"),
            ("sha256:9103b382a08358f72bf84b61a79bff8606dd3ed6616ec92cf5e7780b32e190f6", "9103b38"),
            ("ba66396785f97042590e94c06645dac9ed1d1c82", "ba66396"),
            ("1.19.2", "1.19.2"),
            ("0.3.0+ba66396785f9", "0.3.0+ba66396"),
            ("1.0.0+build5", "1.0.0+build5"),
            ("main@sha1:zz", "main@sha1:zz"),
            ("", ""),
        ] {
            assert_eq!(short_revision(full), short, "{full}");
        }
    }
}
