//! What cached tokens take of memory, and that a hit takes none: a program of its
//! own, since it counts what is allocated.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "tokens/support.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod support;

use std::alloc::System;

use auth_cache::token::MemoryTokenCache;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use support::{PLAIN, Rig, key};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const TOKENS: u32 = 2_000;

/// One test, because what others allocate would be counted.
#[test]
fn a_hit_allocates_nothing_and_a_token_takes_what_is_stated() {
    let before = Region::new(ALLOCATOR);
    let empty = MemoryTokenCache::default();
    let places = before.change().bytes_allocated - before.change().bytes_deallocated;
    drop(empty);
    // As the builder says: twice as many places as entries, of about 60 bytes.
    assert!(places <= 2 * 16_384 * 64, "{places}");

    let rig = Rig::new();
    let tokens: Vec<String> = (0..TOKENS)
        .map(|number| PLAIN(number).by(&rig.key))
        .collect();
    // The first good token of a key is remembered by its set.
    assert!(rig.accepts(&PLAIN(TOKENS).by(&rig.key)));
    rig.cache.clear();
    let filling = Region::new(ALLOCATOR);
    for token in &tokens {
        let identity = rig.verifier.verify_now(token).unwrap();
        // What is made when it is asked for is counted too.
        assert_eq!(
            (identity.scope().iter().count(), identity.roles().len()),
            (2, 0)
        );
    }
    let filled = filling.change();
    let taken = filled.bytes_allocated - filled.bytes_deallocated;
    let stated = rig.cache.stats().bytes;
    let each = stated / TOKENS as usize;
    println!("{} a token, {each} stated", taken / TOKENS as usize);
    // The index of subjects and its growth are beside it.
    let index = 200 * TOKENS as usize;
    assert!(
        taken <= stated + index && taken > stated / 2,
        "{taken} {stated}"
    );
    assert!(each < 2_000, "{each}");

    assert!(tokens.iter().all(|token| rig.hits(token)));
    let hits = Region::new(ALLOCATOR);
    for token in &tokens {
        std::hint::black_box(rig.verifier.verify_now(token).is_ok());
    }
    assert_eq!(hits.change().allocations, 0);

    // Nor do hits after a change of keys, nor after a revocation of another.
    rig.keys.become_these(&[&key(1, "one"), &key(2, "two")]);
    let hits = Region::new(ALLOCATOR);
    let last = &tokens[7];
    assert!(rig.accepts(last) && rig.accepts(last));
    assert!(hits.change().allocations < 4);

    rig.cache.clear();
    let emptied = filling.change();
    let left = emptied.bytes_allocated - emptied.bytes_deallocated;
    assert!(left < index, "{left}");
}
