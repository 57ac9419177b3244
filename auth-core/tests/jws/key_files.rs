//! Keys as others write them, and as nobody should: each is taken, or refused
//! for the reason that helps who brought it, whatever the backend.

use auth_core::key::{Algorithm, Backend, KeyError, SigningKey, VerifyingKey};
use serde::Deserialize;

use crate::support::{der_of, sign, to_pem};

const FILE: &str = include_str!("../vectors/jws/keys.json");

#[derive(Deserialize)]
struct File {
    keys: Vec<Fixture>,
}

#[derive(Deserialize)]
struct Fixture {
    name: String,
    half: String,
    algorithm: String,
    /// The name of a [`KeyError`], or nothing.
    expect: Option<String>,
    pem: String,
}

impl Fixture {
    fn all() -> Vec<Self> {
        serde_json::from_str::<File>(FILE).unwrap().keys
    }

    fn algorithm(&self) -> Algorithm {
        Algorithm::from_name(&self.algorithm).unwrap()
    }

    fn is_private(&self) -> bool {
        self.half == "private"
    }

    /// Loads it for a backend.
    fn read(&self, backend: Backend) -> Result<(), KeyError> {
        if self.is_private() {
            SigningKey::from_pem(&self.pem, self.algorithm())?.with_backend(backend)?;
        } else {
            VerifyingKey::from_pem(&self.pem, self.algorithm())?.with_backend(backend)?;
        }
        Ok(())
    }
}

#[test]
fn c40_c42_every_key_has_the_same_verdict_on_every_backend() {
    let fixtures = Fixture::all();
    assert!(fixtures.len() > 180);
    let mut wrong = Vec::new();
    for fixture in &fixtures {
        for &backend in Backend::ALL {
            let verdict = fixture.read(backend).err();
            let verdict = verdict.map(|reason| format!("{reason:?}"));
            if verdict != fixture.expect {
                let (half, algorithm) = (&fixture.half, &fixture.algorithm);
                let (name, expect) = (&fixture.name, &fixture.expect);
                wrong.push(format!(
                    "{backend:?} {half} {algorithm} {name}: {verdict:?} for {expect:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What one library takes and the other does not would be a key that works
/// until somebody changes the backend.
#[test]
fn c40_c42_a_key_with_a_changed_byte_is_taken_by_all_backends_or_none() {
    let (mut taken, mut refused) = (0, 0);
    for fixture in Fixture::all() {
        let algorithm = fixture.algorithm();
        if fixture.expect.is_some() || fixture.name.contains("text before") {
            continue;
        }
        let der = der_of(&fixture.pem);
        // Long numbers are all alike within.
        let step = if der.len() > 250 { 23 } else { 1 };
        for at in (0..der.len()).filter(|at| *at < 40 || at % step == 0) {
            for bit in [1, 0x80] {
                let mut der = der.clone();
                der[at] ^= bit;
                let context = format!("{} {} {at} {bit}", fixture.algorithm, fixture.name);
                if fixture.is_private() {
                    let Ok(mut key) = SigningKey::from_pkcs8(&der, algorithm) else {
                        refused += 1;
                        continue;
                    };
                    taken += 1;
                    let signature = sign(&key, b"x");
                    for &backend in Backend::ALL {
                        key = key.with_backend(backend).expect(&context);
                        assert!(key.verifying_key().verifies(b"x", &signature), "{context}");
                    }
                } else {
                    let Ok(key) = VerifyingKey::from_der(&der, algorithm) else {
                        refused += 1;
                        continue;
                    };
                    taken += 1;
                    for &backend in Backend::ALL {
                        let on = key.clone().with_backend(backend);
                        assert!(on.is_ok(), "{context} {backend:?}");
                    }
                }
            }
        }
    }
    assert!(taken > 100 && refused > 1000, "{taken} {refused}");
}

#[test]
fn a_key_that_openssl_wrote_is_written_as_openssl_writes_it() {
    for fixture in Fixture::all() {
        if fixture.name != "as openssl writes it" {
            continue;
        }
        let algorithm = fixture.algorithm();
        if fixture.is_private() {
            let key = SigningKey::from_pem(&fixture.pem, algorithm).unwrap();
            assert_eq!(key.to_pkcs8_pem().unwrap().expose(), &fixture.pem);
        } else {
            let key = VerifyingKey::from_pem(&fixture.pem, algorithm).unwrap();
            assert_eq!(key.to_pem().unwrap(), fixture.pem);
            assert_eq!(to_pem(&key.to_der().unwrap()), fixture.pem);
        }
    }
}
