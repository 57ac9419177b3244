//! Argon2id: parameters, vectors, hostile hashes: checklist 73, 74 and 82.

#![cfg(feature = "password")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, ParamsBuilder, Version};
use auth_core::password::{
    Argon2Params, Argon2ParamsError, CorruptHash, HashError, HashPool, OfflineHasher, Password,
    PasswordHash, Peppers, Verdict, danger,
};
use auth_core::{Clock, Deadline, SystemClock};
use proptest::prelude::*;
use serde_json::Value;

fn password(text: &str) -> Password {
    Password::new(text.to_owned()).unwrap()
}

fn stored(phc: &str) -> PasswordHash {
    PasswordHash::from_phc(phc.to_owned())
}

fn soon() -> Deadline {
    Deadline::after(SystemClock.now(), Duration::from_mins(10))
}

fn pool(params: Argon2Params) -> HashPool {
    HashPool::builder()
        .with_params(params)
        .with_threads(1)
        .build()
        .unwrap()
}

fn weak_pool() -> HashPool {
    pool(danger::argon2_params(8, 1, 1).unwrap())
}

/// It is corrupt, or, where hashes of other systems are read, nobody's.
fn is_refused(answer: &Result<Verdict, HashError>) -> bool {
    match answer {
        Err(HashError::Corrupt(_)) => true,
        Ok(verdict) => cfg!(feature = "legacy-hashes") && !verdict.matches,
        Err(_) => false,
    }
}

