//! The wire form of a refresh token: `v1.` and the base64url of
//! root key id (4) ‖ session (16) ‖ generation (4, big-endian) ‖ secret (32)
//! ‖ MAC (32).

use ring::hmac;
use uuid::Uuid;

use super::ratchet::{Salt, SecretHash, TokenSecret};
use crate::id::{SessionId, TenantId};
use crate::maced::{Flaw, Form, Opened};
use crate::root::{RootKeyId, RootSecret, RootSecrets};
use crate::secret::Secret;

/// Session, generation, secret.
const SAID: usize = 16 + 4 + 32;

const FORM: Form<SAID> = Form {
    prefix: "v1.",
    label: b"auth refresh v1",
    key: |root| root.mac().clone(),
};

/// A refresh token as it travels. Nothing is known of it before
/// [`open`](Self::open).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken(Secret<String>);

/// The text is no refresh token of ours, for this tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRefreshToken {
    /// Wrong length, alphabet, prefix or trailing bits.
    #[error("malformed refresh token")]
    Malformed,
    /// Made under a root secret that this instance does not know.
    #[error("refresh token of an unknown root secret")]
    UnknownRoot(RootKeyId),
    /// Altered, forged, or of another tenant.
    #[error("refresh token with a wrong MAC")]
    WrongMac,
}

impl RefreshToken {
    /// Takes a text that a client presented.
    pub const fn from_text(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The text to hand to the client.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Encodes the token of one generation of a session under `root`.
    pub fn encode(
        root: &RootSecret,
        tenant: TenantId,
        session: SessionId,
        generation: u32,
        secret: &TokenSecret,
    ) -> Self {
        let said: &[&[u8]] = &[
            session.as_uuid().as_bytes(),
            &generation.to_be_bytes(),
            secret.expose(),
        ];
        Self(FORM.write(root, tenant.as_uuid().as_bytes(), said))
    }

    /// Checks form and MAC, without I/O.
    ///
    /// # Errors
    /// [`InvalidRefreshToken`]; the client hears `invalid_grant` for each.
    pub fn open(
        &self,
        roots: &RootSecrets,
        tenant: TenantId,
    ) -> Result<Presented, InvalidRefreshToken> {
        let tenant = tenant.as_uuid().as_bytes();
        let Opened { root, said } = FORM.read(self.expose(), tenant, roots)?;
        let parts = || {
            let (session, rest) = said.split_first_chunk::<16>()?;
            let (generation, secret) = rest.split_first_chunk::<4>()?;
            Some((session, generation, <[u8; 32]>::try_from(secret).ok()?))
        };
        let (session, generation, secret) = parts().ok_or(InvalidRefreshToken::Malformed)?;
        Ok(Presented {
            ratchet: root.ratchet().clone(),
            session: SessionId::from_uuid(Uuid::from_bytes(*session)),
            generation: u32::from_be_bytes(*generation),
            secret: TokenSecret::from_bytes(secret),
        })
    }
}

impl From<Flaw> for InvalidRefreshToken {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::Malformed => Self::Malformed,
            Flaw::UnknownRoot(id) => Self::UnknownRoot(id),
            Flaw::WrongMac => Self::WrongMac,
        }
    }
}

/// A refresh token that we made, for this tenant: its MAC was right. Whether
/// it may still be spent only the store can tell.
#[derive(Clone, Debug)]
pub struct Presented {
    ratchet: hmac::Key,
    session: SessionId,
    generation: u32,
    secret: TokenSecret,
}

impl Presented {
    /// The session it belongs to.
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Which generation of the session's token it is; the first is 0.
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// What the store would have kept of it.
    pub fn secret_hash(&self) -> SecretHash {
        self.secret.hash()
    }

    /// The secret of its one successor, given the salt its winner drew.
    pub fn successor(&self, salt: &Salt) -> TokenSecret {
        let next = self.generation.wrapping_add(1);
        self.secret
            .successor(&self.ratchet, self.session, next, salt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    struct Case {
        roots: RootSecrets,
        session: SessionId,
        secret: TokenSecret,
        token: RefreshToken,
    }

    fn case() -> Case {
        let random = SystemRandom::new();
        let roots = RootSecrets::new(RootSecret::generate(&random).unwrap());
        let session = SessionId::from_uuid(Uuid::from_u128(7));
        let secret = TokenSecret::draw(&random).unwrap();
        let token = RefreshToken::encode(roots.active(), TenantId::DEFAULT, session, 3, &secret);
        Case {
            roots,
            session,
            secret,
            token,
        }
    }

    #[test]
    fn a_token_opens_to_what_was_encoded() {
        let case = case();
        let presented = case.token.open(&case.roots, TenantId::DEFAULT).unwrap();
        assert_eq!(presented.session(), case.session);
        assert_eq!(presented.generation(), 3);
        assert_eq!(presented.secret_hash(), case.secret.hash());
    }

    #[test]
    fn every_single_changed_character_is_refused() {
        let case = case();
        let text = case.token.expose();
        for index in 0..text.len() {
            for replacement in ["A", "B", "=", "+", " ", "\u{e9}"] {
                let mut mangled = text.to_owned();
                mangled.replace_range(index..=index, replacement);
                if mangled == text {
                    continue;
                }
                let opened = RefreshToken::from_text(mangled).open(&case.roots, TenantId::DEFAULT);
                assert!(opened.is_err(), "{index} {replacement}");
            }
        }
    }

    #[test]
    fn other_lengths_and_trailing_bits_are_malformed() {
        let case = case();
        let text = case.token.expose();
        // 88 bytes leave four unused bits in the last character.
        let mut bits = text[..text.len() - 1].to_owned();
        let last = text.as_bytes()[text.len() - 1];
        bits.push(char::from(last + 1));
        for bad in [
            "",
            "v1.",
            &text[..text.len() - 1],
            &format!("{text}A"),
            &text.replace("v1.", "v2."),
            &bits,
        ] {
            let opened =
                RefreshToken::from_text(bad.to_owned()).open(&case.roots, TenantId::DEFAULT);
            assert_eq!(opened.err(), Some(InvalidRefreshToken::Malformed), "{bad}");
        }
    }

    #[test]
    fn another_tenant_or_root_does_not_open_it() {
        let case = case();
        let tenant = TenantId::from_uuid(Uuid::from_u128(9));
        assert_eq!(
            case.token.open(&case.roots, tenant).err(),
            Some(InvalidRefreshToken::WrongMac)
        );
        let other = RootSecrets::new(RootSecret::generate(&SystemRandom::new()).unwrap());
        assert_eq!(
            case.token.open(&other, TenantId::DEFAULT).err(),
            Some(InvalidRefreshToken::UnknownRoot(case.roots.active().id()))
        );
    }

    #[test]
    fn the_successor_depends_on_the_salt_and_on_nothing_unsaid() {
        let case = case();
        let presented = case.token.open(&case.roots, TenantId::DEFAULT).unwrap();
        let (a, b) = (Salt::from_bytes([1; 16]), Salt::from_bytes([2; 16]));
        assert_eq!(presented.successor(&a), presented.successor(&a));
        assert_ne!(presented.successor(&a), presented.successor(&b));
    }
}
