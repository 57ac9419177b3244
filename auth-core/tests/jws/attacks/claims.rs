//! Claims that say something else, or not in the form they must have.

use serde_json::{Value, json};

use super::Case;
use crate::support::{NOW, Rig, claims, text};

/// JSON that no serialiser writes, for a number.
const RAW_NUMBERS: &[&str] = &[
    "1e400",
    "-1e400",
    "NaN",
    "Infinity",
    "-Infinity",
    "0x7FFFFFFF",
    "+1800000001",
    "01800000001",
    "1800000001.",
    ".5",
    "1_800_000_001",
    "1800000001n",
    "1,800,000,001",
    "1800000001 1",
    "",
];

/// What a number is not.
fn no_numbers() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(""),
        json!("1800000001"),
        json!("2027-01-15T08:05:00Z"),
        json!([]),
        json!([NOW + 1]),
        json!({}),
        json!({ "value": NOW + 1 }),
    ]
}

/// What a text is not.
fn no_texts() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!({}),
        json!({ "x": "y" }),
    ]
}

/// A name that is almost `name`.
fn near(name: &str) -> Vec<Value> {
    let (scheme, host) = name.split_once("://").unwrap();
    let but_one = &name[..name.len() - 1];
    let texts = [
        String::new(),
        format!("{name}/"),
        format!("{name} "),
        format!(" {name}"),
        format!("{name}\n"),
        format!("{name}\0"),
        format!("{name}?"),
        format!("{name}#"),
        format!("{name}.evil.example"),
        format!("{name}:443"),
        format!("{name},https://other.example"),
        format!("{name} https://other.example"),
        format!("https://other.example {name}"),
        format!("{scheme}://user@{host}"),
        format!("{scheme}://{}", host.to_uppercase()),
        format!("{}://{host}", scheme.to_uppercase()),
        format!("http://{host}"),
        format!("//{host}"),
        host.to_owned(),
        but_one.to_owned(),
        format!("{but_one}е"),
        format!("{name}\u{301}"),
        format!("{name}\u{200b}"),
        "*".to_owned(),
        "https://*.example".to_owned(),
        name.replace('/', "\\"),
        name.replace("://", "%3A%2F%2F"),
    ];
    texts.into_iter().map(Value::from).collect()
}

pub(super) fn cases(rig: &Rig) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut wrong = |name: &'static str, values: Vec<Value>| {
        for value in values {
            let mut claims = claims();
            claims.insert(name.to_owned(), value.clone());
            let token = rig.sign(text(rig.header()), text(claims));
            cases.push(Case::token(name, value.to_string(), token));
        }
    };
    for name in ["exp", "iat", "nbf"] {
        wrong(name, no_numbers());
        wrong(
            name,
            vec![
                json!(1e300),
                json!(9_007_199_254_740_994_i64),
                json!(u64::MAX),
            ],
        );
    }
    wrong(
        "exp",
        [0, 1, -1, NOW, NOW - 1, NOW - 300, NOW + 3601]
            .map(Value::from)
            .to_vec(),
    );
    wrong(
        "exp",
        vec![
            json!(-0.0),
            json!(1_800_000_000.9),
            json!(i64::MIN),
            json!(i64::MAX),
        ],
    );
    // From the future, or so old that its lifetime is too long.
    wrong(
        "iat",
        [NOW + 1, NOW + 3600, 0, -1, NOW - 3600]
            .map(Value::from)
            .to_vec(),
    );
    wrong("iat", vec![json!(1_800_000_000.1), json!(i64::MIN)]);
    wrong(
        "nbf",
        [NOW + 1, NOW + 300, NOW + 86_400].map(Value::from).to_vec(),
    );
    wrong("nbf", vec![json!(1_800_000_000.1), json!(i64::MAX)]);
    for name in ["iss", "sub", "jti", "aud"] {
        wrong(name, no_texts());
    }
    let (iss, aud) = ("https://auth.example", "https://api.example");
    wrong("iss", near(iss));
    wrong(
        "iss",
        vec![
            json!([]),
            json!([iss]),
            json!([iss, "https://other.example"]),
            json!(aud),
        ],
    );
    wrong("aud", near(aud));
    wrong(
        "aud",
        vec![
            json!([]),
            json!([null]),
            json!([1]),
            json!([""]),
            json!([[aud]]),
            json!([aud, 1]),
            json!([1, aud]),
            json!([aud, null]),
            json!([aud, {}]),
            json!(["https://other.example"]),
            json!([{ "aud": aud }]),
            json!({ aud: true }),
            json!(iss),
        ],
    );
    for name in ["sub", "jti"] {
        wrong(name, vec![json!(""), json!([]), json!(["x"]), json!([""])]);
    }
    cases.extend(raw_numbers(rig));
    cases.extend(missing(rig));
    cases
}

fn raw_numbers(rig: &Rig) -> Vec<Case> {
    let mut cases = Vec::new();
    for name in ["exp", "iat", "nbf"] {
        for raw in RAW_NUMBERS {
            let mut claims = claims();
            claims.insert(name.to_owned(), json!("RAW"));
            let payload = text(claims).replace("\"RAW\"", raw);
            let token = rig.sign(text(rig.header()), payload);
            cases.push(Case::token(name, format!("raw {raw}"), token));
        }
    }
    cases
}

fn missing(rig: &Rig) -> Vec<Case> {
    let mut cases = Vec::new();
    for name in ["iss", "sub", "aud", "exp", "iat", "jti"] {
        let mut claims = claims();
        let value = claims.remove(name).unwrap();
        let token = rig.sign(text(rig.header()), text(claims.clone()));
        cases.push(Case::token(name, "missing", token));
        // Not by another spelling either.
        for other in [name.to_uppercase(), format!("{name} "), format!("{name}\0")] {
            let mut claims = claims.clone();
            claims.insert(other.clone(), value.clone());
            let token = rig.sign(text(rig.header()), text(claims));
            cases.push(Case::token(name, format!("called {other:?}"), token));
        }
        claims.insert("claims".to_owned(), json!({ name: value }));
        let token = rig.sign(text(rig.header()), text(claims));
        cases.push(Case::token(name, "within another claim", token));
    }
    cases
}
