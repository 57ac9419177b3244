//! A token of which one bit is another is no token.

use auth_core::key::{Algorithm, Backend};
use proptest::prelude::*;

use crate::support::{Rig, decode, encode, private, rigs};

fn changed(token: &str, part: usize, bit: usize) -> String {
    let mut parts: Vec<_> = token.split('.').map(decode).collect();
    parts[part][bit / 8] ^= 1 << (bit % 8);
    let parts: Vec<_> = parts.iter().map(encode).collect();
    parts.join(".")
}

/// 31: of the signature, after base64.
#[test]
fn c31_any_changed_bit_of_any_signature_is_refused() {
    for rig in rigs() {
        let token = rig.token();
        assert!(rig.accepts(&token));
        let bits = decode(token.rsplit_once('.').unwrap().1).len() * 8;
        // Every bit of a byte is met, if not in every byte of RSA's.
        for bit in (0..bits).step_by(if bits > 1024 { 7 } else { 1 }) {
            let name = rig.algorithm;
            assert!(!rig.accepts(&changed(&token, 2, bit)), "{name} bit {bit}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// 31: of the text and of what it encodes, for all algorithms.
    #[test]
    fn c31_any_changed_bit_is_refused_with_every_algorithm(
        at in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        for &algorithm in Algorithm::ALL {
            for &backend in Backend::ALL {
                let rig = Rig::new(private(algorithm), backend);
                let token = rig.token();
                prop_assert!(rig.accepts(&token));
                let mut text = token.clone().into_bytes();
                let place = at.index(text.len());
                text[place] ^= 1 << bit;
                if let Ok(text) = String::from_utf8(text) {
                    prop_assert!(!rig.accepts(&text), "{} {}", algorithm, text);
                }
                for part in 0..2 {
                    let bits = decode(token.split('.').nth(part).unwrap()).len() * 8;
                    let text = changed(&token, part, at.index(bits));
                    prop_assert!(!rig.accepts(&text), "{} {}", algorithm, text);
                }
            }
        }
    }
}
