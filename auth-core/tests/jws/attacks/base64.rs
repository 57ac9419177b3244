//! Texts that are almost base64url.

use super::Case;
use crate::support::{Rig, claims, encode, sign, text, to_hex};

pub(super) fn cases(rig: &Rig) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |name: String, token| cases.push(Case::token("b64", name, token));
    let good = rig.token();
    for odd in [
        "=", "==", " ", "\n", "\r\n", "\t", "\0", ",", ";", "é", "+", "/", "%3D", "\u{feff}", "A",
        "AAAA", "\"", "\\", "\u{200b}",
    ] {
        add(format!("{odd:?} at the end"), format!("{good}{odd}"));
        add(format!("{odd:?} at the start"), format!("{odd}{good}"));
        add(
            format!("{odd:?} before the first dot"),
            good.replacen('.', &format!("{odd}."), 1),
        );
    }
    let (head, body) = (encode(text(rig.header())), encode(text(claims())));
    for odd in ["=", " ", "\n", "+", "/", "%2B", "\0", "*", "é"] {
        let within = format!("{}{odd}{}", &body[..8], &body[8..]);
        add(
            format!("{odd:?} in the payload, signed"),
            signed(rig, &head, &within),
        );
        let within = format!("{}{odd}{}", &head[..8], &head[8..]);
        add(
            format!("{odd:?} in the header, signed"),
            signed(rig, &within, &body),
        );
    }
    // The same bytes by other letters: bits that no byte has.
    for (name, document) in [("header", text(rig.header())), ("payload", text(claims()))] {
        let spaces = " ".repeat((4 - document.len() % 3) % 3);
        let loose = encode(format!("{document}{spaces}"));
        let last = loose.pop_and_next();
        let (head, body) = if name == "header" {
            (&last, &body)
        } else {
            (&head, &last)
        };
        add(
            format!("trailing bits in the {name}, signed"),
            signed(rig, head, body),
        );
    }
    let bits = good.clone().pop_and_next();
    add("trailing bits or another end".to_owned(), bits);
    add("%2E for dots".to_owned(), good.replace('.', "%2E"));
    add("wide dots".to_owned(), good.replace('.', "．"));
    add("encoded once more".to_owned(), encode(&good));
    add("in hexadecimal".to_owned(), to_hex(good.as_bytes()));
    cases
}

trait PopAndNext {
    /// The same text but for its last letter, which is the next one.
    fn pop_and_next(self) -> String;
}

impl PopAndNext for String {
    fn pop_and_next(mut self) -> Self {
        const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let last = self.pop().unwrap();
        let at = LETTERS.find(last).unwrap();
        self.push(char::from(LETTERS.as_bytes()[(at + 1) % 64]));
        self
    }
}

/// Signs parts as they are.
pub(super) fn signed(rig: &Rig, head: &str, body: &str) -> String {
    let message = format!("{head}.{body}");
    format!("{message}.{}", encode(sign(&rig.key, message.as_bytes())))
}
