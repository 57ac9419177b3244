//! Values that stay where they stand in a text.

use super::error::TokenError;
use super::json::Reader;

/// Where a value stands in a text of less than 4 GiB.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Of a place behind 4 GiB nothing is read.
    pub(super) fn new(start: usize, end: usize) -> Self {
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            start: place(start),
            end: place(end),
        }
    }

    /// What stands here in `text`.
    pub(super) fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    /// Reads the value again that stands here in `text`.
    pub(super) fn read<'a, T>(
        self,
        text: &'a str,
        with: impl FnOnce(&mut Reader<'a>) -> Result<T, TokenError>,
    ) -> Option<T> {
        with(&mut Reader::new(self.of(text), 0)).ok()
    }
}
