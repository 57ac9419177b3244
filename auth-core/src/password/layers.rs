//! How a stored hash was made, layer upon layer, and whether that is how hashes
//! are made today.
//!
//! A hash is up to three layers over the password: what another system computed
//! (bcrypt, say), Argon2id over that, a pepper over that. Only Argon2id is the
//! usual case, and is stored as the usual PHC string. What another system stored
//! alone is read in that system's spelling. Everything else is ours:
//!
//! ```text
//! $layered$v=1[,over=LEGACY][,pepper=ID]$argon2id$v=19$m=M,t=T,p=P$SALT$TAG
//! ```
//!
//! `LEGACY` is the other system's text with its digest zeroed, in base64 without
//! padding; `ID` names the [`Pepper`](super::Pepper), under which `TAG` is an
//! HMAC.

use argon2::{Algorithm, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::argon2id::Argon2Params;
use super::error::{CorruptHash, HashError};
use super::legacy::{Legacy, Recipe};
use super::pepper::{Pepper, Peppers, is_pepper_id};
use super::phc::{Argon2Hash, SALT_BYTES, TAG_BYTES, encode_argon2id, fields};
use super::plaintext::Password;
use super::stored::PasswordHash;
use crate::random::{SecureRandom, draw};

/// What computes Argon2id: a thread of the pool, with its block of memory.
pub(super) trait Argon2id {
    /// Whether this much may be asked of it.
    fn admit(&self, params: Argon2Params) -> Result<(), CorruptHash>;

    /// Argon2id version 19. Only called with what was admitted.
    fn derive(
        &mut self,
        input: &[u8],
        params: Argon2Params,
        salt: &[u8],
        tag_bytes: usize,
    ) -> Result<Zeroizing<Vec<u8>>, HashError>;
}

/// What a check of a password found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// Whether it is the right password.
    pub matches: bool,
    /// Whether the hash should be replaced by one as they are made today. It is
    /// for a password that matched; after a mismatch it is of no use.
    pub outdated: bool,
}

/// How hashes are made today.
#[derive(Debug)]
pub(super) struct Making {
    params: Argon2Params,
    peppers: Peppers,
    dummy: PasswordHash,
}

impl Making {
    pub(super) fn new(params: Argon2Params, peppers: Peppers) -> Self {
        let pepper = peppers.active().map(Pepper::id);
        Self {
            dummy: encode(None, pepper, params, &[0; SALT_BYTES], &[0; TAG_BYTES]),
            params,
            peppers,
        }
    }

    /// Hashes with a fresh salt.
    pub(super) fn hash(
        &self,
        argon2id: &mut dyn Argon2id,
        password: &Password,
        random: &dyn SecureRandom,
    ) -> Result<PasswordHash, HashError> {
        self.cover(argon2id, password.expose().as_bytes(), None, random)
    }

    /// Puts today's layers over a hash of another system, without its password.
    pub(super) fn wrap(
        &self,
        argon2id: &mut dyn Argon2id,
        hash: &PasswordHash,
        random: &dyn SecureRandom,
    ) -> Result<PasswordHash, HashError> {
        let text = hash.expose_phc();
        let Legacy { digest, recipe } = Legacy::parse(text).map_err(HashError::Corrupt)?;
        let over = recipe.without_digest(text);
        self.cover(argon2id, &digest, Some(over.as_str()), random)
    }

    /// Puts the active pepper over a hash that has none, without its password.
    /// What has one, or no Argon2id, stays as it is.
    pub(super) fn pepper(&self, hash: &PasswordHash) -> Result<PasswordHash, CorruptHash> {
        let layers = Layers::parse(hash.expose_phc())?;
        let (Some((params, salt)), None, Some(pepper)) =
            (&layers.argon2id, &layers.pepper, self.peppers.active())
        else {
            return Ok(hash.clone());
        };
        if layers.tag.len() != TAG_BYTES {
            return Ok(hash.clone());
        }
        let over = layers.over.as_ref().map(|over| over.text.as_str());
        let tag = pepper.apply(&layers.tag);
        Ok(encode(over, Some(pepper.id()), *params, salt, &tag))
    }

