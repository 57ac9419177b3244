//! How many signatures are checked at the same time.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;

/// A cap on signatures that are checked at the same time. Clones share it.
///
/// Tokens that nobody has seen before cost a signature check each, whoever
/// wrote them. Where requests are served by many threads (a thread each, a pool
/// of hundreds for blocking calls), a flood of them would keep all processors
/// on signatures, each thread slower than the last. Beyond the cap a token is
/// answered with [`VerifyError::Unavailable`](super::VerifyError::Unavailable)
/// (503), never with 401; those that are cached, or refused without
/// cryptography, are answered as ever.
///
/// Nobody waits for a turn: whoever waited would hold a thread meanwhile.
///
/// # Defaults
/// [`SignatureChecks::default`] is one cap for all verifiers of the process: 8
/// for each processor, and 64 at least. A runtime with a thread for each
/// processor does not come near it.
///
/// ```
/// use auth_core::verifier::SignatureChecks;
///
/// let checks = SignatureChecks::at_most(1.try_into()?);
/// let first = checks.begin();
/// assert!(first.is_some() && checks.begin().is_none());
/// drop(first);
/// assert!(checks.begin().is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SignatureChecks {
    /// `None`: no cap.
    shared: Option<Arc<Shared>>,
}

struct Shared {
    limit: usize,
    running: AtomicUsize,
}

/// A signature is being checked until this is dropped.
#[must_use = "the check is over when this is dropped"]
#[derive(Debug)]
pub struct SignatureCheck<'a> {
    running: Option<&'a AtomicUsize>,
}

impl SignatureChecks {
    /// At most `limit` at the same time.
    pub fn at_most(limit: NonZeroUsize) -> Self {
        Self {
            shared: Some(Arc::new(Shared {
                limit: limit.get(),
                running: AtomicUsize::new(0),
            })),
        }
    }

    /// As many as there are threads that ask.
    pub const fn unlimited() -> Self {
        Self { shared: None }
    }

    /// Begins one; `None` if there are as many as there may be. For whoever has
    /// other work that is to share the cap.
    pub fn begin(&self) -> Option<SignatureCheck<'_>> {
        let Some(shared) = &self.shared else {
            return Some(SignatureCheck { running: None });
        };
        // Counted first, so that two cannot both be the last.
        let check = SignatureCheck {
            running: Some(&shared.running),
        };
        let before = shared.running.fetch_add(1, Ordering::Relaxed);
        (before < shared.limit).then_some(check)
    }

    /// How many are under way, about.
    pub fn running(&self) -> usize {
        let running = |shared: &Arc<Shared>| shared.running.load(Ordering::Relaxed);
        self.shared.as_ref().map_or(0, running)
    }
}

impl Drop for SignatureCheck<'_> {
    fn drop(&mut self) {
        if let Some(running) = self.running {
            running.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// The process's.
impl Default for SignatureChecks {
    fn default() -> Self {
        static OF_THE_PROCESS: LazyLock<SignatureChecks> = LazyLock::new(|| {
            let processors = available_parallelism().map_or(1, NonZeroUsize::get);
            let limit = processors.saturating_mul(8).max(64);
            SignatureChecks::at_most(NonZeroUsize::MIN.saturating_add(limit - 1))
        });
        OF_THE_PROCESS.clone()
    }
}

impl fmt::Debug for SignatureChecks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureChecks")
            .field("limit", &self.shared.as_ref().map(|shared| shared.limit))
            .field("running", &self.running())
            .finish()
    }
}
