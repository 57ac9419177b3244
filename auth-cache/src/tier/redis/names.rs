//! What things are called in Redis.
//!
//! | name | what |
//! |---|---|
//! | `auth:{cache:schema:shard}:k:digest` | a hash: a key's value `v`, and the lease `l` of who may fill it |
//! | `auth:{cache:schema:shard}:all` | the version that "everything" has: that of the shard's keys |
//! | `auth:cache:schema:t:digest` | the version of a tag |
//! | `auth:cache:schema:tail` | a stream: what was invalidated |
//!
//! Keys and tags may be personal data, and things worth guessing. Their names have an
//! HMAC of them, under a key of the root secret that all processes have, and nothing of
//! themselves.
//!
//! What is in the braces decides about the slot of a Cluster: a key and the version
//! that its lease and value are held against are in one, so that one script sees both.

use std::fmt::Write as _;

use super::keys::{Digest, Root};
use crate::tier::Namespace;

/// Into how many a namespace is divided: as even as that a Cluster's servers have, and
/// so many versions does it take to forget everything.
pub(super) const SHARDS: u8 = 64;

/// The names of one namespace.
#[derive(Debug)]
pub(super) struct Names<'a> {
    prefix: &'a str,
    space: &'a Namespace,
    /// `cache:schema`.
    base: String,
}

/// One key.
#[derive(Clone, Debug)]
pub(super) struct KeyName {
    pub(super) shard: u8,
    /// Of its hash.
    pub(super) key: Vec<u8>,
    /// Of the version of its shard.
    pub(super) all: Vec<u8>,
}

impl<'a> Names<'a> {
    /// `prefix` has been [escaped](escaped).
    pub(super) fn new(prefix: &'a str, space: &'a Namespace) -> Self {
        let mut base = String::with_capacity(space.cache.len() + 11);
        escape(&space.cache, &mut base);
        let _ = write!(base, ":{}", space.schema);
        Self {
            prefix,
            space,
            base,
        }
    }

    pub(super) const fn space(&self) -> &'a Namespace {
        self.space
    }

    pub(super) fn key(&self, root: &Root, key: &[u8]) -> KeyName {
        let digest = self.digest(root, b"key", key);
        let shard = digest[0] % SHARDS;
        let mut all = self.of_shard(shard);
        let mut key = Vec::with_capacity(all.len() + 2 + 2 * digest.len());
        key.extend_from_slice(&all);
        key.extend_from_slice(b"k:");
        key.extend(hex(&digest));
        all.extend_from_slice(b"all");
        KeyName { shard, key, all }
    }

    pub(super) fn all(&self, shard: u8) -> Vec<u8> {
        let mut name = self.of_shard(shard);
        name.extend_from_slice(b"all");
        name
    }

    /// What the names of a shard begin with. Put together without `format!`: every ask
    /// needs it.
    fn of_shard(&self, shard: u8) -> Vec<u8> {
        let digits = [b'0' + shard / 10, b'0' + shard % 10];
        let digits = if shard < 10 { &digits[1..] } else { &digits };
        let parts: [&[u8]; 6] = [
            self.prefix.as_bytes(),
            b":{",
            self.base.as_bytes(),
            b":",
            digits,
            b"}:",
        ];
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut name = Vec::with_capacity(length + "all".len());
        for part in parts {
            name.extend_from_slice(part);
        }
        name
    }

    pub(super) fn tag_digest(&self, root: &Root, tag: &str) -> Digest {
        self.digest(root, b"tag", tag.as_bytes())
    }

    pub(super) fn tag(&self, digest: &Digest) -> Vec<u8> {
        let mut name = format!("{}:{}:t:", self.prefix, self.base);
        write_hex(&mut name, digest);
        name.into_bytes()
    }

    pub(super) fn tail(&self) -> Vec<u8> {
        format!("{}:{}:tail", self.prefix, self.base).into_bytes()
    }

    fn digest(&self, root: &Root, kind: &[u8], what: &[u8]) -> Digest {
        let schema = self.space.schema.to_be_bytes();
        root.digest(&[
            kind,
            self.prefix.as_bytes(),
            self.space.cache.as_bytes(),
            &schema,
            what,
        ])
    }
}

/// Without what has a meaning in names.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    escape(text, &mut escaped);
    escaped
}

fn escape(text: &str, escaped: &mut String) {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if text.bytes().all(is_plain) {
        escaped.push_str(text);
        return;
    }
    for byte in text.bytes() {
        if is_plain(byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02x}");
        }
    }
}

pub(crate) fn write_hex(text: &mut String, bytes: &[u8]) {
    text.extend(hex(bytes).map(char::from));
}

fn hex(bytes: &[u8]) -> impl Iterator<Item = u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|half| DIGITS[usize::from(half)]);
    bytes.iter().flat_map(digits)
}

#[cfg(test)]
mod tests {
    use auth_core::{RootSecret, RootSecrets};

    use super::super::keys::Roots;
    use super::*;

    fn roots() -> Roots {
        let root = RootSecret::from_bytes(b"0123456789abcdef0123456789abcdef").unwrap();
        Roots::new(&RootSecrets::new(root))
    }

    fn space(cache: &str) -> Namespace {
        Namespace {
            cache: cache.into(),
            schema: 1,
        }
    }

    #[test]
    fn names_keep_apart_what_is_different_and_keys_to_themselves() {
        let roots = roots();
        let (one, other) = (space("a:1}"), space("a"));
        let of = |space, key: &[u8]| Names::new("auth", space).key(roots.active(), key);
        let name = String::from_utf8(of(&one, b"ada@example.com").key).unwrap();
        assert!(name.starts_with("auth:{a%3a1%7d:1:"), "{name}");
        assert!(!name.contains("ada"), "{name}");
        assert_eq!(name.matches('{').count() + name.matches('}').count(), 2);
        assert_ne!(of(&one, b"1").key, of(&one, b"2").key);
        assert_ne!(of(&one, b"1").key, of(&other, b"1").key);
        assert_eq!(of(&one, b"1").key, of(&one, b"1").key);
    }

    #[test]
    fn a_key_and_its_version_are_in_one_slot() {
        let (roots, space) = (roots(), space("users"));
        let name = Names::new("auth", &space).key(roots.active(), b"1");
        let tag = |name: &[u8]| {
            let name = std::str::from_utf8(name).unwrap();
            name.split(['{', '}']).nth(1).unwrap().to_owned()
        };
        assert_eq!(tag(&name.key), tag(&name.all));
    }
}
