//! What a token by a MAC costs at least, whoever issues it: an id from the
//! operating system, base64 of the payload with it, the MAC, and base64 of
//! that. Everything else is there before, and nothing is allocated.

use std::cell::RefCell;
use std::ops::Range;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::Simd;
use base64::engine::general_purpose::NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};

use super::case::Case;
use super::claims::TOKEN_ID;
use super::contender::{Depth, Issuing};
use crate::Failure;

pub(super) const NAME: &str = "id, base64, raw aws-lc-rs";

pub(super) fn issuing(case: &Case) -> Result<Issuing, Failure> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &case.private);
    let random = SystemRandom::new();
    let room = RefCell::new(Room::of(case)?);
    Ok(Issuing::new(NAME, Depth::Token, move |give| {
        if let Some(token) = room.borrow_mut().issue(&key, &random) {
            give(token);
        }
    }))
}

/// A token, and the payload in it, which are written anew each time.
struct Room {
    engine: Simd,
    payload: Vec<u8>,
    id: Range<usize>,
    token: Vec<u8>,
    /// Where the payload begins.
    start: usize,
}

impl Room {
    fn of(case: &Case) -> Result<Self, Failure> {
        let payload = serde_json::to_string(&case.claims)?;
        let id = payload.find(TOKEN_ID).ok_or("there is no id")?;
        let start = case.unsigned.find('.').ok_or("there is no header")? + 1;
        let mut token = case.unsigned.clone().into_bytes();
        token.resize(token.len() + 44, b'.');
        Ok(Self {
            engine: Simd::url_safe(NO_PAD),
            payload: payload.into_bytes(),
            id: id..id + TOKEN_ID.len(),
            token,
            start,
        })
    }

    fn issue(&mut self, key: &hmac::Key, random: &SystemRandom) -> Option<&[u8]> {
        let mut id = [0; 16];
        random.fill(&mut id).ok()?;
        let place = &mut self.payload[self.id.clone()];
        self.engine.encode_slice(id, place).ok()?;
        let (_, payload) = self.token.split_at_mut(self.start);
        let len = self.engine.encode_slice(&self.payload, payload).ok()?;
        let (signed, signature) = self.token.split_at_mut(self.start + len);
        let mac = hmac::sign(key, signed);
        self.engine.encode_slice(mac, &mut signature[1..]).ok()?;
        Some(&self.token)
    }
}
