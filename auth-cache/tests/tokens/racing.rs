//! Many threads: what has returned holds for all of them.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use auth_core::revocation::Target;
use auth_testkit::rounds;

use super::support::{Draws, Rig, key, session, tenant};

const BATCH: u32 = 500;

/// A batch at a time, so that the cache has all that are about to be revoked.
#[test]
fn c66_after_a_revocation_has_returned_no_thread_accepts() {
    let batches = u32::try_from(rounds(20)).unwrap();
    let rig = Rig::new();
    let before_each = Barrier::new(3);
    let revoked: Vec<AtomicBool> = (0..BATCH).map(|_| AtomicBool::new(false)).collect();
    let all_revoked = AtomicBool::new(false);
    let accepted = AtomicUsize::new(0);
    for batch in 0..batches {
        let number = |place: u32| batch * BATCH + place;
        let tokens: Vec<String> = (0..BATCH).map(|place| rig.token(number(place))).collect();
        for (token, revoked) in tokens.iter().zip(&revoked) {
            assert!(rig.accepts(token));
            revoked.store(false, Ordering::SeqCst);
        }
        all_revoked.store(false, Ordering::SeqCst);
        let look_at = |place: usize| {
            let was_revoked = revoked[place].load(Ordering::SeqCst);
            let accepts = rig.accepts(&tokens[place]);
            assert!(!(was_revoked && accepts), "accepted after its revocation");
            accepts
        };
        std::thread::scope(|scope| {
            for thread in 1..3 {
                let (look_at, before_each) = (&look_at, &before_each);
                let (all_revoked, accepted) = (&all_revoked, &accepted);
                scope.spawn(move || {
                    let mut draws = Draws(thread + u64::from(batch) * 3);
                    before_each.wait();
                    loop {
                        let is_over = all_revoked.load(Ordering::SeqCst);
                        let place = draws.below(BATCH as usize);
                        accepted.fetch_add(usize::from(look_at(place)), Ordering::Relaxed);
                        if is_over {
                            break;
                        }
                    }
                });
            }
            before_each.wait();
            for (place, revoked) in revoked.iter().enumerate() {
                let session = session(number(u32::try_from(place).unwrap()));
                let tenant = tenant(1);
                rig.revoke(Target::Session { tenant, session });
                revoked.store(true, Ordering::SeqCst);
                assert!(!look_at(place));
            }
            all_revoked.store(true, Ordering::SeqCst);
        });
    }
    let accepted = accepted.into_inner();
    assert!(accepted > 0);
    assert!(rig.verifier.stats().hits > 0);
    let revocations = batches * BATCH;
    eprintln!("{revocations} revocations raced, {accepted} tokens accepted, each before its own");
}

/// The same of a key that leaves the set, and comes back.
#[test]
fn c46_after_a_key_has_gone_no_thread_accepts() {
    let rounds = usize::try_from(rounds(3_000)).unwrap();
    let rig = Rig::new();
    let other = key(2, "two");
    let token = rig.token(1);
    assert!(rig.accepts(&token));
    // Odd while it is gone.
    let turn = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let before = turn.load(Ordering::SeqCst);
                    let accepts = rig.accepts(&token);
                    // It was gone all the while.
                    let was_gone = before % 2 == 1 && turn.load(Ordering::SeqCst) == before;
                    assert!(!(was_gone && accepts), "accepted after its key had gone");
                    if before >= 2 * rounds {
                        break;
                    }
                }
            });
        }
        for _ in 0..rounds {
            rig.keys.become_these(&[&other]);
            turn.fetch_add(1, Ordering::SeqCst);
            assert!(!rig.accepts(&token));
            turn.fetch_add(1, Ordering::SeqCst);
            rig.keys.become_these(&[&rig.key, &other]);
            assert!(rig.accepts(&token));
        }
    });
    eprintln!("{rounds} times a key was taken away and given back");
}
