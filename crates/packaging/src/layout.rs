//! An image in a folder, as the OCI image layout has it
//! (<https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md>).

use std::{collections::HashMap, path::Path, str::FromStr};

use anyhow::Context;
use base16ct::lower;
use jiff::Timestamp;
use oci_spec::image::{
    Arch, ConfigBuilder, Descriptor, ImageConfigurationBuilder, ImageIndexBuilder, ImageManifestBuilder, MediaType,
    OciLayoutBuilder, Os, PlatformBuilder, RootFsBuilder, Sha256Digest,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{contents::Contents, layer::Layer};

/// What an image says of itself.
pub(crate) struct About<'a> {
    /// The program.
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    /// When it was made, in seconds since 1970.
    pub(crate) born: i64,
}

/// Writes the image into `folder`; the digest of its manifest.
pub(crate) fn write(folder: &Path, layer: &Layer, about: &About<'_>) -> anyhow::Result<String> {
    let blobs = folder.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).with_context(|| format!("cannot make {}", blobs.display()))?;
    let architecture = match std::env::consts::ARCH {
        "x86_64" => Arch::Amd64,
        "aarch64" => Arch::ARM64,
        other => anyhow::bail!("no name for the architecture {other} is known"),
    };
    let packed = blob(&blobs, MediaType::ImageLayerGzip, &layer.bytes)?;
    let config = ImageConfigurationBuilder::default()
        .architecture(architecture.clone())
        .os(Os::Linux)
        .created(time(about.born)?)
        .config(
            ConfigBuilder::default()
                .entrypoint(vec![format!("/usr/bin/{}", about.name)])
                .user(format!("{0}:{0}", Contents::USER))
                .env(vec!["PATH=/usr/bin".to_owned()])
                .working_dir("/")
                .labels(labels(about)?)
                .build()?,
        )
        .rootfs(RootFsBuilder::default().typ("layers").diff_ids(vec![format!("sha256:{}", layer.plain)]).build()?)
        .build()?;
    let config = json(&blobs, MediaType::ImageConfig, &config)?;
    let manifest = ImageManifestBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageManifest)
        .config(config)
        .layers(vec![packed])
        .build()?;
    let mut manifest = json(&blobs, MediaType::ImageManifest, &manifest)?;
    let digest = manifest.digest().to_string();
    manifest.set_platform(Some(PlatformBuilder::default().architecture(architecture).os(Os::Linux).build()?));
    let name = "org.opencontainers.image.ref.name".to_owned();
    manifest.set_annotations(Some(HashMap::from([(name, about.version.to_owned())])));
    let index = ImageIndexBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageIndex)
        .manifests(vec![manifest])
        .build()?;
    std::fs::write(folder.join("index.json"), sorted(&index)?).context("cannot write index.json")?;
    let layout = OciLayoutBuilder::default().image_layout_version("1.0.0").build()?;
    std::fs::write(folder.join("oci-layout"), sorted(&layout)?).context("cannot write oci-layout")?;
    Ok(digest)
}

/// Names by <https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md>.
fn labels(about: &About<'_>) -> anyhow::Result<HashMap<String, String>> {
    let labels = [
        ("title", about.name.to_owned()),
        ("version", about.version.to_owned()),
        ("created", time(about.born)?),
        ("licenses", "Apache-2.0".to_owned()),
    ];
    Ok(labels.map(|(name, value)| (format!("org.opencontainers.image.{name}"), value)).into())
}

fn time(born: i64) -> anyhow::Result<String> {
    Ok(Timestamp::from_second(born).context("a time far away")?.to_string())
}

fn json(blobs: &Path, media: MediaType, content: &impl Serialize) -> anyhow::Result<Descriptor> {
    blob(blobs, media, &sorted(content)?)
}

/// JSON whose members are in the order of their names. The builders' maps have another order in each run, and a value keeps
/// the order in which it was filled wherever some crate of the build turns on `serde_json/preserve_order`.
fn sorted(content: &impl Serialize) -> anyhow::Result<Vec<u8>> {
    let mut value = serde_json::to_value(content)?;
    value.sort_all_objects();
    Ok(serde_json::to_vec(&value)?)
}

fn blob(blobs: &Path, media: MediaType, bytes: &[u8]) -> anyhow::Result<Descriptor> {
    let digest = lower::encode_string(&Sha256::digest(bytes));
    std::fs::write(blobs.join(&digest), bytes).with_context(|| format!("cannot write {digest}"))?;
    Ok(Descriptor::new(media, bytes.len().try_into()?, Sha256Digest::from_str(&digest)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_in_the_order_of_their_names_however_they_came() {
        let content = serde_json::json!({"b": [{"d": 1, "c": 2}], "a": {"f": 3, "e": 4}});
        let text = r#"{"a":{"e":4,"f":3},"b":[{"c":2,"d":1}]}"#;
        assert_eq!(String::from_utf8(sorted(&content).expect("JSON")).expect("text"), text);
    }
}
