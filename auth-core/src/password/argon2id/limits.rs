//! How much work a stored hash may ask for.

use super::params::Argon2Params;
use crate::password::error::CorruptHash;

/// The bounds that stored parameters are held to before any work is done: who
/// can write to the users table must not be able to stop the log-in of others.
///
/// Lanes need no bound of their own: Argon2 wants 8 KiB for each.
#[derive(Clone, Copy, Debug)]
pub(in crate::password) struct Limits {
    m_kib: u32,
    work_kib: u64,
}

impl Limits {
    /// What fits into a block of `m_kib`, and 1 GiB of work, or as much as
    /// `current` asks for: about a second, so that one row cannot hold a thread.
    pub(in crate::password) fn new(current: Argon2Params, m_kib: u32) -> Self {
        Self {
            m_kib: m_kib.max(current.m_kib()),
            work_kib: WORK_KIB.max(current.work_kib()),
        }
    }

    /// The memory that is enough for every hash that passes.
    pub(in crate::password) const fn m_kib(self) -> u32 {
        self.m_kib
    }

    /// How many passes over `m_kib` pass.
    pub(super) fn most_passes(self, m_kib: u32) -> u32 {
        u32::try_from(self.work_kib / u64::from(m_kib.max(1))).unwrap_or(u32::MAX)
    }

    pub(super) const fn check(self, asked: Argon2Params) -> Result<(), CorruptHash> {
        if asked.m_kib() > self.m_kib || asked.work_kib() > self.work_kib {
            return Err(CorruptHash::TooCostly);
        }
        Ok(())
    }
}

const WORK_KIB: u64 = 1 << 20;
