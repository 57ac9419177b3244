//! Whether a name stands twice in an object.

use std::borrow::Cow;

use super::error::TokenError;

/// The names of an object so far. A few bits of each tell most of them apart;
/// the first ones are kept without allocating.
pub(super) struct Names<'a> {
    seen: u128,
    first: [&'a str; 24],
    others: Vec<Cow<'a, str>>,
    count: usize,
}

impl<'a> Names<'a> {
    pub(super) const fn new() -> Self {
        Self {
            seen: 0,
            first: [""; 24],
            others: Vec::new(),
            count: 0,
        }
    }

    pub(super) fn add(&mut self, name: Cow<'a, str>) -> Result<(), TokenError> {
        let bytes = name.as_bytes();
        let at = |place: usize| usize::from(bytes.get(place).copied().unwrap_or_default());
        let digest = bytes.len() * 5 + at(0) * 3 + at(1) * 17 + at(2) * 7;
        let bit = 1 << (digest % 128);
        if self.seen & bit != 0 && self.contains(&name) {
            return Err(TokenError::DuplicateName);
        }
        self.seen |= bit;
        match (name, self.first.get_mut(self.count)) {
            (Cow::Borrowed(name), Some(place)) => {
                *place = name;
                self.count += 1;
            }
            (name, _) => self.others.push(name),
        }
        Ok(())
    }

    fn contains(&self, name: &str) -> bool {
        self.first[..self.count].contains(&name) || self.others.iter().any(|other| other == name)
    }
}
