//! Base64url without padding (RFC 4648 §5), a sextet at a time: not the
//! library that the SDK uses.

/// The bytes, if there is no stray character and no stray bit.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for character in text.chars() {
        held = held << 6 | sextet(character)?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    (bits < 6 && held == 0).then_some(bytes)
}

/// The text.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let word = (0..3).fold(0_usize, |word, place| {
            word << 8 | usize::from(group.get(place).copied().unwrap_or_default())
        });
        for place in 0..=group.len() {
            let sextet = word >> (18 - 6 * place) & 63;
            text.push(char::from(ALPHABET[sextet]));
        }
    }
    text
}

fn sextet(character: char) -> Option<u32> {
    let code = u32::from(character);
    match character {
        'A'..='Z' => Some(code - 65),
        'a'..='z' => Some(code - 71),
        '0'..='9' => Some(code + 4),
        '-' => Some(62),
        '_' => Some(63),
        _ => None,
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
