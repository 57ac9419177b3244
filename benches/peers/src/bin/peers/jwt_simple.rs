//! jwt-simple as it comes: BoringSSL for RSA, RustCrypto for ECDSA.

use std::collections::HashSet;

use auth_bench::Failure;
use auth_bench::tokens::{AUDIENCE, Case, Depth, ISSUER, Issuing, KID, Peer, Verifying};
use auth_core::key::{Algorithm, Backend};
use jwt_simple::prelude::*;

const NAME: &str = "jwt-simple";

/// The library.
pub struct JwtSimple;

/// What it leaves to the application of a token that is verified.
#[derive(Clone, Serialize, Deserialize)]
struct Verified {
    client_id: String,
    scope: String,
    roles: Vec<String>,
}

/// What it leaves to the application of a token that is issued.
#[derive(Clone, Serialize, Deserialize)]
struct Issued {
    client_id: String,
    sid: String,
    scope: String,
    tid: String,
    ver: i64,
    tver: i64,
    auth_time: i64,
}

macro_rules! verifying {
    ($key:expr) => {{
        let key = $key;
        let options = options();
        Verifying::new(NAME, Depth::Token, move |token| {
            key.verify_token::<Verified>(token.text(), Some(options.clone()))
                .is_ok()
        })
    }};
}

macro_rules! issuing {
    ($case:expr, $key:expr, $sign:ident) => {{
        let key = $key;
        let claims = claims($case);
        let header = HeaderOptions {
            signature_type: Some("at+jwt".to_owned()),
            ..HeaderOptions::default()
        };
        Issuing::new(NAME, Depth::Token, move |give| {
            if let Ok(token) = key.$sign(claims.clone(), &header) {
                give(token.as_bytes());
            }
        })
    }};
}

impl Peer for JwtSimple {
    fn verifying(&self, case: &Case) -> Result<Option<Verifying>, Failure> {
        let public = &case.public;
        Ok(Some(match case.algorithm {
            Algorithm::Hs256 => verifying!(HS256Key::from_bytes(public)),
            Algorithm::Rs256 => verifying!(RS256PublicKey::from_der(public)?),
            Algorithm::Ps256 => verifying!(PS256PublicKey::from_der(public)?),
            Algorithm::Es256 => verifying!(ES256PublicKey::from_bytes(public)?),
            Algorithm::EdDsa => verifying!(Ed25519PublicKey::from_bytes(public)?),
            _ => return Ok(None),
        }))
    }

    fn issuing(&self, case: &Case) -> Result<Option<Issuing>, Failure> {
        let private = &case.private;
        // It reads DER of RSA keys in PKCS#1 only.
        let pem = || -> Result<String, Failure> {
            let pem = case.signing_key(Backend::Ring)?.to_pkcs8_pem();
            Ok(pem.ok_or("a secret")?.expose().clone())
        };
        Ok(Some(match case.algorithm {
            Algorithm::Hs256 => issuing!(
                case,
                HS256Key::from_bytes(private).with_key_id(KID),
                authenticate_with_options
            ),
            Algorithm::Rs256 => issuing!(
                case,
                RS256KeyPair::from_pem(&pem()?)?.with_key_id(KID),
                sign_with_options
            ),
            Algorithm::Ps256 => issuing!(
                case,
                PS256KeyPair::from_pem(&pem()?)?.with_key_id(KID),
                sign_with_options
            ),
            Algorithm::Es256 => issuing!(
                case,
                ES256KeyPair::from_der(private)?.with_key_id(KID),
                sign_with_options
            ),
            Algorithm::EdDsa => issuing!(
                case,
                Ed25519KeyPair::from_der(private)?.with_key_id(KID),
                sign_with_options
            ),
            _ => return Ok(None),
        }))
    }
}

fn options() -> VerificationOptions {
    VerificationOptions {
        allowed_issuers: Some(HashSet::from([ISSUER.to_owned()])),
        allowed_audiences: Some(HashSet::from([AUDIENCE.to_owned()])),
        required_signature_type: Some("at+jwt".to_owned()),
        time_tolerance: Some(Duration::from_secs(0)),
        ..VerificationOptions::default()
    }
}

fn claims(case: &Case) -> JWTClaims<Issued> {
    let given = case.claims.clone();
    let custom = Issued {
        client_id: given.client_id,
        sid: given.sid,
        scope: given.scope,
        tid: given.tid,
        ver: given.ver,
        tver: given.tver,
        auth_time: given.auth_time,
    };
    let at = |seconds: i64| Some(Duration::from_secs(seconds.unsigned_abs()));
    let mut claims = Claims::with_custom_claims(custom, Duration::from_hours(1))
        .with_issuer(given.iss)
        .with_subject(given.sub)
        .with_audience(given.aud)
        .with_jwt_id(given.jti);
    claims.issued_at = at(given.iat);
    claims.expires_at = at(given.exp);
    claims.invalid_before = None;
    claims
}
