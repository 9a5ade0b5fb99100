use std::time::SystemTime;

use fanlight_model::{
    Particulars, Row, Sort, SourceLink, Verification, image_link, short_revision, split_image, web_link,
};

use crate::{frame::Frame, place, when};

/// A column between the name and the age; most have a head of their own on each page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// The kind.
    Kind,
    /// The source, and the revision.
    Source,
    /// The source and the revision, or what a kind without has to show.
    Gist,
    /// The object that it comes from, as a link.
    From(&'static str),
    /// Where it looks, with a link where that is a page.
    Address(&'static str),
    /// What is wanted from there, and the revision that was found.
    Reference,
    /// What is wanted.
    Wanted(&'static str),
    /// What came of it.
    Found(&'static str),
    /// The image that a policy chose.
    Image,
    /// The last commit of an automation, and where it works.
    Pushed,
    /// A plan of Terraform.
    Plan,
    /// What an object of the Flux Operator asks for, and what came of it.
    Inputs,
    /// How often the controller looks.
    Every,
    /// When that came about.
    Moment(&'static str),
    /// What a person would say, or the controller's own words.
    Message,
}

/// A part of a cell.
pub(super) enum Bit {
    /// Words in muted ink.
    Soft(String),
    /// A link; to another site if it is not one of ours.
    Link { word: String, to: String, away: bool },
    /// Short as code, in full on hover.
    Code { short: String, full: String },
    /// How long ago.
    Age { timestamp: String, age: String },
    /// What became of the check of a signature: colour and icon, and a sentence.
    Shield(&'static str, &'static str),
}

/// What a column shows of a row.
pub(super) struct Cell {
    pub(super) class: &'static str,
    pub(super) bits: Vec<Bit>,
    /// The whole text, where it may be cut.
    pub(super) title: String,
}

impl Column {
    /// The class, the head, and by what a click on it sorts.
    pub(super) fn head(self) -> (&'static str, &'static str, Sort) {
        match self {
            Column::Kind => ("kind", "Kind", Sort::Kind),
            Column::Source => ("source", "Source and revision", Sort::Source),
            Column::Gist => ("source", "Source and revision, or what it is", Sort::Source),
            Column::From(word) => ("from", word, Sort::Source),
            Column::Address(word) => ("source", word, Sort::Address),
            Column::Reference => ("reference", "Reference and revision", Sort::Wanted),
            Column::Wanted(word) => ("wanted", word, Sort::Wanted),
            Column::Found(word) => ("found", word, Sort::Found),
            Column::Image => ("source", "Latest image", Sort::Found),
            Column::Pushed => ("source", "Last push", Sort::Found),
            Column::Plan => ("reference", "Plan", Sort::Found),
            Column::Inputs => ("source", "Asked for, and found", Sort::Wanted),
            Column::Every => ("every", "Every", Sort::Every),
            Column::Moment(word) => ("moment", word, Sort::Moment),
            Column::Message => ("message", "Message", Sort::Message),
        }
    }

    /// Whether it names the source of what the row's object applies.
    pub(super) fn tells_source(self) -> bool {
        matches!(self, Column::Source | Column::Gist)
    }

    /// The cell of a row; `message` is the page's sentence for it, `vouched` what became of the check of its source's
    /// signature.
    pub(super) fn cell(
        self,
        row: &Row,
        message: &str,
        vouched: Option<Verification>,
        frame: &Frame,
        now: SystemTime,
    ) -> Cell {
        let nothing = Particulars::default();
        let own = row.particulars.as_deref().unwrap_or(&nothing);
        let bits = match self {
            Column::Kind => vec![Bit::Soft(row.key.kind.info().name.to_owned())],
            Column::Source => vouched.map(of_source).into_iter().chain(source(row, frame)).collect(),
            Column::Gist => {
                let texts = [&own.address, &own.wanted, &own.found].into_iter();
                let shield = shield(own).or(vouched.map(of_source));
                shield.into_iter().chain(source(row, frame)).chain(texts.filter_map(|text| soft(text))).collect()
            }
            Column::From(_) => row.source.iter().map(|link| from(link, in_full(link), frame)).collect(),
            Column::Address(_) => shield(own).into_iter().chain(address(row, own, frame)).collect(),
            Column::Reference => soft(&own.wanted).into_iter().chain(revision(row)).collect(),
            Column::Wanted(_) => soft(&own.wanted).into_iter().collect(),
            Column::Found(_) => soft(&own.found).into_iter().collect(),
            Column::Image => image(&own.found),
            Column::Pushed => code(&own.found).into_iter().chain(soft(&own.address)).collect(),
            Column::Plan => soft(&own.found).into_iter().chain(soft(&own.wanted)).collect(),
            Column::Inputs => {
                let arrow = if own.wanted.is_empty() || own.found.is_empty() { "" } else { " → " };
                soft(&format!("{}{arrow}{}", own.wanted, own.found)).into_iter().collect()
            }
            Column::Every => own.every.map(|every| Bit::Soft(when::span(every))).into_iter().collect(),
            Column::Moment(_) => {
                when::since(own.moment, now).map(|(timestamp, age)| Bit::Age { timestamp, age }).into_iter().collect()
            }
            Column::Message => soft(message).into_iter().collect(),
        };
        let title = match self {
            Column::Message => message.to_owned(),
            Column::Found(_) | Column::Image | Column::Plan => own.found.to_string(),
            Column::Address(_) => own.address.to_string(),
            _ => String::new(),
        };
        Cell { class: self.head().0, bits, title }
    }
}

fn soft(text: &str) -> Option<Bit> {
    (!text.is_empty()).then(|| Bit::Soft(text.to_owned()))
}

/// Where it comes from, and what is applied of that; of the namespace nothing is said if it is its own.
fn source(row: &Row, frame: &Frame) -> impl Iterator<Item = Bit> {
    let word = |link: &SourceLink| {
        if link.namespace == row.key.namespace { link.to_string() } else { in_full(link) }
    };
    let source = row.source.as_ref().map(|link| from(link, word(link), frame));
    source.into_iter().chain(revision(row))
}

fn code(text: &str) -> Option<Bit> {
    (!text.is_empty()).then(|| Bit::Code { short: text.to_owned(), full: String::new() })
}

/// What is applied, and what is tried instead.
fn revision(row: &Row) -> Option<Bit> {
    let say = |say: fn(&str) -> String| match (&*row.revision, &*row.attempted) {
        (applied, "") => say(applied),
        ("", attempted) => format!("→ {}", say(attempted)),
        (applied, attempted) => format!("{} → {}", say(applied), say(attempted)),
    };
    let short = say(short_revision);
    (!short.is_empty()).then(|| Bit::Code { short, full: say(str::to_owned) })
}

fn in_full(link: &SourceLink) -> String {
    format!("{}/{link}", link.namespace)
}

fn from(link: &SourceLink, word: String, frame: &Frame) -> Bit {
    match place::object(&frame.base, &link.key(), "details") {
        Some(to) => Bit::Link { word, to, away: false },
        None => Bit::Soft(word),
    }
}

/// Where it looks; what has no address of its own says what it is made from.
fn address(row: &Row, own: &Particulars, frame: &Frame) -> Vec<Bit> {
    if let Some(to) = web_link(&own.address) {
        let word = own.address.split_once("://").map_or(&*own.address, |(_, rest)| rest);
        return vec![Bit::Link { word: word.to_owned(), to, away: true }];
    }
    let made_from = row.source.iter().map(|link| from(link, in_full(link), frame));
    let uses = own.uses.iter().map(|key| match place::object(&frame.base, key, "details") {
        Some(to) => Bit::Link { word: format!("{}/{}", key.namespace, key.name), to, away: false },
        None => Bit::Soft(key.to_string()),
    });
    soft(&own.address).into_iter().chain(made_from).chain(uses).collect()
}

fn image(image: &str) -> Vec<Bit> {
    let (name, tag) = split_image(image);
    let name = match image_link(image) {
        Some(to) => Some(Bit::Link { word: name.to_owned(), to, away: true }),
        None => soft(name),
    };
    code(tag).into_iter().chain(name).collect()
}

fn shield(own: &Particulars) -> Option<Bit> {
    Some(match own.verified? {
        Verification::Right => Bit::Shield("ready", "Its signature was verified"),
        Verification::Wrong => Bit::Shield("failed", "Its signature could not be verified"),
        Verification::Pending => Bit::Shield("waiting", "Its signature was not verified so far"),
    })
}

/// The same of the source of what it shows.
fn of_source(verified: Verification) -> Bit {
    match verified {
        Verification::Right => Bit::Shield("ready", "The signature of its source was verified"),
        Verification::Wrong => Bit::Shield("failed", "The signature of its source could not be verified"),
        Verification::Pending => Bit::Shield("waiting", "The signature of its source was not verified so far"),
    }
}
