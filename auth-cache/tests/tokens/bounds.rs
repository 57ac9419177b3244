//! How much there may be, and of whom.

use std::sync::Arc;
use std::time::Duration;

use auth_cache::token::MemoryTokenCache;

use super::support::{NOW, PLAIN, Rig, Saying, key};

fn small(entries: usize, bytes: usize, per_subject: usize) -> Rig {
    Rig::with(|clock| {
        MemoryTokenCache::builder()
            .with_max_entries(entries.try_into().unwrap())
            .with_max_bytes(bytes)
            .with_max_entries_per_subject(per_subject.try_into().unwrap())
            .with_clock(clock)
            .build()
    })
}

/// Everybody's tokens, verified once.
fn crowd(rig: &Rig, size: u32) -> Vec<String> {
    let tokens: Vec<String> = (0..size).map(|number| rig.token(1_000 + number)).collect();
    assert!(tokens.iter().all(|token| rig.accepts(token)));
    tokens
}

#[test]
fn a_flood_of_one_subjects_tokens_pushes_nobody_else_out() {
    let rig = small(10_000, 32 << 20, 64);
    let others = crowd(&rig, 500);
    let mut last = String::new();
    for session in 0..20_000 {
        last = Saying {
            session,
            ..PLAIN(1)
        }
        .by(&rig.key);
        assert!(rig.accepts(&last));
    }
    let kept = others.iter().filter(|token| rig.hits(token)).count();
    assert_eq!(kept, 500);
    // The newest of the flood are there, and no more of them than may be.
    assert!(rig.hits(&last));
    let stats = rig.cache.stats();
    assert_eq!((stats.entries, stats.subjects), (564, 501));
    assert_eq!((stats.displaced, stats.evicted), (20_000 - 64, 0));
}

#[test]
fn a_flood_of_junk_leaves_no_trace() {
    let rig = small(1_000, 32 << 20, 64);
    let others = crowd(&rig, 300);
    let before = rig.cache.stats();
    let forged = PLAIN(1).by(&key(7, "one"));
    let (head, signature) = forged.rsplit_once('.').unwrap();
    let good = &others[0];
    let tail = &good[good.len() - 70..];
    for number in 0..50_000_u32 {
        let junk = match number % 3 {
            0 => format!("{head}.{number:08}{}", &signature[8..]),
            1 => format!("junk {number}"),
            // It ends as a good one does, and goes to the same place.
            _ => format!("{number}{tail}"),
        };
        assert!(!rig.accepts(&junk));
    }
    assert_eq!(rig.cache.stats(), before);
    assert!(others.iter().all(|token| rig.hits(token)));
}

#[test]
fn entries_are_bounded_and_what_is_used_stays() {
    let rig = small(500, 32 << 20, 64);
    let hot = crowd(&rig, 50);
    for number in 0..5_000 {
        assert!(rig.accepts(&rig.token(10_000 + number)));
        assert!(rig.accepts(&hot[number as usize % 50]));
        assert!(rig.cache.stats().entries <= 500);
    }
    let kept = hot.iter().filter(|token| rig.hits(token)).count();
    assert!(kept >= 48, "{kept}");
    let stats = rig.cache.stats();
    assert!(stats.entries > 450, "{stats:?}");
    let gone = stats.evicted + stats.displaced + stats.expired + stats.removed;
    assert_eq!(stats.inserted - gone, stats.entries as u64);
    assert_eq!(stats.subjects, stats.entries);
}

#[test]
fn bytes_are_bounded() {
    let size = {
        let rig = Rig::new();
        let token = rig.token(1);
        rig.verifier.verify_now(&token).unwrap().bytes()
    };
    let rig = small(10_000, 100 * size + size / 2, 64);
    for number in 0..1_000 {
        assert!(rig.accepts(&rig.token(number)));
        assert!(rig.cache.stats().bytes <= 100 * size + size / 2);
    }
    assert_eq!(rig.cache.stats().entries, 100);

    let rig = small(10_000, size - 1, 64);
    let token = rig.token(1);
    assert!(rig.accepts(&token) && rig.accepts(&token));
    let stats = rig.cache.stats();
    assert_eq!((stats.entries, stats.bytes, stats.too_large), (0, 0, 2));
}

#[test]
fn what_has_expired_goes_when_asked_for_and_little_by_little() {
    let rig = small(1_000, 32 << 20, 64);
    crowd(&rig, 300);
    // Tokens live for up to 5 % less than they could.
    rig.clock.advance(Duration::from_secs(280));
    rig.cache.expire();
    assert_eq!(rig.cache.stats().entries, 300);
    rig.clock.advance(Duration::from_secs(20));
    rig.cache.expire();
    let stats = rig.cache.stats();
    assert_eq!((stats.entries, stats.bytes, stats.subjects), (0, 0, 0));
    assert_eq!(stats.expired, 300);

    let rig = small(1_000, 32 << 20, 64);
    crowd(&rig, 300);
    rig.clock.advance(Duration::from_secs(300));
    let issued_at = NOW + Duration::from_secs(300);
    for number in 0..256 {
        let token = Saying {
            issued_at,
            ..PLAIN(number)
        }
        .by(&rig.key);
        assert!(rig.accepts(&token));
    }
    let stats = rig.cache.stats();
    assert_eq!((stats.entries, stats.expired), (256, 300));
}

/// The books must come out even when many insert, remove and expire at once.
#[test]
fn the_books_are_right_after_many_threads_have_written_them() {
    let rig = Arc::new(small(200, 32 << 20, 4));
    std::thread::scope(|scope| {
        for thread in 0..4_u32 {
            let rig = rig.clone();
            scope.spawn(move || {
                for number in 0..2_000 {
                    // Few subjects, so that they meet.
                    let saying = Saying {
                        session: number,
                        ..PLAIN(number % 90 + thread)
                    };
                    assert!(rig.accepts(&saying.by(&rig.key)));
                    if number % 500 == 0 {
                        rig.cache.clear();
                    }
                }
            });
        }
    });
    let stats = rig.cache.stats();
    assert!(
        stats.entries <= 200 && stats.subjects <= stats.entries,
        "{stats:?}"
    );
    rig.cache.clear();
    let stats = rig.cache.stats();
    assert_eq!((stats.entries, stats.bytes, stats.subjects), (0, 0, 0));
}
