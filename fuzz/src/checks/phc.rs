//! Stored password hashes. Only the reading: no hash is computed.

use auth_core::password::{OfflineHasher, PasswordHash};

/// Any text as a hash that a store kept.
pub fn phc(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let hash = PasswordHash::from_phc(text.to_owned());
    let outdated = OfflineHasher::default().is_outdated(&hash);
    assert_eq!(outdated, !is_current(text), "{text:?}");
}

/// `$argon2id$v=19$m=M,t=T,p=P$SALT$TAG`, as strong as the default at least.
fn is_current(text: &str) -> bool {
    let read = || {
        let rest = text.strip_prefix("$argon2id$v=19$m=")?;
        let (m, rest) = rest.split_once(",t=")?;
        let (t, rest) = rest.split_once(",p=")?;
        let (p, rest) = rest.split_once('$')?;
        let (salt, tag) = rest.split_once('$')?;
        let (m, t, p) = (number(m)?, number(t)?, number(p)?);
        let possible = p <= 0xff_ffff && m >= 8 * p;
        let strong = m >= 19_456 && t >= 2;
        let (salt, tag) = (length(salt)?, length(tag)?);
        Some(possible && strong && (16..=64).contains(&salt) && (32..=64).contains(&tag))
    };
    text.len() <= 512 && read().unwrap_or(false)
}

fn number(text: &str) -> Option<u64> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let number: u32 = text.parse().ok().filter(|_| canonical)?;
    Some(number.into())
}

/// The length of what standard base64 without padding stands for.
fn length(text: &str) -> Option<usize> {
    if text.contains(['-', '_']) {
        return None;
    }
    let text = text.replace('+', "-").replace('/', "_");
    crate::base64url::decode(&text).map(|bytes| bytes.len())
}
