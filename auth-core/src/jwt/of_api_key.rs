//! What an API key says, in the words of a token.

use super::claims::Claims;
use super::error::TokenError;
use super::known::is_reserved;
use super::policy::{RequiredClaims, TokenPolicy};
use super::write::{ObjectText, name, string_text};
use crate::api_key::KnownApiKey;
use crate::time::Timestamp;

/// The latest `exp` that can be written: of a key that does not end by itself.
const NEVER: i64 = 1 << 53;

impl Claims {
    /// The claims of an API key of the issuer whose `policy` it is. They have
    /// no `sid`, `client_id`, `jti`, `iat`, `amr` and `auth_time`: there was no
    /// log-in.
    pub(crate) fn of_api_key(key: &KnownApiKey, policy: &TokenPolicy) -> Result<Self, TokenError> {
        let audience = policy.audiences.first().map_or("", String::as_str);
        let expires_at = key.expires_at.map_or(NEVER, Timestamp::unix_seconds);
        let mut claims = ObjectText::new(512)
            .string(name!("iss"), &policy.issuer)
            .uuid(name!("sub"), key.user.as_uuid())
            .written(name!("aud"), &string_text(audience))
            .integer(name!("exp"), expires_at.min(NEVER));
        if !key.scope.is_empty() {
            claims = claims.words(name!("scope"), key.scope.iter());
        }
        claims = claims
            .uuid(name!("tid"), key.tenant.as_uuid())
            .integer(name!("ver"), key.user_version)
            .integer(name!("tver"), key.tenant_version)
            .strings(name!("roles"), &key.roles);
        for (name, value) in &key.custom {
            // A name that is not the application's would be refused in a token.
            if !is_reserved(name) {
                claims = claims.value(name, value);
            }
        }
        let payload = String::from_utf8(claims.end()).map_err(|_| TokenError::Malformed("key"))?;
        let policy = TokenPolicy {
            required: RequiredClaims::default(),
            ..policy.clone()
        };
        // Whether it has expired was judged to the microsecond; `exp` is whole
        // seconds.
        Self::parse(payload, &policy, Timestamp::default())
    }
}
