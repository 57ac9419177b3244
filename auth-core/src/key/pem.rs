//! The text around a key (RFC 7468).

use pkcs8::der::pem::{LineEnding, decode_label, encode_string};

use super::error::KeyError;

pub(super) const PUBLIC: &str = "PUBLIC KEY";
pub(super) const PRIVATE: &str = "PRIVATE KEY";

/// Refuses what is not of the kind that is wanted, with the reason that helps
/// who brought it.
pub(super) fn check_label(pem: &str, wanted: &str) -> Result<(), KeyError> {
    // RFC 1421 §4.6.1.1, as OpenSSL still writes it.
    if pem.contains("\nProc-Type: 4,ENCRYPTED") {
        return Err(KeyError::Encrypted);
    }
    match decode_label(pem.as_bytes()).map_err(|_| KeyError::Malformed)? {
        label if label == wanted => Ok(()),
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => Err(KeyError::Certificate),
        "ENCRYPTED PRIVATE KEY" => Err(KeyError::Encrypted),
        _ => Err(KeyError::PemLabel),
    }
}

pub(super) fn encode(label: &str, der: &[u8]) -> Result<String, KeyError> {
    encode_string(label, LineEnding::LF, der).map_err(|_| KeyError::Malformed)
}
