//! The corpus in this folder, as whoever has another one would run theirs.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn corpus(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_corpus"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(args)
        .output()
        .unwrap()
}

fn holds(backend: &str) {
    let output = corpus(&["vectors/attacks-sample.jsonl", "--backend", backend]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("147 cases on"), "{text}");
    assert!(
        text.contains("\n0 wrong accepts") && text.contains("\n0 wrong rejects"),
        "{text}"
    );
    for verdict in ["legit-001 accept -", "algswap-017 reject "] {
        assert!(text.lines().any(|line| line.starts_with(verdict)), "{text}");
    }
}

#[test]
fn no_attack_of_the_sample_passes_and_no_good_token_is_refused_on_ring() {
    holds("ring");
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn no_attack_of_the_sample_passes_and_no_good_token_is_refused_on_aws_lc_rs() {
    holds("aws-lc-rs");
}

#[cfg(feature = "ed25519-dalek")]
#[test]
fn no_attack_of_the_sample_passes_and_no_good_token_is_refused_with_dalek() {
    holds("ring-with-dalek");
    #[cfg(feature = "aws-lc-rs")]
    holds("aws-lc-rs-with-dalek");
}

#[test]
fn a_case_that_is_not_as_expected_fails_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let sample = fs::read_to_string(vectors.join("attacks-sample.jsonl")).unwrap();
    let attack = sample
        .lines()
        .find(|line| line.contains("\"level\": \"MUST\""))
        .unwrap();
    let lie = attack.replace("\"expect\": \"reject\"", "\"expect\": \"accept\"");
    assert_ne!(attack, lie);
    fs::create_dir(folder.path().join("keys")).unwrap();
    for key in fs::read_dir(vectors.join("keys")).unwrap() {
        let key = key.unwrap();
        fs::copy(key.path(), folder.path().join("keys").join(key.file_name())).unwrap();
    }
    let file = folder.path().join("lie.jsonl");
    fs::write(&file, lie).unwrap();
    let output = corpus(&[file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 wrong rejects"));
}

#[test]
fn what_cannot_be_read_is_named() {
    let output = corpus(&["no-such-file.jsonl"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such-file.jsonl"));
}
