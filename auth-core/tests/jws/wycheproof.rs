//! Project Wycheproof. A key is read by our own reader, from DER, PEM and its
//! own JWK; a key that is refused refuses all its signatures.

use auth_core::key::{Algorithm, Backend, KeyError, VerifyingKey};
use wycheproof::{HashFunction, TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

use crate::support::encode;

/// How many vectors there were, and what became of them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    valid: usize,
    invalid: usize,
    acceptable: usize,
    /// Valid, but ours refuses it, and says so elsewhere.
    stricter: usize,
}

impl Tally {
    fn add(&mut self, result: TestResult, accepted: bool, what: &str) {
        match result {
            TestResult::Valid => {
                assert!(accepted, "{what} is valid");
                self.valid += 1;
            }
            TestResult::Invalid => {
                assert!(!accepted, "{what} is invalid");
                self.invalid += 1;
            }
            TestResult::Acceptable => {
                eprintln!("{what} is acceptable, and accepted: {accepted}");
                self.acceptable += 1;
            }
        }
    }

    fn add_refused(&mut self, result: TestResult, accepted: bool, what: &str) {
        assert!(!accepted, "{what}");
        match result {
            TestResult::Valid => self.stricter += 1,
            TestResult::Invalid => self.invalid += 1,
            TestResult::Acceptable => self.acceptable += 1,
        }
    }

    /// Prints it, and fails if nothing was tried.
    fn tell(&self, what: &str) {
        eprintln!("{what}: {self:?}");
        assert!(self.valid > 0 && self.invalid > 0, "{what}: {self:?}");
    }
}

/// The same key, however it is read, on every backend.
fn keys(der: &[u8], pem: &str, algorithm: Algorithm) -> Result<Vec<VerifyingKey>, KeyError> {
    let key = VerifyingKey::from_der(der, algorithm)?;
    let jwk = serde_json::to_string(&key.to_jwk().unwrap()).unwrap();
    let same = VerifyingKey::from_pem(pem, algorithm).unwrap();
    let again = VerifyingKey::from_jwk(&jwk).unwrap();
    assert_eq!(
        (key.kid(), key.kid(), algorithm),
        (same.kid(), again.kid(), again.algorithm())
    );
    let on = |&backend| again.clone().with_backend(backend);
    Backend::ALL.iter().map(on).collect()
}

/// One answer of all backends.
fn verifies(keys: &[VerifyingKey], message: &[u8], signature: &[u8], what: &str) -> bool {
    let mut answers = keys.iter().map(|key| key.verifies(message, signature));
    let first = answers.next().unwrap();
    assert!(
        answers.all(|answer| answer == first),
        "{what}: backends differ"
    );
    first
}

#[test]
fn c07_ed25519_holds_against_wycheproof() {
    let mut tally = Tally::default();
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    for group in set.test_groups {
        let keys = keys(&group.der, &group.pem, Algorithm::EdDsa);
        for test in group.tests {
            let what = format!("Ed25519 {} {}", test.tc_id, test.comment);
            let accepted = keys
                .as_ref()
                .is_ok_and(|keys| verifies(keys, &test.msg, &test.sig, &what));
            tally.add(test.result, accepted, &what);
        }
    }
    tally.tell("Ed25519");
}

#[test]
fn c06_c42_ecdsa_holds_against_wycheproof() {
    use ecdsa::TestName::{EcdsaSecp256r1Sha256P1363, EcdsaSecp384r1Sha384P1363};
    for (algorithm, name) in [
        (Algorithm::Es256, EcdsaSecp256r1Sha256P1363),
        (Algorithm::Es384, EcdsaSecp384r1Sha384P1363),
    ] {
        let mut tally = Tally::default();
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let keys = keys(&group.der, &group.pem, algorithm);
            for test in group.tests {
                let what = format!("{algorithm} {} {}", test.tc_id, test.comment);
                let accepted = keys
                    .as_ref()
                    .is_ok_and(|keys| verifies(keys, &test.msg, &test.sig, &what));
                tally.add(test.result, accepted, &what);
            }
        }
        tally.tell(algorithm.as_str());
    }
}

/// DER signatures are not those of JWS, however valid.
#[test]
fn c06_no_der_signature_of_wycheproof_is_accepted() {
    use ecdsa::TestName::{EcdsaSecp256r1Sha256, EcdsaSecp384r1Sha384};
    for (algorithm, name) in [
        (Algorithm::Es256, EcdsaSecp256r1Sha256),
        (Algorithm::Es384, EcdsaSecp384r1Sha384),
    ] {
        let mut tally = Tally::default();
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let keys = keys(&group.der, &group.pem, algorithm).unwrap();
            for test in group.tests {
                let what = format!("{algorithm} DER {} {}", test.tc_id, test.comment);
                let accepted = verifies(&keys, &test.msg, &test.sig, &what);
                tally.add_refused(test.result, accepted, &what);
            }
        }
        eprintln!("{algorithm} DER: {tally:?}");
        assert!(tally.stricter > 100, "{tally:?}");
    }
}

