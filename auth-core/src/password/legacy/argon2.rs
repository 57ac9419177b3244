//! Argon2 that is not ours: other types, older versions, more memory.

use argon2::{Algorithm, Version};
use zeroize::Zeroizing;

use super::Legacy;
use crate::password::argon2_once;
use crate::password::argon2id::Argon2Params;
use crate::password::error::{CorruptHash, HashError};
use crate::password::phc::Argon2Hash;

/// Type, version and parameters.
#[derive(Debug)]
pub(in crate::password) struct Recipe {
    algorithm: Algorithm,
    version: Version,
    params: Argon2Params,
    salt: Vec<u8>,
    tag_bytes: usize,
}

/// `id$v=19$m=M,t=T,p=P$SALT$TAG`, after the prefix.
pub(super) fn phc(rest: &str) -> Result<Legacy, CorruptHash> {
    read(&format!("$argon2{rest}"))
}

/// The same, after Django's `argon2$`.
pub(super) fn django(rest: &str) -> Result<Legacy, CorruptHash> {
    read(&format!("${rest}"))
}

fn read(text: &str) -> Result<Legacy, CorruptHash> {
    let Argon2Hash {
        algorithm,
        version,
        params,
        salt,
        tag,
    } = Argon2Hash::parse(text)?;
    argon2_once::admit(params)?;
    Ok(Legacy {
        recipe: super::Recipe::Argon2(Recipe {
            algorithm,
            version,
            params,
            salt,
            tag_bytes: tag.len(),
        }),
        digest: tag,
    })
}

impl Recipe {
    pub(super) fn digest(&self, password: &[u8]) -> Result<Zeroizing<Vec<u8>>, HashError> {
        argon2_once::derive(
            self.algorithm,
            self.version,
            self.params,
            password,
            &self.salt,
            self.tag_bytes,
        )
    }
}
