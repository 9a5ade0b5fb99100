//! Style, script and icons: under names that change with their content, compressed once.

use std::{io::Write, sync::LazyLock};

use axum::{
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

/// The script's parts; one file for the browser, since modules that import each other would each need a name that
/// changes with its content.
const SCRIPT: &str = concat!(
    include_str!("../assets/script/morph.js"),
    include_str!("../assets/script/ages.js"),
    include_str!("../assets/script/times.js"),
    include_str!("../assets/script/selection.js"),
    include_str!("../assets/script/diagram.js"),
    include_str!("../assets/script/live.js"),
    include_str!("../assets/script/pause.js"),
    include_str!("../assets/script/session.js"),
    include_str!("../assets/script/actions.js"),
    include_str!("../assets/script/copy.js"),
    include_str!("../assets/script/search.js"),
    include_str!("../assets/script/keys.js"),
);

const FILES: [(&str, &str, &str); 3] = [
    ("fanlight.css", "text/css; charset=utf-8", include_str!("../assets/fanlight.css")),
    ("fanlight.js", "text/javascript; charset=utf-8", SCRIPT),
    ("icons.svg", "image/svg+xml", include_str!("../assets/icons.svg")),
];

static SHELF: LazyLock<[Asset; 3]> = LazyLock::new(|| FILES.map(|(name, kind, text)| Asset::new(name, kind, text)));

struct Asset {
    name: String,
    kind: &'static str,
    plain: &'static str,
    gzip: Vec<u8>,
    brotli: Vec<u8>,
}

/// The addresses of the assets.
#[derive(Debug, Clone)]
pub(crate) struct Assets {
    pub(crate) css: String,
    pub(crate) script: String,
    pub(crate) icons: String,
}

impl Assets {
    pub(crate) fn under(base: &str) -> Self {
        let [css, script, icons] = SHELF.each_ref().map(|asset| format!("{base}/assets/{}", asset.name));
        Self { css, script, icons }
    }
}

impl Asset {
    fn new(name: &str, kind: &'static str, plain: &'static str) -> Self {
        let [a, b, c, d, ..] = Sha256::digest(plain).0;
        let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
        Self {
            name: format!("{stem}.{a:02x}{b:02x}{c:02x}{d:02x}.{extension}"),
            kind,
            plain,
            gzip: gzip(plain).unwrap_or_default(),
            brotli: brotli(plain).unwrap_or_default(),
        }
    }

    /// The smallest form that the browser understands, with the name of its encoding.
    fn encoded(&self, accepted: &str) -> (&'static str, &[u8]) {
        let takes = |wanted: &str| {
            accepted.split(',').any(|one| {
                let mut parts = one.split(';').map(str::trim);
                parts.next() == Some(wanted) && !parts.any(|part| matches!(part, "q=0" | "q=0.0"))
            })
        };
        match () {
            () if takes("br") && !self.brotli.is_empty() => ("br", &self.brotli),
            () if takes("gzip") && !self.gzip.is_empty() => ("gzip", &self.gzip),
            () => ("identity", self.plain.as_bytes()),
        }
    }
}

fn gzip(text: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

fn brotli(text: &str) -> std::io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    let best = brotli::enc::BrotliEncoderParams { quality: 11, size_hint: text.len(), ..Default::default() };
    brotli::BrotliCompress(&mut text.as_bytes(), &mut packed, &best)?;
    Ok(packed)
}

/// Serves one asset; for a year, since another content has another name.
pub(crate) async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = SHELF.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (encoding, bytes) = asset.encoded(accepted);
    let head = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::CONTENT_ENCODING, encoding),
        (header::VARY, "accept-encoding"),
    ];
    (head, bytes.to_vec()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_browser_gets_the_smallest_form_that_it_understands() {
        let asset = &SHELF[0];
        assert_eq!(asset.encoded("gzip, deflate, br, zstd").0, "br");
        assert_eq!(asset.encoded("gzip;q=0.8").0, "gzip");
        assert_eq!(asset.encoded("br;q=0, gzip").0, "gzip");
        assert_eq!(asset.encoded("").0, "identity");
        assert!(asset.brotli.len() < asset.gzip.len() && asset.gzip.len() < asset.plain.len());
    }
}
