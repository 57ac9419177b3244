//! Which value the script that grants leases is not to give.

use super::seal::HEADER;

/// How a value begins: its header, as far as there is one. That is another for each
/// value that was ever sealed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beginning {
    bytes: [u8; HEADER],
    length: usize,
}

impl Beginning {
    /// Copied in place: every value that comes is kept in mind, and few are refused.
    pub(super) fn of(value: &[u8]) -> Self {
        let length = value.len().min(HEADER);
        let mut bytes = [0; HEADER];
        bytes[..length].copy_from_slice(&value[..length]);
        Self { bytes, length }
    }

    /// As the script is told of it; `None` if nothing was refused.
    pub(super) fn told(refused: Option<Self>) -> Vec<u8> {
        match refused {
            Some(it) => [b"p", &it.bytes[..it.length]].concat(),
            None => b"n".to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_told_by_its_beginning() {
        let told = |value: &[u8]| Beginning::told(Some(Beginning::of(value)));
        assert_eq!(told(b""), b"p");
        assert_eq!(told(b"ab"), b"pab");
        assert_eq!(told(&[7; 500]).len(), 1 + HEADER);
        assert_eq!(Beginning::told(None), b"n");
    }
}
