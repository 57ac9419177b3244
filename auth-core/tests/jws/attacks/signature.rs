//! Signatures that are not the key's.

use super::Case;
use crate::confusion::public_forms;
use crate::signatures::{order, to_der};
use crate::support::{
    ASYMMETRIC, HMAC, Rig, claims, compact, decode, encode, header, mac, private, sign, text,
    to_hex,
};

const GUESSES: &[&str] = &[
    "",
    " ",
    "\0",
    "secret",
    "Secret",
    "SECRET",
    "password",
    "changeme",
    "key",
    "jwt",
    "test",
    "123456",
    "your-256-bit-secret",
    "your-384-bit-secret",
    "your-512-bit-secret",
    "your_jwt_secret",
    "null",
    "None",
    "nil",
    "undefined",
    "false",
    "0",
    "ours",
    "https://auth.example",
    "at+jwt",
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
];

pub(super) fn cases(rig: &Rig) -> Vec<Case> {
    let mut cases = changed(rig);
    cases.extend(misplaced(rig));
    cases.extend(psychic(rig));
    cases.extend(macs(rig));
    cases
}

fn with(rig: &Rig, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    compact(text(rig.header()), text(claims()), |m| {
        change(sign(&rig.key, m))
    })
}

fn changed(rig: &Rig) -> Vec<Case> {
    type Change = fn(Vec<u8>) -> Vec<u8>;
    let changes: &[(&str, Change)] = &[
        ("zeros", |good| vec![0; good.len()]),
        ("ones", |good| vec![0xff; good.len()]),
        ("one zero byte", |_| vec![0]),
        ("first bit", |mut good| {
            good[0] ^= 1;
            good
        }),
        ("last bit", |mut good| {
            *good.last_mut().unwrap() ^= 1;
            good
        }),
        ("top bit", |mut good| {
            good[0] ^= 0x80;
            good
        }),
        ("without its first byte", |good| good[1..].to_vec()),
        ("without its last byte", |good| {
            good[..good.len() - 1].to_vec()
        }),
        ("its first half", |good| good[..good.len() / 2].to_vec()),
        ("its second half", |good| good[good.len() / 2..].to_vec()),
        ("its first 16 bytes", |good| good[..16].to_vec()),
        ("its first byte", |good| good[..1].to_vec()),
        ("and a zero", |good| [&good[..], &[0]].concat()),
        ("after a zero", |good| [&[0], &good[..]].concat()),
        ("twice", |good| [&good[..], &good[..]].concat()),
        ("reversed", |good| good.into_iter().rev().collect()),
        ("halves swapped", |good| {
            [&good[good.len() / 2..], &good[..good.len() / 2]].concat()
        }),
        ("inverted", |good| {
            good.into_iter().map(|byte| !byte).collect()
        }),
        ("in base64", |good| encode(good).into()),
        ("in hexadecimal", |good| to_hex(&good).into()),
        ("its SHA-256", |good| {
            ring::digest::digest(&ring::digest::SHA256, &good)
                .as_ref()
                .to_vec()
        }),
    ];
    let case = |(name, change): &(&str, Change)| Case::token("sig", *name, with(rig, change));
    changes.iter().map(case).collect()
}

