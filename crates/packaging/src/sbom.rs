//! The list of everything inside an image, as `CycloneDX` 1.5 (<https://cyclonedx.org/docs/1.5/json/>).

use anyhow::Context;
use cyclonedx_bom::{
    external_models::uri::Purl,
    models::{
        bom::{Bom, SpecVersion},
        component::{Classification, Component, Components},
        license::{LicenseChoice, Licenses},
        metadata::Metadata,
    },
    prelude::Validate,
};

use crate::{contents::System, parts::Part};

/// The list: the program's crates, and the Debian packages whose files stand beside it. Without a serial number or time,
/// so that the same contents give the same bytes.
pub(crate) fn write(program: &Part, parts: &[Part], system: &[System]) -> anyhow::Result<Vec<u8>> {
    let distribution = distribution()?;
    let mut components = Vec::new();
    for part in parts.iter().filter(|part| part.from_registry) {
        components.push(component("cargo", Classification::Library, part)?);
    }
    for package in system {
        let reference = format!("pkg:deb/{distribution}/{}@{}", package.name, package.version.replace('+', "%2B"));
        let class = Classification::Library;
        let mut component = Component::new(class, &package.name, &package.version, Some(reference.clone()));
        component.purl = Some(reference.parse().ok().context("a package URL")?);
        components.push(component);
    }
    let bom = Bom {
        version: 1,
        spec_version: SpecVersion::V1_5,
        serial_number: None,
        metadata: Some(Metadata {
            component: Some(component("cargo", Classification::Application, program)?),
            ..Metadata::default()
        }),
        components: Some(Components(components)),
        ..Bom::default()
    };
    let result = bom.validate_version(SpecVersion::V1_5);
    anyhow::ensure!(result.passed(), "the list of contents is not as CycloneDX wants it: {result:?}");
    let mut text = Vec::new();
    bom.output_as_json_v1_5(&mut text).context("the list of contents")?;
    Ok(text)
}

fn component(registry: &str, class: Classification, part: &Part) -> anyhow::Result<Component> {
    let reference = format!("pkg:{registry}/{}@{}", part.name, part.version);
    let mut component = Component::new(class, &part.name, &part.version, Some(reference));
    component.purl = Some(Purl::new(registry, &part.name, &part.version).context("a package URL")?);
    // Old crates write `MIT/Apache-2.0`.
    let licence = part.licence.as_ref().map(|licence| licence.replace('/', " OR "));
    component.licenses = licence.map(|licence| Licenses(vec![LicenseChoice::expression(&licence)]));
    Ok(component)
}

/// Whose packages they are: Debian's, or those of what was made from it.
fn distribution() -> anyhow::Result<String> {
    let release = std::fs::read_to_string("/etc/os-release").context("cannot read /etc/os-release")?;
    let id = release.lines().find_map(|line| line.strip_prefix("ID=")).context("/etc/os-release names no ID")?;
    Ok(id.trim_matches('"').to_owned())
}
