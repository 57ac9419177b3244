//! Texts that are no compact JWS, no JSON, or too much.

use serde_json::json;

use super::Case;
use super::base64::signed;
use crate::support::{Rig, claims, encode, text};

pub(super) fn cases(rig: &Rig) -> Vec<Case> {
    let mut cases = structure(rig);
    cases.extend(documents(rig));
    cases.extend(twice(rig));
    cases.extend(limits(rig));
    cases
}

fn structure(rig: &Rig) -> Vec<Case> {
    let good = rig.token();
    let parts: Vec<_> = good.split('.').collect();
    let [head, body, signature] = parts[..] else {
        panic!("{good}")
    };
    let json =
        json!({ "payload": body, "signatures": [{ "protected": head, "signature": signature }] });
    let flat = json!({ "payload": body, "protected": head, "signature": signature });
    let nested = rig.sign(text(rig.header()), &good);
    [
        ("nothing", String::new()),
        ("one dot", ".".into()),
        ("two dots", "..".into()),
        ("three dots", "...".into()),
        ("four dots", "....".into()),
        ("one part", head.into()),
        ("two parts", format!("{head}.{body}")),
        ("no signature", format!("{head}.{body}.")),
        ("no header", format!(".{body}.{signature}")),
        ("a dot more", format!("{good}.")),
        ("a dot before", format!(".{good}")),
        ("a dot doubled", good.replacen('.', "..", 1)),
        ("four parts", format!("{good}.{signature}")),
        (
            "five parts",
            format!("{head}.{body}.{signature}.{body}.{signature}"),
        ),
        ("detached, signed", signed(rig, head, "")),
        ("headless, signed", signed(rig, "", body)),
        ("parts swapped", format!("{body}.{head}.{signature}")),
        ("two tokens by comma", format!("{good},{good}")),
        ("two tokens by space", format!("{good} {good}")),
        ("two tokens by newline", format!("{good}\n{good}")),
        ("with its scheme", format!("Bearer {good}")),
        ("in quotes", format!("\"{good}\"")),
        ("JSON serialisation", json.to_string()),
        ("flat JSON serialisation", flat.to_string()),
        ("a token in a token", nested),
        ("SAML", "<saml:Assertion/>".into()),
        (
            "an opaque token",
            "f47ac10b-58cc-4372-a567-0e02b2c3d479".into(),
        ),
    ]
    .into_iter()
    .map(|(name, token)| Case::token("struct", name, token))
    .collect()
}

/// Header and payload that are not one JSON object each.
fn documents(rig: &Rig) -> Vec<Case> {
    let mut cases = Vec::new();
    let (head, body) = (text(rig.header()), text(claims()));
    for (part, good) in [("header", &head), ("payload", &body)] {
        let utf16 = |bytes: fn(u16) -> [u8; 2]| good.encode_utf16().flat_map(bytes).collect();
        let open = &good[..good.len() - 1];
        let odd: Vec<(&str, Vec<u8>)> = vec![
            ("null", "null".into()),
            ("a number", "1".into()),
            ("a text", "\"x\"".into()),
            ("empty object", "{}".into()),
            ("empty list", "[]".into()),
            ("list of it", format!("[{good}]").into()),
            ("text of it", serde_json::to_string(good).unwrap().into()),
            ("it twice", format!("{good}{good}").into()),
            ("and a comma", format!("{good},").into()),
            ("and a NUL", format!("{good}\0").into()),
            ("and garbage", format!("{good}x").into()),
            ("after garbage", format!("x{good}").into()),
            ("after a NUL", format!("\0{good}").into()),
            ("after a BOM", format!("\u{feff}{good}").into()),
            ("after a form feed", format!("\u{c}{good}").into()),
            ("after a no-break space", format!("\u{a0}{good}").into()),
            ("after JSON hijacking", format!(")]}}'\n{good}").into()),
            ("unclosed", open.into()),
            ("trailing comma", format!("{open},}}").into()),
            ("comment", format!("{open}/**/}}").into()),
            ("line comment", format!("{good}//").into()),
            ("single quotes", good.replace('"', "'").into()),
            ("bare names", good.replacen('"', "", 2).into()),
            ("UTF-16 LE", utf16(u16::to_le_bytes)),
            ("UTF-16 BE", utf16(u16::to_be_bytes)),
            ("bad byte", [open.as_bytes(), b",\"x\":\"\xff\"}"].concat()),
            (
                "overlong",
                [open.as_bytes(), b",\"x\":\"\xc0\xaf\"}"].concat(),
            ),
            (
                "surrogate",
                [open.as_bytes(), b",\"x\":\"\xed\xa0\x80\"}"].concat(),
            ),
            (
                "escaped lone surrogate",
                format!("{open},\"x\":\"\\ud800\"}}").into(),
            ),
            ("unknown escape", format!("{open},\"x\":\"\\x41\"}}").into()),
            (
                "raw newline in a text",
                format!("{open},\"x\":\"\n\"}}").into(),
            ),
            ("NaN", format!("{open},\"x\":NaN}}").into()),
            ("hexadecimal", format!("{open},\"x\":0x1}}").into()),
            ("leading zero", format!("{open},\"x\":01}}").into()),
            ("True", format!("{open},\"x\":True}}").into()),
        ];
        for (name, document) in odd {
            let token = match part {
                "header" => rig.sign(document, &body),
                _ => rig.sign(&head, document),
            };
            cases.push(Case::token("struct", format!("{part}: {name}"), token));
        }
    }
    cases
}

