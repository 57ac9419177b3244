//! What a thread of the pool does.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::job::Job;
use super::queue::Ended;
use super::shared::{Shared, Turn};
use crate::password::argon2id::Hasher;
use crate::password::error::HashError;

/// Takes one job after the other until the pool is closed. The memory is wiped
/// when none waits, after the answer has been sent; a job that does wait
/// overwrites it anyway.
pub(super) fn work(shared: &Arc<Shared>, mut hasher: Hasher) {
    while let Some((job, turn)) = next(shared, &mut hasher) {
        // A port or a caller's waker that panics costs one answer, not the
        // thread. The hasher has no state that a panic could leave half made.
        let _ = catch_unwind(AssertUnwindSafe(|| serve(shared, &mut hasher, job, turn)));
    }
}

fn next<'a>(shared: &'a Arc<Shared>, hasher: &mut Hasher) -> Option<(Job, Turn<'a>)> {
    shared.try_take().or_else(|| {
        hasher.wipe();
        shared.take()
    })
}

fn serve(shared: &Shared, hasher: &mut Hasher, job: Job, turn: Turn<'_>) {
    let started = shared.clock.now();
    if job.is_stale(started) {
        turn.end(Ended::Skipped);
        job.refuse(HashError::DeadlinePassed);
        return;
    }
    let since = job.since;
    let before = hasher.computed();
    let answer = job.run(hasher);
    // Before the answer, so that whoever has it sees it counted.
    turn.end(if answer.is_done() || hasher.computed() > before {
        Ended::Hashed {
            took: shared.clock.now().mono.since(started.mono),
            waited: started.mono.since(since),
        }
    } else {
        Ended::Failed
    });
    answer.send();
}
