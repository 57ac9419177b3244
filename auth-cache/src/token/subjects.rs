//! Whose entries there are.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The hashes of each subject's entries, oldest first; in parts with a lock each.
#[derive(Debug)]
pub(super) struct Subjects {
    parts: Box<[Mutex<Part>]>,
}

#[derive(Debug, Default)]
pub(super) struct Part(HashMap<u64, VecDeque<u64>>);

const PARTS: usize = 64;

impl Subjects {
    pub(super) fn new() -> Self {
        Self {
            parts: (0..PARTS).map(|_| Mutex::default()).collect(),
        }
    }

    /// The part that a subject is in. What is put into a set is put in here
    /// under the same lock, and taken out here after it is taken out there; so
    /// whoever takes it out there finds it here.
    pub(super) fn part_of(&self, subject: u64) -> MutexGuard<'_, Part> {
        let part = usize::try_from(subject % PARTS as u64).unwrap_or(0);
        self.parts[part]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// An entry has gone.
    pub(super) fn forget(&self, subject: u64, hash: u64) {
        let mut part = self.part_of(subject);
        let Entry::Occupied(mut of_subject) = part.0.entry(subject) else {
            return;
        };
        let hashes = of_subject.get_mut();
        // The oldest are the likeliest to go.
        if let Some(place) = hashes.iter().position(|known| *known == hash) {
            hashes.remove(place);
        }
        if hashes.is_empty() {
            of_subject.remove();
        }
    }

    /// How many subjects there are.
    pub(super) fn count(&self) -> usize {
        let count =
            |part: &Mutex<Part>| part.lock().unwrap_or_else(PoisonError::into_inner).0.len();
        self.parts.iter().map(count).sum()
    }
}

impl Part {
    /// One more of a subject; of more than `most`, the oldest is given back.
    pub(super) fn push(&mut self, subject: u64, hash: u64, most: usize) -> Option<u64> {
        let hashes = self.0.entry(subject).or_default();
        hashes.push_back(hash);
        (hashes.len() > most).then(|| hashes.pop_front()).flatten()
    }

    /// One of a subject's was put in again, and is the newest.
    pub(super) fn renew(&mut self, subject: u64, hash: u64) {
        if let Some(hashes) = self.0.get_mut(&subject)
            && let Some(place) = hashes.iter().position(|known| *known == hash)
        {
            hashes.remove(place);
            hashes.push_back(hash);
        }
    }
}
