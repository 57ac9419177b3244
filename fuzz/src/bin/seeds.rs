//! `seeds FOLDER` writes the inputs to begin with, a folder for each target:
//! good ones under the fixture's keys, and the repository's own vectors.

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use auth_core::api_key::{ApiKey, ApiKeySecret};
use auth_core::key::{Algorithm, SigningKey};
use auth_core::refresh::{RefreshToken, TokenSecret};
use auth_core::reset::{ResetToken, Standing};
use auth_core::{ApiKeyId, SessionId, SystemRandom, TenantId, Timestamp, UserId};
use fuzz::{base64url, checks, fixture};
use serde_json::{Value, json};
// Its runtime is what the instrumented code calls.
use libfuzzer_sys as _;
use uuid::Uuid;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let folder = env::args_os().nth(1).ok_or("usage: seeds FOLDER")?;
    let mut seeds = Seeds {
        folder: folder.into(),
        written: HashMap::new(),
    };
    seeds.tokens()?;
    seeds.attacks()?;
    seeds.keys()?;
    seeds.ed25519()?;
    seeds.refresh_tokens()?;
    seeds.reset_tokens()?;
    seeds.api_keys()?;
    seeds.texts()
}

struct Seeds {
    folder: PathBuf,
    written: HashMap<&'static str, usize>,
}

impl Seeds {
    fn write(&mut self, target: &'static str, seed: impl AsRef<[u8]>) -> Outcome {
        let folder = self.folder.join(target);
        fs::create_dir_all(&folder)?;
        let count = self.written.entry(target).or_default();
        fs::write(folder.join(format!("{count:04}")), seed)?;
        *count += 1;
        Ok(())
    }

    /// A good token of each algorithm.
    fn tokens(&mut self) -> Outcome {
        for algorithm in Algorithm::ALL {
            let key = fixture::signing_key(*algorithm);
            self.write("token", fixture::issue(&key))?;
            let (alg, kid) = (algorithm.as_str(), fixture::kid(*algorithm));
            let header = json!({ "alg": alg, "typ": "application/at+jwt", "kid": kid });
            self.both(header.to_string().as_bytes(), fixture::CLAIMS.as_bytes())?;
        }
        self.both(fixture::HEADER.as_bytes(), fixture::CLAIMS.as_bytes())?;
        let claims = json!({
            "iss": fixture::ISSUER, "sub": "\u{e9}\u{1f511}\n", "aud": ["a", fixture::AUDIENCE],
            "exp": 1_800_000_300.5, "iat": 1.8e9, "jti": "x", "cnf": { "x5t#S256": "y" },
            "ver": -1, "tver": "1", "nested": [[[[{"a": [null, true, false, 1e-7]}]]]],
        });
        self.both(fixture::HEADER.as_bytes(), claims.to_string().as_bytes())
    }

    /// The headers and payloads of the sample of attacks, as they are and
    /// signed again.
    fn attacks(&mut self) -> Outcome {
        let sample = repository("examples/corpus/vectors/attacks-sample.jsonl");
        for line in fs::read_to_string(sample)?.lines() {
            let case: Value = serde_json::from_str(line)?;
            let token = case["token"].as_str().ok_or("a case without a token")?;
            // Long ones say nothing that short ones do not.
            if token.len() > 2048 {
                continue;
            }
            self.write("token", token)?;
            let mut parts = token.split('.').map(base64url::decode);
            if let (Some(Some(header)), Some(Some(payload))) = (parts.next(), parts.next()) {
                self.both(&header, &payload)?;
            }
        }
        Ok(())
    }

    fn both(&mut self, header: &[u8], payload: &[u8]) -> Outcome {
        self.write("header", header)?;
        self.write("claims", payload)?;
        self.write("signed", [&[0], header, &[0], payload].concat())
    }

