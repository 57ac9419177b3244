//! Which of the 16384 slots of a Cluster a key is in.

/// A slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Slot(u16);

/// How many there are.
pub(super) const SLOTS: u16 = 16384;

impl Slot {
    /// For what has no key: whoever has this slot answers.
    pub(super) const ANY: Self = Self(0);

    /// If there is one of that number.
    pub(super) const fn new(number: u16) -> Option<Self> {
        if number < SLOTS {
            Some(Self(number))
        } else {
            None
        }
    }

    /// That of a key: of the part between its first `{` and the next `}`, unless
    /// there is nothing between them, else of the whole.
    pub(super) fn of(key: &[u8]) -> Self {
        let hashed = tag(key).unwrap_or(key);
        Self(hashed.iter().fold(0, |crc, byte| step(crc, *byte)) % SLOTS)
    }

    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

fn tag(key: &[u8]) -> Option<&[u8]> {
    let open = key.iter().position(|byte| *byte == b'{')? + 1;
    let length = key[open..].iter().position(|byte| *byte == b'}')?;
    (length > 0).then(|| &key[open..open + length])
}

/// CRC-16/XMODEM, a byte at a time.
const TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut byte = 0_u16;
    while byte < 256 {
        let mut crc = byte << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            };
            bit += 1;
        }
        table[byte as usize] = crc;
        byte += 1;
    }
    table
};

const fn step(crc: u16, byte: u8) -> u16 {
    (crc << 8) ^ TABLE[((crc >> 8) as u8 ^ byte) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_cluster_specification() {
        // The check value of CRC-16/XMODEM, and what `CLUSTER KEYSLOT` answers.
        assert_eq!(Slot::of(b"123456789"), Slot(0x31c3));
        assert_eq!(Slot::of(b"foo"), Slot(12182));
        assert_eq!(Slot::of(b"somekey"), Slot(11058));
        assert_eq!(Slot::of(b""), Slot(0));
    }

    #[test]
    fn a_tag_is_what_is_in_the_first_braces_if_there_is_anything() {
        let same = |a: &[u8], b: &[u8]| Slot::of(a) == Slot::of(b);
        assert!(same(b"{user1000}.following", b"{user1000}.followers"));
        assert!(same(b"{user1000}.x", b"user1000"));
        assert!(!same(b"foo{}{bar}", b"bar"));
        assert!(same(b"foo{{bar}}zap", b"{bar"));
        assert!(same(b"foo{bar}{zap}", b"bar"));
        assert!(!same(b"foo{bar", b"bar"));
    }
}
