//! The table of kinds that Fanlight knows.

use std::fmt;

/// A kind of object that Fanlight shows: an index into the one table of kinds.
///
/// That a kind is in the table does not mean that it is installed, nor at which version: both are discovered at run
/// time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(u8);

/// What never changes about a [`Kind`].
#[derive(Debug)]
pub struct KindInfo {
    /// API group, for example `kustomize.toolkit.fluxcd.io`.
    pub group: &'static str,
    /// Resource name in URLs and access rules, for example `kustomizations`.
    pub plural: &'static str,
    /// Name in manifests, for example `Kustomization`.
    pub name: &'static str,
    /// Short name that `kubectl` users type, unique in the table, for example `ks`.
    pub short: &'static str,
    /// Which list page shows it.
    pub family: Family,
    /// Whether a controller ever writes a status. Alerts and Providers have none since `v1beta3`.
    pub has_status: bool,
}

/// A group of kinds that belong on one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// What applies things to the cluster: Kustomizations and HelmReleases.
    Application,
    /// Where things come from.
    Source,
    /// Image repositories, policies and updates.
    Image,
    /// Providers, alerts and receivers.
    Notification,
    /// Terraform objects of tofu-controller.
    Terraform,
    /// Kinds of the Flux Operator.
    Operator,
}

const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
const HELM: &str = "helm.toolkit.fluxcd.io";
const SOURCE: &str = "source.toolkit.fluxcd.io";
const EXTENSIONS: &str = "source.extensions.fluxcd.io";
const IMAGE: &str = "image.toolkit.fluxcd.io";
const NOTIFICATION: &str = "notification.toolkit.fluxcd.io";
const OPERATOR: &str = "fluxcd.controlplane.io";

const TABLE: [KindInfo; 20] = [
    info(KUSTOMIZE, "kustomizations", "Kustomization", "ks", Family::Application),
    info(HELM, "helmreleases", "HelmRelease", "hr", Family::Application),
    info(SOURCE, "gitrepositories", "GitRepository", "gitrepo", Family::Source),
    info(SOURCE, "ocirepositories", "OCIRepository", "ocirepo", Family::Source),
    info(SOURCE, "helmrepositories", "HelmRepository", "helmrepo", Family::Source),
    info(SOURCE, "helmcharts", "HelmChart", "hc", Family::Source),
    info(SOURCE, "buckets", "Bucket", "bucket", Family::Source),
    info(SOURCE, "externalartifacts", "ExternalArtifact", "ea", Family::Source),
    info(EXTENSIONS, "artifactgenerators", "ArtifactGenerator", "ag", Family::Source),
    info(IMAGE, "imagerepositories", "ImageRepository", "imgrepo", Family::Image),
    info(IMAGE, "imagepolicies", "ImagePolicy", "imgpol", Family::Image),
    info(IMAGE, "imageupdateautomations", "ImageUpdateAutomation", "imgauto", Family::Image),
    without_status(info(NOTIFICATION, "providers", "Provider", "provider", Family::Notification)),
    without_status(info(NOTIFICATION, "alerts", "Alert", "alert", Family::Notification)),
    info(NOTIFICATION, "receivers", "Receiver", "receiver", Family::Notification),
    info("infra.contrib.fluxcd.io", "terraforms", "Terraform", "tf", Family::Terraform),
    info(OPERATOR, "fluxinstances", "FluxInstance", "fluxinstance", Family::Operator),
    info(OPERATOR, "fluxreports", "FluxReport", "fluxreport", Family::Operator),
    info(OPERATOR, "resourcesets", "ResourceSet", "rset", Family::Operator),
    info(OPERATOR, "resourcesetinputproviders", "ResourceSetInputProvider", "rsip", Family::Operator),
];

const fn info(
    group: &'static str,
    plural: &'static str,
    name: &'static str,
    short: &'static str,
    family: Family,
) -> KindInfo {
    KindInfo { group, plural, name, short, family, has_status: true }
}

const fn without_status(mut info: KindInfo) -> KindInfo {
    info.has_status = false;
    info
}

