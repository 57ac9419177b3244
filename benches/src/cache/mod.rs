//! Caches of look-ups: hits, and many who miss one key.

mod hit;
mod stampede;

use crate::group::Suite;

/// Ours against the caches of others, and against doing without one.
///
/// Another cache is another contender in a group, with its goals.
pub fn suite() -> Suite {
    Suite {
        name: "cache",
        groups: Box::new(|| Ok(vec![hit::group()?, stampede::group()?])),
    }
}

/// Hits alone, of which it is worth counting what they allocate.
pub fn hits() -> Suite {
    Suite {
        name: "cache hits",
        groups: Box::new(|| Ok(vec![hit::group()?])),
    }
}