fn twice(rig: &Rig) -> Vec<Case> {
    let mut cases = Vec::new();
    for (part, members) in [("header", rig.header()), ("payload", claims())] {
        let good = text(members.clone());
        for (name, value) in members {
            let escaped = format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]);
            for (how, again) in [("plainly", &name), ("escaped", &escaped)] {
                for (what, value) in [("the same", value.clone()), ("another", json!("evil"))] {
                    let member = format!("\"{again}\":{value}");
                    let first = format!("{{{member},{}", &good[1..]);
                    let last = format!("{},{member}}}", &good[..good.len() - 1]);
                    for (place, document) in [("before", first), ("after", last)] {
                        let token = match part {
                            "header" => rig.sign(document, text(claims())),
                            _ => rig.sign(text(rig.header()), document),
                        };
                        let name = format!("{part} {name} {how}, {what} {place}");
                        cases.push(Case::token("dup", name, token));
                    }
                }
            }
        }
    }
    cases
}

fn limits(rig: &Rig) -> Vec<Case> {
    let (head, body) = (text(rig.header()), text(claims()));
    let with = |good: &str, value: &str| format!("{},\"x\":{value}}}", &good[..good.len() - 1]);
    let mut cases = Vec::new();
    for (name, value) in [
        ("8 KiB of text", format!("\"{}\"", "y".repeat(8192))),
        ("64 KiB of text", format!("\"{}\"", "y".repeat(65_536))),
        ("5000 numbers", format!("[{}1]", "1,".repeat(5000))),
        (
            "64 lists deep",
            format!("{}{}", "[".repeat(64), "]".repeat(64)),
        ),
        (
            "2500 lists deep",
            format!("{}{}", "[".repeat(2500), "]".repeat(2500)),
        ),
        (
            "64 objects deep",
            format!("{}1{}", "{\"a\":".repeat(64), "}".repeat(64)),
        ),
        (
            "800 objects deep",
            format!("{}1{}", "{\"a\":".repeat(800), "}".repeat(800)),
        ),
        ("2500 open lists", "[".repeat(2500)),
    ] {
        let header = rig.sign(with(&head, &value), &body);
        cases.push(Case::token("limit", format!("header: {name}"), header));
        let payload = rig.sign(&head, with(&body, &value));
        cases.push(Case::token("limit", format!("payload: {name}"), payload));
    }
    for (name, token) in [
        ("8000 dots", ".".repeat(8000)),
        ("a million dots", ".".repeat(1_000_000)),
        (
            "a signature of 8 KiB",
            format!("{}.{}.{}", encode(&head), encode(&body), "A".repeat(8192)),
        ),
        ("the token 100 times", rig.token().repeat(100)),
    ] {
        cases.push(Case::token("limit", name, token));
    }
    cases
}
