use fanlight_model::{Controller, State};

use crate::{ObjectError, page::runtime, status::StatusView};

/// Flux's controllers in few words.
#[derive(Default)]
pub(super) struct Controllers {
    /// How they are; empty if nothing is known of them.
    pub(super) sentence: String,
    pub(super) lines: Vec<ControllerLine>,
    /// Why there are none.
    pub(super) note: String,
}

/// One controller.
pub(super) struct ControllerLine {
    pub(super) status: StatusView,
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) version: String,
    /// What is wrong with it; empty if nothing is.
    pub(super) trouble: String,
}

impl Controllers {
    /// How many are named: there are seven of Flux itself, and shards of them.
    const MOST: usize = 12;

    pub(super) fn of(read: Result<&[Controller], &ObjectError>) -> Self {
        match read {
            Ok([]) => Self { note: "None was found.".to_owned(), ..Self::default() },
            Ok(controllers) => Self {
                sentence: runtime::sentence(controllers),
                lines: worst_first(controllers).take(Self::MOST).map(ControllerLine::of).collect(),
                note: String::new(),
            },
            Err(error) => Self { note: runtime::refused(error, runtime::LIST_DEPLOYMENTS), ..Self::default() },
        }
    }
}

fn worst_first(controllers: &[Controller]) -> impl Iterator<Item = &Controller> {
    let mut sorted: Vec<_> = controllers.iter().collect();
    // Stable: of equals the order stays.
    sorted.sort_by_key(|one| one.state);
    sorted.into_iter()
}

impl ControllerLine {
    fn of(controller: &Controller) -> Self {
        let well = controller.state == State::Ready;
        Self {
            status: StatusView::of(controller.state),
            name: controller.name.clone(),
            namespace: controller.namespace.clone(),
            version: controller.version.clone(),
            trouble: if well { String::new() } else { controller.sentence.clone() },
        }
    }
}
