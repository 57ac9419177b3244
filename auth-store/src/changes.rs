//! What counts as a change of users, tenants and API keys.

use auth_core::revocation::Target;

/// Whether what is revoked is told by [`Store::changes`](crate::Store::changes): all
/// but sessions, which end with every log-out, and signing keys.
pub(crate) const fn counts(target: &Target) -> bool {
    !matches!(target, Target::Session { .. } | Target::SigningKey { .. })
}
