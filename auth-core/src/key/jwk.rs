//! Public keys as they are published (RFC 7517, RFC 8037).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest;
use serde::Serialize;

use super::algorithm::Algorithm;

/// A public key. There is no private member to leak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwk {
    kty: &'static str,
    crv: &'static str,
    x: String,
    #[serde(rename = "use")]
    purpose: &'static str,
    alg: &'static str,
    kid: String,
}

/// A set of public keys: what `/.well-known/jwks.json` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}

impl Jwk {
    /// An Ed25519 public key.
    pub(super) fn ed25519(public: &[u8; 32], kid: &str) -> Self {
        Self {
            kty: "OKP",
            crv: "Ed25519",
            x: BASE64_URL_SAFE_NO_PAD.encode(public),
            purpose: "sig",
            alg: Algorithm::EdDsa.as_str(),
            kid: kid.to_owned(),
        }
    }
}

/// The RFC 7638 thumbprint of an Ed25519 key (RFC 8037 appendix A.3).
pub(super) fn ed25519_thumbprint(public: &[u8; 32]) -> String {
    let x = BASE64_URL_SAFE_NO_PAD.encode(public);
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037_a_3() {
        let mut public = [0; 32];
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        BASE64_URL_SAFE_NO_PAD.decode_slice(x, &mut public).unwrap();
        assert_eq!(
            ed25519_thumbprint(&public),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }
}
