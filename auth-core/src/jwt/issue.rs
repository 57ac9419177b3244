//! Issuing access tokens.

use std::mem;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use zeroize::Zeroize;

use super::base64url;
use super::compact::Buffer;
use super::known::is_reserved;
use super::write::{ObjectText, name, string_text};
use crate::id::{ClientId, SessionId, TenantId, TokenId, UserId};
use crate::issuer::{Audience, Issuer};
use crate::key::{SigningKey, VerifyingKey};
use crate::random::{EntropyError, SecureRandom, draw};
use crate::scope::Scope;
use crate::secret::Secret;
use crate::time::Timestamp;

/// What a new access token is to say. Everything in it comes from the one
/// statement that authorised it.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    /// The user.
    pub subject: UserId,
    /// The user's tenant.
    pub tenant: TenantId,
    /// The session.
    pub session: SessionId,
    /// Who asked for it.
    pub client: &'a ClientId,
    /// What it allows.
    pub scope: &'a Scope,
    /// The user version.
    pub user_version: i64,
    /// The tenant version.
    pub tenant_version: i64,
    /// How the user proved who they are.
    pub amr: &'a [String],
    /// When they did.
    pub auth_time: Timestamp,
    /// What the user is.
    pub roles: &'a [String],
    /// The application's own claims.
    pub custom: &'a Map<String, Value>,
    /// The store's clock at the statement that authorised it.
    pub now: Timestamp,
}

/// A token cannot be issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// There is no randomness for its id.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// One of the application's own claims has a name that is not its own.
    #[error("the claim {0:?} is reserved")]
    Reserved(String),
    /// The token would be longer than a verifier accepts.
    #[error("the token would be longer than {0} bytes; carry less in it")]
    TooLong(usize),
}

/// Issues the access tokens of one issuer for one audience.
#[derive(Clone, Debug)]
pub struct TokenIssuer {
    /// As they are written in each token.
    issuer: String,
    audience: String,
    lifetime: Duration,
}

impl TokenIssuer {
    /// The longest token that is issued: what a verifier accepts by default.
    pub const MAX_LEN: usize = 8 * 1024;

    /// Issues for `issuer` and `audience`, each token living for `lifetime`
    /// less up to 5 % of it, so that tokens issued together do not end
    /// together.
    #[expect(clippy::needless_pass_by_value, reason = "they are what it is made of")]
    pub fn new(issuer: Issuer, audience: Audience, lifetime: Duration) -> Self {
        Self {
            issuer: string_text(issuer.as_str()),
            audience: string_text(audience.as_str()),
            lifetime,
        }
    }

    /// Issues a token.
    ///
    /// # Errors
    /// [`IssueError`] when randomness fails, or the application's own claims
    /// are reserved or too many.
    pub fn issue(
        &self,
        key: &SigningKey,
        token: &NewToken<'_>,
        random: &dyn SecureRandom,
    ) -> Result<AccessToken, IssueError> {
        if let Some(name) = token.custom.keys().find(|name| is_reserved(name)) {
            return Err(IssueError::Reserved(name.clone()));
        }
        // In one draw, because each asks the system.
        let [id @ .., a, b, c, d] = draw::<20>(random)?;
        let issued_at = token.now.unix_seconds();
        let lifetime = self.jittered(u32::from_be_bytes([a, b, c, d]));
        let expires_at = Timestamp::from_unix_seconds(issued_at) + lifetime;
        let claims = self.claims(token, TokenId::from_bytes(id), issued_at, expires_at);
        let text = sign(key, &claims).ok_or(EntropyError)?;
        if text.len() > Self::MAX_LEN {
            return Err(IssueError::TooLong(Self::MAX_LEN));
        }
        Ok(AccessToken {
            text: Secret::new(Text(text)),
            expires_at,
        })
    }

    fn claims(
        &self,
        token: &NewToken<'_>,
        id: TokenId,
        issued_at: i64,
        expires_at: Timestamp,
    ) -> Vec<u8> {
        let mut claims = ObjectText::new(512)
            .written(name!("iss"), &self.issuer)
            .uuid(name!("sub"), token.subject.as_uuid())
            .written(name!("aud"), &self.audience)
            .integer(name!("exp"), expires_at.unix_seconds())
            .integer(name!("iat"), issued_at)
            .plain(name!("jti"), |text| id.write(text))
            .string(name!("client_id"), token.client.as_str())
            .uuid(name!("sid"), token.session.as_uuid());
        if !token.scope.is_empty() {
            claims = claims.words(name!("scope"), token.scope.iter());
        }
        claims = claims
            .uuid(name!("tid"), token.tenant.as_uuid())
            .integer(name!("ver"), token.user_version)
            .integer(name!("tver"), token.tenant_version)
            .strings(name!("amr"), token.amr)
            .integer(name!("auth_time"), token.auth_time.unix_seconds())
            .strings(name!("roles"), token.roles);
        for (name, value) in token.custom {
            claims = claims.value(name, value);
        }
        claims.end()
    }

    /// In whole seconds, because `exp` is.
    fn jittered(&self, noise: u32) -> Duration {
        let most = self.lifetime.as_secs() / 20;
        Duration::from_secs(self.lifetime.as_secs() - u64::from(noise) % (most + 1))
    }
}

/// An access token as it travels, and when it expires.
#[derive(Clone, Debug)]
pub struct AccessToken {
    text: Secret<Text>,
    expires_at: Timestamp,
}

/// A `String` is wiped byte by byte, which takes longer than encoding a token;
/// this one is filled at once.
#[derive(Clone)]
struct Text(String);

impl Zeroize for Text {
    fn zeroize(&mut self) {
        let mut bytes = mem::take(&mut self.0).into_bytes();
        bytes.clear();
        bytes.resize(bytes.capacity(), 0);
        zeroize::optimization_barrier(bytes.as_slice());
    }
}

impl AccessToken {
    /// The text to hand to the client.
    pub fn expose(&self) -> &str {
        &self.text.expose().0
    }

    /// Its `exp`.
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

fn sign(key: &SigningKey, claims: &[u8]) -> Option<String> {
    let header = key.token_header(header);
    let payload_len = base64url::encoded_len(claims.len());
    let mut text = Vec::with_capacity(header.len() + payload_len + SIGNATURE_ROOM);
    text.extend_from_slice(header.as_bytes());
    text.push(b'.');
    let payload = text.len();
    text.resize(payload + payload_len, 0);
    base64url::encode(claims, text.get_mut(payload..)?)?;
    let room = &mut [0; base64url::encoded_len(size_of::<Buffer>())];
    let signature = key.sign(&text, |signature| base64url::encode(signature, room))??;
    text.push(b'.');
    text.extend_from_slice(signature);
    String::from_utf8(text).ok()
}

/// Two dots and the signatures of all algorithms but RSA: 96 bytes at most.
const SIGNATURE_ROOM: usize = 2 + base64url::encoded_len(96);

/// The same for all tokens by a key.
fn header(key: &VerifyingKey) -> String {
    let header = ObjectText::new(96)
        .string(name!("alg"), key.algorithm().as_str())
        .string(name!("typ"), "at+jwt")
        .string(name!("kid"), key.kid())
        .end();
    BASE64_URL_SAFE_NO_PAD.encode(header)
}
