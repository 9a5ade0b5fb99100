//! Style, script and icons, under names that change with their content.

use std::sync::OnceLock;

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

const FILES: [(&str, &str, &str); 3] = [
    ("fanlight.css", "text/css; charset=utf-8", include_str!("../assets/fanlight.css")),
    ("live.js", "text/javascript; charset=utf-8", include_str!("../assets/live.js")),
    ("icons.svg", "image/svg+xml", include_str!("../assets/icons.svg")),
];

/// The addresses of the assets.
#[derive(Debug, Clone)]
pub(crate) struct Assets {
    pub(crate) css: String,
    pub(crate) script: String,
    pub(crate) icons: String,
}

impl Assets {
    pub(crate) fn under(base: &str) -> Self {
        let [css, script, icons] = fingerprints().each_ref().map(|name| format!("{base}/assets/{name}"));
        Self { css, script, icons }
    }
}

/// Serves one asset; for a year, since another content has another name.
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    let found = fingerprints().iter().position(|known| *known == name);
    match found.and_then(|index| FILES.get(index)) {
        Some((_, kind, text)) => {
            let headers =
                [(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
            (headers, *text).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn fingerprints() -> &'static [String; 3] {
    static NAMES: OnceLock<[String; 3]> = OnceLock::new();
    NAMES.get_or_init(|| {
        FILES.map(|(name, _, text)| {
            let [a, b, c, d, ..] = Sha256::digest(text).0;
            let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
            format!("{stem}.{a:02x}{b:02x}{c:02x}{d:02x}.{extension}")
        })
    })
}