/// Good signatures of ours, but not over this.
fn misplaced(rig: &Rig) -> Vec<Case> {
    let (head, body) = (text(rig.header()), text(claims()));
    let good = rig.token();
    let signature = good.rsplit_once('.').unwrap().1;
    let mut admin = claims();
    admin.insert("sub".to_owned(), "admin".into());
    let mut wide = rig.header();
    wide.insert("x".to_owned(), 1.into());
    let over = |message: &dyn Fn(&str) -> String| {
        compact(&head, &body, |signed| {
            let signed = String::from_utf8_lossy(signed);
            sign(&rig.key, message(&signed).as_bytes())
        })
    };
    let plain = format!("{head}.{body}");
    let mut cases = vec![
        (
            "another payload",
            format!("{}.{}.{signature}", encode(&head), encode(text(admin))),
        ),
        (
            "another header",
            format!("{}.{}.{signature}", encode(text(wide)), encode(&body)),
        ),
        (
            "the payload with a space",
            format!(
                "{}.{}.{signature}",
                encode(&head),
                encode(format!("{body} "))
            ),
        ),
        (
            "over the payload",
            over(&|signed| signed.split_once('.').unwrap().1.to_owned()),
        ),
        (
            "over the header",
            over(&|signed| signed.split_once('.').unwrap().0.to_owned()),
        ),
        (
            "over the text and a dot",
            over(&|signed| format!("{signed}.")),
        ),
        ("over no dot", over(&|signed| signed.replace('.', ""))),
        ("over a newline more", over(&|signed| format!("{signed}\n"))),
        ("over what is encoded", over(&|_| plain.clone())),
        ("over nothing", over(&|_| String::new())),
        (
            "over the parts swapped",
            over(&|signed| {
                let (head, body) = signed.split_once('.').unwrap();
                format!("{body}.{head}")
            }),
        ),
    ];
    // All RSA algorithms share a test key.
    if !super::foreign::is_rsa(rig) {
        let other = private(rig.algorithm);
        cases.push(("another key's", compact(&head, &body, |m| sign(&other, m))));
    }
    cases
        .into_iter()
        .map(|(name, token)| Case::token("sig", name, token))
        .collect()
}

fn psychic(rig: &Rig) -> Vec<Case> {
    let Some((n, less)) = order(rig.algorithm) else {
        return Vec::new();
    };
    let len = n.len();
    let number = |last: u8| [vec![0; len - 1], vec![last]].concat();
    let numbers = [
        ("0", number(0)),
        ("1", number(1)),
        ("n", n.clone()),
        ("n − 1", less),
        ("2^k − 1", vec![0xff; len]),
    ];
    let mut cases = Vec::new();
    for (r_name, r) in &numbers {
        for (s_name, s) in &numbers {
            let token = with(rig, |_| [&r[..], s].concat());
            cases.push(Case::token(
                "psychic",
                format!("r {r_name}, s {s_name}"),
                token,
            ));
        }
        let token = with(rig, |good| [&good[..len], r].concat());
        if !matches!(*r_name, "1" | "n − 1") {
            cases.push(Case::token(
                "psychic",
                format!("a good r, s {r_name}"),
                token,
            ));
        }
    }
    for other in [1, len / 2, len, len + 1, 3 * len] {
        let token = with(rig, |_| vec![0; other]);
        cases.push(Case::token(
            "psychic",
            format!("{}/{} zeros", other, 2 * len),
            token,
        ));
    }
    cases.push(Case::token(
        "sig",
        "in DER",
        with(rig, |good| to_der(&good)),
    ));
    let empty = with(rig, |_| vec![0x30, 6, 2, 1, 0, 2, 1, 0]);
    cases.push(Case::token("psychic", "zeros in DER", empty));
    cases
}

/// MACs with what is public, and with what can be guessed.
fn macs(rig: &Rig) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |class, name: &str, secret: &[u8]| {
        for &hash in HMAC {
            let token = compact(text(header(hash.as_str())), text(claims()), |m| {
                mac(hash, secret, m)
            });
            cases.push(Case::token(class, format!("{hash} by {name:?}"), token));
        }
    };
    for guess in GUESSES {
        add("weaksecret", guess, guess.as_bytes());
        if guess.len() > 80 {
            add("weaksecret", "the RFC's, decoded", &decode(guess));
        }
    }
    for len in [1, 32, 48, 64, 128] {
        add("weaksecret", &format!("{len} zeros"), &vec![0; len]);
    }
    if ASYMMETRIC.contains(&rig.algorithm) {
        let forms = public_forms(rig.key.verifying_key());
        for (place, (name, form)) in forms.iter().enumerate() {
            add("confusion", &format!("{place} {name}"), form);
        }
    }
    cases
}
