//! What is issued, by every algorithm on every backend.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use auth_core::jwt::{IssueError, NewToken, TokenIssuer};
use auth_core::key::{Algorithm, Backend, SigningKey};
use auth_core::{
    Audience, ClientId, EntropyError, Issuer, Scope, SecureRandom, SystemRandom, TenantId,
    Timestamp,
};
use serde_json::{Map, Value};

use crate::support::{NOW, Rig, decode, private};

fn issue(key: &SigningKey, random: &dyn SecureRandom) -> Result<String, IssueError> {
    let now = Timestamp::from_unix_seconds(NOW);
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    let token = NewToken {
        subject: id.parse().unwrap(),
        tenant: TenantId::DEFAULT,
        session: id.parse().unwrap(),
        client: &ClientId::new("a \"client\"").unwrap(),
        scope: &Scope::empty(),
        user_version: 1,
        tenant_version: 1,
        amr: &[],
        auth_time: now,
        roles: &[],
        custom: &Map::new(),
        now,
    };
    let issuer = Issuer::new("https://auth.example").unwrap();
    let audience = Audience::new("https://api.example").unwrap();
    TokenIssuer::new(issuer, audience, Duration::from_secs(300))
        .issue(key, &token, random)
        .map(|token| token.expose().to_owned())
}

fn part(token: &str, place: usize) -> Map<String, Value> {
    serde_json::from_slice(&decode(token.split('.').nth(place).unwrap())).unwrap()
}

/// 33, 34, 36: RFC 9068 §2.1 and §2.2.
#[test]
fn c33_c34_c36_an_issued_token_is_an_access_token_by_name_and_claims() {
    for &algorithm in Algorithm::ALL {
        for &backend in Backend::ALL {
            let key = private(algorithm).with_backend(backend).unwrap();
            let token = issue(&key, &SystemRandom::new()).unwrap();
            let header = part(&token, 0);
            assert_eq!(header["typ"], "at+jwt");
            assert_eq!(header["alg"], algorithm.as_str());
            assert_eq!(header["kid"], "ours");
            let claims = part(&token, 1);
            for name in "iss exp aud sub client_id iat jti".split(' ') {
                assert!(claims.contains_key(name), "{name}");
            }
            for &other in Backend::ALL {
                let rig = Rig::new(private(algorithm), other);
                // The RSA test key is one; the others are drawn anew.
                let same = rig.key.expose().expose() == key.expose().expose();
                assert_eq!(rig.accepts(&token), same, "{algorithm} {other:?}");
            }
            let rig = Rig::new(key, backend);
            assert!(rig.accepts(&token), "{algorithm} {backend:?}");
        }
    }
    let default = SigningKey::generate(&SystemRandom::new()).unwrap();
    assert!(!default.verifying_key().is_secret());
    assert_eq!(default.verifying_key().algorithm(), Algorithm::EdDsa);
}

#[test]
fn a_key_that_is_renamed_or_moved_after_it_signed_says_what_it_is_now() {
    for (place, &backend) in Backend::ALL.iter().enumerate() {
        let key = private(Algorithm::EdDsa);
        let before = issue(&key, &SystemRandom::new()).unwrap();
        assert_eq!(part(&before, 0)["kid"], "ours");
        let kid = format!("number \"{place}\"");
        let key = key.with_kid(&kid).unwrap().with_backend(backend).unwrap();
        for _ in 0..2 {
            let after = issue(&key, &SystemRandom::new()).unwrap();
            assert_eq!(part(&after, 0)["kid"], *kid);
        }
    }
}

/// Gives a byte, then the next one.
#[derive(Debug, Default)]
struct Counting(AtomicU8);

impl SecureRandom for Counting {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        for byte in buffer {
            *byte = self.0.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Empty;

impl SecureRandom for Empty {
    fn fill(&self, _buffer: &mut [u8]) -> Result<(), EntropyError> {
        Err(EntropyError)
    }
}

/// 35: an id is 128 bits as the source gave them, drawn for this token alone:
/// ids are as unique as the source is random.
#[test]
fn c35_an_id_is_128_bits_of_the_source_or_there_is_no_token() {
    for &backend in Backend::ALL {
        let key = private(Algorithm::EdDsa).with_backend(backend).unwrap();
        let random = Counting::default();
        let mut drawn = HashSet::new();
        for _ in 0..12 {
            let before = random.0.load(Ordering::SeqCst);
            let token = issue(&key, &random).unwrap();
            let jti = decode(part(&token, 1)["jti"].as_str().unwrap());
            let given: Vec<u8> = (0..16).map(|n| before.wrapping_add(n)).collect();
            assert_eq!(jti, given);
            // Nothing of it is used for the next token, or for its jitter.
            assert!(jti.iter().all(|byte| drawn.insert(*byte)));
            let after = random.0.load(Ordering::SeqCst);
            assert!(after.wrapping_sub(before) > 16);
        }
        assert!(matches!(issue(&key, &Empty), Err(IssueError::Entropy(_))));
    }
    let key = private(Algorithm::EdDsa);
    let ids: HashSet<_> = (0..10_000)
        .map(|_| part(&issue(&key, &SystemRandom::new()).unwrap(), 1)["jti"].to_string())
        .collect();
    assert_eq!(ids.len(), 10_000);
}
