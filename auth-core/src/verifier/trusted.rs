//! One issuer of a verifier: its keys, and what its tokens must say.

use std::sync::Arc;
use std::time::Duration;

use super::vouched::UsedKey;
use super::{SignatureChecks, Undecided, VerifyError};
use crate::issuer::{Audience, Issuer};
use crate::jwt::{Buffer, Claims, Compact, Header, RequiredClaims, TokenError, TokenPolicy};
use crate::key::{Algorithm, KeySet, KeySource, Thumbprint, Unavailable, VerifyingKey};
use crate::revocation::{RevocationView, Standing, Standpoint};

/// An issuer that a verifier trusts: its keys, for whom its tokens must be, and
/// what else they must say. A key of one issuer never verifies a token of
/// another.
///
/// # Defaults
/// - algorithm: the one that the key is bound to
/// - `typ`: `at+jwt`, with or without `application/` (RFC 9068 §4)
/// - claims: `iss`, `sub`, `aud` and `exp` always; `iat` and `jti`
/// - longest token lifetime: 1 h
/// - revocations: none, and no verifier is built without a word about it
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    pub(super) issuer: Issuer,
    pub(super) policy: TokenPolicy,
    pub(super) keys: Arc<dyn KeySource>,
    pub(super) revocations: Revocations,
}

#[derive(Clone, Debug)]
pub(super) enum Revocations {
    Unsaid,
    None,
    View(RevocationView),
}

impl TrustedIssuer {
    /// Trusts `keys` for `issuer`, and accepts its tokens for `audience`.
    pub fn new(issuer: &Issuer, audience: &Audience, keys: Arc<dyn KeySource>) -> Self {
        Self {
            issuer: issuer.clone(),
            policy: TokenPolicy {
                issuer: issuer.as_str().to_owned(),
                audiences: vec![audience.as_str().to_owned()],
                algorithms: None,
                types: ["at+jwt", "application/at+jwt"].map(str::to_owned).to_vec(),
                required: RequiredClaims::new(["iat", "jti"].map(str::to_owned)),
                leeway: Duration::ZERO,
                max_lifetime: Duration::from_secs(3600),
            },
            keys,
            revocations: Revocations::Unsaid,
        }
    }

    /// Rejects what `view` knows to be revoked. Tokens must then say what they
    /// stand on: `sid`, `tid`, `ver`, `tver`. A view is of one issuer.
    pub fn with_revocations(mut self, view: RevocationView) -> Self {
        self.revocations = Revocations::View(view);
        self
    }

    /// Accepts every valid token until it expires, logged out or not.
    pub fn without_revocations(mut self) -> Self {
        self.revocations = Revocations::None;
        self
    }

    /// Accepts tokens for `audience` too.
    pub fn with_audience(mut self, audience: &Audience) -> Self {
        self.policy.audiences.push(audience.as_str().to_owned());
        self
    }

