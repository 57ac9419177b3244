//! Headers that ask for another algorithm, type or extension.

use auth_core::key::Algorithm;
use serde_json::{Map, Value, json};

use super::Case;
use crate::support::{Rig, claims, encode, header, text};

const NONE: &[&str] = &[
    "none", "None", "NONE", "nOnE", " none", "none ", "none\t", "none\0", "none\n", "", "null",
    "no", "plain", "ｎone",
];

pub(super) fn with(rig: &Rig, name: &str, value: Value) -> Map<String, Value> {
    let mut header = rig.header();
    header.insert(name.to_owned(), value);
    header
}

/// Signed with our key: only the header is odd.
pub(super) fn odd(rig: &Rig, class: &'static str, name: &str, values: Vec<Value>) -> Vec<Case> {
    let case = |value: Value| {
        let token = rig.sign(text(with(rig, name, value.clone())), text(claims()));
        Case::token(class, format!("{name} {value}"), token)
    };
    values.into_iter().map(case).collect()
}

pub(super) fn cases(rig: &Rig) -> Vec<Case> {
    let mut cases = algorithms(rig);
    cases.extend(types_and_extensions(rig));
    cases
}

fn algorithms(rig: &Rig) -> Vec<Case> {
    let mut cases = Vec::new();
    let good = rig.token();
    let signature = good.rsplit_once('.').unwrap().1;
    for alg in NONE {
        let signed = format!("{}.{}", encode(text(header(alg))), encode(text(claims())));
        for (name, token) in [
            ("no signature", format!("{signed}.")),
            ("two parts", signed.clone()),
            ("the good signature", format!("{signed}.{signature}")),
            ("our signature", rig.sign(text(header(alg)), text(claims()))),
        ] {
            cases.push(Case::token("none", format!("{alg:?} and {name}"), token));
        }
    }
    let odd_types = vec![json!(null), json!(0), json!(true), json!([]), json!({})];
    cases.extend(odd(rig, "none", "alg", odd_types));
    let mut without = rig.header();
    without.remove("alg");
    cases.push(Case::token(
        "none",
        "no alg",
        rig.sign(text(without), text(claims())),
    ));

    let own = rig.algorithm.as_str();
    let others = Algorithm::ALL
        .iter()
        .filter(|other| **other != rig.algorithm);
    let mut names: Vec<String> = others.map(ToString::to_string).collect();
    names.extend(
        [
            "HS1",
            "RS1",
            "ES512",
            "ES256K",
            "Ed25519",
            "ML-DSA-44",
            "dir",
            "A128KW",
        ]
        .map(Into::into),
    );
    cases.extend(odd(
        rig,
        "algswap",
        "alg",
        names.into_iter().map(Value::from).collect(),
    ));
    for (name, alg) in [
        ("own in lower case", own.to_lowercase()),
        ("own after a space", format!(" {own}")),
        ("own before a space", format!("{own} ")),
        ("own before a NUL", format!("{own}\0")),
        ("own before a newline", format!("{own}\n")),
        ("own twice", format!("{own}{own}")),
        ("own cut", own[..own.len() - 1].to_owned()),
        (
            "own by a wide letter",
            own.replacen(['E', 'R', 'P', 'H'], "Ｅ", 1),
        ),
    ] {
        let token = rig.sign(text(header(&alg)), text(claims()));
        cases.push(Case::token("algswap", name, token));
    }
    let list = json!([own]);
    let token = rig.sign(text(with(rig, "alg", list)), text(claims()));
    cases.push(Case::token("algswap", "own in a list", token));
    cases
}

fn types_and_extensions(rig: &Rig) -> Vec<Case> {
    let texts = |texts: &[&str]| texts.iter().map(|text| json!(text)).collect::<Vec<_>>();
    let types = texts(&[
        "",
        "JWT",
        "jwt",
        "JWS",
        "JOSE",
        "application/jwt",
        "id_token+jwt",
        "logout+jwt",
        "dpop+jwt",
        "secevent+jwt",
        "rt+jwt",
        "token-introspection+jwt",
        "at+jws",
        "at-jwt",
        "at jwt",
        "at+jwt ",
        " at+jwt",
        "at+jwt\0",
        "at+jwt;charset=utf-8",
        "application/at+jwt ",
        "application/application/at+jwt",
        "text/at+jwt",
        "at",
        "ａt+jwt",
        "at%2Bjwt",
        "xat+jwt",
    ]);
    let mut cases = odd(rig, "typ", "typ", types);
    let odd_types = vec![
        json!(null),
        json!(1),
        json!(true),
        json!(["at+jwt"]),
        json!({}),
    ];
    cases.extend(odd(rig, "typ", "typ", odd_types));
    let mut without = rig.header();
    without.remove("typ");
    cases.push(Case::token(
        "typ",
        "missing",
        rig.sign(text(without), text(claims())),
    ));
    let critical = vec![
        json!(null),
        json!(true),
        json!(1),
        json!("b64"),
        json!(""),
        json!({}),
        json!([]),
        json!([""]),
        json!([1]),
        json!([null]),
        json!(["b64"]),
        json!(["alg"]),
        json!(["kid"]),
        json!(["exp"]),
        json!(["x"]),
        json!(["b64", "b64"]),
        json!([["b64"]]),
        json!(["http://example.com/UNDEFINED"]),
    ];
    cases.extend(odd(rig, "crit", "crit", critical));
    cases.extend(odd(
        rig,
        "crit",
        "b64",
        vec![json!(false), json!(true), json!(null), json!("")],
    ));
    for (name, extra) in [("b64", json!(false)), ("b64", json!(true)), ("x", json!(1))] {
        let mut header = with(rig, "crit", json!([name]));
        header.insert(name.to_owned(), extra.clone());
        let token = rig.sign(text(header), text(claims()));
        cases.push(Case::token(
            "crit",
            format!("{name} is there, {extra}"),
            token,
        ));
    }
    cases
}
