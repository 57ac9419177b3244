//! Keys that nobody may verify by.

use serde_json::{Map, Value, json};

use super::{Case, Judged};
use crate::support::{HMAC, Rig, encode, object, text};

pub(super) fn cases(rig: &Rig) -> Vec<Case> {
    let good = match serde_json::to_value(rig.key.verifying_key().to_jwk()).unwrap() {
        Value::Null => object(json!({
            "kty": "oct", "alg": rig.algorithm.as_str(), "k": encode(rig.key.expose().expose()),
        })),
        jwk => object(jwk),
    };
    let mut cases = Vec::new();
    let mut add = |name: &str, value: Value| {
        let mut bad = good.clone();
        bad.insert(name.to_owned(), value.clone());
        let judged = Judged::Key(text(bad), text(good.clone()));
        let shown = value.to_string();
        let shown = format!("{:.24} of {} bytes", shown, shown.len());
        cases.push(Case::new("key", format!("{name} {shown}"), judged));
    };
    for (name, value) in everywhere() {
        add(name, value);
    }
    for (name, value) in for_type(&good) {
        add(name, value);
    }
    if HMAC.contains(&rig.algorithm) {
        let len = rig.algorithm.as_str()[2..].parse::<usize>().unwrap() / 8;
        for short in [0, 1, 15, len / 2, len - 1] {
            add("k", json!(encode(vec![short.to_le_bytes()[0]; short])));
        }
    }
    cases
}

/// What makes any key another, or none.
fn everywhere() -> Vec<(&'static str, Value)> {
    let mut odd = vec![
        ("kty", json!("")),
        ("kty", json!("AKP")),
        ("kty", json!(null)),
        ("alg", json!("none")),
        ("alg", json!("")),
        ("alg", json!("RSA-OAEP-256")),
        ("alg", json!("ES512")),
        ("alg", json!(1)),
        ("crv", json!("P-521")),
        ("crv", json!("X25519")),
        ("crv", json!("Ed448")),
        ("use", json!("enc")),
        ("use", json!("")),
        ("key_ops", json!([])),
        ("key_ops", json!(["sign"])),
        ("key_ops", json!(["deriveKey"])),
        ("key_ops", json!("verify")),
        ("kid", json!(1)),
        ("kid", json!("k".repeat(257))),
    ];
    for name in ["x", "y", "n", "e"] {
        odd.push((name, json!([])));
    }
    odd
}

fn for_type(good: &Map<String, Value>) -> Vec<(&'static str, Value)> {
    let mut odd = Vec::new();
    let mut bytes = |name, bytes: &[u8]| odd.push((name, json!(encode(bytes))));
    match good["kty"].as_str().unwrap() {
        "RSA" => {
            for e in [
                &[][..],
                &[0],
                &[1],
                &[2],
                &[4],
                &[1, 0, 0],
                &[2, 0, 0, 0, 1],
                &[0xff; 9],
            ] {
                bytes("e", e);
            }
            for len in [0, 64, 128, 255, 1025] {
                bytes("n", &vec![0xff; len]);
            }
            bytes("n", &[&[0xff; 255][..], &[0xfe]].concat());
        }
        "EC" => {
            for (name, len) in [
                ("x", 31),
                ("x", 33),
                ("x", 47),
                ("x", 49),
                ("y", 31),
                ("y", 49),
            ] {
                bytes(name, &vec![1; len]);
            }
            for (name, fill) in [("x", 0), ("y", 0), ("x", 0xff), ("y", 0xff), ("y", 1)] {
                bytes(name, &[fill; 32]);
                bytes(name, &[fill; 48]);
            }
        }
        "OKP" => {
            for len in [0, 31, 33, 57, 64] {
                bytes("x", &vec![9; len]);
            }
            bytes("x", &[0; 32]);
            bytes("x", &[0xff; 32]);
            bytes("x", &[&[1][..], &[0; 31]].concat());
        }
        _ => {}
    }
    if good["kty"] != "oct" {
        for name in ["d", "p", "q", "dp", "dq", "qi", "k", "oth", "priv"] {
            odd.push((name, json!("AQAB")));
        }
    }
    odd
}
