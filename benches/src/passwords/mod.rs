//! Hashing passwords on every core: Argon2id, 19456 KiB, two passes, one lane.
//!
//! A call is [`HASHES`] for each core, all asked for at once, as many workers
//! as there are cores.

mod per_call;
mod pool;
mod reused;

use std::thread;

use argon2::Argon2;

use crate::Failure;
use crate::goal::Goal;
use crate::group::{Contender, Group, Suite};

/// The pool against what a service does without it, and against the same
/// threads with no pool around them.
///
/// Another way to hash is another contender in `group`, with its goals.
pub fn suite() -> Suite {
    Suite {
        name: "passwords",
        groups: Box::new(|| Ok(vec![group()?])),
    }
}

fn group() -> Result<Group, Failure> {
    let cores = u32::try_from(thread::available_parallelism()?.get())?;
    let work = Work::new(cores)?;
    Ok(Group {
        name: format!("hash, {cores} at a time"),
        contenders: vec![
            pool::contender(&work)?,
            per_call::unbounded(&work)?,
            per_call::bounded(&work)?,
            reused::contender(&work),
        ],
        goals: vec![
            Goal::throughput(pool::NAME, per_call::UNBOUNDED, 1.35).of_processors(),
            Goal::throughput(pool::NAME, per_call::BOUNDED, 1.35).of_processors(),
            Goal::throughput(pool::NAME, reused::NAME, 0.95).of_processors(),
            // Where something else is running, whoever has more threads gets
            // more done, at its cost.
            Goal::stated(pool::NAME, per_call::UNBOUNDED),
            Goal::stated(pool::NAME, per_call::BOUNDED),
            Goal::stated(pool::NAME, reused::NAME),
        ],
        no_page_faults: Some(pool::NAME.to_owned()),
        wants_idle: true,
    })
}

/// How many hashes a call has for each core.
const HASHES: u32 = 4;

const PASSWORD: &str = "correct horse battery staple";
const SALT: &[u8; 16] = b"0123456789abcdef";

/// What is to be computed, and what must come out.
#[derive(Clone, Copy)]
struct Work {
    workers: usize,
    hashes: u32,
    tag: Tag,
}

type Tag = [u8; 32];

impl Work {
    fn new(cores: u32) -> Result<Self, Failure> {
        Ok(Self {
            workers: usize::try_from(cores)?,
            hashes: cores * HASHES,
            tag: hash()?,
        })
    }

    fn contender(&self, name: &str, call: impl FnMut() + 'static) -> Contender {
        Contender::of_many(name, self.hashes, call)
    }
}

/// As its documentation shows it: the memory is allocated, and given back.
fn hash() -> Result<Tag, argon2::Error> {
    let mut tag = Tag::default();
    Argon2::default().hash_password_into(PASSWORD.as_bytes(), SALT, &mut tag)?;
    Ok(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contender_hashes() {
        // Each call panics where a hash is not the one it must be.
        for mut contender in group().unwrap().contenders {
            contender.call(1);
        }
    }
}
