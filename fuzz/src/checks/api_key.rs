//! API keys: an independent codec must agree with the SDK's.

use auth_core::api_key::{ApiKey, ApiKeyPrefix, ApiKeySecret, InvalidApiKey};
use auth_core::{ApiKeyId, EntropyError, SecureRandom};
use ring::digest;
use uuid::Uuid;

use crate::base64url;

const PREFIX: &str = "acme_live";
const BODY: usize = 41;

/// Any text as an API key if the first byte is even; otherwise any body, with a
/// checksum that is right, then with one bit flipped.
pub fn api_key(data: &[u8]) {
    match data.split_first() {
        Some((selector, rest)) if selector % 2 == 0 => {
            if let Ok(text) = std::str::from_utf8(rest) {
                judge(text);
            }
        }
        Some((flipped, rest)) => {
            let mut bytes = [0; BODY];
            let len = rest.len().min(BODY - 1);
            bytes[1..=len].copy_from_slice(&rest[..len]);
            bytes[0] = u8::from(flipped % 16 != 1);
            let mut bytes = bytes.to_vec();
            let checksum = checksum(&bytes);
            bytes.extend_from_slice(&checksum);
            judge(&text(&bytes));
            let place = usize::from(flipped / 2) * bytes.len() / 128;
            bytes[place] ^= 1 << (rest.len() % 8);
            judge(&text(&bytes));
        }
        None => judge(""),
    }
}

fn judge(text: &str) {
    let prefix: ApiKeyPrefix = PREFIX.parse().expect("a prefix");
    let opened = ApiKey::from_text(text.to_owned()).open(&prefix);
    let bytes = match by_oracle(text) {
        Ok(bytes) => bytes,
        Err(error) => {
            assert_eq!(opened.err(), Some(error));
            return;
        }
    };
    let opened = opened.expect("a key with a right checksum opens");
    assert!(prefix.is_of(text));
    let id = Uuid::from_slice(&bytes[1..17]).expect("16 bytes");
    assert_eq!(*opened.id().as_uuid(), id);
    let id = ApiKeyId::from_uuid(id);
    let hashed = [b"auth api key v1", &bytes[1..BODY]].concat();
    let hashed = digest::digest(&digest::SHA256, &hashed);
    assert_eq!(opened.hash().as_bytes()[..], *hashed.as_ref());
    let secret = ApiKeySecret::draw(&Given(bytes[17..BODY].to_vec())).expect("drawn");
    assert_eq!(secret.hash(id), opened.hash());
    assert_eq!(ApiKey::encode(&prefix, id, &secret).expose(), text);
    let other: ApiKeyPrefix = "acme".parse().expect("a prefix");
    assert!(ApiKey::from_text(text.to_owned()).open(&other).is_err());
}

/// The bytes of a key that is to be opened.
fn by_oracle(text: &str) -> Result<Vec<u8>, InvalidApiKey> {
    let encoded = text
        .strip_prefix(&format!("{PREFIX}_"))
        .ok_or(InvalidApiKey::Prefix)?;
    let bytes = base64url::decode(encoded)
        .filter(|bytes| bytes.len() == BODY + 4 && bytes[0] == 1)
        .ok_or(InvalidApiKey::Malformed)?;
    let (body, sum) = bytes.split_at(BODY);
    if checksum(body) == sum {
        Ok(bytes)
    } else {
        Err(InvalidApiKey::Checksum)
    }
}

fn text(bytes: &[u8]) -> String {
    format!("{PREFIX}_{}", base64url::encode(bytes))
}

/// CRC-32 as its definition has it: the remainder of a long division, bit by
/// bit, of the message with its bits the other way round.
fn checksum(body: &[u8]) -> [u8; 4] {
    let message = [format!("{PREFIX}_").as_bytes(), body].concat();
    let mut remainder = u32::MAX;
    for byte in message {
        for bit in 0..8 {
            let next = u32::from(byte >> bit & 1);
            let divides = remainder >> 31 != next;
            remainder <<= 1;
            if divides {
                remainder ^= 0x04C1_1DB7;
            }
        }
    }
    (!remainder.reverse_bits()).to_be_bytes()
}

/// Gives the bytes it was given.
#[derive(Debug)]
struct Given(Vec<u8>);

impl SecureRandom for Given {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        buffer.copy_from_slice(&self.0);
        Ok(())
    }
}
