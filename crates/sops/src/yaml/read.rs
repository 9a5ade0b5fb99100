use std::borrow::Cow;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, options};

use super::scalar::{self, Meaning};
use crate::{
    error::SyntaxError,
    limits::{DEPTH, LENGTH},
    value::{Map, Value},
};

/// Reads one document, whose root must be a mapping.
pub(crate) fn read(text: &str) -> Result<Map, SyntaxError> {
    if text.len() > LENGTH {
        return Err(SyntaxError::TooLong);
    }
    // Text in a block at the very end of a file has a last line feed only where it stands, as sops has it.
    let options = options! {
        block_scalar_eof_without_line_feed: true,
        emit_comments: false,
        flow_nesting_limit: DEPTH + 1,
        block_nesting_limit: DEPTH + 1,
    };
    let mut reader = Reader { events: Parser::new_from_str_with_options(text, options) };
    reader.document()
}

struct Reader<'a> {
    events: Parser<'a, StrInput<'a>>,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Map, SyntaxError> {
        loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(..), _) => {}
                (Event::StreamEnd, _) => return Err(SyntaxError::NotMapping { kind: "null" }),
                (event, span) => {
                    let root = self.node(event, span, 0)?;
                    let Value::Map(map) = root else { return Err(SyntaxError::NotMapping { kind: root.kind() }) };
                    self.end()?;
                    return Ok(map);
                }
            }
        }
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        loop {
            match self.next()? {
                (Event::DocumentEnd, _) => {}
                (Event::StreamEnd, _) => return Ok(()),
                (_, span) => return Err(SyntaxError::SecondDocument { line: line(span) }),
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), SyntaxError> {
        match self.events.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(syntax(&error)),
            None => Err(SyntaxError::Cut),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Value, SyntaxError> {
        refuse_marks(&event, span)?;
        if depth > DEPTH {
            return Err(SyntaxError::TooDeep);
        }
        match event {
            Event::Scalar(text, style, ..) => scalar_value(&text, style, span),
            Event::SequenceStart(..) => {
                let mut list = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => return Ok(Value::List(list)),
                        (event, span) => list.push(self.node(event, span, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(..) => self.mapping(depth).map(Value::Map),
            Event::DocumentEnd => Ok(Value::Null),
            _ => Err(SyntaxError::Yaml { line: line(span), reason: "something unexpected".to_owned() }),
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Map, SyntaxError> {
        let mut map = Map::new();
        let mut seen = std::collections::HashSet::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                return Ok(map);
            }
            refuse_marks(&event, span)?;
            let Event::Scalar(text, style, ..) = event else { return Err(SyntaxError::Key { line: line(span) }) };
            let key = key(text, style, span)?;
            if !seen.insert(key.clone()) {
                return Err(SyntaxError::DuplicateKey { key, line: line(span) });
            }
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            map.push(key, value);
        }
    }
}

fn key(text: Cow<'_, str>, style: ScalarStyle, span: Span) -> Result<String, SyntaxError> {
    match scalar_value(&text, style, span)? {
        Value::Text(_) => Ok(text.into_owned()),
        _ => Err(SyntaxError::Key { line: line(span) }),
    }
}

fn scalar_value(text: &str, style: ScalarStyle, span: Span) -> Result<Value, SyntaxError> {
    if style != ScalarStyle::Plain {
        return Ok(Value::from(text));
    }
    match scalar::meaning(text) {
        Meaning::Value(value) => Ok(value),
        Meaning::Merge => Err(SyntaxError::Mark { what: "a merge key (<<)", line: line(span) }),
        Meaning::TooLarge => Err(SyntaxError::Integer { line: line(span) }),
    }
}

/// Anchors, aliases and tags: sops writes none, and what they mean would be lost.
fn refuse_marks(event: &Event<'_>, span: Span) -> Result<(), SyntaxError> {
    let what = match event {
        Event::Alias(_) | Event::UnresolvedAlias(_) => "an alias (*)",
        _ if event.anchor_id().is_some() => "an anchor (&)",
        _ if event.tag().is_some() => "a tag (!)",
        _ => return Ok(()),
    };
    Err(SyntaxError::Mark { what, line: line(span) })
}

fn line(span: Span) -> usize {
    span.start.line()
}

fn syntax(error: &ScanError) -> SyntaxError {
    SyntaxError::Yaml { line: error.marker().line(), reason: error.info() }
}