impl Kind {
    /// `Kustomization` of kustomize-controller.
    pub const KUSTOMIZATION: Kind = Kind(0);
    /// `HelmRelease` of helm-controller.
    pub const HELM_RELEASE: Kind = Kind(1);
    /// `GitRepository` of source-controller.
    pub const GIT_REPOSITORY: Kind = Kind(2);
    /// `OCIRepository` of source-controller.
    pub const OCI_REPOSITORY: Kind = Kind(3);
    /// `HelmRepository` of source-controller.
    pub const HELM_REPOSITORY: Kind = Kind(4);
    /// `HelmChart` of source-controller.
    pub const HELM_CHART: Kind = Kind(5);
    /// `Bucket` of source-controller.
    pub const BUCKET: Kind = Kind(6);
    /// `ExternalArtifact`, which other controllers than Flux's may make.
    pub const EXTERNAL_ARTIFACT: Kind = Kind(7);
    /// `ArtifactGenerator` of source-watcher.
    pub const ARTIFACT_GENERATOR: Kind = Kind(8);
    /// `ImageRepository` of image-reflector-controller.
    pub const IMAGE_REPOSITORY: Kind = Kind(9);
    /// `ImagePolicy` of image-reflector-controller.
    pub const IMAGE_POLICY: Kind = Kind(10);
    /// `ImageUpdateAutomation` of image-automation-controller.
    pub const IMAGE_UPDATE_AUTOMATION: Kind = Kind(11);
    /// `Provider` of notification-controller.
    pub const PROVIDER: Kind = Kind(12);
    /// `Alert` of notification-controller.
    pub const ALERT: Kind = Kind(13);
    /// `Receiver` of notification-controller.
    pub const RECEIVER: Kind = Kind(14);
    /// `Terraform` of tofu-controller.
    pub const TERRAFORM: Kind = Kind(15);
    /// `FluxInstance` of the Flux Operator.
    pub const FLUX_INSTANCE: Kind = Kind(16);
    /// `FluxReport` of the Flux Operator.
    pub const FLUX_REPORT: Kind = Kind(17);
    /// `ResourceSet` of the Flux Operator.
    pub const RESOURCE_SET: Kind = Kind(18);
    /// `ResourceSetInputProvider` of the Flux Operator.
    pub const INPUT_PROVIDER: Kind = Kind(19);

    /// Every kind of the table.
    pub const ALL: [Kind; Kind::COUNT] = {
        let mut all = [Kind(0); Kind::COUNT];
        let mut place = 1;
        while place < Kind::COUNT {
            all[place] = Kind(all[place - 1].0 + 1);
            place += 1;
        }
        all
    };
    /// The two kinds of the Applications page.
    pub const APPLICATIONS: [Kind; 2] = [Kind::KUSTOMIZATION, Kind::HELM_RELEASE];
    /// The kinds of the Sources page.
    pub const SOURCES: [Kind; 7] = [
        Kind::GIT_REPOSITORY,
        Kind::OCI_REPOSITORY,
        Kind::HELM_REPOSITORY,
        Kind::HELM_CHART,
        Kind::BUCKET,
        Kind::EXTERNAL_ARTIFACT,
        Kind::ARTIFACT_GENERATOR,
    ];
    /// The kinds of the Flux Operator.
    pub const OPERATOR: [Kind; 4] = [Kind::FLUX_INSTANCE, Kind::RESOURCE_SET, Kind::INPUT_PROVIDER, Kind::FLUX_REPORT];

