//! One line of a corpus.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use auth_core::key::{Algorithm, Backend, KeyError, KeySet, VerifyingKey};
use auth_core::verifier::{Verifier, VerifyError};
use auth_core::{Audience, Issuer, ManualClock, Timestamp};
use serde::Deserialize;

/// A token, the policy it is to be verified under, and what is expected.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    token: String,
    key_setup: KeySetup,
    now: i64,
    expect: Expectation,
    level: String,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Expectation {
    Accept,
    Reject,
}

#[derive(Deserialize)]
struct KeySetup {
    keys: Vec<KeyFile>,
    algs: Vec<String>,
    iss: String,
    aud: Vec<String>,
    typ: Vec<String>,
    leeway: u64,
    required: Vec<String>,
    max_token_bytes: usize,
}

#[derive(Deserialize)]
struct KeyFile {
    kid: Option<String>,
    alg: String,
    file: String,
}

pub(crate) enum Verdict {
    Accept,
    Reject(String),
}

impl Case {
    /// Whether a wrong answer counts.
    pub(crate) fn is_binding(&self) -> bool {
        self.level != "EITHER"
    }

    pub(crate) fn expects_accept(&self) -> bool {
        self.expect == Expectation::Accept
    }

    pub(crate) fn verify(&self, folder: &Path, backend: Backend) -> Verdict {
        let verifier = match self.key_setup.verifier(folder, backend, self.now) {
            Ok(verifier) => verifier,
            Err(reason) => return Verdict::Reject(reason),
        };
        match verifier.verify_now(&self.token) {
            Ok(_) => Verdict::Accept,
            // The set is all there is: nobody to ask for another key.
            Err(VerifyError::Undecided(_)) => Verdict::Reject("no such key".to_owned()),
            Err(reason) => Verdict::Reject(reason.to_string()),
        }
    }
}

impl KeySetup {
    /// A key that is refused is a reason to reject its tokens.
    fn verifier(&self, folder: &Path, backend: Backend, now: i64) -> Result<Verifier, String> {
        let keys = self.keys.iter().map(|key| {
            key.load(folder, backend)
                .map_err(|error| format!("key {}: {error}", key.file))
        });
        let keys = KeySet::new(keys.collect::<Result<Vec<_>, _>>()?).map_err(|e| e.to_string())?;
        let issuer = Issuer::new(&self.iss).map_err(|error| error.to_string())?;
        let audiences = self
            .aud
            .iter()
            .map(Audience::new)
            .collect::<Result<Vec<_>, _>>();
        let audiences = audiences.map_err(|error| error.to_string())?;
        let [first, others @ ..] = &audiences[..] else {
            return Err("the policy has no audience".to_owned());
        };
        let builder = Verifier::builder(&issuer, first, Arc::new(keys))
            .without_revocations()
            .with_algorithms(
                self.algs
                    .iter()
                    .filter_map(|name| Algorithm::from_name(name)),
            )
            .with_types(&self.typ)
            .with_required_claims(&self.required)
            .with_leeway(Duration::from_secs(self.leeway))
            .with_max_len(self.max_token_bytes)
            .with_clock(Arc::new(ManualClock::at(Timestamp::from_unix_seconds(now))));
        others
            .iter()
            .fold(builder, auth_core::verifier::VerifierBuilder::with_audience)
            .build()
            .map_err(|error| error.to_string())
    }
}

impl KeyFile {
    fn load(&self, folder: &Path, backend: Backend) -> Result<VerifyingKey, String> {
        let json =
            fs::read_to_string(folder.join(&self.file)).map_err(|error| error.to_string())?;
        let load = || {
            let key = VerifyingKey::from_jwk(&json)?.with_backend(backend)?;
            // The line binds the key; a key that says otherwise is not it.
            if Algorithm::from_name(&self.alg) != Some(key.algorithm()) {
                return Err(KeyError::WrongType);
            }
            match &self.kid {
                Some(kid) => key.with_kid(kid),
                None => Ok(key),
            }
        };
        load().map_err(|error| error.to_string())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept => f.write_str("accept -"),
            Self::Reject(reason) => write!(f, "reject {reason}"),
        }
    }
}