    /// Accepts these algorithms and no others; none at all, if there are none
    /// (RFC 8725 §3.1). A key's own algorithm is required in any case.
    pub fn with_algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.policy.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// Accepts these media types in `typ` instead. A type that is not meant
    /// for access tokens lets other tokens in (RFC 8725 §3.11).
    pub fn with_types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.policy.types = types.into_iter().map(Into::into).collect();
        self
    }

    /// Requires these claims instead, beside `iss`, `sub`, `aud` and `exp`.
    pub fn with_required_claims<T: Into<String>>(
        mut self,
        claims: impl IntoIterator<Item = T>,
    ) -> Self {
        self.policy.required = RequiredClaims::new(claims.into_iter().map(Into::into));
        self
    }

    /// Refuses tokens that live longer than `lifetime`.
    pub const fn with_max_lifetime(mut self, lifetime: Duration) -> Self {
        self.policy.max_lifetime = lifetime;
        self
    }

    /// Finds the key for a token and checks its signature; says which it was.
    pub(super) fn check_signature(
        &self,
        token: &str,
        compact: &Compact<'_>,
        checks: &SignatureChecks,
    ) -> Result<UsedKey, VerifyError> {
        let keys = self.keys.keys();
        self.with_key(token, compact, &keys, |key, typ| {
            let _check = checks.begin().ok_or(Unavailable)?;
            check_signature(key, compact)?;
            if let Some(typ) = typ {
                keys.remember(key, compact.header, typ);
            }
            Ok(used(key))
        })
    }

    /// Which key a token would be verified by, on the issuer's terms; its
    /// signature is not looked at.
    pub(super) fn key_of(
        &self,
        token: &str,
        compact: &Compact<'_>,
    ) -> Result<UsedKey, VerifyError> {
        self.with_key(token, compact, &self.keys.keys(), |key, _| Ok(used(key)))
    }

    /// Calls `then` with the key for a token and, if its header is not known
    /// yet, with the `typ` in it.
    fn with_key<T>(
        &self,
        token: &str,
        compact: &Compact<'_>,
        keys: &KeySet,
        then: impl FnOnce(&VerifyingKey, Option<&str>) -> Result<T, VerifyError>,
    ) -> Result<T, VerifyError> {
        if let Some((key, typ)) = keys.recognise(compact.header) {
            let algorithm = Some(key.algorithm());
            self.policy.check_header(Some(typ), None, algorithm)?;
            return then(key, None);
        }
        self.with_key_of_unknown_header(token, compact, keys, then)
    }

    /// The same for a header that must be read.
    #[inline(never)]
    fn with_key_of_unknown_header<T>(
        &self,
        token: &str,
        compact: &Compact<'_>,
        keys: &KeySet,
        then: impl FnOnce(&VerifyingKey, Option<&str>) -> Result<T, VerifyError>,
    ) -> Result<T, VerifyError> {
        let mut buffer = EMPTY;
        let header = compact.header(&mut buffer)?;
        let Header {
            algorithm,
            kid,
            typ,
        } = Header::parse(&header)?;
        let kid = kid.as_deref();
        let algorithm = self.policy.check_header(typ.as_deref(), kid, algorithm)?;
        let Some(key) = keys.find(kid, algorithm) else {
            return Err(self.without_key(token, compact, keys, kid));
        };
        then(key, Some(typ.as_deref().unwrap_or_default()))
    }

    #[cold]
    fn without_key(
        &self,
        token: &str,
        compact: &Compact<'_>,
        keys: &KeySet,
        kid: Option<&str>,
    ) -> VerifyError {
        let may_be_known_elsewhere = match kid {
            Some(kid) => !keys.contains(kid),
            // Without any key nobody can say whether this one is good.
            None => keys.is_empty(),
        };
        if !may_be_known_elsewhere {
            return TokenError::UnknownKey.into();
        }
        // Nobody is asked on behalf of a token that will be refused.
        match compact
            .payload()
            .and_then(|payload| self.is_claimed_by(&payload))
        {
            Ok(true) => {
                Undecided::of_token(token, kid.unwrap_or_default(), self.keys.clone()).into()
            }
            Ok(false) => TokenError::Issuer.into(),
            Err(reason) => reason.into(),
        }
    }

    fn is_claimed_by(&self, payload: &str) -> Result<bool, TokenError> {
        Ok(*crate::jwt::claimed_issuer(payload)? == *self.policy.issuer)
    }

    /// Whether the key of a verified token, or what it stands on, is revoked;
    /// what it stands on, if it can be.
    pub(super) fn check_standing(
        &self,
        claims: &Claims,
        key: Thumbprint,
    ) -> Result<Option<Standpoint>, VerifyError> {
        let Revocations::View(view) = &self.revocations else {
            return Ok(None);
        };
        let standpoint = standpoint(claims, key)?;
        match view.check(&standpoint) {
            Standing::Live => Ok(Some(standpoint)),
            Standing::Revoked => Err(VerifyError::Revoked),
        }
    }
}

const EMPTY: Buffer = [0; size_of::<Buffer>()];

fn used(key: &VerifyingKey) -> UsedKey {
    UsedKey {
        thumbprint: key.thumbprint(),
        algorithm: key.algorithm(),
    }
}

fn check_signature(key: &VerifyingKey, compact: &Compact<'_>) -> Result<(), TokenError> {
    let mut buffer = EMPTY;
    let signature = compact.signature(&mut buffer)?;
    if key.verifies(compact.signed.as_bytes(), &signature) {
        Ok(())
    } else {
        Err(TokenError::Signature)
    }
}

/// A token that does not say what it stands on cannot be revoked, so it is not
/// accepted where revocation matters.
fn standpoint(claims: &Claims, key: Thumbprint) -> Result<Standpoint, TokenError> {
    let missing = |claim: &str| TokenError::MissingClaim(claim.to_owned());
    Ok(Standpoint {
        key,
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