    /// Whether `password` is the one that `against` was made from. Without a
    /// hash, and with one that cannot be used, it costs what one with today's
    /// parameters costs.
    pub(super) fn verify(
        &self,
        argon2id: &mut dyn Argon2id,
        password: &Password,
        against: Option<&PasswordHash>,
    ) -> Result<Verdict, HashError> {
        let found = self.check(argon2id, password, against.unwrap_or(&self.dummy));
        if let Err(HashError::Corrupt(_) | HashError::UnknownPepper) = found {
            self.check(argon2id, password, &self.dummy)?;
        }
        found.map(|verdict| Verdict {
            matches: verdict.matches && against.is_some(),
            ..verdict
        })
    }

    /// Whether a password that was just verified against `hash` should be hashed
    /// anew.
    pub(super) fn is_outdated(&self, hash: &PasswordHash) -> bool {
        Layers::parse(hash.expose_phc()).map_or(true, |layers| self.outdates(&layers))
    }

    fn check(
        &self,
        argon2id: &mut dyn Argon2id,
        password: &Password,
        hash: &PasswordHash,
    ) -> Result<Verdict, HashError> {
        let layers = Layers::admitted(hash.expose_phc(), argon2id).map_err(HashError::Corrupt)?;
        let pepper = match &layers.pepper {
            None => None,
            Some(id) => Some(self.peppers.find(id).ok_or(HashError::UnknownPepper)?),
        };
        let text = password.expose();
        let mut matches = layers.matches(argon2id, text, pepper)?;
        // Another system hashed what was typed, and did not normalise it.
        if let (Some(_), Some(typed)) = (&layers.over, password.typed()) {
            matches |= layers.matches(argon2id, typed, pepper)?;
        }
        // What bcrypt cut off was not checked: it must not become the password.
        let whole = |over: &Over| {
            over.recipe.reads_whole(text)
                && password.typed().is_none_or(|t| over.recipe.reads_whole(t))
        };
        Ok(Verdict {
            matches,
            outdated: self.is_outdated(hash) && layers.over.as_ref().is_none_or(whole),
        })
    }

    /// A stronger hash is left alone: while a change of parameters is rolled out,
    /// the older instances must not undo what the newer ones have written.
    fn outdates(&self, layers: &Layers) -> bool {
        layers.over.is_some()
            || layers.pepper.as_deref() != self.peppers.active().map(Pepper::id)
            || layers.tag.len() < TAG_BYTES
            || layers.argon2id.as_ref().is_none_or(|(params, salt)| {
                params.m_kib() < self.params.m_kib()
                    || params.t() < self.params.t()
                    || salt.len() < SALT_BYTES
            })
    }

    fn cover(
        &self,
        argon2id: &mut dyn Argon2id,
        input: &[u8],
        over: Option<&str>,
        random: &dyn SecureRandom,
    ) -> Result<PasswordHash, HashError> {
        let salt: [u8; SALT_BYTES] = draw(random)?;
        let mut tag = argon2id.derive(input, self.params, &salt, TAG_BYTES)?;
        let pepper = self.peppers.active();
        if let Some(pepper) = pepper {
            tag = pepper.apply(&tag);
        }
        Ok(encode(
            over,
            pepper.map(Pepper::id),
            self.params,
            &salt,
            &tag,
        ))
    }
}

/// A stored hash, taken apart.
struct Layers {
    over: Option<Over>,
    argon2id: Option<(Argon2Params, Vec<u8>)>,
    pepper: Option<String>,
    tag: Vec<u8>,
}

/// The layer of another system, and its text without the digest.
struct Over {
    recipe: Recipe,
    text: String,
}

impl Layers {
    fn parse(text: &str) -> Result<Self, CorruptHash> {
        if text.len() > MAX_CHARS {
            return Err(CorruptHash::TooLong);
        }
        if let Some(rest) = text.strip_prefix("$layered$") {
            return Self::parse_layered(rest);
        }
        if text.starts_with("$argon2id$v=19$") {
            return Self::parse_argon2id(text, None, None);
        }
        Self::parse_legacy(text)
    }

    fn parse_legacy(text: &str) -> Result<Self, CorruptHash> {
        let Legacy { recipe, digest } = Legacy::parse(text)?;
        let text = recipe.without_digest(text);
        Ok(Self {
            over: Some(Over { recipe, text }),
            argon2id: None,
            pepper: None,
            tag: digest,
        })
    }

