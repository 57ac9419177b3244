//! Reset tokens: an independent codec must agree with the SDK's.

use std::sync::OnceLock;
use std::time::Duration;

use auth_core::reset::{InvalidResetToken, ResetToken, Standing};
use auth_core::{RootKeyId, RootSecrets, TenantId, Timestamp};
use ring::hmac;
use uuid::Uuid;

use super::refresh_token::{derived, root};
use crate::base64url;

const NOW: i64 = 1_800_000_000_000_000;
const HEAD: usize = 44;
const TAG: usize = 32;

/// Any text as a reset token if the first byte is even; otherwise any head and any
/// standing of a user, with MACs that are right, then with one bit flipped.
pub fn reset_token(data: &[u8]) {
    match data.split_first() {
        Some((selector, rest)) if selector % 2 == 0 => {
            if let Ok(text) = std::str::from_utf8(rest) {
                judge(text, None);
            }
        }
        Some((flipped, rest)) => {
            let mut bytes = head(rest).to_vec();
            let left = rest.get(HEAD..).unwrap_or_default();
            let (epoch, hash) = left.split_at(left.len().min(1));
            let epoch = i64::from(epoch.first().copied().unwrap_or_default());
            let hash = std::str::from_utf8(hash).ok().filter(|_| epoch % 2 == 0);
            let standing = Standing {
                session_epoch: epoch,
                password_hash: hash,
            };
            bytes.extend_from_slice(&bond(&bytes, standing));
            let tag = mac(&bytes, TenantId::DEFAULT);
            bytes.extend_from_slice(&tag);
            judge(&text(&bytes), Some(standing));
            let place = usize::from(flipped / 2) * bytes.len() / 128;
            bytes[place] ^= 1 << (rest.len() % 8);
            judge(&text(&bytes), None);
        }
        None => judge("", None),
    }
}

/// The first bytes of `data` as a head, with the root's own id unless the first
/// byte is above 127, and an end within two hours unless the end's first is.
fn head(data: &[u8]) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    let len = data.len().min(HEAD);
    head[..len].copy_from_slice(&data[..len]);
    if head[0] < 128 {
        head[..4].copy_from_slice(&root().id().0);
    }
    if head[20] < 128 {
        let drawn = u32::from_be_bytes(head[24..28].try_into().expect("4 bytes"));
        let end = NOW - 3_600_000_000 + i64::from(drawn) * 2;
        head[20..28].copy_from_slice(&end.to_be_bytes());
    }
    head
}

/// `standing` is what it was made for, where that is known.
fn judge(text: &str, standing: Option<Standing<'_>>) {
    let token = ResetToken::from_text(text.to_owned());
    let roots = RootSecrets::new(root().clone());
    let now = Timestamp::from_unix_micros(NOW);
    let opened = token.open(&roots, TenantId::DEFAULT, now);
    let bytes = match by_oracle(text) {
        Ok(bytes) => bytes,
        Err(error) => {
            assert_eq!(opened.err(), Some(error));
            return;
        }
    };
    let opened = opened.expect("a token with a right MAC opens in its time");
    let user = Uuid::from_slice(&bytes[4..20]).expect("16 bytes");
    assert_eq!(*opened.user().as_uuid(), user);
    if let Some(standing) = standing {
        assert!(opened.is_bound_to(standing));
        let epoch = standing.session_epoch + 1;
        assert!(!opened.is_bound_to(Standing {
            session_epoch: epoch,
            ..standing
        }));
        let other = format!("{}x", standing.password_hash.unwrap_or_default());
        assert!(!opened.is_bound_to(Standing {
            password_hash: Some(&other),
            ..standing
        }));
    }
    // In another tenant, and later, it is none.
    let stranger = TenantId::from_uuid(Uuid::from_u128(1));
    let elsewhere = token.open(&roots, stranger, now);
    assert_eq!(elsewhere.err(), Some(InvalidResetToken::WrongMac));
    let late = token.open(&roots, TenantId::DEFAULT, now + Duration::from_secs(3600));
    assert_eq!(late.err(), Some(InvalidResetToken::Expired));
}

/// The bytes of a token that is to be opened.
fn by_oracle(text: &str) -> Result<Vec<u8>, InvalidResetToken> {
    let bytes = text
        .strip_prefix("r1.")
        .and_then(base64url::decode)
        .filter(|bytes| bytes.len() == HEAD + 2 * TAG)
        .ok_or(InvalidResetToken::Malformed)?;
    if bytes[..4] != root().id().0 {
        let unknown = RootKeyId([bytes[0], bytes[1], bytes[2], bytes[3]]);
        return Err(InvalidResetToken::UnknownRoot(unknown));
    }
    let (body, tag) = bytes.split_at(HEAD + TAG);
    if mac(body, TenantId::DEFAULT) != tag {
        return Err(InvalidResetToken::WrongMac);
    }
    let end = i64::from_be_bytes(bytes[20..28].try_into().expect("8 bytes"));
    match end.checked_sub(NOW) {
        Some(left) if left > 3_600_000_000 => Err(InvalidResetToken::FromTheFuture),
        Some(left) if left > 0 => Ok(bytes),
        _ => Err(InvalidResetToken::Expired),
    }
}

fn text(bytes: &[u8]) -> String {
    format!("r1.{}", base64url::encode(bytes))
}

fn mac(body: &[u8], tenant: TenantId) -> Vec<u8> {
    let tenant = tenant.as_uuid().as_bytes();
    signed(&[&b"auth reset v1"[..], tenant, body].concat())
}

fn bond(head: &[u8], standing: Standing<'_>) -> Vec<u8> {
    let mut message = b"auth reset bond v1".to_vec();
    message.extend_from_slice(TenantId::DEFAULT.as_uuid().as_bytes());
    message.extend_from_slice(head);
    message.extend_from_slice(&standing.session_epoch.to_be_bytes());
    match standing.password_hash {
        None => message.push(0),
        Some(hash) => {
            message.push(1);
            message.extend_from_slice(hash.as_bytes());
        }
    }
    signed(&message)
}

fn signed(message: &[u8]) -> Vec<u8> {
    static KEY: OnceLock<hmac::Key> = OnceLock::new();
    let key = KEY.get_or_init(|| {
        let derived: [u8; 32] = derived(b"auth reset v1");
        hmac::Key::new(hmac::HMAC_SHA256, &derived)
    });
    hmac::sign(key, message).as_ref().to_vec()
}