    /// The kinds of which objects may take their content from objects of this kind.
    pub fn users(self) -> &'static [Kind] {
        const BY_ARTIFACT: [Kind; 6] = [
            Kind::KUSTOMIZATION,
            Kind::HELM_RELEASE,
            Kind::HELM_CHART,
            Kind::TERRAFORM,
            Kind::ARTIFACT_GENERATOR,
            Kind::IMAGE_UPDATE_AUTOMATION,
        ];
        match self {
            Kind::GIT_REPOSITORY | Kind::OCI_REPOSITORY | Kind::BUCKET | Kind::EXTERNAL_ARTIFACT => &BY_ARTIFACT,
            Kind::HELM_REPOSITORY => &[Kind::HELM_RELEASE, Kind::HELM_CHART],
            Kind::HELM_CHART => &[Kind::HELM_RELEASE, Kind::ARTIFACT_GENERATOR],
            Kind::ARTIFACT_GENERATOR => &[Kind::EXTERNAL_ARTIFACT],
            Kind::IMAGE_REPOSITORY => &[Kind::IMAGE_POLICY],
            Kind::PROVIDER => &[Kind::ALERT],
            Kind::INPUT_PROVIDER => &[Kind::RESOURCE_SET],
            _ => &[],
        }
    }

    /// The kinds of which objects may name objects of this kind in `spec.dependsOn`, beside those of a `ResourceSet`, which
    /// may name any.
    pub fn dependants(self) -> &'static [Kind] {
        match self {
            Kind::KUSTOMIZATION => &[Kind::KUSTOMIZATION, Kind::RESOURCE_SET],
            Kind::HELM_RELEASE => &[Kind::HELM_RELEASE, Kind::RESOURCE_SET],
            Kind::TERRAFORM => &[Kind::TERRAFORM, Kind::RESOURCE_SET],
            Kind::RESOURCE_SET => &[Kind::RESOURCE_SET],
            _ => &[],
        }
    }

    /// How many kinds the table holds; every [`Kind::index`] is below it.
    pub const COUNT: usize = TABLE.len();

    /// Every kind of the table.
    pub fn all() -> impl Iterator<Item = Kind> {
        (0u8..).take(TABLE.len()).map(Kind)
    }

    /// The kind's place in the table.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The row of the table.
    pub fn info(self) -> &'static KindInfo {
        &TABLE[self.index()]
    }

    /// As `kubectl` takes it, and as its definition is called: `buckets.source.toolkit.fluxcd.io`.
    pub fn full_name(self) -> String {
        format!("{}.{}", self.info().plural, self.info().group)
    }

    /// The kind with this name in manifests, whatever its group (names are unique in the table).
    pub fn by_name(name: &str) -> Option<Kind> {
        Kind::all().find(|kind| kind.info().name == name)
    }

    /// The kind with this name in manifests of this API group.
    pub fn by_group_and_name(group: &str, name: &str) -> Option<Kind> {
        Kind::by_name(name).filter(|kind| kind.info().group == group)
    }

    /// The kind with this short name.
    pub fn by_short(short: &str) -> Option<Kind> {
        Kind::all().find(|kind| kind.info().short == short)
    }

    /// The kind that somebody means who types its short name, its name or its resource, in whatever case.
    pub fn by_word(word: &str) -> Option<Kind> {
        let is = |name: &str| name.eq_ignore_ascii_case(word);
        Kind::all().find(|kind| is(kind.info().short) || is(kind.info().name) || is(kind.info().plural))
    }

    /// The kind served as this resource of this API group.
    pub fn by_resource(group: &str, plural: &str) -> Option<Kind> {
        Kind::all().find(|kind| kind.info().group == group && kind.info().plural == plural)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.info().name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_again_by_each_of_its_names() {
        for kind in Kind::all() {
            let info = kind.info();
            assert_eq!(Kind::by_name(info.name), Some(kind));
            assert_eq!(Kind::by_short(info.short), Some(kind));
            assert_eq!(Kind::by_word(&info.plural.to_uppercase()), Some(kind));
            assert_eq!(Kind::by_resource(info.group, info.plural), Some(kind));
        }
    }

    #[test]
    fn the_named_constants_are_the_kinds_they_say() {
        let named = [
            (Kind::KUSTOMIZATION, "Kustomization"),
            (Kind::HELM_RELEASE, "HelmRelease"),
            (Kind::GIT_REPOSITORY, "GitRepository"),
            (Kind::OCI_REPOSITORY, "OCIRepository"),
            (Kind::HELM_REPOSITORY, "HelmRepository"),
            (Kind::HELM_CHART, "HelmChart"),
            (Kind::BUCKET, "Bucket"),
            (Kind::EXTERNAL_ARTIFACT, "ExternalArtifact"),
            (Kind::ARTIFACT_GENERATOR, "ArtifactGenerator"),
            (Kind::IMAGE_REPOSITORY, "ImageRepository"),
            (Kind::IMAGE_POLICY, "ImagePolicy"),
            (Kind::IMAGE_UPDATE_AUTOMATION, "ImageUpdateAutomation"),
            (Kind::PROVIDER, "Provider"),
            (Kind::ALERT, "Alert"),
            (Kind::RECEIVER, "Receiver"),
            (Kind::TERRAFORM, "Terraform"),
            (Kind::FLUX_INSTANCE, "FluxInstance"),
            (Kind::FLUX_REPORT, "FluxReport"),
            (Kind::RESOURCE_SET, "ResourceSet"),
            (Kind::INPUT_PROVIDER, "ResourceSetInputProvider"),
        ];
        assert_eq!(named.len(), Kind::COUNT);
        for (kind, name) in named {
            assert_eq!(kind.info().name, name);
        }
    }
}
