//! Hashes of other systems: verified, refused in time, wrapped: checklist 82, 83.
#![cfg(feature = "legacy-hashes")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use auth_core::password::legacy::{MAX_BCRYPT_COST, MAX_CHARS, MAX_PBKDF2_ROUNDS};
use auth_core::password::{
    CorruptHash, HashError, OfflineHasher, Password, PasswordHash, Peppers, Verdict, danger,
};
use serde::Deserialize;

/// Made by the systems themselves; `vectors/legacy/make.py` says how.
const VECTORS: &str = include_str!("vectors/legacy/hashes.json");

#[derive(Deserialize)]
struct Case {
    by: String,
    password: String,
    hash: String,
    slow: bool,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(VECTORS).unwrap()
}

fn password(text: &str) -> Password {
    Password::new(text.to_owned()).unwrap()
}

fn legacy(text: &str) -> PasswordHash {
    PasswordHash::from_legacy(text.to_owned()).unwrap()
}

/// Fast parameters: what is tested is the layer below.
fn hasher() -> OfflineHasher {
    OfflineHasher::new(danger::argon2_params(8, 1, 1).unwrap(), Peppers::none())
}

fn verify(text: &str, hash: &PasswordHash) -> Verdict {
    hasher().verify(&password(text), hash).unwrap()
}

#[test]
fn c83_every_systems_hashes_verify_and_all_but_strong_argon2id_are_outdated() {
    let cases = cases();
    assert!(cases.len() > 140, "{}", cases.len());
    for case in &cases {
        let hash = legacy(&case.hash);
        let right = verify(&case.password, &hash);
        assert!(right.matches, "{} {:?}", case.by, case.password);
        // What others made as it is made here, and stronger, is as good as ours.
        let strong = case.hash.starts_with("$argon2id$v=19$");
        assert_eq!(hasher().is_outdated(&hash), !strong, "{}", case.by);
        // What was cut off must not become the password.
        let cut = case.by == "bcrypt cut at 72";
        assert_eq!(right.outdated, !strong && !cut, "{}", case.by);
    }
}

#[test]
fn a_wrong_password_matches_no_systems_hash() {
    for case in cases().iter().filter(|case| !case.slow) {
        let hash = legacy(&case.hash);
        for wrong in ["", "P", "correct horse battery stapl", "x"] {
            let verdict = verify(wrong, &hash);
            assert!(!verdict.matches, "{} {wrong:?}", case.by);
        }
    }
}

#[test]
fn a_digest_that_differs_in_its_last_character_does_not_match() {
    for case in cases().iter().filter(|case| !case.slow) {
        let text = case.hash.trim_end_matches('=');
        let (start, last) = text.split_at(text.len() - 2);
        // The one before the last: the last may hold bits that do not count.
        let changed = if last.starts_with('0') { '1' } else { '0' };
        let padding = &case.hash[text.len()..];
        let hash = legacy(&format!("{start}{changed}{}{padding}", &last[1..]));
        assert!(!verify(&case.password, &hash).matches, "{}", case.by);
    }
}

#[test]
fn a_wrapped_hash_verifies_without_a_trace_of_the_old_digest() {
    for case in cases().iter().filter(|case| !case.slow) {
        let old = legacy(&case.hash);
        let wrapped = hasher().wrap(&old).unwrap();
        let text = wrapped.expose_phc();
        assert!(text.starts_with("$layered$v=1,over="), "{text}");
        let tail = &case.hash[case.hash.len() - 12..];
        let over = text.split(['=', '$']).nth(4).unwrap();
        let recipe = String::from_utf8(unbase64(over)).unwrap();
        assert!(!recipe.contains(tail), "{}: {recipe}", case.by);
        assert_eq!(recipe.len(), case.hash.len());

        let right = verify(&case.password, &wrapped);
        assert!(right.matches, "{}", case.by);
        assert_eq!(right.outdated, case.by != "bcrypt cut at 72", "{}", case.by);
        assert!(!verify("wrong", &wrapped).matches, "{}", case.by);
    }
}

