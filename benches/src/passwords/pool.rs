//! auth-core's pool, with a thread for each core.

use std::time::Duration;

use auth_core::password::{HashPool, Password};
use tokio::runtime::{Builder, Runtime};

use super::{PASSWORD, Work};
use crate::Failure;
use crate::group::Contender;

pub(super) const NAME: &str = "auth-core HashPool";

pub(super) fn contender(work: &Work) -> Result<Contender, Failure> {
    let pool = HashPool::builder().with_threads(work.workers).build()?;
    let runtime = Builder::new_current_thread().build()?;
    let password = Password::new(PASSWORD.to_owned())?;
    check(&pool, &runtime, &password)?;
    let hashes = work.hashes;
    Ok(work.contender(NAME, move || {
        let by = pool.deadline(Duration::from_secs(600));
        let asked: Vec<_> = (0..hashes)
            .map(|_| pool.hash(password.clone(), by))
            .collect();
        for answer in asked {
            assert!(runtime.block_on(answer).is_ok(), "the pool does not hash");
        }
    }))
}

/// What it makes, it accepts, and for no other password.
fn check(pool: &HashPool, runtime: &Runtime, password: &Password) -> Result<(), Failure> {
    let by = pool.deadline(Duration::from_secs(600));
    let stored = runtime.block_on(pool.hash(password.clone(), by))?;
    let wrong = Password::new("incorrect horse".to_owned())?;
    let accepts = |password| runtime.block_on(pool.verify(password, Some(stored.clone()), by));
    if accepts(password.clone())?.matches && !accepts(wrong)?.matches {
        Ok(())
    } else {
        Err("the pool does not tell passwords apart".into())
    }
}
