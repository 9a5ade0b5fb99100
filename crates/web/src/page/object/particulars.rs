//! What only some kinds have, in words.

use std::time::SystemTime;

use fanlight_model::{Kind, Particulars, Verification};

use super::Fact;
use crate::status::StatusView;

/// How a kind calls its address, what it wants, what it found, and when; empty for what is said elsewhere.
fn names(kind: Kind) -> [&'static str; 4] {
    match kind {
        Kind::GIT_REPOSITORY | Kind::OCI_REPOSITORY | Kind::HELM_REPOSITORY => ["URL", "Reference", "", "Fetched"],
        Kind::HELM_CHART => ["", "Version", "", "Fetched"],
        Kind::BUCKET => ["Bucket", "Prefix", "", "Fetched"],
        Kind::ARTIFACT_GENERATOR => ["", "", "Makes", ""],
        Kind::EXTERNAL_ARTIFACT => ["", "", "", "Made"],
        Kind::IMAGE_REPOSITORY => ["Image", "", "Tags", "Scanned"],
        Kind::IMAGE_POLICY => ["", "Policy", "Latest image", ""],
        Kind::IMAGE_UPDATE_AUTOMATION => ["Update path", "Branch", "", "Last run"],
        Kind::PROVIDER => ["Sends to", "Type", "Channel", ""],
        Kind::ALERT => ["", "Severity", "", ""],
        Kind::RECEIVER => ["Webhook path", "Type", "", ""],
        Kind::TERRAFORM => ["", "Plans", "Plan", ""],
        Kind::FLUX_INSTANCE => ["Registry", "Version asked for", "Version", ""],
        Kind::FLUX_REPORT => ["", "", "Version", ""],
        Kind::RESOURCE_SET => ["", "Inputs", "Objects", ""],
        Kind::INPUT_PROVIDER => ["URL", "Type", "Inputs", ""],
        _ => [""; 4],
    }
}

/// The facts that these particulars are.
pub(super) fn facts(kind: Kind, own: &Particulars, now: SystemTime) -> Vec<Fact> {
    let [address, wanted, found, moment] = names(kind);
    let mut facts = Vec::new();
    for (name, value) in [(address, &own.address), (wanted, &own.wanted), (found, &own.found)] {
        if !name.is_empty() && !value.is_empty() {
            facts.push(match kind {
                _ if name == address => Fact::address(name, value),
                Kind::IMAGE_POLICY if name == found => Fact::image(name, value),
                _ => Fact::new(name, &**value),
            });
        }
    }
    if let Some(verified) = own.verified {
        facts.push(signature("Signature", verified));
    }
    facts.extend(Fact::moment(moment, own.moment, now).filter(|_| !moment.is_empty()));
    facts
}

/// What became of the check of a signature.
pub(super) fn signature(name: &'static str, verified: Verification) -> Fact {
    let (class, word) = match verified {
        Verification::Right => ("ready", "verified"),
        Verification::Wrong => ("failed", "could not be verified"),
        Verification::Pending => ("waiting", "not verified so far"),
    };
    Fact { status: Some(StatusView { class, word, spins: false }), ..Fact::new(name, word) }
}
