//! jwt-compact on its pure Rust libraries. Issuer and audience are the
//! application's to compare.

use auth_bench::Failure;
use auth_bench::tokens::{AUDIENCE, Case, Depth, ISSUER, Issuing, KID, Peer, Verifying};
use auth_core::key::Algorithm;
use chrono::{DateTime, Duration};
use jwt_compact::alg::{Ed25519, Es256, Hs256, Hs256Key, Rsa, StrongKey};
use jwt_compact::{AlgorithmExt, Claims, Header, TimeOptions, UntrustedToken};
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs8::DecodePrivateKey;
use serde::{Deserialize, Serialize};

const NAME: &str = "jwt-compact";

/// The library.
pub struct JwtCompact;

/// What it leaves to the application of a token that is verified.
#[derive(Serialize, Deserialize)]
struct Verified {
    iss: String,
    sub: String,
    aud: String,
    jti: String,
    client_id: String,
    scope: String,
    roles: Vec<String>,
}

/// What it leaves to the application of a token that is issued.
#[derive(Serialize, Deserialize)]
struct Issued {
    iss: String,
    sub: String,
    aud: String,
    jti: String,
    client_id: String,
    sid: String,
    scope: String,
    tid: String,
    ver: i64,
    tver: i64,
    auth_time: i64,
}

macro_rules! verifying {
    ($algorithm:expr, $key:expr) => {{
        let (algorithm, key) = ($algorithm, $key);
        let times = TimeOptions::from_leeway(Duration::zero());
        Verifying::new(NAME, Depth::Token, move |token| {
            let Ok(untrusted) = UntrustedToken::new(token.text()) else {
                return false;
            };
            let validator = algorithm.validator::<Verified>(&key);
            validator.validate(&untrusted).is_ok_and(|token| {
                let claims = token.claims();
                claims.validate_expiration(&times).is_ok()
                    && claims.custom.iss == ISSUER
                    && claims.custom.aud == AUDIENCE
                    && token.header().token_type.as_deref() == Some("at+jwt")
            })
        })
    }};
}

macro_rules! issuing {
    ($case:expr, $algorithm:expr, $key:expr) => {{
        let (algorithm, key) = ($algorithm, $key);
        let header = Header::empty().with_key_id(KID).with_token_type("at+jwt");
        let claims = claims($case);
        Issuing::new(NAME, Depth::Token, move |give| {
            if let Ok(token) = algorithm.token(&header, &claims, &key) {
                give(token.as_bytes());
            }
        })
    }};
}

impl Peer for JwtCompact {
    fn verifying(&self, case: &Case) -> Result<Option<Verifying>, Failure> {
        let public = case.public.as_slice();
        let rsa = || -> Result<_, Failure> {
            let key = rsa::RsaPublicKey::from_pkcs1_der(public)?;
            StrongKey::try_from(key).map_err(|_| "a weak key".into())
        };
        Ok(Some(match case.algorithm {
            Algorithm::Hs256 => verifying!(Hs256, Hs256Key::new(public)),
            Algorithm::Rs256 => verifying!(Rsa::rs256(), rsa()?.into_inner()),
            Algorithm::Ps256 => verifying!(Rsa::ps256(), rsa()?.into_inner()),
            Algorithm::Es256 => {
                verifying!(Es256, p256::ecdsa::VerifyingKey::from_sec1_bytes(public)?)
            }
            Algorithm::EdDsa => {
                verifying!(Ed25519, ed25519_dalek::VerifyingKey::try_from(public)?)
            }
            _ => return Ok(None),
        }))
    }

    fn issuing(&self, case: &Case) -> Result<Option<Issuing>, Failure> {
        let private = case.private.as_slice();
        let rsa = || rsa::RsaPrivateKey::from_pkcs8_der(private);
        Ok(Some(match case.algorithm {
            Algorithm::Hs256 => issuing!(case, Hs256, Hs256Key::new(private)),
            Algorithm::Rs256 => issuing!(case, Rsa::rs256(), rsa()?),
            Algorithm::Ps256 => issuing!(case, Rsa::ps256(), rsa()?),
            Algorithm::Es256 => {
                issuing!(
                    case,
                    Es256,
                    p256::ecdsa::SigningKey::from_pkcs8_der(private)?
                )
            }
            Algorithm::EdDsa => {
                issuing!(
                    case,
                    Ed25519,
                    ed25519_dalek::SigningKey::from_pkcs8_der(private)?
                )
            }
            _ => return Ok(None),
        }))
    }
}

fn claims(case: &Case) -> Claims<Issued> {
    let given = case.claims.clone();
    let (iat, exp) = (given.iat, given.exp);
    let mut claims = Claims::new(Issued {
        iss: given.iss,
        sub: given.sub,
        aud: given.aud,
        jti: given.jti,
        client_id: given.client_id,
        sid: given.sid,
        scope: given.scope,
        tid: given.tid,
        ver: given.ver,
        tver: given.tver,
        auth_time: given.auth_time,
    });
    claims.issued_at = DateTime::from_timestamp(iat, 0);
    claims.expiration = DateTime::from_timestamp(exp, 0);
    claims
}
