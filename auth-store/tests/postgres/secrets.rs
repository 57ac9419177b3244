//! What is kept of a refresh token.

use std::fmt::Write;

use super::support::{fresh, value};

/// Base64url without padding (RFC 4648 §5).
fn decoded(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digit = |byte| ALPHABET.iter().position(|known| *known == byte).unwrap();
    let mut bytes = Vec::new();
    for group in text.as_bytes().chunks(4) {
        let bits = group.iter().fold(0, |bits, byte| bits << 6 | digit(*byte));
        let bits = bits << (6 * (4 - group.len()));
        bytes.extend(&bits.to_be_bytes()[5..][..group.len() - 1]);
    }
    bytes
}

fn hex(bytes: &[u8]) -> String {
    let mut hex = String::new();
    for byte in bytes {
        write!(hex, "{byte:02x}").unwrap();
    }
    hex
}

/// The secret has 256 bits; the database has its SHA-256, found by the session's
/// id, and nothing else of any token.
#[tokio::test(flavor = "multi_thread")]
async fn c61_of_a_refresh_token_only_the_hash_of_its_secret_is_stored() {
    let place = fresh().await;
    let user = place.user().await;
    let (_, first) = place.open(&user).await;
    let (grant, second) = place.renew(&first).await;
    let mut beside = place.beside().await;
    let mut secrets = Vec::new();
    for token in [&first, &second] {
        let text = token.expose().strip_prefix("v1.").unwrap();
        let bytes = decoded(text);
        assert_eq!(bytes.len(), 88);
        assert_eq!(&bytes[4..20], grant.session.id.as_uuid().as_bytes());
        secrets.push(hex(&bytes[24..56]));
        for part in [hex(&bytes[24..56]), hex(&bytes[56..]), text.to_owned()] {
            let found = format!(
                "SELECT (SELECT count(*) FROM {{s}}.sessions t WHERE t::text LIKE '%{part}%') \
                      + (SELECT count(*) FROM {{s}}.revocations t WHERE t::text LIKE '%{part}%') \
                      + (SELECT count(*) FROM {{s}}.users t WHERE t::text LIKE '%{part}%')"
            );
            assert_eq!(value::<i64>(&mut beside, &place.schema, &found).await, 0);
        }
    }
    assert_ne!(secrets[0], secrets[1]);
    let kept = format!(
        "SELECT count(*) FROM {{s}}.sessions WHERE id = '{}' AND secret_hash = sha256('\\x{}')",
        grant.session.id, secrets[1]
    );
    assert_eq!(value::<i64>(&mut beside, &place.schema, &kept).await, 1);
}
