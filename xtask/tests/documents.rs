//! What the documents point at is there.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The paths that a document names in backticks.
fn paths(document: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(document)).unwrap();
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|quoted| quoted.contains('/') && !quoted.contains([' ', '{', ':', '*']))
        .filter(|quoted| !quoted.starts_with('/'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_path_in_the_documents_exists() {
    let mut seen = 0;
    for document in [
        "README.md",
        "ARCHITECTURE.md",
        "SECURITY.md",
        "CONTRIBUTING.md",
        "docs/evidence.md",
    ] {
        for path in paths(document) {
            assert!(root().join(&path).exists(), "{document} names {path}");
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} paths were found");
}

#[test]
fn every_crate_is_on_the_map() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("auth-") {
            assert!(
                map.contains(&format!("| `{name}/` |")),
                "{name} is not on the map"
            );
        }
    }
}

/// A newcomer reads the first screen and no more.
#[test]
fn the_first_screen_of_the_readme_has_exactly_two_commands() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let first_screen = readme.split("\n## ").next().unwrap();
    let commands: Vec<&str> = first_screen
        .lines()
        .filter(|line| line.starts_with("cargo "))
        .collect();
    assert_eq!(commands, ["cargo run -p quickstart", "cargo xtask test"]);
}
