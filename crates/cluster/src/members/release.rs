mod stored;

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use fanlight_model::{HelmStorage, Identity, InventoryEntry, Lack};
use flate2::read::GzDecoder;
use serde::Deserialize;
use tokio::{sync::Semaphore, task::spawn_blocking};
use zeroize::Zeroizing;

use super::{lack, lack_of_one};
use crate::{
    ApiServer,
    api_server::{As, Errand, decode},
    workloads::object_path,
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

/// One release at a time is unpacked: each takes a processor and many times the memory of its Secret, and goes on when
/// nobody waits for it any more.
static UNPACKING: Semaphore = Semaphore::const_new(1);

impl ApiServer {
    /// How many documents its manifest may have, and how many objects.
    const DOCUMENTS: usize = 5000;

    /// The kinds and names of the objects of a release of Helm, read in the person's name from the Secret where Helm keeps
    /// it. Nothing else is taken from it.
    pub(super) async fn release_parts(
        &self,
        who: &Identity,
        storage: &HelmStorage,
    ) -> Result<Vec<InventoryEntry>, Lack> {
        let name = storage.secret();
        let path = object_path("", "secrets", &storage.storage, &name).map_err(|error| lack(&error))?;
        let what = format!("Secret {}/{name}", storage.storage);
        let read = async {
            let answered = self.run(&Errand::read(As::Person(who), &what, &path)).await?;
            decode::<Secret>(&what, &answered.body)
        };
        let secret = read.await.map_err(|error| lack_of_one(&error))?;
        if secret.sort != "helm.sh/release.v1" {
            return Err(Lack::Absent);
        }
        let release = Zeroizing::new(secret.data.release);
        let namespace = storage.namespace.clone();
        let turn = UNPACKING.acquire().await.map_err(|_| Lack::Unread)?;
        let unpacked = spawn_blocking(move || {
            let _turn = turn;
            parts(&release, &namespace)
        });
        let mut entries = unpacked.await.ok().flatten().ok_or(Lack::Unread)?;
        self.place(who, &mut entries).await;
        Ok(entries)
    }

    /// Manifests leave the namespace out, whether the kind has one or not.
    async fn place(&self, who: &Identity, entries: &mut [InventoryEntry]) {
        let mut by_kind: HashMap<_, Vec<_>> = HashMap::new();
        for entry in entries {
            by_kind.entry((entry.group.clone(), entry.kind.clone())).or_default().push(&mut entry.namespace);
        }
        for ((group, kind), namespaces) in by_kind {
            let resource = self.resource(who, &group, &kind).await;
            if resource.is_ok_and(|resource| !resource.namespaced) {
                namespaces.into_iter().for_each(String::clear);
            }
        }
    }
}

/// What a release consists of, from what is in its Secret; none if that cannot be understood.
fn parts(release: &str, namespace: &str) -> Option<Vec<InventoryEntry>> {
    let packed = Zeroizing::new(STANDARD.decode(release).ok()?);
    let packed = Zeroizing::new(STANDARD.decode(&*packed).ok()?);
    let mut entries = Vec::new();
    let manifest = stored::manifest(GzDecoder::new(&packed[..]))?;
    for document in documents(&manifest)? {
        let part: Option<Part> = serde_saphyr::from_str(&document).ok()?;
        entries.extend(part.into_iter().flat_map(|part| part.entries(namespace)));
        if entries.len() > ApiServer::DOCUMENTS {
            return None;
        }
    }
    Some(entries)
}

/// The documents of a manifest, without those that have only comments; none if there are too many.
fn documents(manifest: &str) -> Option<Vec<Zeroizing<String>>> {
    if manifest.lines().filter(|line| line.starts_with("---")).count() > ApiServer::DOCUMENTS {
        return None;
    }
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
    Some(documents)
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
    fn however_much_else_is_in_a_release_its_manifest_is_found() {
        let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
        let files = "{\"kind\": \"Secret\"}".repeat(stored::MANIFEST / 10);
        let release =
            json!({"chart": {"files": [files], "manifest": "kind: Secret"}, "manifest": manifest, "name": "a"});
        assert_eq!(named(&packed(&release)), Some(vec!["/ConfigMap/shop/a".to_owned()]));
    }

    #[test]
    fn what_cannot_be_understood_or_has_no_end_is_no_release() {
        let long = packed(&json!({"manifest": "a".repeat(stored::MANIFEST)}));
        let many = packed(&json!({"manifest": "---\n".repeat(ApiServer::DOCUMENTS + 1)}));
        let odd = packed(&json!({"manifest": "kind: [unclosed"}));
        for release in
            ["", "no base64!", &STANDARD.encode("plain"), &long, &many, &odd, &packed(&json!({"manifest": 7}))]
        {
            assert_eq!(named(release), None, "{}", &release[..release.len().min(40)]);
        }
    }
}
