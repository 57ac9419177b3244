//! Somebody installed a provider for which every signature is good. Nothing
//! of ours asks it. One test, so that it has the process to itself.
#![cfg(feature = "jsonwebtoken")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "interop/ours.rs"]
mod ours;

use auth_core::interop::decoding_key;
use auth_core::jwt::TokenError;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::jwk::EllipticCurve;
use jsonwebtoken::signature::{Error, Signer, Verifier};
use jsonwebtoken::{Algorithm, Validation, decode};
use serde_json::{Map, Value};

struct Liar(Algorithm);

impl Signer<Vec<u8>> for Liar {
    fn try_sign(&self, _message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(b"signed".to_vec())
    }
}

impl Verifier<Vec<u8>> for Liar {
    fn verify(&self, _message: &[u8], _signature: &Vec<u8>) -> Result<(), Error> {
        Ok(())
    }
}

impl JwtSigner for Liar {
    fn algorithm(&self) -> Algorithm {
        self.0
    }
}

impl JwtVerifier for Liar {
    fn algorithm(&self) -> Algorithm {
        self.0
    }
}

static LIAR: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, _| Ok(Box::new(Liar(*algorithm))),
    verifier_factory: |algorithm, _| Ok(Box::new(Liar(*algorithm))),
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |_| Ok((vec![1], vec![1])),
        rsa_pub_components_from_public_key: |_| Ok((vec![1], vec![1])),
        ec_pub_components_from_private_key: |_, _| Ok((EllipticCurve::P256, vec![], vec![])),
        ed_pub_components_from_private_key: |_, _| Ok(vec![0; 32]),
        compute_digest: |_, _| Ok(vec![]),
    },
};

#[test]
fn a_provider_that_lies_deceives_jsonwebtoken_and_not_us() {
    LIAR.install_default().unwrap();
    ours::everything_works();
    for (algorithm, backend) in ours::everywhere() {
        let key = ours::key(algorithm).with_backend(backend).unwrap();
        let now = ours::now();
        let forged = ours::forged(&ours::issue(&key, now, &Map::new()));
        let public = key.verifying_key();
        let mut validation = Validation::new(algorithm.into());
        validation.set_audience(&[ours::AUDIENCE]);
        let theirs = decoding_key(public).unwrap();
        assert!(decode::<Value>(&forged, &theirs, &validation).is_ok());
        let refusal = ours::refusal(&ours::verifier(public, now), &forged);
        assert_eq!(refusal, Some(TokenError::Signature), "{algorithm}");
    }
}
