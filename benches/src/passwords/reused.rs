//! The `argon2` crate with a block of memory for each thread, and nothing
//! around it: what the pool can come to at most with this crate.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use argon2::{Argon2, Block};

use super::{PASSWORD, SALT, Tag, Work};
use crate::group::Contender;

pub(super) const NAME: &str = "argon2 with reused memory";

pub(super) fn contender(work: &Work) -> Contender {
    let argon2 = Argon2::default();
    let blocks = argon2.params().block_count();
    let mut memories = vec![vec![Block::default(); blocks]; work.workers];
    let Work { hashes, tag, .. } = *work;
    work.contender(NAME, move || {
        let taken = AtomicU32::new(0);
        thread::scope(|scope| {
            for memory in &mut memories {
                scope.spawn(|| {
                    // Whoever is ready takes the next, as from a queue.
                    while taken.fetch_add(1, Ordering::Relaxed) < hashes {
                        let mut found = Tag::default();
                        let hashed = Argon2::default().hash_password_into_with_memory(
                            PASSWORD.as_bytes(),
                            SALT,
                            &mut found,
                            memory.as_mut_slice(),
                        );
                        assert!(hashed.is_ok() && found == tag, "argon2 does not hash");
                    }
                });
            }
        });
    })
}
