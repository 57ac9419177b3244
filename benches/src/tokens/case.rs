//! One algorithm: its key, and tokens by it.

use std::time::Duration;

use auth_core::key::{Algorithm, Backend, SigningKey};
use auth_core::{Clock, SystemClock};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;

use super::claims::{Claims, Issued, KID};
use super::raw;
use super::token::Token;
use crate::Failure;

/// What all contenders of one algorithm are given.
pub struct Case {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// PKCS#8 DER, or the shared secret.
    pub private: Vec<u8>,
    /// As the cryptographic libraries take it: a point, 32 bytes, an
    /// `RSAPublicKey`, or the shared secret.
    pub public: Vec<u8>,
    /// What a new token is to say.
    pub claims: Issued,
    /// Header and payload of a new token, as they are signed.
    pub unsigned: String,
    /// To be accepted.
    pub good: Token,
    /// Its signature is somebody else's.
    pub(super) tampered: [Token; 2],
    /// Its signature is good, and its time is over.
    pub(super) expired: Token,
}

impl Case {
    /// Draws a key, and signs tokens by it.
    ///
    /// # Errors
    /// When a library fails.
    pub fn new(algorithm: Algorithm) -> Result<Self, Failure> {
        let private = private(algorithm)?;
        let public = raw::ring::public(algorithm, &private)?;
        let header = serde_json::json!({ "alg": algorithm.as_str(), "typ": "at+jwt", "kid": KID });
        let signed = |claims: &Claims| -> Result<Token, Failure> {
            let signed = signing_input(&header, claims)?;
            let signature = raw::ring::sign(algorithm, &private, signed.as_bytes())?;
            Ok(Token::new(&signed, signature))
        };
        let now = SystemClock.now().wall;
        let hour = Duration::from_secs(3600);
        let past = auth_core::Timestamp::from_unix_seconds(now.unix_seconds() - 7200);
        let good = signed(&Claims::between(now, now + hour))?;
        let expired = signed(&Claims::between(past, past + hour))?;
        let claims = Issued::between(now, now + hour);
        Ok(Self {
            unsigned: signing_input(&header, &claims)?,
            tampered: [good.with_payload_changed(), good.with_signature_changed()],
            algorithm,
            private,
            public,
            claims,
            good,
            expired,
        })
    }

    /// The key, for ours.
    ///
    /// # Errors
    /// When ours refuses it.
    pub fn signing_key(&self, backend: Backend) -> Result<SigningKey, Failure> {
        let key = match self.algorithm {
            Algorithm::Hs256 => SigningKey::hmac(&self.private, self.algorithm)?,
            _ => SigningKey::from_pkcs8(&self.private, self.algorithm)?,
        };
        Ok(key.with_kid(KID)?.with_backend(backend)?)
    }
}

/// base64url without padding.
pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn signing_input(header: &impl Serialize, claims: &impl Serialize) -> Result<String, Failure> {
    let part = |json: Vec<u8>| encode(json);
    let header = part(serde_json::to_vec(header)?);
    Ok(format!("{header}.{}", part(serde_json::to_vec(claims)?)))
}

fn private(algorithm: Algorithm) -> Result<Vec<u8>, Failure> {
    if super::is_rsa(algorithm) {
        let key = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048)?;
        return Ok(AsDer::<Pkcs8V1Der<'_>>::as_der(&key)?.as_ref().to_vec());
    }
    let key = SigningKey::generate_for(algorithm, &auth_core::SystemRandom::new())?;
    Ok(key.expose().expose().clone())
}
