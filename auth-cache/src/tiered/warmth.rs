//! What came of a warm-up.

/// How many of the keys of a [warm-up](super::Cache::warm_up) came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warmth {
    /// There is a value.
    pub found: usize,
    /// There is no such thing.
    pub absent: usize,
    /// It could not be told.
    pub unavailable: usize,
}

impl Warmth {
    pub(crate) const fn count(&mut self, exists: Option<bool>) {
        *match exists {
            Some(true) => &mut self.found,
            Some(false) => &mut self.absent,
            None => &mut self.unavailable,
        } += 1;
    }
}