#[test]
fn what_is_outdated_is_replaced_by_what_is_not() {
    let hash = legacy(&cases()[0].hash);
    let given = password(&cases()[0].password);
    assert!(hasher().verify(&given, &hash).unwrap().outdated);
    let renewed = hasher().hash(&given).unwrap();
    assert!(!hasher().is_outdated(&renewed));
    assert!(!hasher().verify(&given, &renewed).unwrap().outdated);
}

/// bcrypt reads 72 bytes: what follows neither decides nor is taken over.
#[test]
fn c75_what_bcrypt_cut_does_not_become_the_password() {
    let cut = cases()
        .into_iter()
        .find(|case| case.by == "bcrypt cut at 72")
        .unwrap();
    let hash = legacy(&cut.hash);
    for text in ["y".repeat(72) + "anything else", "y".repeat(73)] {
        let verdict = verify(&text, &hash);
        assert!(verdict.matches && !verdict.outdated, "{text}");
    }
    let whole = verify(&"y".repeat(72), &hash);
    assert!(whole.matches && whole.outdated);
    assert!(!verify(&"y".repeat(71), &hash).matches);
}

/// Implementations in C stop at a NUL; this one does not, and says no.
#[test]
fn a_password_with_a_nul_matches_no_bcrypt_hash() {
    let case = &cases()[1];
    assert_eq!(case.password, "p");
    let bare = legacy(&case.hash);
    let wrapped = hasher().wrap(&bare).unwrap();
    for hash in [&bare, &wrapped] {
        assert!(verify("p", hash).matches);
        for text in ["p\0", "p\0anything", "\0", "p\0\0"] {
            assert!(!verify(text, hash).matches, "{text:?}");
        }
    }
}

/// Other systems hashed what was typed.
#[test]
fn c77_an_unnormalised_password_still_matches_where_it_was_not_normalised() {
    // hashlib.pbkdf2_hmac("sha256", text.encode(), b"salt", 1000)
    let hash_of = |digest| legacy(&format!("pbkdf2_sha256$1000$salt${digest}"));
    let decomposed = hash_of("RArWKIPhA2ovY4J+Gkt77EeKWqVWOv5K6V6KUWPC9zg=");
    let composed = hash_of("U5bLlz2ZriJfkRNzLQlQJO1/Az87G0e807WLP37V9z0=");
    assert!(verify("cafe\u{301}", &decomposed).matches);
    assert!(verify("cafe\u{301}", &hasher().wrap(&decomposed).unwrap()).matches);
    for text in ["cafe\u{301}", "caf\u{e9}"] {
        assert!(verify(text, &composed).matches);
        assert!(!verify("cafe", &composed).matches);
    }
    // What replaces it is normalised, as ever.
    let renewed = hasher().hash(&password("cafe\u{301}")).unwrap();
    assert!(verify("caf\u{e9}", &renewed).matches);
}

