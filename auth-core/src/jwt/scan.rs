//! The end of a run of plain characters, eight at a time.

/// Where the bytes of a JSON string from `start` on stop being plain: at a
/// quote, a backslash or a control character (RFC 8259 §7), or at the end.
pub(super) fn end_of_run(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let odd = odd_bytes(u64::from_le_bytes(*word));
        if odd != 0 {
            return at + odd.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while matches!(bytes.get(at), Some(byte) if !matches!(byte, b'"' | b'\\' | 0..0x20)) {
        at += 1;
    }
    at
}

/// The high bit of each byte that is not plain. Above the lowest such byte
/// there may be others: a subtraction borrows from the next byte.
const fn odd_bytes(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * EACH;
    // A byte below `limit`, if it is below 128.
    const fn below(word: u64, limit: u64) -> u64 {
        word.wrapping_sub(limit * EACH) & !word
    }
    let quote = word ^ (b'"' as u64 * EACH);
    let backslash = word ^ (b'\\' as u64 * EACH);
    (below(quote, 1) | below(backslash, 1) | below(word, 0x20)) & HIGH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn byte_by_byte(bytes: &[u8], start: usize) -> usize {
        let odd = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
        let end = bytes.iter().skip(start).position(odd);
        end.map_or(bytes.len().max(start), |end| start + end)
    }

    #[test]
    fn every_byte_at_every_place_is_plain_or_ends_the_run() {
        for len in 0..24 {
            for at in 0..len {
                for byte in 0..=255 {
                    for rest in [b'a', 0x1f, 0x20, 0x22, 0x7f, 0x80, 0xff] {
                        let mut bytes = vec![rest; len];
                        bytes[..at].fill(b'!');
                        bytes[at] = byte;
                        assert_eq!(end_of_run(&bytes, 0), byte_by_byte(&bytes, 0), "{bytes:?}");
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_run_ends_where_a_slower_look_finds_its_end(
            bytes in prop::collection::vec(any::<u8>(), 0..64),
            start in 0..64_usize,
        ) {
            let start = start.min(bytes.len());
            prop_assert_eq!(end_of_run(&bytes, start), byte_by_byte(&bytes, start));
        }
    }
}
