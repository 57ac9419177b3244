//! CRC-32, as Ethernet, gzip and PNG have it (ISO 3309, reflected, polynomial
//! 0xEDB88320). It finds every error within 32 bits that follow one another,
//! and so every character that was mistyped and any two neighbours that
//! changed places.

/// Of `parts`, one after the other.
pub(super) fn crc32(parts: &[&[u8]]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for byte in parts.iter().copied().flatten() {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let divides = crc & 1;
            crc = (crc >> 1) ^ (0xEDB8_8320 * divides);
        }
    }
    (!crc).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_crc_that_everybody_has() {
        assert_eq!(crc32(&[b"123456789"]), 0xCBF4_3926_u32.to_be_bytes());
        assert_eq!(crc32(&[b"1234", b"", b"56789"]), crc32(&[b"123456789"]));
        assert_eq!(crc32(&[]), [0; 4]);
    }
}
