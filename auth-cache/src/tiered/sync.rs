//! The locks and counters that the protocols are written in, as parameters:
//! tests run the same code on primitives whose schedule they choose.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

/// A family of primitives.
pub(crate) trait Primitives: 'static {
    /// A lock.
    type Lock<T: Send + 'static>: Lock<T>;
    /// A counter.
    type Counter: Counter;
}

/// A value that one thread at a time works on. The closure keeps a guard from
/// being held longer than it looks.
pub(crate) trait Lock<T>: Send + Sync + 'static {
    fn new(value: T) -> Self;
    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R;
}

/// A number that all threads agree on. Every operation is sequentially
/// consistent: only loads are on a hit's path, and there they cost what any
/// other load does.
pub(crate) trait Counter: Send + Sync + 'static {
    fn new(value: u64) -> Self;
    fn load(&self) -> u64;
    /// Adds one, and gives the sum.
    fn next(&self) -> u64;
    /// Raises it to `value`, unless it is higher.
    fn raise(&self, value: u64);
}

/// The standard library's.
#[derive(Debug)]
pub(crate) struct Std;

impl Primitives for Std {
    type Lock<T: Send + 'static> = std::sync::Mutex<T>;
    type Counter = AtomicU64;
}

impl<T: Send + 'static> Lock<T> for std::sync::Mutex<T> {
    fn new(value: T) -> Self {
        Self::new(value)
    }

    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        // What panics under a lock of ours is an allocation, or the equality
        // of an application's key; neither leaves a value half changed.
        work(&mut self.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Counter for AtomicU64 {
    fn new(value: u64) -> Self {
        Self::new(value)
    }

    fn load(&self) -> u64 {
        self.load(Ordering::SeqCst)
    }

    fn next(&self) -> u64 {
        self.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn raise(&self, value: u64) {
        self.fetch_max(value, Ordering::SeqCst);
    }
}
