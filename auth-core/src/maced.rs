//! The text of tokens that only their maker reads: a prefix and the base64url of
//! root key id (4) ‖ what the kind says ‖ HMAC-SHA-256 (32). The MAC covers all
//! before it and what the token is bound to, so a forgery is told without I/O.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::root::{RootKeyId, RootSecret, RootSecrets};
use crate::secret::Secret;

const ID: usize = 4;
const MAC: usize = 32;

/// One kind of token, which says `N` bytes.
pub(crate) struct Form<const N: usize> {
    /// What its text begins with: kind and version.
    pub(crate) prefix: &'static str,
    /// What its MAC begins with; no two kinds have one in common.
    pub(crate) label: &'static [u8],
    /// The key of its MAC.
    pub(crate) key: fn(&RootSecret) -> hmac::Key,
}

/// Why a text is none of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Wrong length, alphabet, prefix or trailing bits.
    Malformed,
    /// Made under a root secret that is not known here.
    UnknownRoot(RootKeyId),
    /// Altered, forged, or bound to something else.
    WrongMac,
}

/// What a good token says, and under which root secret it was made.
pub(crate) struct Opened<'r, const N: usize> {
    pub(crate) root: &'r RootSecret,
    pub(crate) said: Zeroizing<[u8; N]>,
}

impl<const N: usize> Form<N> {
    /// How long the text is.
    pub(crate) const TEXT_AFTER_PREFIX: usize = ((ID + N + MAC) * 4).div_ceil(3);

    /// The token that says `said`, `N` bytes in all, and is bound to `bound`, whose
    /// length is the same for all of its kind.
    pub(crate) fn write(&self, root: &RootSecret, bound: &[u8], said: &[&[u8]]) -> Secret<String> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(ID + N + MAC));
        bytes.extend_from_slice(&root.id().0);
        for part in said {
            bytes.extend_from_slice(part);
        }
        debug_assert_eq!(bytes.len(), ID + N, "a token that nobody reads");
        let tag = self.mac(root, bound, &bytes);
        bytes.extend_from_slice(tag.as_ref());
        let mut text = String::with_capacity(self.prefix.len() + Self::TEXT_AFTER_PREFIX);
        text.push_str(self.prefix);
        BASE64_URL_SAFE_NO_PAD.encode_string(&*bytes, &mut text);
        Secret::new(text)
    }

    /// What `text` says, if it is one of these, bound to `bound`.
    ///
    /// # Errors
    /// [`Flaw`]; no text is decoded that has another length.
    pub(crate) fn read<'r>(
        &self,
        text: &str,
        bound: &[u8],
        roots: &'r RootSecrets,
    ) -> Result<Opened<'r, N>, Flaw> {
        let encoded = text.strip_prefix(self.prefix).ok_or(Flaw::Malformed)?;
        if encoded.len() != Self::TEXT_AFTER_PREFIX {
            return Err(Flaw::Malformed);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(encoded)
            .map(Zeroizing::new)
            .map_err(|_| Flaw::Malformed)?;
        let (body, tag) = bytes.split_last_chunk::<MAC>().ok_or(Flaw::Malformed)?;
        let (id, said) = body.split_first_chunk::<ID>().ok_or(Flaw::Malformed)?;
        let said = said.try_into().map_err(|_| Flaw::Malformed)?;
        let id = RootKeyId(*id);
        let root = roots.find(id).ok_or(Flaw::UnknownRoot(id))?;
        if !bool::from(self.mac(root, bound, body).as_ref().ct_eq(tag)) {
            return Err(Flaw::WrongMac);
        }
        let said = Zeroizing::new(said);
        Ok(Opened { root, said })
    }

    fn mac(&self, root: &RootSecret, bound: &[u8], body: &[u8]) -> hmac::Tag {
        let mut mac = hmac::Context::with_key(&(self.key)(root));
        mac.update(self.label);
        mac.update(bound);
        mac.update(body);
        mac.sign()
    }
}
