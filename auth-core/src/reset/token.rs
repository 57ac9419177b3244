//! The wire form of a reset token: `r1.` and the base64url of
//! root key id (4) ‖ user (16) ‖ end in microseconds since 1970 (8, big-endian)
//! ‖ noise (16) ‖ bond (32) ‖ MAC (32).
//!
//! The MAC covers all before it: a forgery is told without I/O. The bond is a
//! MAC too, over what the user's row says, so it is compared once that was read.

use std::fmt;
use std::time::Duration;

use ring::hmac;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::id::{TenantId, UserId};
use crate::maced::{Flaw, Form, Opened};
use crate::random::{EntropyError, SecureRandom, draw};
use crate::root::{RootKeyId, RootSecret, RootSecrets};
use crate::secret::Secret;
use crate::time::Timestamp;

const BOND_LABEL: &[u8] = b"auth reset bond v1";
/// User, end, noise.
const HEAD: usize = 16 + 8 + 16;
const BOND: usize = 32;

const FORM: Form<{ HEAD + BOND }> = Form {
    prefix: "r1.",
    label: b"auth reset v1",
    key: RootSecret::reset,
};

/// A reset token as it travels. Nothing is known of it before
/// [`open`](Self::open).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetToken(Secret<String>);

/// The text is no reset token of ours, for this tenant, at this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidResetToken {
    /// Wrong length, alphabet or prefix.
    #[error("malformed reset token")]
    Malformed,
    /// Made under a root secret that this instance does not know.
    #[error("reset token of an unknown root secret")]
    UnknownRoot(RootKeyId),
    /// Altered, forged, or of another tenant.
    #[error("reset token with a wrong MAC")]
    WrongMac,
    /// Its time is over.
    #[error("expired reset token")]
    Expired,
    /// It would live for longer than any may: a clock was ahead when it was
    /// made, or is behind now.
    #[error("reset token from the future")]
    FromTheFuture,
}

/// What a user's row says that a token is bound to.
///
/// The user version is not in it: a change of roles ends access tokens, and says
/// nothing of who reads the user's mail.
#[derive(Clone, Copy)]
pub struct Standing<'a> {
    /// The session epoch.
    pub session_epoch: i64,
    /// The password hash, if the user has a password.
    pub password_hash: Option<&'a str>,
}

impl fmt::Debug for Standing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standing")
            .field("session_epoch", &self.session_epoch)
            .finish_non_exhaustive()
    }
}

impl ResetToken {
    /// The longest that a token may be made to live.
    pub const MAX_LIFETIME: Duration = Duration::from_secs(3600);

    /// Takes a text that a client presented.
    pub const fn from_text(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The text to mail to the user.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Makes one for a user, whose row has this standing. It ends at
    /// `expires_at`, which must not be more than
    /// [`MAX_LIFETIME`](Self::MAX_LIFETIME) away: nobody would take it.
    ///
    /// # Errors
    /// [`EntropyError`] when the source of randomness fails.
    pub fn issue(
        root: &RootSecret,
        tenant: TenantId,
        user: UserId,
        standing: Standing<'_>,
        expires_at: Timestamp,
        random: &dyn SecureRandom,
    ) -> Result<Self, EntropyError> {
        let noise: [u8; 16] = draw(random)?;
        let mut head = Vec::with_capacity(HEAD);
        head.extend_from_slice(user.as_uuid().as_bytes());
        head.extend_from_slice(&expires_at.unix_micros().to_be_bytes());
        head.extend_from_slice(&noise);
        let bond = bond(root, tenant, &head, standing);
        let tenant = tenant.as_uuid().as_bytes();
        Ok(Self(FORM.write(root, tenant, &[&head, bond.as_ref()])))
    }

    /// Checks form, MAC and time, without I/O.
    ///
    /// # Errors
    /// [`InvalidResetToken`]; the client hears one answer for each.
    pub fn open(
        &self,
        roots: &RootSecrets,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<PresentedReset, InvalidResetToken> {
        use InvalidResetToken::{Expired, FromTheFuture, Malformed};
        let of = tenant.as_uuid().as_bytes();
        let Opened { root, said } = FORM.read(self.expose(), of, roots)?;
        let parts = || {
            let (head, bond) = said.split_first_chunk::<HEAD>()?;
            let (user, rest) = head.split_first_chunk::<16>()?;
            let (end, _noise) = rest.split_first_chunk::<8>()?;
            Some((head, user, end, <[u8; BOND]>::try_from(bond).ok()?))
        };
        let (head, user, end, bond) = parts().ok_or(Malformed)?;
        let expires_at = Timestamp::from_unix_micros(i64::from_be_bytes(*end));
        if expires_at <= now {
            return Err(Expired);
        }
        if expires_at > now + Self::MAX_LIFETIME {
            return Err(FromTheFuture);
        }
        Ok(PresentedReset {
            root: root.clone(),
            tenant,
            user: UserId::from_uuid(Uuid::from_bytes(*user)),
            head: *head,
            bond,
        })
    }
}

/// A reset token that we made, for this tenant, whose time is not over. Whether
/// it is still good the user's row tells.
pub struct PresentedReset {
    root: RootSecret,
    tenant: TenantId,
    user: UserId,
    head: [u8; HEAD],
    bond: [u8; BOND],
}

impl PresentedReset {
    /// Whose password it resets.
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// Whether the user's row still says what it said when the token was made.
    pub fn is_bound_to(&self, standing: Standing<'_>) -> bool {
        let bond = bond(&self.root, self.tenant, &self.head, standing);
        bond.as_ref().ct_eq(&self.bond).into()
    }
}

impl fmt::Debug for PresentedReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresentedReset")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl From<Flaw> for InvalidResetToken {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::Malformed => Self::Malformed,
            Flaw::UnknownRoot(id) => Self::UnknownRoot(id),
            Flaw::WrongMac => Self::WrongMac,
        }
    }
}

/// All parts but the last have a fixed length, so no two rows read alike.
fn bond(root: &RootSecret, tenant: TenantId, head: &[u8], standing: Standing<'_>) -> hmac::Tag {
    let mut mac = hmac::Context::with_key(&root.reset());
    mac.update(BOND_LABEL);
    mac.update(tenant.as_uuid().as_bytes());
    mac.update(&root.id().0);
    mac.update(head);
    mac.update(&standing.session_epoch.to_be_bytes());
    mac.update(&[u8::from(standing.password_hash.is_some())]);
    mac.update(standing.password_hash.unwrap_or_default().as_bytes());
    mac.sign()
}