fn vectors(file: &str) -> Value {
    let path = format!("{}/tests/vectors/argon2/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap()
}

fn unhex(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn c73_every_owasp_row_is_accepted_and_nothing_below_it() {
    for (m, t) in [
        (47_104, 1),
        (19_456, 2),
        (12_288, 3),
        (9_216, 4),
        (7_168, 5),
    ] {
        assert!(Argon2Params::new(m, t, 1).is_ok(), "{m}/{t}");
        assert!(Argon2Params::new(m + 1, t + 1, 4).is_ok(), "{m}/{t}");
        assert_eq!(
            Argon2Params::new(m - 1, t, 1),
            Err(Argon2ParamsError::Weak),
            "{m}/{t}"
        );
        assert!(
            m == 47_104 || Argon2Params::new(m, t - 1, 1).is_err(),
            "{m}/{t}"
        );
    }
    assert_eq!(
        Argon2Params::new(7_167, u32::MAX, 1),
        Err(Argon2ParamsError::Weak)
    );
}

#[test]
fn parameters_that_argon2_does_not_have_are_refused_even_as_danger() {
    for (m, t, p) in [
        (7, 1, 1),
        (8, 0, 1),
        (8, 1, 0),
        (15, 1, 2),
        (u32::MAX, 1, 1 << 24),
    ] {
        assert_eq!(
            danger::argon2_params(m, t, p),
            Err(Argon2ParamsError::Impossible)
        );
    }
}

#[tokio::test]
async fn c73_a_new_hash_has_owasps_parameters_a_random_salt_and_a_tag_of_32_bytes() {
    let pool = HashPool::builder().with_threads(1).build().unwrap();
    let first = pool.hash(password("hunter2"), soon()).await.unwrap();
    let second = pool.hash(password("hunter2"), soon()).await.unwrap();
    assert_ne!(first, second);
    for hash in [first, second] {
        let fields: Vec<_> = hash.expose_phc().split('$').collect();
        assert_eq!(fields[..4], ["", "argon2id", "v=19", "m=19456,t=2,p=1"]);
        // 16 and 32 bytes in unpadded base64.
        assert_eq!(
            (fields[4].len(), fields[5].len(), fields.len()),
            (22, 43, 6)
        );
        assert!(!pool.is_outdated(&hash));
        assert!(
            pool.verify(password("hunter2"), Some(hash.clone()), soon())
                .await
                .unwrap()
                .matches
        );
        assert!(
            !pool
                .verify(password("Hunter2"), Some(hash), soon())
                .await
                .unwrap()
                .matches
        );
    }
}

/// RFC 9106 §5.3 has a secret and associated data, which our hashes have
/// not, so it is the backend that is held to it. §5.1 and §5.2 are Argon2d and
/// Argon2i, which no hash of ours uses.
#[test]
fn c74_the_backend_computes_the_vector_of_rfc_9106() {
    let file = vectors("rfc9106_vectors.json");
    let all = file["vectors"].as_array().unwrap();
    let vector = all
        .iter()
        .find(|vector| vector["type"] == "argon2id")
        .unwrap();
    let number = |name: &str| u32::try_from(vector[name].as_u64().unwrap()).unwrap();
    let params = ParamsBuilder::new()
        .m_cost(number("m"))
        .t_cost(number("t"))
        .p_cost(number("p"))
        .data(argon2::AssociatedData::new(&unhex(text(vector, "ad"))).unwrap())
        .build()
        .unwrap();
    let mut memory = vec![Block::new(); params.block_count()];
    let mut tag = [0; 32];
    let secret = unhex(text(vector, "secret"));
    Argon2::new_with_secret(&secret, Algorithm::Argon2id, Version::V0x13, params)
        .unwrap()
        .hash_password_into_with_memory(
            &unhex(text(vector, "password")),
            &unhex(text(vector, "salt")),
            &mut tag,
            &mut memory,
        )
        .unwrap();
    assert_eq!(tag.as_slice(), unhex(text(vector, "tag")));
}

/// The reference implementation's Argon2id hashes. Its Argon2i hashes are
/// not of our kind, and are refused as such.
#[tokio::test]
async fn c74_the_reference_implementations_hashes_verify() {
    let pool = pool(danger::argon2_params(1 << 18, 2, 1).unwrap());
    let file = vectors("phc_hash_vectors.json");
    let mut verified = 0;
    for vector in file["vectors"].as_array().unwrap() {
        let given = password(text(vector, "password"));
        let answer = async |given| {
            pool.verify(given, Some(stored(text(vector, "encoded"))), soon())
                .await
                .map(|verdict| verdict.matches)
        };
        if vector["type"] == "argon2id" {
            assert_eq!(answer(given).await, Ok(true), "{vector}");
            assert_eq!(answer(password("passwort")).await, Ok(false), "{vector}");
            verified += 1;
        } else {
            assert!(pool.is_outdated(&stored(text(vector, "encoded"))));
        }
    }
    assert_eq!(verified, 8);
}

/// The reference's malformed strings, as they are and as Argon2id.
#[tokio::test]
async fn c74_the_reference_implementations_malformed_hashes_are_corrupt() {
    let pool = weak_pool();
    let file = vectors("phc_hash_vectors.json");
    for vector in file["malformed_or_mismatch"].as_array().unwrap() {
        let encoded = text(vector, "encoded");
        let ours = encoded.replace("$argon2i$", "$argon2id$");
        for phc in [encoded, &ours] {
            let answer = pool
                .verify(password("password"), Some(stored(phc)), soon())
                .await;
            assert!(is_refused(&answer), "{phc}");
        }
    }
}

const SALT: &str = "c29tZXNhbHRzb21lc2FsdA";
const TAG: &str = "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

/// Each costs one hash with the pool's parameters, as a good one does.
#[tokio::test]
async fn c82_a_hostile_hash_is_a_typed_error_at_the_price_of_one_hash() {
    use CorruptHash::{Malformed, TooCostly, TooLong, Unsupported};
    let with = |params: &str| format!("$argon2id$v=19${params}${SALT}${TAG}");
    let fields = |salt: &str, tag: &str| format!("$argon2id$v=19$m=8,t=1,p=1${salt}${tag}");
    let hostile = [
        (with("m=4294967295,t=1,p=1"), TooCostly),
        (with("m=4194304,t=2,p=1"), TooCostly),
        (with("m=9,t=1,p=1"), TooCostly),
        (with("m=8,t=4294967295,p=1"), TooCostly),
        (with("m=8,t=131073,p=1"), TooCostly),
        (with("m=4294967295,t=1,p=16777215"), TooCostly),
        (with("m=4294967295,t=1,p=16777216"), Malformed),
        (with("m=8,t=1,p=16777216"), Malformed),
        (with("m=4294967296,t=1,p=1"), TooCostly),
        (with("m=8,t=1,p=2"), Malformed),
        (with("m=0,t=1,p=1"), Malformed),
        (with("m=8,t=0,p=1"), Malformed),
        (with("m=8,t=1,p=0"), Malformed),
        (with("m=08,t=1,p=1"), Malformed),
        (with("m=+8,t=1,p=1"), Malformed),
        (with("m=-8,t=1,p=1"), Malformed),
        (with("m= 8,t=1,p=1"), Malformed),
        (with("m=,t=1,p=1"), Malformed),
        (with("m=\u{0668},t=1,p=1"), Malformed),
        (with("t=1,m=8,p=1"), Malformed),
        (with("m=8,t=1"), Malformed),
        (with("m=8,t=1,p=1,keyid=AAAA"), Malformed),
        (with("m=8,t=1,p=1,"), Malformed),
        (with("m=8,m=8,t=1,p=1"), Malformed),
        (with(""), Malformed),
        (fields("", TAG), Malformed),
        (fields(SALT, ""), Malformed),
        (fields("c29tZXNhbA", TAG), Malformed),
        (fields(&"A".repeat(87), TAG), Malformed),
        (fields(SALT, &"A".repeat(20)), Malformed),
        (fields(SALT, &"A".repeat(87)), Malformed),
        (fields(&format!("{SALT}=="), TAG), Malformed),
        (fields("c29tZXNhbHRzb21lc2FsdB", TAG), Malformed),
        (fields("c29tZXNhbHRzb21lc2Fsd", TAG), Malformed),
        (fields(SALT, &TAG.replace('C', "-")), Malformed),
        (fields(SALT, &TAG.replace('C', "\u{421}")), Malformed),
        (fields(SALT, &format!("{TAG}\n")), Malformed),
        (fields(SALT, &format!("{TAG}\0")), Malformed),
        (fields(SALT, &format!("{TAG}$")), Malformed),
        (format!("$argon2id$m=8,t=1,p=1${SALT}${TAG}"), Unsupported),
        (
            format!("$argon2id$v=16$m=8,t=1,p=1${SALT}${TAG}"),
            Unsupported,
        ),
        (
            format!("$argon2id$v=019$m=8,t=1,p=1${SALT}${TAG}"),
            Unsupported,
        ),
        (
            format!("$argon2i$v=19$m=8,t=1,p=1${SALT}${TAG}"),
            Unsupported,
        ),
        (
            format!("$argon2d$v=19$m=8,t=1,p=1${SALT}${TAG}"),
            Unsupported,
        ),
        (
            format!("$Argon2id$v=19$m=8,t=1,p=1${SALT}${TAG}"),
            Unsupported,
        ),
        (
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW".into(),
            Unsupported,
        ),
        (
            format!("argon2id$v=19$m=8,t=1,p=1${SALT}${TAG}"),
            Unsupported,
        ),
        (String::new(), Unsupported),
        ("$".into(), Unsupported),
        ("$".repeat(512), Unsupported),
        ("\u{1f511}".into(), Unsupported),
        ("A".repeat(1 << 20), TooLong),
        (fields(SALT, &"A".repeat(1 << 20)), TooLong),
    ];
    let pool = weak_pool();
    for (index, (phc, expected)) in hostile.into_iter().enumerate() {
        let shown = phc.chars().take(100).collect::<String>();
        let answer = pool
            .verify(password("password"), Some(stored(&phc)), soon())
            .await;
        // Other systems' texts may be read as theirs.
        let is_ours = phc.starts_with("$argon2id$v=19$") && expected != TooCostly;
        if is_ours || expected == TooLong {
            assert_eq!(answer, Err(HashError::Corrupt(expected)), "{shown}");
        } else {
            assert!(is_refused(&answer), "{shown}");
        }
        assert_eq!(pool.stats().hashed, index as u64 + 1, "{shown}");
        if expected != TooCostly {
            assert!(pool.is_outdated(&stored(&phc)), "{shown}");
        }
    }
}

/// What is not hostile, only unusual, is not refused.
#[tokio::test]
async fn c82_salts_and_tags_of_any_allowed_length_are_read() {
    let pool = weak_pool();
    for (salt, tag) in [(11, 22), (22, 43), (86, 86)] {
        let phc = format!(
            "$argon2id$v=19$m=8,t=1,p=1${}${}",
            "A".repeat(salt),
            "A".repeat(tag)
        );
        let answer = pool
            .verify(password("password"), Some(stored(&phc)), soon())
            .await;
        assert!(!answer.unwrap().matches, "{phc}");
    }
}

#[tokio::test]
async fn a_hash_with_more_memory_than_new_ones_verifies_once_the_pool_makes_room() {
    let strong = pool(danger::argon2_params(64, 1, 1).unwrap());
    let hash = strong.hash(password("hunter2"), soon()).await.unwrap();

    let tight = weak_pool();
    let answer = tight
        .verify(password("hunter2"), Some(hash.clone()), soon())
        .await;
    if cfg!(feature = "legacy-hashes") {
        // In memory of its own. It is stronger, so it stays as it is.
        let verdict = answer.unwrap();
        assert!(verdict.matches && !verdict.outdated);
    } else {
        assert_eq!(answer, Err(HashError::Corrupt(CorruptHash::TooCostly)));
    }

    let roomy = HashPool::builder()
        .with_params(tight.params())
        .with_stored_memory_kib(64)
        .with_threads(2)
        .build()
        .unwrap();
    assert_eq!(roomy.memory_bytes(), 2 * 64 * 1024);
    assert!(
        roomy
            .verify(password("hunter2"), Some(hash), soon())
            .await
            .unwrap()
            .matches
    );
}

#[test]
fn only_a_hash_that_is_weaker_than_the_current_parameters_is_outdated() {
    let pool = pool(Argon2Params::default());
    let outdated = |params: &str, salt: &str, tag: &str| {
        pool.is_outdated(&stored(&format!("$argon2id$v=19${params}${salt}${tag}")))
    };
    assert!(!outdated("m=19456,t=2,p=1", SALT, TAG));
    assert!(!outdated("m=65536,t=3,p=4", SALT, TAG));
    assert!(outdated("m=19455,t=2,p=1", SALT, TAG));
    assert!(outdated("m=65536,t=1,p=1", SALT, TAG));
    assert!(outdated("m=19456,t=2,p=1", "c29tZXNhbHQ", TAG));
    assert!(outdated("m=19456,t=2,p=1", SALT, &"A".repeat(22)));
}

proptest! {
    /// For all parameters that a hash and a pool can have.
    #[test]
    fn c83_a_hash_is_outdated_if_and_only_if_it_has_less_memory_or_fewer_passes(
        (m, t, p) in (8_u32..200_000, 1_u32..20, 1_u32..9),
        (current_m, current_t) in (7168_u32..200_000, 5_u32..20),
    ) {
        let m = m.max(8 * p);
        let current = Argon2Params::new(current_m, current_t, 1).unwrap();
        let hash = stored(&format!("$argon2id$v=19$m={m},t={t},p={p}${SALT}${TAG}"));
        let current = OfflineHasher::new(current, Peppers::none());
        prop_assert_eq!(current.is_outdated(&hash), m < current_m || t < current_t);
    }

    /// 82
    #[test]
    fn no_stored_text_makes_reading_it_panic(text in any::<String>()) {
        OfflineHasher::default().is_outdated(&stored(&text));
    }

    /// 82: every text but the one that is written is refused or another hash.
    #[test]
    fn a_changed_byte_never_verifies(index in 0_usize..96, byte in 0x20_u8..0x7f) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let pool = weak_pool();
        let good = runtime.block_on(pool.hash(password("hunter2"), soon())).unwrap();
        let mut text = good.expose_phc().as_bytes().to_vec();
        let index = index % text.len();
        prop_assume!(text[index] != byte);
        text[index] = byte;
        let changed = stored(str::from_utf8(&text).unwrap());
        let answer = runtime.block_on(pool.verify(password("hunter2"), Some(changed), soon()));
        prop_assert!(!answer.is_ok_and(|verdict| verdict.matches));
    }
}
