use std::time::Duration;

use uuid::Uuid;

use super::*;
use crate::id::{TenantId, UserId};
use crate::random::SystemRandom;
use crate::root::{RootSecret, RootSecrets};
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
const TENANT: TenantId = TenantId::DEFAULT;
const MICROSECOND: Duration = Duration::from_micros(1);
const ROW: Standing<'_> = Standing {
    session_epoch: 3,
    password_hash: Some("$argon2id$hash"),
};

fn ada() -> UserId {
    UserId::from_uuid(Uuid::from_u128(7))
}

fn root() -> RootSecret {
    RootSecret::generate(&SystemRandom::new()).unwrap()
}

fn issue(root: &RootSecret, expires_at: Timestamp) -> ResetToken {
    ResetToken::issue(root, TENANT, ada(), ROW, expires_at, &SystemRandom::new()).unwrap()
}

fn why(token: &ResetToken, roots: &RootSecrets, now: Timestamp) -> Option<InvalidResetToken> {
    token.open(roots, TENANT, now).err()
}

#[test]
fn c86_a_token_opens_to_its_user_while_the_row_is_as_it_was() {
    let roots = RootSecrets::new(root());
    let token = issue(roots.active(), NOW + ResetToken::MAX_LIFETIME);
    assert_eq!(token.expose().len(), 147);
    assert!(token.expose().starts_with("r1."));
    let presented = token.open(&roots, TENANT, NOW).unwrap();
    assert_eq!(presented.user(), ada());
    assert!(presented.is_bound_to(ROW));
    for other in [
        Standing {
            session_epoch: 4,
            ..ROW
        },
        Standing {
            session_epoch: 2,
            ..ROW
        },
        Standing {
            password_hash: None,
            ..ROW
        },
        Standing {
            password_hash: Some(""),
            ..ROW
        },
        Standing {
            password_hash: Some("$argon2id$hasi"),
            ..ROW
        },
        Standing {
            password_hash: Some("$argon2id$hash "),
            ..ROW
        },
    ] {
        assert!(!presented.is_bound_to(other), "{other:?}");
    }
}

#[test]
fn c86_no_password_is_not_an_empty_one() {
    let roots = RootSecrets::new(root());
    let none = Standing {
        password_hash: None,
        ..ROW
    };
    let empty = Standing {
        password_hash: Some(""),
        ..ROW
    };
    for (made_for, other) in [(none, empty), (empty, none)] {
        let end = NOW + MICROSECOND;
        let random = SystemRandom::new();
        let token = ResetToken::issue(roots.active(), TENANT, ada(), made_for, end, &random);
        let presented = token.unwrap().open(&roots, TENANT, NOW).unwrap();
        assert!(presented.is_bound_to(made_for));
        assert!(!presented.is_bound_to(other));
    }
}

#[test]
fn c86_a_token_ends_at_the_instant_it_says_and_an_hour_away_at_most() {
    let roots = RootSecrets::new(root());
    let end = NOW + Duration::from_secs(1800);
    let token = issue(roots.active(), end);
    assert_eq!(why(&token, &roots, end - MICROSECOND), None);
    assert_eq!(why(&token, &roots, end), Some(InvalidResetToken::Expired));
    assert_eq!(
        why(&token, &roots, Timestamp::MAX),
        Some(InvalidResetToken::Expired)
    );
    let earliest = end - ResetToken::MAX_LIFETIME;
    assert_eq!(why(&token, &roots, earliest), None);
    let future = Some(InvalidResetToken::FromTheFuture);
    assert_eq!(why(&token, &roots, earliest - MICROSECOND), future);
    assert_eq!(
        why(&issue(roots.active(), Timestamp::MAX), &roots, NOW),
        future
    );
}

#[test]
fn c86_every_single_changed_byte_and_character_is_refused() {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    let roots = RootSecrets::new(root());
    let token = issue(roots.active(), NOW + MICROSECOND);
    let text = token.expose();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(&text[3..]).unwrap();
    for index in 0..bytes.len() {
        for bit in 0..8 {
            let mut forged = bytes.clone();
            forged[index] ^= 1 << bit;
            let forged = format!("r1.{}", BASE64_URL_SAFE_NO_PAD.encode(forged));
            assert!(
                why(&ResetToken::from_text(forged), &roots, NOW).is_some(),
                "{index} {bit}"
            );
        }
    }
    for index in 0..text.len() {
        for replacement in ["A", "B", "=", "+", " ", "\u{e9}", ""] {
            let mut mangled = text.to_owned();
            mangled.replace_range(index..=index, replacement);
            if mangled != text {
                let why = why(&ResetToken::from_text(mangled), &roots, NOW);
                assert!(why.is_some(), "{index} {replacement}");
            }
        }
    }
    for bad in [
        String::new(),
        "r1.".into(),
        format!("{text}A"),
        text.replace("r1.", "d1."),
    ] {
        let why = why(&ResetToken::from_text(bad), &roots, NOW);
        assert_eq!(why, Some(InvalidResetToken::Malformed));
    }
}

#[test]
fn c86_another_tenant_or_root_does_not_open_it_and_a_retired_root_does() {
    let (old, new) = (root(), root());
    let token = issue(&old, NOW + MICROSECOND);
    let elsewhere = TenantId::from_uuid(Uuid::from_u128(9));
    let roots = RootSecrets::new(old.clone());
    let opened = token.open(&roots, elsewhere, NOW);
    assert_eq!(opened.err(), Some(InvalidResetToken::WrongMac));

    let without = RootSecrets::new(new.clone());
    let unknown = InvalidResetToken::UnknownRoot(old.id());
    assert_eq!(why(&token, &without, NOW), Some(unknown));
    let retired = RootSecrets::new(new).with_other(old).unwrap();
    assert!(token.open(&retired, TENANT, NOW).unwrap().is_bound_to(ROW));
}

#[test]
fn c86_two_tokens_of_one_moment_differ() {
    let root = root();
    assert_ne!(issue(&root, NOW), issue(&root, NOW));
}
