//! How hard a password is to hash.

use super::limits::Limits;

/// Argon2id's cost parameters, at least as strong as one of OWASP's rows.
///
/// # Defaults
/// `m` = 19456 KiB, `t` = 2 passes, `p` = 1 lane.
///
/// ```
/// use auth_core::password::Argon2Params;
///
/// assert_eq!(Argon2Params::default(), Argon2Params::new(19_456, 2, 1)?);
/// assert!(Argon2Params::new(19_456, 1, 1).is_err());
/// # Ok::<(), auth_core::password::Argon2ParamsError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Params {
    m_kib: u32,
    t: u32,
    p: u32,
}

impl Argon2Params {
    /// `m_kib` KiB of memory, `t` passes over it, `p` lanes. The lanes of one
    /// password are computed one after the other: more of them help an attacker,
    /// not the pool, so leave `p` at 1 unless hashes are shared with other
    /// software.
    ///
    /// # Errors
    /// [`Argon2ParamsError::Weak`] below all of OWASP's equal-strength rows,
    /// 47104/1, 19456/2, 12288/3, 9216/4 and 7168/5 (`m_kib`/`t`);
    /// [`Argon2ParamsError::Impossible`] when Argon2 has no such parameters.
    pub fn new(m_kib: u32, t: u32, p: u32) -> Result<Self, Argon2ParamsError> {
        let params = Self::of_any_strength(m_kib, t, p)?;
        if OWASP_ROWS
            .iter()
            .any(|&(row_m, row_t)| m_kib >= row_m && t >= row_t)
        {
            Ok(params)
        } else {
            Err(Argon2ParamsError::Weak)
        }
    }

    /// Whatever RFC 9106 §3.1 allows.
    pub(in crate::password) fn of_any_strength(
        m_kib: u32,
        t: u32,
        p: u32,
    ) -> Result<Self, Argon2ParamsError> {
        let params = Self { m_kib, t, p };
        params
            .to_backend()
            .map_err(|_| Argon2ParamsError::Impossible)?;
        Ok(params)
    }

    /// Memory in KiB.
    pub const fn m_kib(&self) -> u32 {
        self.m_kib
    }

    /// Passes over the memory.
    pub const fn t(&self) -> u32 {
        self.t
    }

    /// Lanes.
    pub const fn p(&self) -> u32 {
        self.p
    }

    /// With `t` passes, if those are more; no more than a stored hash may have.
    pub(in crate::password) fn with_passes_from(self, t: u32) -> Self {
        let most = Limits::new(self, 0).most_passes(self.m_kib);
        Self {
            t: t.min(most).max(self.t),
            ..self
        }
    }

    /// The work of one hash: KiB written.
    pub(in crate::password) const fn work_kib(&self) -> u64 {
        // Both are 32 bits wide, so the product fits.
        self.m_kib as u64 * self.t as u64
    }

    pub(super) const fn to_backend(self) -> Result<argon2::Params, argon2::Error> {
        argon2::Params::new(self.m_kib, self.t, self.p, None)
    }
}

impl Default for Argon2Params {
    fn default() -> Self {
        Self {
            m_kib: 19_456,
            t: 2,
            p: 1,
        }
    }
}

/// Parameters that are not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Argon2ParamsError {
    /// They are below OWASP's minimum.
    #[error("the Argon2id parameters are below all of OWASP's equal-strength rows")]
    Weak,
    /// Argon2 needs at least one pass, one lane, and 8 KiB for each lane.
    #[error("Argon2 has no such parameters")]
    Impossible,
}

/// OWASP Password Storage Cheat Sheet: `(m_kib, t)` of equal strength, p = 1.
const OWASP_ROWS: [(u32, u32); 5] = [
    (47_104, 1),
    (19_456, 2),
    (12_288, 3),
    (9_216, 4),
    (7_168, 5),
];
