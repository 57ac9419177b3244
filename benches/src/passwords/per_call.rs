//! What a service does that has the `argon2` crate and tokio: a blocking task
//! for each hash, which allocates its own memory.

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

use super::{Work, hash};
use crate::Failure;
use crate::group::Contender;

pub(super) const UNBOUNDED: &str = "argon2 by spawn_blocking";
pub(super) const BOUNDED: &str = "argon2 by spawn_blocking, a permit for each core";

/// All at once, on as many threads as the runtime likes.
pub(super) fn unbounded(work: &Work) -> Result<Contender, Failure> {
    contender(work, UNBOUNDED, Semaphore::MAX_PERMITS)
}

/// The better form of it.
pub(super) fn bounded(work: &Work) -> Result<Contender, Failure> {
    contender(work, BOUNDED, work.workers)
}

fn contender(work: &Work, name: &str, permits: usize) -> Result<Contender, Failure> {
    let runtime: Runtime = Builder::new_multi_thread()
        .worker_threads(work.workers)
        .build()?;
    let permits = Arc::new(Semaphore::new(permits));
    let Work { hashes, tag, .. } = *work;
    Ok(work.contender(name, move || {
        let asked: Vec<_> = (0..hashes)
            .map(|_| {
                let permits = Arc::clone(&permits);
                runtime.spawn(async move {
                    let _permit = permits.acquire_owned().await.ok()?;
                    tokio::task::spawn_blocking(hash).await.ok()?.ok()
                })
            })
            .collect();
        for answer in asked {
            let answer = runtime.block_on(answer);
            assert!(
                answer.is_ok_and(|it| it == Some(tag)),
                "argon2 does not hash"
            );
        }
    }))
}
