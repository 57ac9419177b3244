//! Who is calling: a token or an API key that was verified.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;

use crate::id::{ApiKeyId, ClientId, SessionId, TenantId, UserId};
use crate::jwt::Claims;
use crate::scope::Scope;
use crate::time::Timestamp;
use crate::verifier::Vouched;

/// A verified access token, or a verified API key. There is no other way to
/// get one than through a [`Verifier`](crate::verifier::Verifier).
///
/// An API key says what a token of its user would, without what only a log-in
/// could say: it has no session, no client and no `auth_time`, so whoever asks
/// for a recent log-in ([`and_logged_in_within`]) refuses it. Its scope is the
/// key's own, which never exceeds the user's.
///
/// [`and_logged_in_within`]: crate::Requirement::and_logged_in_within
///
/// A subject is one only together with its issuer (RFC 7519 §4.1.2). What is
/// typed as this SDK's ([`user`](Self::user), [`tenant`](Self::tenant),
/// [`session`](Self::session)) is the verifier's own issuer's: another issuer
/// can write the id of any user into its tokens.
#[repr(C)]
pub struct Identity {
    /// What a cached token is held against; `None` if it cannot be cached. It
    /// comes first, beside the count of owners, which every hit writes.
    vouched: Option<Vouched>,
    claims: Claims,
    /// Whether the verifier's own issuer said it.
    is_own: bool,
    api_key: Option<ApiKeyId>,
    custom: OnceLock<Arc<dyn Any + Send + Sync>>,
}

/// A token does not have the application's own claims in the form asked for.
#[derive(Debug, thiserror::Error)]
#[error("the token's own claims are not of the expected form")]
pub struct ClaimsError(#[source] serde_json::Error);

impl Identity {
    /// The claims are the token's.
    pub(crate) fn of_token(
        claims: Claims,
        is_own: bool,
        vouched: Option<Vouched>,
        token: &str,
    ) -> Arc<Self> {
        let mut identity = Arc::new(Self::new(claims, is_own, vouched));
        let vouched = Arc::get_mut(&mut identity).and_then(|it| it.vouched.as_mut());
        if let Some(vouched) = vouched {
            vouched.be_of(token);
        }
        identity
    }

    const fn new(claims: Claims, is_own: bool, vouched: Option<Vouched>) -> Self {
        Self {
            claims,
            is_own,
            api_key: None,
            vouched,
            custom: OnceLock::new(),
        }
    }

    /// The claims are the key's.
    pub(crate) fn of_api_key(claims: Claims, key: ApiKeyId) -> Self {
        Self {
            api_key: Some(key),
            ..Self::new(claims, true, None)
        }
    }

    /// The API key that was presented; `None` if it was an access token. A
    /// person is known to have logged in only where this is `None`.
    pub const fn api_key(&self) -> Option<ApiKeyId> {
        self.api_key
    }

    /// `iss`: who issued the token.
    pub fn issuer(&self) -> &str {
        self.claims.issuer()
    }

    /// `sub`: whom the token is about, in the words of its
    /// [`issuer`](Self::issuer).
    pub fn subject(&self) -> &str {
        self.claims.subject()
    }

    /// `sub` as a user of this SDK; `None` for another issuer's subjects.
    pub fn user(&self) -> Option<UserId> {
        self.own()?.subject().parse().ok()
    }

    /// `tid`: the user's tenant; `None` for another issuer's.
    pub fn tenant(&self) -> Option<TenantId> {
        self.own()?.tenant()
    }

    /// `sid`: the session; `None` for another issuer's.
    pub fn session(&self) -> Option<SessionId> {
        self.own()?.session()
    }

    fn own(&self) -> Option<&Claims> {
        self.is_own.then_some(&self.claims)
    }

    /// `client_id`: who asked for the token.
    pub fn client(&self) -> Option<ClientId> {
        self.claims
            .client()
            .and_then(|client| ClientId::new(client).ok())
    }

    /// `scope`: what it allows.
    pub fn scope(&self) -> &Scope {
        self.claims.scope()
    }

    /// `roles`: what the user is.
    pub fn roles(&self) -> &[String] {
        self.claims.roles()
    }

    /// `exp`: from when on it is dead; of an API key without an end,
    /// [`Timestamp::MAX`].
    pub const fn expires_at(&self) -> Timestamp {
        self.claims.expires_at()
    }

    /// `auth_time`: when the user last proved who they are.
    pub const fn auth_time(&self) -> Option<Timestamp> {
        self.claims.auth_time()
    }

    pub(crate) const fn vouched(&self) -> Option<&Vouched> {
        self.vouched.as_ref()
    }

    /// Whether it was verified from this token, every byte of it, by a verifier
    /// with a [cache](crate::verifier::TokenCache).
    pub fn is_of(&self, token: &str) -> bool {
        self.vouched
            .as_ref()
            .is_some_and(|vouched| vouched.is_of(token))
    }

    /// From when on the clock of no verifier that accepted it does so again:
    /// [`expires_at`](Self::expires_at), and the leeway that it was given.
    pub fn dead_from(&self) -> Timestamp {
        self.vouched
            .as_ref()
            .map_or(self.expires_at(), Vouched::dead_from)
    }

    /// How many bytes of memory it takes at the most, with its token and what is
    /// made of its claims when they are asked for; as asked of the allocator,
    /// which may round up. The [application's own claims](Self::claims) are not
    /// counted: nobody but the application knows what they hold.
    pub fn bytes(&self) -> usize {
        const COUNTS: usize = 2 * size_of::<usize>();
        let token = self.vouched.as_ref().map_or(0, Vouched::heap_bytes);
        COUNTS + size_of::<Self>() + token + self.claims.heap_bytes()
    }

    /// All registered claims.
    pub const fn registered(&self) -> &Claims {
        &self.claims
    }

    /// The application's own claims. They are parsed once and kept with the
    /// identity; asking for a second type parses again.
    ///
    /// # Errors
    /// [`ClaimsError`] when the token does not have them in this form.
    pub fn claims<C: DeserializeOwned + Send + Sync + 'static>(
        &self,
    ) -> Result<Arc<C>, ClaimsError> {
        if let Some(known) = self.custom.get()
            && let Ok(known) = known.clone().downcast()
        {
            return Ok(known);
        }
        let parsed: Arc<C> = serde_json::from_str(self.claims.payload())
            .map(Arc::new)
            .map_err(ClaimsError)?;
        // A race is harmless: both parsed the same bytes.
        let _ = self.custom.set(parsed.clone());
        Ok(parsed)
    }
}

/// Shows whose it is, and nothing that could be personal.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("iss", &self.claims.issuer())
            .field("sub", &self.claims.subject())
            .field("sid", &self.claims.session())
            .field("api_key", &self.api_key)
            .finish_non_exhaustive()
    }
}
