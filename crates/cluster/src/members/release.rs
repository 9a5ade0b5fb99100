use std::io::Read;

use base64::{Engine, engine::general_purpose::STANDARD};
use fanlight_model::{HelmStorage, Identity, InventoryEntry, Lack, Lot};
use flate2::read::GzDecoder;
use http::StatusCode;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::lack;
use crate::{
    ApiServer, ReadError,
    api_server::{As, Errand, decode},
    object::is_name,
};

/// A Secret of Helm: <https://helm.sh/docs/topics/advanced/#storage-backends>.
#[derive(Deserialize)]
struct Secret {
    #[serde(rename = "type")]
    sort: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    release: String,
}

/// Of what is in it: the manifest alone.
#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    manifest: String,
}

/// Of an object in a manifest: what it is called.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    metadata: Metadata,
    /// Of a `List`.
    #[serde(default)]
    items: Vec<Part>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
}

impl ApiServer {
    /// The longest release that is looked at, unpacked: packed, none is longer than a Secret may be.
    const RELEASE: u64 = 16 << 20;

    /// The kinds and names of the objects of a release of Helm, read in the person's name from the Secret where Helm keeps
    /// it. Nothing else is taken from it.
    pub(super) async fn release_parts(
        &self,
        who: &Identity,
        storage: &HelmStorage,
    ) -> Result<Vec<InventoryEntry>, Lack> {
        let name = storage.secret();
        if !is_name(&storage.storage) || !is_name(&name) {
            return Err(Lack::Absent);
        }
        let what = format!("Secret {}/{name}", storage.storage);
        let path = format!("/api/v1/namespaces/{}/secrets/{name}", storage.storage);
        let read = async {
            let answered = self.run(&Errand::read(As::Person(who), &what, &path)).await?;
            decode::<Secret>(&what, &answered.body)
        };
        let secret = read.await.map_err(|error| match error.code() {
            Some(StatusCode::NOT_FOUND) => Lack::Absent,
            // What could not be understood is in no error.
            _ if matches!(error, ReadError::Nonsense { .. }) => Lack::Unread,
            _ => lack(&error),
        })?;
        if secret.sort != "helm.sh/release.v1" {
            return Err(Lack::Absent);
        }
        let release = Zeroizing::new(secret.data.release);
        let mut entries = parts(&release, &storage.namespace).ok_or(Lack::Unread)?;
        for entry in &mut entries {
            let lot = Lot::new(&entry.group, &entry.kind, &entry.namespace);
            // Manifests leave the namespace out, whether the kind has one or not.
            if self.resource(who, &lot).await.is_ok_and(|resource| !resource.namespaced) {
                entry.namespace.clear();
            }
        }
        Ok(entries)
    }
}

/// What a release consists of, from what is in its Secret; none if that cannot be understood.
fn parts(release: &str, namespace: &str) -> Option<Vec<InventoryEntry>> {
    let packed = Zeroizing::new(STANDARD.decode(release).ok()?);
    let packed = Zeroizing::new(STANDARD.decode(&*packed).ok()?);
    let mut plain = Zeroizing::new(Vec::new());
    let mut unpacked = GzDecoder::new(&packed[..]).take(ApiServer::RELEASE + 1);
    unpacked.read_to_end(&mut plain).ok()?;
    if plain.len() as u64 > ApiServer::RELEASE {
        return None;
    }
    let stored: Stored = serde_json::from_slice(&plain).ok()?;
    let mut entries = Vec::new();
    let manifest = Zeroizing::new(stored.manifest);
    for document in documents(&manifest) {
        let part: Option<Part> = serde_saphyr::from_str(&document).ok()?;
        entries.extend(part.into_iter().flat_map(|part| part.entries(namespace)));
    }
    Some(entries)
}

/// The documents of a manifest, without those that have only comments.
fn documents(manifest: &str) -> Vec<Zeroizing<String>> {
    let mut documents = vec![Zeroizing::new(String::new())];
    for line in manifest.lines() {
        if line.starts_with("---") {
            documents.push(Zeroizing::new(String::new()));
        } else if let Some(document) = documents.last_mut() {
            document.push_str(line);
            document.push('\n');
        }
    }
    let says = |text: &str| text.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    documents.retain(|document| says(document));
    documents
}

impl Part {
    fn entries(self, namespace: &str) -> Vec<InventoryEntry> {
        let Self { api_version, kind, metadata, items } = self;
        if !items.is_empty() {
            return items.into_iter().flat_map(|item| item.entries(namespace)).collect();
        }
        let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
        if kind.is_empty() || metadata.name.is_empty() {
            return Vec::new();
        }
        let namespace = if metadata.namespace.is_empty() { namespace.to_owned() } else { metadata.namespace };
        let (group, version) = (group.to_owned(), version.to_owned());
        vec![InventoryEntry { namespace, name: metadata.name, group, kind, version }]
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use serde_json::{Value, json};

    use super::*;

    fn packed(stored: &Value) -> String {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(stored.to_string().as_bytes()).expect("memory");
        STANDARD.encode(STANDARD.encode(encoder.finish().expect("memory")))
    }

    fn named(release: &str) -> Option<Vec<String>> {
        let entries = parts(release, "shop")?;
        Some(entries.iter().map(|one| format!("{}/{}/{}/{}", one.group, one.kind, one.namespace, one.name)).collect())
    }

    #[test]
    fn a_release_is_known_by_the_kinds_and_names_of_its_manifest_and_by_nothing_else() {
        let manifest = "---\n# Source: a.yaml\napiVersion: v1\nkind: Secret\nmetadata:\n  name: token\nstringData:\n  t: canary\n\
                        ---\n# only words\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: cart, namespace: other}\n\
                        --- # with a comment\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n";
        let release = packed(&json!({"manifest": manifest, "config": {"password": "canary"}}));
        let told = named(&release).expect("it is understood");
        assert_eq!(told, ["/Secret/shop/token", "apps/Deployment/other/cart", "/ConfigMap/shop/a"]);
        assert_eq!(named(&packed(&json!({}))), Some(Vec::new()));
    }

    #[test]
    fn what_cannot_be_understood_or_has_no_end_is_no_release() {
        let long = packed(&json!({"manifest": "a".repeat(17 << 20)}));
        let odd = packed(&json!({"manifest": "kind: [unclosed"}));
        for release in ["", "no base64!", &STANDARD.encode("plain"), &long, &odd, &packed(&json!({"manifest": 7}))] {
            assert_eq!(named(release), None, "{}", &release[..release.len().min(40)]);
        }
    }
}
