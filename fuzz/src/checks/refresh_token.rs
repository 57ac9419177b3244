//! Refresh tokens: an independent codec must agree with the SDK's.

use std::sync::OnceLock;

use auth_core::refresh::{InvalidRefreshToken, RefreshToken, TokenSecret};
use auth_core::{EntropyError, RootSecret, RootSecrets, SecureRandom, SessionId, TenantId};
use ring::{hkdf, hmac};
use uuid::Uuid;

use crate::base64url;

const ROOT: &[u8; 32] = b"0123456789abcdef0123456789abcdef";
const BODY: usize = 56;

/// Any text as a refresh token if the first byte is even; otherwise any body,
/// with a MAC that is right, then with one bit flipped.
pub fn refresh_token(data: &[u8]) {
    match data.split_first() {
        Some((selector, rest)) if selector % 2 == 0 => {
            if let Ok(text) = std::str::from_utf8(rest) {
                judge(text);
            }
        }
        Some((flipped, rest)) => {
            let mut bytes = body(rest).to_vec();
            let tag = hmac_of(&bytes, TenantId::DEFAULT);
            bytes.extend_from_slice(&tag);
            judge(&text(&bytes));
            let place = usize::from(flipped / 2) * bytes.len() / 128;
            bytes[place] ^= 1 << (rest.len() % 8);
            judge(&text(&bytes));
        }
        None => judge(""),
    }
}

/// The root secret that all checks know.
pub fn root() -> &'static RootSecret {
    static ROOT_SECRET: OnceLock<RootSecret> = OnceLock::new();
    ROOT_SECRET.get_or_init(|| RootSecret::from_bytes(ROOT).expect("a secret"))
}

/// The first bytes of `data` as a body, with the root's own id unless the
/// first byte is above 127.
fn body(data: &[u8]) -> [u8; BODY] {
    let mut body = [0; BODY];
    let len = data.len().min(BODY);
    body[..len].copy_from_slice(&data[..len]);
    if body[0] < 128 {
        body[..4].copy_from_slice(&derived::<4>(b"auth root id v1"));
    }
    body
}

fn judge(text: &str) {
    let token = RefreshToken::from_text(text.to_owned());
    let opened = token.open(&RootSecrets::new(root().clone()), TenantId::DEFAULT);
    let bytes = match by_oracle(text) {
        Ok(bytes) => bytes,
        Err(error) => {
            assert_eq!(opened.err(), Some(error));
            return;
        }
    };
    let opened = opened.expect("a token with a right MAC opens");
    let session = Uuid::from_slice(&bytes[4..20]).expect("16 bytes");
    let generation = u32::from_be_bytes(bytes[20..24].try_into().expect("4 bytes"));
    assert_eq!(*opened.session().as_uuid(), session);
    assert_eq!(opened.generation(), generation);

    let secret = TokenSecret::draw(&Given(bytes[24..56].to_vec())).expect("drawn");
    assert_eq!(opened.secret_hash(), secret.hash());
    let session = SessionId::from_uuid(session);
    let encode = |tenant| RefreshToken::encode(root(), tenant, session, generation, &secret);
    assert_eq!(encode(TenantId::DEFAULT).expose(), text);
    // The same token of another tenant has another MAC.
    let stranger = TenantId::from_uuid(Uuid::from_u128(1));
    assert_ne!(encode(stranger).expose(), text);
    let opened = token.open(&RootSecrets::new(root().clone()), stranger);
    assert_eq!(opened.err(), Some(InvalidRefreshToken::WrongMac));
}

/// The bytes of a token that is to be opened.
fn by_oracle(text: &str) -> Result<Vec<u8>, InvalidRefreshToken> {
    let bytes = text
        .strip_prefix("v1.")
        .and_then(base64url::decode)
        .filter(|bytes| bytes.len() == BODY + 32)
        .ok_or(InvalidRefreshToken::Malformed)?;
    let root = root().id();
    if bytes[..4] != root.0 {
        let unknown = [bytes[0], bytes[1], bytes[2], bytes[3]];
        return Err(InvalidRefreshToken::UnknownRoot(auth_core::RootKeyId(
            unknown,
        )));
    }
    let (body, tag) = bytes.split_at(BODY);
    if hmac_of(body, TenantId::DEFAULT) == tag {
        Ok(bytes)
    } else {
        Err(InvalidRefreshToken::WrongMac)
    }
}

fn text(bytes: &[u8]) -> String {
    format!("v1.{}", base64url::encode(bytes))
}

fn hmac_of(body: &[u8], tenant: TenantId) -> Vec<u8> {
    static KEY: OnceLock<hmac::Key> = OnceLock::new();
    let message = [b"auth refresh v1", &tenant.as_uuid().as_bytes()[..], body].concat();
    let key = KEY.get_or_init(|| {
        let derived: [u8; 32] = derived(b"auth refresh mac v1");
        hmac::Key::new(hmac::HMAC_SHA256, &derived)
    });
    hmac::sign(key, &message).as_ref().to_vec()
}

/// A key derived from the root secret as the wire format says.
pub(super) fn derived<const N: usize>(label: &[u8]) -> [u8; N] {
    struct Length(usize);

    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }

    let mut key = [0; N];
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"auth root v1")
        .extract(ROOT)
        .expand(&[label], Length(N))
        .and_then(|okm| okm.fill(&mut key))
        .expect("short enough");
    key
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
