//! Peppers: checklist 85.
#![cfg(feature = "password")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use auth_core::password::{
    Argon2Params, HashError, OfflineHasher, Password, PasswordHash, Pepper, PepperError, Peppers,
    danger,
};

fn password(text: &str) -> Password {
    Password::new(text.to_owned()).unwrap()
}

fn pepper(id: &str, byte: u8) -> Pepper {
    Pepper::new(id, vec![byte; 32]).unwrap()
}

fn params() -> Argon2Params {
    danger::argon2_params(8, 1, 1).unwrap()
}

fn hasher(peppers: Peppers) -> OfflineHasher {
    OfflineHasher::new(params(), peppers)
}

fn active(id: &str, byte: u8) -> Peppers {
    Peppers::none().with_active(pepper(id, byte)).unwrap()
}

/// `(matches, outdated)` of the right password.
fn verdict(hasher: &OfflineHasher, hash: &PasswordHash) -> (bool, bool) {
    let wrong = hasher.verify(&password("wrong"), hash).unwrap();
    assert!(!wrong.matches);
    let right = hasher.verify(&password("right"), hash).unwrap();
    assert_eq!(right.outdated, hasher.is_outdated(hash));
    (right.matches, right.outdated)
}

#[test]
fn c85_a_peppered_hash_names_its_pepper_and_needs_its_key() {
    let with = hasher(active("2026", 1));
    let hash = with.hash(&password("right")).unwrap();
    let text = hash.expose_phc();
    let start = "$layered$v=1,pepper=2026$argon2id$v=19$m=8,t=1,p=1$";
    assert!(text.starts_with(start), "{text}");
    assert_eq!(verdict(&with, &hash), (true, false));
    // The same id over another key is another pepper.
    let other = hasher(active("2026", 2));
    assert!(!other.verify(&password("right"), &hash).unwrap().matches);
    // The table alone is not enough to guess: what is stored is no Argon2id tag.
    let plain = PasswordHash::from_phc(text.replace("$layered$v=1,pepper=2026", ""));
    let without = hasher(Peppers::none());
    assert!(!without.verify(&password("right"), &plain).unwrap().matches);
}

#[test]
fn c85_a_rotated_pepper_goes_on_verifying_and_is_outdated() {
    let old = hasher(active("2025", 1));
    let hash = old.hash(&password("right")).unwrap();
    let rotated = hasher(active("2025", 1).with_active(pepper("2026", 2)).unwrap());
    assert_eq!(verdict(&rotated, &hash), (true, true));
    let renewed = rotated.hash(&password("right")).unwrap();
    assert!(renewed.expose_phc().contains(",pepper=2026$"));
    assert_eq!(verdict(&rotated, &renewed), (true, false));
    // An instance that has heard of the new one, and does not use it yet.
    let behind = hasher(active("2025", 1).with_retired(pepper("2026", 2)).unwrap());
    assert_eq!(verdict(&behind, &renewed), (true, true));
}

#[test]
fn c85_a_hash_under_an_unknown_pepper_is_no_wrong_password() {
    let hash = hasher(active("lost", 1)).hash(&password("right")).unwrap();
    for peppers in [Peppers::none(), active("2026", 1)] {
        for text in ["right", "wrong"] {
            let verdict = hasher(peppers.clone()).verify(&password(text), &hash);
            assert!(
                matches!(verdict, Err(HashError::UnknownPepper)),
                "{verdict:?}"
            );
        }
    }
}

#[test]
fn c85_peppers_come_and_go_without_a_reset() {
    let plain = hasher(Peppers::none()).hash(&password("right")).unwrap();
    let with = hasher(active("2026", 1));
    assert_eq!(verdict(&with, &plain), (true, true));
    let peppered = with.hash(&password("right")).unwrap();
    // Retired, with no other: hashes lose it as they are renewed.
    let leaving = hasher(Peppers::none().with_retired(pepper("2026", 1)).unwrap());
    assert_eq!(verdict(&leaving, &peppered), (true, true));
    let renewed = leaving.hash(&password("right")).unwrap();
    assert!(renewed.expose_phc().starts_with("$argon2id$"));
    assert_eq!(verdict(&leaving, &renewed), (true, false));
}

#[test]
fn c85_what_is_stored_can_be_peppered_without_the_password() {
    let plain = hasher(Peppers::none()).hash(&password("right")).unwrap();
    let with = hasher(active("2026", 1));
    let peppered = with.pepper(&plain).unwrap();
    assert_eq!(verdict(&with, &peppered), (true, false));
    // Once: a second time it is left alone, by any pepper.
    assert!(with.pepper(&peppered).unwrap() == peppered);
    assert!(hasher(active("2027", 2)).pepper(&peppered).unwrap() == peppered);
    assert!(hasher(Peppers::none()).pepper(&plain).unwrap() == plain);
    assert!(
        with.pepper(&PasswordHash::from_phc("?".to_owned()))
            .is_err()
    );
}

#[cfg(feature = "legacy-hashes")]
#[test]
fn c85_a_wrapped_hash_is_peppered_too() {
    let django = "pbkdf2_sha256$1000$salt$U5bLlz2ZriJfkRNzLQlQJO1/Az87G0e807WLP37V9z0=";
    let django = PasswordHash::from_legacy(django.to_owned()).unwrap();
    let with = hasher(active("2026", 1));
    let wrapped = with.wrap(&django).unwrap();
    assert!(wrapped.expose_phc().starts_with("$layered$v=1,over="));
    assert!(wrapped.expose_phc().contains(",pepper=2026$argon2id$"));
    let peppered_later = with
        .pepper(&hasher(Peppers::none()).wrap(&django).unwrap())
        .unwrap();
    for hash in [wrapped, peppered_later] {
        let right = with.verify(&password("caf\u{e9}"), &hash).unwrap();
        assert!(right.matches && right.outdated);
        assert!(!with.verify(&password("cafe"), &hash).unwrap().matches);
    }
    assert!(with.pepper(&django).unwrap() == django);
}

#[test]
fn a_pepper_that_cannot_be_kept_apart_is_refused() {
    let ids = ["", "A", "a b", "a$", "a,b", "\u{e9}", &"a".repeat(33)];
    for id in ids {
        assert_eq!(Pepper::new(id, vec![0; 32]).unwrap_err(), PepperError::Id);
    }
    assert_eq!(Pepper::new("a", vec![0; 31]).unwrap_err(), PepperError::Key);
    let twice = active("a", 1).with_active(pepper("a", 2)).unwrap_err();
    assert_eq!(twice, PepperError::Twice);
    let twice = active("a", 1).with_retired(pepper("a", 2)).unwrap_err();
    assert_eq!(twice, PepperError::Twice);
}

#[test]
fn c87_a_pepper_does_not_show_its_key() {
    let shown = format!("{:?}", active("2026", 77));
    assert!(shown.contains("2026") && !shown.contains("77"), "{shown}");
    assert!(!shown.contains("4d") && !shown.contains("MMM"), "{shown}");
}

/// For as long as hashes live.
#[test]
fn the_stored_form_stays_as_it_is() {
    let stored = PasswordHash::from_phc(STORED.to_owned());
    assert_eq!(verdict(&hasher(active("2026", 1)), &stored), (true, false));
}

/// By argon2-cffi and hashlib: Argon2id of "right" with m=8, t=1, p=1 and the
/// salt below, under HMAC-SHA-256 with 32 bytes of 1.
const STORED: &str = "$layered$v=1,pepper=2026$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcyBvaw$gTxaoLpDfu5V4GZ/W0UpfRmMfiL2EiqAkI9IBG/74TU";