#[test]
fn c40_rsa_pkcs1_holds_against_wycheproof() {
    use rsa_pkcs1_verify::TestName::{
        Rsa2048Sha256, Rsa2048Sha384, Rsa2048Sha512, Rsa3072Sha256, Rsa3072Sha384, Rsa3072Sha512,
        Rsa4096Sha256, Rsa4096Sha384, Rsa4096Sha512, Rsa8192Sha256, Rsa8192Sha384, Rsa8192Sha512,
    };
    for (algorithm, names) in [
        (
            Algorithm::Rs256,
            [Rsa2048Sha256, Rsa3072Sha256, Rsa4096Sha256, Rsa8192Sha256],
        ),
        (
            Algorithm::Rs384,
            [Rsa2048Sha384, Rsa3072Sha384, Rsa4096Sha384, Rsa8192Sha384],
        ),
        (
            Algorithm::Rs512,
            [Rsa2048Sha512, Rsa3072Sha512, Rsa4096Sha512, Rsa8192Sha512],
        ),
    ] {
        for name in names {
            let mut tally = Tally::default();
            let set = rsa_pkcs1_verify::TestSet::load(name).unwrap();
            for group in set.test_groups {
                let keys = keys(&group.der, &group.pem, algorithm);
                for test in group.tests {
                    let what = format!("{name:?} {} {}", test.tc_id, test.comment);
                    let accepted = keys
                        .as_ref()
                        .is_ok_and(|keys| verifies(keys, &test.msg, &test.sig, &what));
                    tally.add(test.result, accepted, &what);
                }
            }
            tally.tell(&format!("{name:?}"));
        }
    }
}

/// The one way of RSASSA-PSS that JWS has, if it is one (RFC 7518 §3.5).
fn pss(group: &rsa_pss_verify::TestGroup) -> Option<Algorithm> {
    let (algorithm, salt) = match group.hash {
        HashFunction::Sha2_256 => (Algorithm::Ps256, 32),
        HashFunction::Sha2_384 => (Algorithm::Ps384, 48),
        HashFunction::Sha2_512 => (Algorithm::Ps512, 64),
        _ => return None,
    };
    (group.mgf_hash == Some(group.hash) && group.salt_size == salt).then_some(algorithm)
}

#[test]
fn c08_rsa_pss_holds_against_wycheproof() {
    let (mut ours, mut foreign) = (Tally::default(), Tally::default());
    for name in rsa_pss_verify::TestName::all() {
        let set = rsa_pss_verify::TestSet::load(name).unwrap();
        for group in set.test_groups {
            let wanted = pss(&group);
            let algorithm = wanted.unwrap_or(Algorithm::Ps256);
            // An `id-RSASSA-PSS` key is unsupported, so its numbers are read.
            let jwk = format!(
                r#"{{"kty":"RSA","alg":"{algorithm}","n":"{}","e":"{}"}}"#,
                encode(&*group.key.n),
                encode(&*group.key.e)
            );
            let key = VerifyingKey::from_jwk(&jwk);
            let keys: Vec<_> = key.into_iter().flat_map(on_every_backend).collect();
            for test in group.tests {
                let what = format!("{name:?} {} {}", test.tc_id, test.comment);
                let accepted = !keys.is_empty() && verifies(&keys, &test.msg, &test.sig, &what);
                match wanted {
                    Some(_) => ours.add(test.result, accepted, &what),
                    // Invalid there may be good here: "s_len changed to 32".
                    None if test.result == TestResult::Valid => {
                        foreign.add_refused(test.result, accepted, &what);
                    }
                    None => {}
                }
            }
        }
    }
    ours.tell("PSS");
    eprintln!("PSS of another salt, hash or MGF1: {foreign:?}");
    assert!(foreign.stricter > 100, "{foreign:?}");
}

fn on_every_backend(key: VerifyingKey) -> impl Iterator<Item = VerifyingKey> {
    let on = move |&backend| key.clone().with_backend(backend).unwrap();
    Backend::ALL.iter().map(on)
}

/// A key that is too short is refused at load; a truncated tag is none.
#[test]
fn c09_c41_hmac_holds_against_wycheproof() {
    use mac::TestName::{HmacSha256, HmacSha384, HmacSha512};
    for (algorithm, name, len) in [
        (Algorithm::Hs256, HmacSha256, 32),
        (Algorithm::Hs384, HmacSha384, 48),
        (Algorithm::Hs512, HmacSha512, 64),
    ] {
        let mut tally = Tally::default();
        for group in mac::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let what = format!("{algorithm} {} {}", test.tc_id, test.comment);
                let keys: Vec<_> = match VerifyingKey::hmac(&test.key, algorithm) {
                    Ok(key) => on_every_backend(key).collect(),
                    Err(reason) => {
                        assert_eq!(reason, KeyError::HmacTooShort, "{what}");
                        Vec::new()
                    }
                };
                assert_eq!(keys.is_empty(), test.key.len() < len, "{what}");
                let accepted = !keys.is_empty() && verifies(&keys, &test.msg, &test.tag, &what);
                if keys.is_empty() || test.tag.len() < len {
                    tally.add_refused(test.result, accepted, &what);
                } else {
                    tally.add(test.result, accepted, &what);
                }
            }
        }
        tally.tell(algorithm.as_str());
        assert!(tally.stricter > 0, "{tally:?}");
    }
}
