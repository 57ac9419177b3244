//! Root secrets change.

use std::sync::Arc;

use auth_core::idempotency::{Begun, IdempotencyStore};
use auth_core::{RootSecret, RootSecrets};
use tokio::sync::Barrier;

use super::support::{PATIENT, World, begin, complete, is_busy, new_root, owned, owner, request};

fn both(active: &RootSecret, other: &RootSecret) -> RootSecrets {
    let roots = RootSecrets::new(active.clone());
    roots.with_other(other.clone()).unwrap()
}

/// The four that there are while it changes: of those who know no secret in common, no
/// two are there at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_root_secrets_change_one_owns_it() {
    let world = World::start().await;
    let (old, new) = (new_root(), new_root());
    let only = |root: &RootSecret| RootSecrets::new(root.clone());
    let before = [only(&old), both(&old, &new), both(&new, &old)];
    let after = [only(&new), both(&new, &old), both(&old, &new)];
    for (phase, roots) in [before, after].into_iter().enumerate() {
        let gate = Arc::new(Barrier::new(24));
        let tasks: Vec<_> = (0..24)
            .map(|task| {
                let roots = roots[task % 3].clone();
                let process = world.process_with(roots.clone(), PATIENT);
                let gate = gate.clone();
                tokio::spawn(async move {
                    let mut owned = 0;
                    for round in 0..200 {
                        let request =
                            request(&roots, &format!("{phase} {round}").replace(' ', "-"), "");
                        gate.wait().await;
                        owned +=
                            usize::from(begin(&process, &request, owner()).await == Begun::Owned);
                    }
                    owned
                })
            })
            .collect();
        let mut owned = 0;
        for task in tasks {
            owned += task.await.unwrap();
        }
        assert_eq!(owned, 200, "phase {phase}");
    }
}

#[tokio::test]
async fn what_was_done_under_the_old_one_is_done_under_the_new_one() {
    let world = World::start().await;
    let (old, new) = (new_root(), new_root());
    let process = |roots: &RootSecrets| world.process_with(roots.clone(), PATIENT);
    let roots = [both(&old, &new), both(&new, &old), RootSecrets::new(new)];
    let own = owned(&process(&roots[0]), &request(&roots[0], "k", "body")).await;
    for roots in &roots {
        let (process, request) = (process(roots), request(roots, "k", "body"));
        // One that does not know the old one cannot tell what was asked under it.
        let begun = begin(&process, &request, owner()).await;
        assert!(
            matches!(begun, Begun::Busy { .. } | Begun::Mismatch),
            "{begun:?}"
        );
    }
    let (second, again) = (process(&roots[1]), request(&roots[1], "k", "body"));
    assert!(is_busy(&second, &again).await);
    assert!(complete(&second, &again, own, None).await.unwrap());
    for roots in &roots[..2] {
        let begun = begin(&process(roots), &request(roots, "k", "body"), owner()).await;
        assert_eq!(begun, Begun::Done(None));
    }
    second.release_request(&again, own).await.unwrap();
    assert_eq!(begin(&second, &again, owner()).await, Begun::Done(None));
}
