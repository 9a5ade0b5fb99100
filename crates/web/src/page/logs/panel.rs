use askama::Template;
use fanlight_model::{LogNews, LogQuery, LogStanding, LogSubject};

use super::{controls::Controls, line::Lines, standing::Standing};
use crate::{ObjectError, frame::Frame};

/// A log with what can be asked of it. The stream sends its blocks anew, and lines to add.
#[derive(Template)]
#[template(path = "logs/panel.html", blocks = ["note", "empty"])]
pub(in crate::page) struct Panel<'a> {
    frame: &'a Frame,
    query: &'a LogQuery,
    /// The address of the page, without a question.
    address: String,
    /// What else its form has to say.
    fields: Vec<(&'static str, String)>,
    /// The address of the same as text.
    text: String,
    controls: Controls,
    standing: Option<Standing>,
    /// The lines, as elements.
    lines: String,
    is_flux: bool,
}

impl<'a> Panel<'a> {
    /// The log as it was read; `to` makes addresses of questions.
    pub(in crate::page) fn new(
        frame: &'a Frame,
        query: &'a LogQuery,
        to: &dyn Fn(&LogQuery) -> String,
        news: &LogNews<ObjectError>,
    ) -> Self {
        let places = news.standing.as_ref().map(|standing| &standing.places);
        let lines = Lines::new(query, &news.batch, places).without_gap().render().unwrap_or_default();
        Self { lines, ..Self::about(frame, query, to, news.standing.as_ref()) }
    }

    /// The same without lines: of a stream only the blocks are sent that say how it stands.
    pub(super) fn about(
        frame: &'a Frame,
        query: &'a LogQuery,
        to: &dyn Fn(&LogQuery) -> String,
        standing: Option<&LogStanding<ObjectError>>,
    ) -> Self {
        let address = to(query);
        Self {
            frame,
            query,
            address: address.split('?').next().unwrap_or_default().to_owned(),
            fields: Vec::new(),
            text: String::new(),
            controls: Controls::new(query, standing, to),
            standing: standing.map(|standing| Standing::new(frame, query, standing)),
            lines: String::new(),
            is_flux: matches!(query.subject, LogSubject::Flux(_)),
        }
    }

    /// With the address of the same as text.
    pub(in crate::page) fn with_text(self, text: String) -> Self {
        Self { text, ..self }
    }

    /// With what the address of the page says besides the question.
    pub(in crate::page) fn with_fields(self, fields: Vec<(&'static str, String)>) -> Self {
        Self { fields, ..self }
    }

    fn notes(&self) -> &[super::standing::Note] {
        self.standing.as_ref().map(|standing| &*standing.notes).unwrap_or_default()
    }

    fn whose(&self) -> &str {
        self.standing.as_ref().map(|standing| &*standing.whose).unwrap_or_default()
    }
}
