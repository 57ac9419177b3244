//! josekit on OpenSSL, which is compiled with it.

use auth_bench::Failure;
use auth_bench::tokens::{AUDIENCE, Case, Depth, ISSUER, Issuing, KID, Peer, Verifying};
use auth_core::key::{self, Backend};
use josekit::jwk::Jwk;
use josekit::jws::{ES256, EdDSA, HS256, JwsHeader, JwsSigner, JwsVerifier, PS256, RS256};
use josekit::jwt::{self, JwtPayload, JwtPayloadValidator};
use serde_json::Value;

const NAME: &str = "josekit";

/// The library.
pub struct Josekit;

impl Peer for Josekit {
    fn verifying(&self, case: &Case) -> Result<Option<Verifying>, Failure> {
        let Some(verifier) = verifier(case)? else {
            return Ok(None);
        };
        let mut expected = JwtPayloadValidator::new();
        expected.set_issuer(ISSUER);
        expected.set_audience(AUDIENCE);
        Ok(Some(Verifying::new(NAME, Depth::Token, move |token| {
            let Ok((payload, header)) = jwt::decode_with_verifier(token.text(), &*verifier) else {
                return false;
            };
            expected.validate(&payload).is_ok() && header.token_type() == Some("at+jwt")
        })))
    }

    fn issuing(&self, case: &Case) -> Result<Option<Issuing>, Failure> {
        let Some(signer) = signer(case)? else {
            return Ok(None);
        };
        let mut header = JwsHeader::new();
        header.set_token_type("at+jwt");
        header.set_key_id(KID);
        let Value::Object(claims) = serde_json::to_value(&case.claims)? else {
            return Ok(None);
        };
        let payload = JwtPayload::from_map(claims)?;
        Ok(Some(Issuing::new(NAME, Depth::Token, move |give| {
            if let Ok(token) = jwt::encode_with_signer(&payload, &header, &*signer) {
                give(token.as_bytes());
            }
        })))
    }
}

fn verifier(case: &Case) -> Result<Option<Box<dyn JwsVerifier>>, Failure> {
    if case.algorithm == key::Algorithm::Hs256 {
        return Ok(Some(Box::new(HS256.verifier_from_bytes(&case.public)?)));
    }
    let jwk = case.signing_key(Backend::Ring)?.verifying_key().to_jwk();
    let jwk = Jwk::from_bytes(serde_json::to_vec(&jwk)?)?;
    Ok(Some(match case.algorithm {
        key::Algorithm::Rs256 => Box::new(RS256.verifier_from_jwk(&jwk)?),
        key::Algorithm::Ps256 => Box::new(PS256.verifier_from_jwk(&jwk)?),
        key::Algorithm::Es256 => Box::new(ES256.verifier_from_jwk(&jwk)?),
        key::Algorithm::EdDsa => Box::new(EdDSA.verifier_from_jwk(&jwk)?),
        _ => return Ok(None),
    }))
}

fn signer(case: &Case) -> Result<Option<Box<dyn JwsSigner>>, Failure> {
    let private = &case.private;
    Ok(Some(match case.algorithm {
        key::Algorithm::Hs256 => Box::new(HS256.signer_from_bytes(private)?),
        key::Algorithm::Rs256 => Box::new(RS256.signer_from_der(private)?),
        key::Algorithm::Ps256 => Box::new(PS256.signer_from_der(private)?),
        key::Algorithm::Es256 => Box::new(ES256.signer_from_der(private)?),
        key::Algorithm::EdDsa => Box::new(EdDSA.signer_from_der(private)?),
        _ => return Ok(None),
    }))
}
