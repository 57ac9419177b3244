//! A token as it travels, and its parts for those who are given them ready.

/// A compact JWS.
#[derive(Clone, Debug)]
pub struct Token {
    text: String,
    signed: usize,
    signature: Vec<u8>,
}

impl Token {
    pub(super) fn new(signed: &str, signature: Vec<u8>) -> Self {
        Self {
            text: format!("{signed}.{}", super::case::encode(&signature)),
            signed: signed.len(),
            signature,
        }
    }

    /// The whole of it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Header and payload as they are signed.
    pub fn signed(&self) -> &[u8] {
        &self.text.as_bytes()[..self.signed]
    }

    /// The signature's bytes.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The same with one character of the payload changed.
    pub(super) fn with_payload_changed(&self) -> Self {
        let signed = &self.text[..self.signed];
        // The last but one: the last may have bits that mean nothing.
        let place = self.signed - 2;
        let other = if signed[place..].starts_with('A') {
            "B"
        } else {
            "A"
        };
        let changed = [&signed[..place], other, &signed[place + 1..]].concat();
        Self::new(&changed, self.signature.clone())
    }

    /// The same with one bit of the signature changed.
    pub(super) fn with_signature_changed(&self) -> Self {
        let mut signature = self.signature.clone();
        let middle = signature.len() / 2;
        signature[middle] ^= 1;
        Self::new(&self.text[..self.signed], signature)
    }
}
