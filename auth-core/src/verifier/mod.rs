//! Verifying: the one way from a text to an [`Identity`].

mod bearer;
mod builder;
mod undecided;

use std::fmt;
use std::sync::Arc;

pub use bearer::{BearerError, bearer_token};
pub use builder::{VerifierBuildError, VerifierBuilder};
pub use undecided::Undecided;

use crate::clock::Clock;
use crate::error::Code;
use crate::identity::Identity;
use crate::issuer::{Audience, Issuer};
use crate::jwt::{Buffer, Claims, Compact, Header, TokenError, TokenPolicy};
use crate::key::{KeySource, Unavailable};
use crate::revocation::{RevocationView, Standing, Standpoint};
use crate::time::Now;

/// Verifies access tokens of one issuer for one audience. Clones share
/// everything.
#[derive(Clone)]
pub struct Verifier {
    shared: Arc<Shared>,
}

struct Shared {
    policy: TokenPolicy,
    keys: Arc<dyn KeySource>,
    revocations: Option<RevocationView>,
    clock: Arc<dyn Clock>,
}

/// A token was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// It is no good.
    #[error(transparent)]
    Invalid(#[from] TokenError),
    /// It was good once, and is revoked.
    #[error("the token is revoked")]
    Revoked,
    /// It cannot be judged without I/O. Ask [`Verifier::confirm`]; to ignore
    /// this is to reject the token.
    #[error("the token cannot be judged without asking")]
    Undecided(Undecided),
    /// It cannot be judged at present. This is no "no".
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl VerifyError {
    /// What the caller is told.
    pub const fn code(&self) -> Code {
        match self {
            Self::Invalid(_) | Self::Revoked => Code::InvalidToken,
            Self::Undecided(_) | Self::Unavailable(_) => Code::Unavailable,
        }
    }
}

impl Verifier {
    /// Begins a verifier that trusts `keys` for `issuer` and accepts tokens
    /// for `audience`.
    pub fn builder(
        issuer: &Issuer,
        audience: &Audience,
        keys: Arc<dyn KeySource>,
    ) -> VerifierBuilder {
        VerifierBuilder::new(issuer, audience, keys)
    }

    /// Verifies what can be verified now, without I/O and without waiting.
    ///
    /// # Errors
    /// [`VerifyError`]; [`Undecided`] when the answer needs I/O.
    pub fn verify_now(&self, token: &str) -> Result<Arc<Identity>, VerifyError> {
        let compact = Compact::split(token, self.shared.policy.max_len)?;
        let mut buffer = EMPTY;
        let header = compact.header(&mut buffer)?;
        let header = Header::parse(&header, &self.shared.policy)?;
        let keys = self.shared.keys.keys();
        let Some(key) = keys.find(header.kid.as_deref(), header.algorithm) else {
            return Err(match header.kid {
                Some(kid) if !keys.contains(&kid) => {
                    Undecided::unknown_key(token, kid.into_owned()).into()
                }
                // Without any key nobody can say whether this one is good.
                None if keys.is_empty() => Undecided::unknown_key(token, String::new()).into(),
                _ => TokenError::UnknownKey.into(),
            });
        };
        let mut buffer = EMPTY;
        if !key.verifies(compact.signed.as_bytes(), &compact.signature(&mut buffer)?) {
            return Err(TokenError::Signature.into());
        }
        let claims = Claims::parse(compact.payload()?, &self.shared.policy, self.now().wall)?;
        self.check_standing(&claims)?;
        Ok(Arc::new(Identity::new(claims)))
    }

    /// Decides what [`verify_now`](Self::verify_now) could not.
    ///
    /// # Errors
    /// [`VerifyError`], never [`VerifyError::Undecided`].
    pub async fn confirm(&self, undecided: Undecided) -> Result<Arc<Identity>, VerifyError> {
        let Undecided { token, kid } = undecided;
        self.shared.keys.refresh(&kid).await?;
        match self.verify_now(token.expose()) {
            Err(VerifyError::Undecided(_)) => Err(TokenError::UnknownKey.into()),
            decided => decided,
        }
    }

    /// [`verify_now`](Self::verify_now), and [`confirm`](Self::confirm) where
    /// it could not tell.
    ///
    /// # Errors
    /// [`VerifyError`], never [`VerifyError::Undecided`].
    pub async fn verify(&self, token: &str) -> Result<Arc<Identity>, VerifyError> {
        match self.verify_now(token) {
            Err(VerifyError::Undecided(undecided)) => self.confirm(undecided).await,
            decided => decided,
        }
    }

    /// The issuer whose tokens it accepts.
    pub fn issuer(&self) -> &str {
        &self.shared.policy.issuer
    }

    /// The verifier's clock.
    pub fn now(&self) -> Now {
        self.shared.clock.now()
    }

    fn check_standing(&self, claims: &Claims) -> Result<(), VerifyError> {
        let Some(view) = &self.shared.revocations else {
            return Ok(());
        };
        match view.check(&standpoint(claims)?) {
            Standing::Live => Ok(()),
            Standing::Revoked => Err(VerifyError::Revoked),
        }
    }
}

const EMPTY: Buffer = [0; size_of::<Buffer>()];

/// A token that does not say what it stands on cannot be revoked, so it is not
/// accepted where revocation matters.
fn standpoint(claims: &Claims) -> Result<Standpoint, TokenError> {
    let missing = |claim: &str| TokenError::MissingClaim(claim.to_owned());
    Ok(Standpoint {
        tenant: claims.tenant().ok_or_else(|| missing("tid"))?,
        user: claims
            .subject()
            .parse()
            .map_err(|_| TokenError::Malformed("sub"))?,
        session: claims.session().ok_or_else(|| missing("sid"))?,
        user_version: claims.user_version().ok_or_else(|| missing("ver"))?,
        tenant_version: claims.tenant_version().ok_or_else(|| missing("tver"))?,
    })
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("policy", &self.shared.policy)
            .finish_non_exhaustive()
    }
}
