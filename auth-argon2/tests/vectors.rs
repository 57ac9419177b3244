//! RFC 9106 §5, and this crate against another implementation: checklist 74.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use argon2::{Algorithm, AssociatedData, ParamsBuilder, Version};
use auth_argon2::{Block, Cost, Error, Input, Kernel, Variant, hash};
use proptest::prelude::*;
use serde_json::Value;

fn unhex(text: &Value) -> Vec<u8> {
    let hex = text.as_str().unwrap().as_bytes();
    hex.chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn tag(kernel: Kernel, variant: Variant, cost: Cost, input: &Input<'_>, bytes: usize) -> Vec<u8> {
    // What was there before must not matter.
    let mut memory = vec![Block::new(); cost.blocks() + 1];
    let mut tag = vec![0xff; bytes];
    for _ in 0..2 {
        hash(kernel, variant, cost, input, &mut memory, &mut tag).unwrap();
    }
    tag
}

#[test]
fn c74_every_kernel_computes_the_vectors_of_rfc_9106() {
    let file = include_str!("vectors/rfc9106_vectors.json");
    let file: Value = serde_json::from_str(file).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        let number = |name: &str| u32::try_from(vector[name].as_u64().unwrap()).unwrap();
        let variant = match vector["type"].as_str().unwrap() {
            "argon2d" => Variant::D,
            "argon2i" => Variant::I,
            _ => Variant::Id,
        };
        let cost = Cost::new(number("m"), number("t"), number("p")).unwrap();
        let fields = ["password", "salt", "secret", "ad"].map(|name| unhex(&vector[name]));
        let input = Input {
            password: &fields[0],
            salt: &fields[1],
            secret: &fields[2],
            data: &fields[3],
        };
        for kernel in Kernel::available() {
            let tag = tag(kernel, variant, cost, &input, 32);
            assert_eq!(tag, unhex(&vector["tag"]), "{} {vector}", kernel.name());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 256 }))]

    #[test]
    fn c74_every_kernel_computes_what_rustcrypto_computes(
        (p, m) in (1_u32..6).prop_flat_map(|p| (Just(p), 8 * p..8 * p + 1200)),
        t in 1_u32..4,
        variant in 0_u8..3,
        password in prop::collection::vec(any::<u8>(), 0..300),
        salt in prop::collection::vec(any::<u8>(), 8..100),
        secret in prop::collection::vec(any::<u8>(), 0..33),
        data in prop::collection::vec(any::<u8>(), 0..33),
        bytes in 4_usize..300,
    ) {
        // Miri is a thousand times slower.
        let m = if cfg!(miri) { 8 * p + m % 16 } else { m };
        let (algorithm, variant) = [
            (Algorithm::Argon2d, Variant::D),
            (Algorithm::Argon2i, Variant::I),
            (Algorithm::Argon2id, Variant::Id),
        ][usize::from(variant)];
        let params = ParamsBuilder::new()
            .m_cost(m)
            .t_cost(t)
            .p_cost(p)
            .data(AssociatedData::new(&data).unwrap())
            .output_len(bytes)
            .build()
            .unwrap();
        let mut expected = vec![0; bytes];
        argon2::Argon2::new_with_secret(&secret, algorithm, Version::V0x13, params)
            .unwrap()
            .hash_password_into(&password, &salt, &mut expected)
            .unwrap();
        let input = Input {
            password: &password,
            salt: &salt,
            secret: &secret,
            data: &data,
        };
        let cost = Cost::new(m, t, p).unwrap();
        for kernel in Kernel::available() {
            let tag = tag(kernel, variant, cost, &input, bytes);
            prop_assert_eq!(&tag, &expected, "{}", kernel.name());
        }
    }
}

#[test]
fn the_kernel_for_avx2_is_used_where_the_processor_has_it() {
    let names: Vec<_> = Kernel::available().map(Kernel::name).collect();
    assert_eq!(names.last(), Some(&"portable"));
    #[cfg(target_arch = "x86_64")]
    assert_eq!(names.contains(&"avx2"), is_x86_feature_detected!("avx2"));
    assert_eq!(Kernel::best().name(), names[0]);
}

#[test]
fn what_argon2_has_not_is_refused() {
    for (m, t, p) in [
        (7, 1, 1),
        (8, 0, 1),
        (8, 1, 0),
        (15, 1, 2),
        (u32::MAX, 1, 1 << 24),
    ] {
        assert_eq!(Cost::new(m, t, p), Err(Error::Cost), "{m}/{t}/{p}");
    }
    let cost = Cost::new(8, 1, 1).unwrap();
    let run = |salt: &[u8], blocks, bytes| {
        let mut memory = vec![Block::new(); blocks];
        let input = Input {
            salt,
            ..Input::default()
        };
        hash(
            Kernel::best(),
            Variant::Id,
            cost,
            &input,
            &mut memory,
            &mut vec![0; bytes],
        )
    };
    assert_eq!(run(b"somesalt", 8, 4), Ok(()));
    assert_eq!(run(b"somesal", 8, 4), Err(Error::Salt));
    assert_eq!(run(b"somesalt", 7, 4), Err(Error::Memory));
    assert_eq!(run(b"somesalt", 8, 3), Err(Error::Tag));
}

#[test]
fn nothing_shows_what_was_hashed() {
    let input = Input {
        password: b"hunter2",
        ..Input::default()
    };
    assert_eq!(
        format!("{input:?} {:?}", Block::new()),
        "Input(..) Block(..)"
    );
}
