//! What is told of an invalidation, as it stands in the stream.
//!
//! It is sealed as values are: keys may be personal data, and what was not written by a
//! process with the root secret is not believed. Not to believe an invalidation would be
//! to serve what it ends, so what cannot be read is taken to be of everything: whoever
//! writes to Redis can make processes forget, which is what they also get by deleting,
//! and nothing else.

use auth_core::EntropyError;
use auth_core::Monotonic;
use serde::{Deserialize, Serialize};

use super::Inner;
use super::refusal::Refusal;
use super::seal::{Place, Server};
use crate::tier::{Invalidated, Namespace};
use crate::tiered::Tag;

/// The most, in bytes and in number, that one entry tells.
const MOST_BYTES: usize = 64 * 1024;
const MOST: usize = 1000;

/// One entry.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// Who tells: it need not be told itself.
    pub(super) by: [u8; 16],
    what: Vec<What>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum What {
    Key(Vec<u8>),
    Tag(String),
    All,
}

impl Told {
    pub(super) fn new(by: [u8; 16], what: &[Invalidated]) -> Self {
        let what = what.iter().map(|what| match what {
            Invalidated::Key(key) => What::Key(key.to_vec()),
            Invalidated::Tag(tag) => What::Tag(tag.as_str().to_owned()),
            Invalidated::All => What::All,
        });
        Self {
            by,
            what: what.collect(),
        }
    }

    pub(super) fn seal(&self, inner: &Inner, space: &Namespace) -> Result<Vec<u8>, EntropyError> {
        let plain = postcard::to_stdvec(self).map_err(|_| EntropyError)?;
        inner.sealer.seal(place(inner, space), &[&plain])
    }

    pub(super) fn open(
        inner: &Inner,
        space: &Namespace,
        mut sealed: Vec<u8>,
        now: Monotonic,
    ) -> Result<Self, Refusal> {
        let plain = inner.sealer.open(place(inner, space), &mut sealed, now)?;
        let (told, rest) = postcard::take_from_bytes(&sealed[plain]).map_err(|_| Refusal::Form)?;
        if rest.is_empty() {
            Ok(told)
        } else {
            Err(Refusal::Form)
        }
    }

    pub(super) fn what(self) -> impl Iterator<Item = Invalidated> {
        self.what.into_iter().map(|what| match what {
            What::Key(key) => Invalidated::Key(key.into()),
            What::Tag(name) => Invalidated::Tag(Tag::new(name)),
            What::All => Invalidated::All,
        })
    }
}

/// In any server's stream: what is told again is only forgotten again.
fn place<'a>(inner: &'a Inner, space: &'a Namespace) -> Place<'a> {
    Place {
        kind: "tail",
        prefix: &inner.prefix,
        cache: &space.cache,
        schema: space.schema,
        key: b"",
        server: Server::ANY,
    }
}

/// In parts that one entry has room for.
pub(super) fn chunks(what: &[Invalidated]) -> impl Iterator<Item = &[Invalidated]> {
    let mut rest = what;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = rest.iter().take(MOST).take_while(|what| {
            bytes += match what {
                Invalidated::Key(key) => key.len(),
                Invalidated::Tag(tag) => tag.as_str().len(),
                Invalidated::All => 0,
            };
            bytes <= MOST_BYTES
        });
        // One that is too large is told alone.
        let count = fits.count().max(1).min(rest.len());
        let (chunk, after) = rest.split_at(count);
        rest = after;
        (!chunk.is_empty()).then_some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_for_one_entry_is_told_in_several() {
        let key = |length| Invalidated::Key(vec![7; length].into());
        let of = |what: &[Invalidated]| chunks(what).map(<[_]>::len).collect::<Vec<_>>();
        assert_eq!(of(&[]), [0_usize; 0]);
        assert_eq!(of(&vec![key(1); 2500]), [1000, 1000, 500]);
        assert_eq!(
            of(&[key(40_000), key(40_000), key(100_000), key(1)]),
            [1, 1, 1, 1]
        );
        assert_eq!(of(&[Invalidated::All, key(65_536)]), [2]);
    }
}
