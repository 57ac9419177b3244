//! What weakens passwords. Nothing outside tests has a reason to come here.

use super::argon2id::{Argon2Params, Argon2ParamsError};

/// Parameters that may be below OWASP's rows: fast enough for a thousand hashes
/// in a test, and for whoever steals the hashes.
///
/// ```
/// let fast = auth_core::password::danger::argon2_params(8, 1, 1)?;
/// assert_eq!(fast.m_kib(), 8);
/// # Ok::<(), auth_core::password::Argon2ParamsError>(())
/// ```
///
/// # Errors
/// [`Argon2ParamsError::Impossible`] when Argon2 itself has no such parameters.
pub fn argon2_params(m_kib: u32, t: u32, p: u32) -> Result<Argon2Params, Argon2ParamsError> {
    Argon2Params::of_any_strength(m_kib, t, p)
}
