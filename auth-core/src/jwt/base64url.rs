//! base64url without padding (RFC 7515 §2), one spelling for each value.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::Simd;
use base64::engine::general_purpose::NO_PAD;

/// By the widest instructions that the processor has; the rules are those of
/// the engine beneath it: nothing outside the alphabet, no padding, no
/// trailing bits.
static ENGINE: LazyLock<Simd> = LazyLock::new(|| Simd::url_safe(NO_PAD));

/// Decodes `text` and tells whether it is base64url of exactly as many bytes
/// as `bytes` has.
pub(super) fn decode(text: &str, bytes: &mut [u8]) -> bool {
    ENGINE
        .decode_slice(text, bytes)
        .is_ok_and(|written| written == bytes.len())
}

/// Writes `bytes` to the beginning of `text`, and gives back what was written;
/// `None` when there is no room for it.
pub(super) fn encode<'a>(bytes: &[u8], text: &'a mut [u8]) -> Option<&'a [u8]> {
    let len = ENGINE.encode_slice(bytes, text).ok()?;
    text.get(..len)
}

/// How long the text of `len` bytes is.
pub(super) const fn encoded_len(len: usize) -> usize {
    (len * 4).div_ceil(3)
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &str) -> Option<Vec<u8>> {
        let mut bytes = vec![0; text.len() * 3 / 4];
        decode(text, &mut bytes).then_some(bytes)
    }

    #[test]
    fn c15_every_character_has_its_place_in_the_alphabet_or_none_at_any_length() {
        const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for len in [4, 8, 60, 64, 68, 96, 128, 160, 256] {
            let good = "A".repeat(len);
            for at in 0..len {
                for byte in 0..128_u8 {
                    let mut text = good.clone().into_bytes();
                    text[at] = byte;
                    let text = String::from_utf8(text).unwrap();
                    let known = LETTERS.contains(char::from(byte));
                    assert_eq!(decoded(&text).is_some(), known, "{byte} at {at} of {len}");
                }
            }
        }
    }

    proptest! {
        /// The wide path and the plain one are the same decoder.
        #[test]
        fn c15_a_value_has_one_spelling_whatever_the_processor(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
            at in any::<prop::sample::Index>(),
            other in any::<char>(),
        ) {
            let mut room = vec![0; encoded_len(bytes.len())];
            let len = encode(&bytes, &mut room).unwrap().len();
            prop_assert_eq!(len, room.len());
            let mut text = String::from_utf8(room).unwrap();
            prop_assert_eq!(&text, &BASE64_URL_SAFE_NO_PAD.encode(&bytes));
            prop_assert!(bytes.is_empty() || encode(&bytes, &mut vec![0; len - 1]).is_none());
            prop_assert_eq!(decoded(&text), Some(bytes));
            if !text.is_empty() {
                let at = at.index(text.len());
                text.replace_range(at..=at, other.encode_utf8(&mut [0; 4]));
                prop_assert_eq!(decoded(&text), BASE64_URL_SAFE_NO_PAD.decode(&text).ok());
            }
        }
    }
}