/// One byte of each hash, at each place, replaced by what most readers trip over.
#[test]
fn c82_no_mutation_of_a_hash_makes_the_reader_panic() {
    let mut read = 0;
    for case in cases() {
        for at in 0..case.hash.len() {
            for with in ["", "$", "0", "9999999999", "-", ",", "=", "\u{e9}", "\0"] {
                let text = format!("{}{with}{}", &case.hash[..at], &case.hash[at + 1..]);
                read += usize::from(PasswordHash::from_legacy(text).is_ok());
            }
        }
    }
    assert!(read > 0);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn c82_hostile_texts_are_refused_with_the_reason() {
    use CorruptHash::{Malformed, TooCostly, TooLong, Unsupported};
    let salted = |settings: &str| format!("{settings}$c2FsdHNhbHQ$c2l4dGVlbiBieXRlcyBvaw");
    let bcrypt = "NrE37d1cDGyNAsLjIq4MJucW2/o3ils69Oxso.4rjOHikvNLwrdmS";
    let too_many = MAX_PBKDF2_ROUNDS + 1;
    let cases: Vec<(String, CorruptHash)> = vec![
        ("x".repeat(1 << 20), TooLong),
        ("$".repeat(MAX_CHARS), Unsupported),
        (format!("$2b$04${}", "A".repeat(1 << 20)), TooLong),
        (String::new(), Unsupported),
        ("plain text".to_owned(), Malformed),
        (
            "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99".to_owned(),
            Unsupported,
        ),
        (format!("$2x$04${bcrypt}"), Unsupported),
        (format!("$2b$04${bcrypt}\0"), Malformed),
        (format!("$2b$04${}\u{e9}", &bcrypt[..51]), Malformed),
        (format!("$2b$03${bcrypt}"), Malformed),
        (format!("$2b$4${bcrypt}"), Malformed),
        (format!("$2b$+4${bcrypt}"), Malformed),
        (format!("$2b$004${bcrypt}"), Malformed),
        (format!("$2b${}${bcrypt}", MAX_BCRYPT_COST + 1), TooCostly),
        (format!("$2b$31${bcrypt}"), TooCostly),
        (format!("$2b$99${bcrypt}"), TooCostly),
        (format!("$2b$04${}", &bcrypt[1..]), Malformed),
        (format!("$2b$04${bcrypt}x"), Malformed),
        (format!("bcrypt${bcrypt}"), Unsupported),
        (
            "$bcrypt-sha256$v=2,t=2b,r=31$NYkvrloferYjyVcfXe0v5u$9jAKATfzUeZRtTs9.4epIBUvnvDIzCS"
                .to_owned(),
            TooCostly,
        ),
        (
            "$bcrypt-sha256$v=3,t=2b,r=4$NYkvrloferYjyVcfXe0v5u$9jAKATfzUeZRtTs9.4epIBUvnvDIzCS"
                .to_owned(),
            Unsupported,
        ),
        (salted("$scrypt$ln=63,r=8,p=1"), TooCostly),
        (salted("$scrypt$ln=4294967295,r=8,p=1"), TooCostly),
        (salted("$scrypt$ln=18,r=8,p=1"), TooCostly),
        (salted("$scrypt$ln=1,r=4294967295,p=4294967295"), TooCostly),
        (salted("$scrypt$ln=4,r=1,p=16777216"), TooCostly),
        (salted("$scrypt$ln=4,r=1073741824,p=1"), TooCostly),
        (salted("$scrypt$ln=17,r=8,p=3"), TooCostly),
        (salted("$scrypt$ln=99999999999999999999,r=8,p=1"), TooCostly),
        (salted("$scrypt$ln=0,r=8,p=1"), Malformed),
        (salted("$scrypt$ln=4,r=0,p=1"), Malformed),
        (salted("$scrypt$ln=04,r=8,p=1"), Malformed),
        (salted("$scrypt$r=8,ln=4,p=1"), Malformed),
        (salted("$scrypt$ln=4,r=8,p=1,x=1"), Malformed),
        (salted("$scrypt$ln=-4,r=8,p=1"), Malformed),
        (
            "scrypt$1000$salt$8$1$DhCoF1ODsksFPDG0GMhFyA==".to_owned(),
            Malformed,
        ),
        (
            "scrypt$1073741824$salt$8$1$DhCoF1ODsksFPDG0GMhFyA==".to_owned(),
            TooCostly,
        ),
        (
            "scrypt:1073741824:8:1$salt$163afb7f96e542ca75c0d40aaeb3d9e2".to_owned(),
            TooCostly,
        ),
        (
            "scrypt:64:8:2:1$salt$163afb7f96e542ca75c0d40aaeb3d9e2".to_owned(),
            Malformed,
        ),
        (
            "$7$zzzzzzzzzzzsalt$MHZeakttbWWJXS1vXm1ByI7n1hA.Nwp/HQBpaPdun5A".to_owned(),
            TooCostly,
        ),
        (
            "$7$3$MHZeakttbWWJXS1vXm1ByI7n1hA.Nwp/HQBpaPdun5A".to_owned(),
            Malformed,
        ),
        (salted("$pbkdf2-sha256$1099511627776"), TooCostly),
        (salted("$pbkdf2-sha256$4294967295"), TooCostly),
        (salted(&format!("$pbkdf2-sha512${too_many}")), TooCostly),
        (salted(&format!("$pbkdf2-sha256$i={too_many}")), TooCostly),
        (salted("$pbkdf2-sha256$i=10,l=4294967295"), Malformed),
        (salted("$pbkdf2-sha256$0"), Malformed),
        (salted("$pbkdf2-sha256$"), Malformed),
        (salted("$pbkdf2-sha256$1e9"), Malformed),
        (salted("$pbkdf2-md5$20"), Unsupported),
        // Two blocks of output: each costs all rounds.
        (
            format!("$pbkdf2$3000000$c2FsdA${}", "A".repeat(54)),
            TooCostly,
        ),
        (
            format!("pbkdf2_sha256${too_many}$salt$OsSvTedn+uDgPzpaIoyf1w=="),
            TooCostly,
        ),
        (
            "pbkdf2_md5$20$salt$OsSvTedn+uDgPzpaIoyf1w==".to_owned(),
            Unsupported,
        ),
        (
            "pbkdf2:sha256:99999999999$salt$163afb7f96e542ca75c0d40aaeb3d9e2".to_owned(),
            TooCostly,
        ),
        (
            "pbkdf2:sha256:20$salt$163AFB7F96E542CA75C0D40AAEB3D9E2".to_owned(),
            Malformed,
        ),
        ("pbkdf2:sha256:20$salt$163".to_owned(), Malformed),
        (salted("$argon2i$v=19$m=4194304,t=1,p=1"), TooCostly),
        (salted("$argon2d$v=19$m=131073,t=1,p=1"), TooCostly),
        (salted("$argon2i$v=19$m=65536,t=17,p=1"), TooCostly),
        (salted("$argon2i$v=19$m=8,t=4294967295,p=1"), TooCostly),
        (
            salted("$argon2d$v=19$m=4294967295,t=1,p=16777216"),
            Malformed,
        ),
        (salted("$argon2d$v=18$m=64,t=1,p=1"), Unsupported),
        (salted("$argon2x$v=19$m=64,t=1,p=1"), Unsupported),
        (salted("argon2$argon2id$v=19$m=4194304,t=2,p=8"), TooCostly),
        (
            "$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$c2hvcnQ".to_owned(),
            Malformed,
        ),
        (
            "$layered$v=1,pepper=p$argon2id$v=19$m=8,t=1,p=1$a$b".to_owned(),
            Unsupported,
        ),
    ];
    for (text, expected) in cases {
        let shown: String = text.chars().take(90).collect();
        let refused = PasswordHash::from_legacy(text.clone()).err();
        assert_eq!(refused, Some(expected), "{shown}");
        // At log-in it is the same, and costs one hash like any other.
        let stored = PasswordHash::from_phc(text);
        match hasher().verify(&password("p"), &stored) {
            Err(HashError::Corrupt(_)) => {}
            other => panic!("{shown}: {other:?}"),
        }
    }
}

#[test]
fn c82_a_hostile_layered_text_is_refused() {
    let good = hasher().wrap(&legacy(&cases()[0].hash)).unwrap();
    let good = good.expose_phc();
    let phc = &good[good.find("$argon2id").unwrap()..];
    let over = |text: &str| format!("$layered$v=1,over={}{phc}", base64(text));
    for text in [
        format!("$layered$v=1{phc}"),
        format!("$layered$v=2,pepper=a{phc}"),
        format!("$layered$v=1,pepper=A{phc}"),
        format!("$layered$v=1,pepper={}{phc}", "a".repeat(33)),
        format!("$layered$v=1,pepper=a,over=YQ{phc}"),
        format!("$layered$v=1,over=!{phc}"),
        format!("$layered$v=1,over={}{phc}", "A".repeat(1 << 20)),
        over("$2b$31$NrE37d1cDGyNAsLjIq4MJucW2/o3ils69Oxso.4rjOHikvNLwrdmS"),
        over("$scrypt$ln=63,r=8,p=1$c2FsdHNhbHQ$c2l4dGVlbiBieXRlcyBvaw"),
        // No layers upon layers.
        over(good),
        good.replace("m=8,", "m=4194304,"),
        format!("{good}$"),
        good.replace("argon2id", "argon2i"),
    ] {
        let shown: String = text.chars().take(120).collect();
        let verdict = hasher().verify(&password("p"), &PasswordHash::from_phc(text));
        assert!(matches!(verdict, Err(HashError::Corrupt(_))), "{shown}");
    }
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(text)
}

fn unbase64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(text)
        .unwrap()
}
