//! Values that stay where they stand in a text.

use super::json::Reader;
use super::verify::TokenError;

/// Where a value stands in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Span {
    /// Reads the value again that stands here in `text`.
    pub(super) fn read<'a, T>(
        self,
        text: &'a str,
        with: impl FnOnce(&mut Reader<'a>) -> Result<T, TokenError>,
    ) -> Option<T> {
        let text = text.get(..self.end)?;
        with(&mut Reader::new(text, self.start)).ok()
    }
}

/// A string that stands in a text, or its content where it was escaped.
#[derive(Debug)]
pub(super) enum Text {
    Plain(Span),
    Escaped(Box<str>),
}

impl Text {
    /// Its content, given the text it was read from.
    pub(super) fn in_text<'a>(&'a self, text: &'a str) -> &'a str {
        match self {
            Self::Plain(Span { start, end }) => text.get(*start..*end).unwrap_or_default(),
            Self::Escaped(content) => content,
        }
    }
}