    fn keys(&mut self) -> Outcome {
        let mut all = Vec::new();
        for file in files("examples/corpus/vectors/keys")? {
            all.push(fs::read_to_string(file)?);
        }
        let vectors = repository("auth-core/tests/vectors/jws/rfc_jws_vectors.json");
        let vectors = fs::read(vectors)?;
        let vectors: Value = serde_json::from_slice(&vectors)?;
        for vector in vectors["vectors"].as_array().into_iter().flatten() {
            all.push(vector["jwk"].to_string());
        }
        for algorithm in Algorithm::ALL {
            let key = fixture::signing_key(*algorithm);
            if let Some(jwk) = key.verifying_key().to_jwk() {
                all.push(serde_json::to_string(&jwk)?);
            }
            self.der(*algorithm, &key)?;
        }
        for jwk in &all {
            self.write("jwk", jwk)?;
            self.write("jwks", format!(r#"{{"keys":[{jwk}]}}"#))?;
        }
        let public = all.iter().filter(|jwk| !jwk.contains("\"k\""));
        let public: Vec<&str> = public.map(String::as_str).collect();
        for few in public.chunks(3) {
            self.write("jwks", format!(r#"{{"keys":[{}]}}"#, few.join(",")))?;
        }
        for file in files("auth-core/tests/vectors/jws")? {
            if file.extension().is_some_and(|extension| extension == "pem") {
                self.pem(&fs::read(file)?)?;
            }
        }
        for file in files("fuzz/keys")? {
            self.pem(&fs::read(file)?)?;
        }
        Ok(())
    }

    /// A key's PKCS#8.
    fn der(&mut self, algorithm: Algorithm, key: &SigningKey) -> Outcome {
        let place = Algorithm::ALL.iter().position(|known| *known == algorithm);
        let selector = u8::try_from(place.unwrap_or_default())?;
        let der = key.expose().expose();
        self.write("pem", [&[selector], der.as_slice()].concat())
    }

    /// For each type of key: the algorithms of a family differ in nothing here.
    fn pem(&mut self, pem: &[u8]) -> Outcome {
        for selector in [0, 1, 2, 3] {
            self.write("pem", [&[selector], pem].concat())?;
        }
        Ok(())
    }

    /// Good signatures and those with components of small order, S above the
    /// order of the group, and the published edge cases as they are.
    fn ed25519(&mut self) -> Outcome {
        for how in [0, 2] {
            for places in 0..64 {
                self.write("ed25519", [how, places, 0])?;
            }
            self.write("ed25519", [how, 0, 1])?;
        }
        self.write("ed25519", [&[0; 99][..], b"a message"].concat())?;
        let file = repository("auth-core/tests/vectors/jws/ed25519-speccheck.json");
        let file: Value = serde_json::from_slice(&fs::read(file)?)?;
        for case in file["cases"].as_array().into_iter().flatten() {
            let mut seed = vec![1, 0, 64];
            for name in ["key", "signature", "message"] {
                let text = case[name].as_str().ok_or("a case without its parts")?;
                for digits in text.as_bytes().chunks(2) {
                    seed.push(u8::from_str_radix(std::str::from_utf8(digits)?, 16)?);
                }
            }
            self.write("ed25519", seed)?;
        }
        Ok(())
    }

    fn refresh_tokens(&mut self) -> Outcome {
        let secret = TokenSecret::draw(&SystemRandom::new())?;
        for generation in [0, 1, u32::MAX] {
            let session = SessionId::from_uuid(Uuid::from_u128(7));
            let token = RefreshToken::encode(
                checks::root(),
                TenantId::DEFAULT,
                session,
                generation,
                &secret,
            );
            self.write("refresh_token", format!("\0{}", token.expose()))?;
        }
        self.write("refresh_token", [1; 60])?;
        self.write("refresh_token", [0xff; 60])
    }

    fn reset_tokens(&mut self) -> Outcome {
        let standing = Standing {
            session_epoch: 1,
            password_hash: None,
        };
        let user = UserId::from_uuid(Uuid::from_u128(7));
        // The first is in time for the check.
        for end in [1_800_000_001, 0] {
            let token = ResetToken::issue(
                checks::root(),
                TenantId::DEFAULT,
                user,
                standing,
                Timestamp::from_unix_seconds(end),
                &SystemRandom::new(),
            )?;
            self.write("reset_token", format!("\0{}", token.expose()))?;
        }
        self.write("reset_token", [1; 100])?;
        self.write("reset_token", [0x7f; 100])?;
        self.write("reset_token", [0xff; 100])
    }

    fn api_keys(&mut self) -> Outcome {
        let secret = ApiKeySecret::draw(&SystemRandom::new())?;
        for prefix in ["acme_live", "acme"] {
            let id = ApiKeyId::from_uuid(Uuid::from_u128(7));
            let key = ApiKey::encode(&prefix.parse()?, id, &secret);
            self.write("api_key", format!("\0{}", key.expose()))?;
        }
        self.write("api_key", [3; 60])?;
        self.write("api_key", [0xff; 60])
    }

    fn texts(&mut self) -> Outcome {
        for values in [
            "Bearer abc",
            "bearer  abc==",
            "Basic dTpw",
            "Bearer a b",
            "Bearer a\nBearer b",
            "BEARER\ta",
            "Bearer ",
            "Bearer =",
            "Bearer -._~+/=",
            "\tBearer a\t",
        ] {
            self.write("authorization", values)?;
        }
        let (salt, tag) = ("c29tZXNhbHRzb21lc2FsdA", "A".repeat(43));
        for hash in [
            format!("$argon2id$v=19$m=19456,t=2,p=1${salt}${tag}"),
            format!("$argon2id$v=19$m=019456,t=2,p=1${salt}${tag}"),
            format!("$argon2id$v=19$m=47104,t=4,p=4${salt}${tag}"),
            format!("$argon2id$v=19$m=4294967295,t=4294967295,p=16777215${salt}${tag}"),
            format!("$argon2i$v=19$m=8,t=1,p=1${salt}${tag}"),
            format!("$argon2id$m=19456,t=2,p=1${salt}${tag}"),
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW".to_owned(),
        ] {
            self.write("phc", hash)?;
        }
        Ok(())
    }
}

/// A path of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The files of a folder of the repository, in the order of their names.
fn files(folder: &str) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let entries = fs::read_dir(repository(folder))?;
    let mut files = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    files.sort();
    Ok(files)
}
