//! What the tokens say.

use auth_core::Timestamp;
use serde::{Deserialize, Serialize};

/// The `iss` of all tokens.
pub const ISSUER: &str = "https://auth.example.com";
/// The `aud` of all tokens.
pub const AUDIENCE: &str = "https://api.example.com";
/// The `kid` of all tokens.
pub const KID: &str = "2026-11-a";

pub(super) const USER: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
pub(super) const SESSION: &str = "01890a5d-ac96-774b-bcce-b302099a8058";
pub(super) const TENANT: &str = "00000000-0000-0000-0000-000000000000";
pub(super) const CLIENT: &str = "store";
pub(super) const SCOPE: &str = "orders:read orders:write";
pub(super) const TOKEN_ID: &str = "GvJlkZ2rV0mXqk1hY5w9Tg";

/// The claims of a token that is verified: those of RFC 9068 §2.2.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// Whom it is about.
    pub sub: String,
    /// Whom it is for.
    pub aud: String,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// Its id.
    pub jti: String,
    /// Who asked for it.
    pub client_id: String,
    /// What it allows.
    pub scope: String,
    /// What its subject is.
    pub roles: Vec<String>,
}

impl Claims {
    pub(super) fn between(iat: Timestamp, exp: Timestamp) -> Self {
        Self {
            iss: ISSUER.to_owned(),
            sub: USER.to_owned(),
            aud: AUDIENCE.to_owned(),
            exp: exp.unix_seconds(),
            iat: iat.unix_seconds(),
            jti: TOKEN_ID.to_owned(),
            client_id: CLIENT.to_owned(),
            scope: SCOPE.to_owned(),
            roles: vec!["support".to_owned(), "billing".to_owned()],
        }
    }
}

/// The claims that ours puts into a token it issues, for others to issue the
/// same. They are given the id; ours draws one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Issued {
    /// Who issued it.
    pub iss: String,
    /// Whom it is about.
    pub sub: String,
    /// Whom it is for.
    pub aud: String,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// Its id.
    pub jti: String,
    /// Who asked for it.
    pub client_id: String,
    /// The session.
    pub sid: String,
    /// What it allows.
    pub scope: String,
    /// The subject's tenant.
    pub tid: String,
    /// The user version.
    pub ver: i64,
    /// The tenant version.
    pub tver: i64,
    /// When the subject proved who they are, in seconds since 1970.
    pub auth_time: i64,
}

impl Issued {
    pub(super) fn between(iat: Timestamp, exp: Timestamp) -> Self {
        let Claims {
            iss,
            sub,
            aud,
            exp,
            iat,
            jti,
            client_id,
            scope,
            ..
        } = Claims::between(iat, exp);
        Self {
            iss,
            sub,
            aud,
            exp,
            iat,
            jti,
            client_id,
            sid: SESSION.to_owned(),
            scope,
            tid: TENANT.to_owned(),
            ver: 3,
            tver: 0,
            auth_time: iat,
        }
    }
}