    /// Reads a hash that is to be computed: what it asks for is within bounds.
    fn admitted(text: &str, argon2id: &dyn Argon2id) -> Result<Self, CorruptHash> {
        let layers = Self::parse(text)?;
        let Some((params, _)) = layers.argon2id else {
            // A recipe of another system that is too costly does not parse.
            return Ok(layers);
        };
        match argon2id.admit(params) {
            Ok(()) => Ok(layers),
            // Made elsewhere, with more memory than is at hand here.
            Err(_) if layers.over.is_none() && layers.pepper.is_none() => {
                Self::parse_legacy(text).map_err(|_| CorruptHash::TooCostly)
            }
            Err(error) => Err(error),
        }
    }

    fn parse_layered(rest: &str) -> Result<Self, CorruptHash> {
        let (marks, _) = rest.split_once('$').ok_or(CorruptHash::Malformed)?;
        let phc = &rest[marks.len()..];
        if marks != "v=1" && !marks.starts_with("v=1,") {
            return Err(CorruptHash::Unsupported);
        }
        let (over, pepper) = if let Ok([_, over, pepper]) = fields(marks, ["v", "over", "pepper"]) {
            (Some(over), Some(pepper))
        } else if let Ok([_, over]) = fields(marks, ["v", "over"]) {
            (Some(over), None)
        } else if let Ok([_, pepper]) = fields(marks, ["v", "pepper"]) {
            (None, Some(pepper))
        } else {
            return Err(CorruptHash::Malformed);
        };
        if pepper.is_some_and(|id| !is_pepper_id(id)) {
            return Err(CorruptHash::Malformed);
        }
        Self::parse_argon2id(phc, over.map(Over::decode).transpose()?, pepper)
    }

    fn parse_argon2id(
        phc: &str,
        over: Option<Over>,
        pepper: Option<&str>,
    ) -> Result<Self, CorruptHash> {
        let hash = Argon2Hash::parse(phc)?;
        if (hash.algorithm, hash.version) != (Algorithm::Argon2id, Version::V0x13) {
            return Err(CorruptHash::Unsupported);
        }
        Ok(Self {
            over,
            argon2id: Some((hash.params, hash.salt)),
            pepper: pepper.map(str::to_owned),
            tag: hash.tag,
        })
    }

    /// The tag is compared in constant time.
    fn matches(
        &self,
        argon2id: &mut dyn Argon2id,
        password: &str,
        pepper: Option<&Pepper>,
    ) -> Result<bool, HashError> {
        let mut value = Zeroizing::new(Vec::new());
        let mut input = password.as_bytes();
        if let Some(over) = &self.over {
            value = over.recipe.digest(input)?;
            input = &value;
        }
        if let Some((params, salt)) = &self.argon2id {
            // Its length, too, may be of another system's choosing.
            let bytes = if pepper.is_some() {
                TAG_BYTES
            } else {
                self.tag.len()
            };
            value = argon2id.derive(input, *params, salt, bytes)?;
        }
        if let Some(pepper) = pepper {
            value = pepper.apply(&value);
        }
        Ok(value.ct_eq(&self.tag).into())
    }
}

impl Over {
    fn decode(text: &str) -> Result<Self, CorruptHash> {
        let bytes = STANDARD_NO_PAD
            .decode(text)
            .map_err(|_| CorruptHash::Malformed)?;
        let text = String::from_utf8(bytes).map_err(|_| CorruptHash::Malformed)?;
        let Legacy { recipe, .. } = Legacy::parse(&text)?;
        Ok(Self { recipe, text })
    }
}

fn encode(
    over: Option<&str>,
    pepper: Option<&str>,
    params: Argon2Params,
    salt: &[u8],
    tag: &[u8],
) -> PasswordHash {
    let phc = encode_argon2id(params, salt, tag);
    let mut marks = String::new();
    if let Some(over) = over {
        marks.push_str(",over=");
        marks.push_str(&STANDARD_NO_PAD.encode(over));
    }
    if let Some(id) = pepper {
        marks.push_str(",pepper=");
        marks.push_str(id);
    }
    PasswordHash::from_phc(if marks.is_empty() {
        phc
    } else {
        format!("$layered$v=1{marks}{phc}")
    })
}

/// Room for the longest legacy text in base64, and for Argon2id's own.
const MAX_CHARS: usize = 1024;
