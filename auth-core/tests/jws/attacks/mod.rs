//! Attacks in classes, each against every algorithm. A case is a token or a
//! key that must be refused, beside its twin that must be accepted.

mod base64;
mod claims;
mod foreign;
mod header;
mod keys;
mod signature;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use auth_core::key::{Algorithm, Backend, VerifyingKey};
use auth_core::verifier::{Verifier, VerifyError};

use crate::support::{Rig, private, verifier};

/// The classes, and what their tokens may be refused for: whatever is refused
/// for something else was not tried.
const CLASSES: &[(&str, &str)] = &[
    ("algswap", "Algorithm UnknownKey Malformed"),
    ("aud", "Audience Malformed MissingClaim"),
    ("b64", "Malformed NotAJws Signature"),
    ("confusion", "UnknownKey"),
    ("crit", "Critical"),
    ("dup", "DuplicateName Malformed"),
    ("exp", "Expired Lifetime Malformed MissingClaim"),
    ("hdrkey", "Signature UnknownKey Undecided"),
    ("iat", "NotYetValid Lifetime Malformed MissingClaim"),
    ("iss", "Issuer Malformed MissingClaim"),
    ("jti", "Malformed MissingClaim"),
    ("key", ""),
    ("kid", "UnknownKey Undecided Signature Malformed"),
    ("limit", "TooLong NotAJws Malformed"),
    ("nbf", "NotYetValid Malformed"),
    ("none", "Algorithm Malformed NotAJws"),
    ("psychic", "Signature"),
    ("sig", "Signature"),
    ("struct", "NotAJws Malformed Type MissingClaim"),
    ("sub", "Malformed MissingClaim"),
    ("typ", "Type Malformed"),
    ("weaksecret", "UnknownKey Signature"),
];

pub(crate) struct Case {
    class: &'static str,
    name: String,
    judged: Judged,
}

enum Judged {
    /// A token, beside the good one.
    Token(String),
    /// A token under other keys than the one, and one that is good there.
    Under(Vec<VerifyingKey>, String, String),
    /// A JWK, and one that is good.
    Key(String, String),
}

impl Case {
    fn token(class: &'static str, name: impl Into<String>, token: String) -> Self {
        Self::new(class, name, Judged::Token(token))
    }

    fn new(class: &'static str, name: impl Into<String>, judged: Judged) -> Self {
        Self {
            class,
            name: name.into(),
            judged,
        }
    }

    /// Whether the bad one is refused for its reason, and the good one accepted.
    fn holds(&self, rig: &Rig, good: &str, backend: Backend) -> bool {
        let known = CLASSES.iter().find(|(class, _)| *class == self.class);
        let (_, reasons) = known.unwrap();
        let refused = |verifier: &Verifier, token: &str| match verifier.verify_now(token) {
            Ok(_) => false,
            Err(error) => reasons
                .split_whitespace()
                .any(|name| name == reason(&error)),
        };
        match &self.judged {
            Judged::Token(bad) => refused(&rig.verifier, bad) && rig.accepts(good),
            Judged::Under(keys, bad, good) => {
                let verifier = verifier(keys.clone(), backend);
                refused(&verifier, bad) && verifier.verify_now(good).is_ok()
            }
            Judged::Key(bad, good) => {
                let on = |jwk| VerifyingKey::from_jwk(jwk)?.with_backend(backend);
                on(bad).is_err() && on(good).is_ok()
            }
        }
    }
}

/// The variant's name.
fn reason(error: &VerifyError) -> String {
    let shown = match error {
        VerifyError::Invalid(reason) => format!("{reason:?}"),
        other => format!("{other:?}"),
    };
    let end = shown.find(|c: char| !c.is_alphanumeric());
    shown[..end.unwrap_or(shown.len())].to_owned()
}

/// All cases for the key of one algorithm.
fn cases(rig: &Rig) -> Vec<Case> {
    let mut cases = claims::cases(rig);
    cases.extend(header::cases(rig));
    cases.extend(foreign::cases(rig));
    cases.extend(base64::cases(rig));
    cases.extend(text::cases(rig));
    cases.extend(signature::cases(rig));
    cases.extend(keys::cases(rig));
    cases
}

#[test]
fn every_attack_is_refused_with_every_algorithm_and_its_twin_accepted() {
    let (mut names, mut classes) = (BTreeSet::new(), BTreeMap::<_, usize>::new());
    let (mut tried, mut failed) = (0, Vec::new());
    for &algorithm in Algorithm::ALL {
        let signer = Rig::new(private(algorithm), Backend::default());
        let (cases, good) = (cases(&signer), signer.token());
        let mut own = BTreeSet::new();
        for case in &cases {
            let name = (case.class, case.name.clone());
            assert!(own.insert(name.clone()), "{name:?} stands twice");
            if names.insert(name) {
                *classes.entry(case.class).or_default() += 1;
            }
        }
        for &backend in Backend::ALL {
            let public = signer.key.verifying_key().clone();
            let rig = Rig {
                verifier: verifier(vec![public], backend),
                key: private(algorithm),
                algorithm,
                backend,
            };
            for case in &cases {
                let Case { class, name, .. } = case;
                if !case.holds(&rig, &good, backend) {
                    failed.push(format!("{algorithm} {backend:?} {class}: {name}"));
                }
                tried += 1;
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
    let wanted: BTreeSet<_> = CLASSES.iter().map(|(class, _)| *class).collect();
    let found: BTreeSet<_> = classes.keys().copied().collect();
    assert_eq!(found, wanted);
    eprintln!("{} attacks, {tried} tried: {classes:?}", names.len());
    assert!(names.len() >= 300, "{} attacks: {classes:?}", names.len());
    assert!(tried >= 300 * Algorithm::ALL.len(), "{tried} tried");
}
