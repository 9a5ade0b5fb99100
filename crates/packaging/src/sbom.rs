//! The list of everything inside an image, as CycloneDX 1.5 (<https://cyclonedx.org/docs/1.5/json/>).

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
    let mut components = Vec::new();
    for part in parts.iter().filter(|part| part.from_registry) {
        components.push(component("cargo", Classification::Library, part)?);
    }
    for package in system {
        let mut component = Component::new(
            Classification::Library,
            &package.name,
            &package.version,
            Some(format!("pkg:deb/debian/{}@{}", package.name, package.version)),
        );
        component.purl = Some(Purl::new("deb", &package.name, &package.version).context("a package URL")?);
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
