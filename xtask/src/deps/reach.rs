//! Indirect dependencies: what a user of one crate alone would compile.

use std::process::Stdio;

use super::rules::Reach;
use crate::run::{Failure, cargo};

/// A crate somewhere in another's tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Its name.
    pub name: String,
    /// The features it is built with.
    pub features: Vec<String>,
}

/// Asks cargo what `rule.from` reaches, built alone with the rule's features.
///
/// # Errors
/// If `cargo tree` fails.
pub fn reached(rule: &Reach) -> Result<Vec<Reached>, Failure> {
    let step = format!(
        "tree --edges normal --prefix none --package {} {}",
        rule.from, rule.features
    );
    let output = cargo(&step)
        .args(["--format", "{p}|{f}"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Failure::NotRun {
            step: step.clone(),
            source,
        })?;
    if !output.status.success() {
        return Err(Failure::Step {
            step,
            status: output.status,
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(parse)
        .collect())
}

/// What breaks the rule, in words.
pub fn violations(rule: &Reach, reached: &[Reached]) -> Vec<String> {
    let from = [rule.from, rule.features].join(" ");
    let from = from.trim();
    let mut violations: Vec<String> = reached
        .iter()
        .filter_map(|Reached { name, features }| {
            if rule.never.contains(&name.as_str()) {
                return Some(format!("{from} reaches {name}"));
            }
            let (_, allowed) = rule.only.iter().find(|(only, _)| only == name)?;
            let excess: Vec<&String> = features
                .iter()
                .filter(|feature| !allowed.contains(&feature.as_str()))
                .collect();
            (!excess.is_empty())
                .then(|| format!("{from} reaches {name} with the features {excess:?}"))
        })
        .collect();
    violations.sort();
    violations.dedup();
    violations
}

/// `name v1.2.3 (source)|feature,feature (*)`, where the star marks what was printed before.
fn parse(line: &str) -> Option<Reached> {
    let (package, features) = line.split_once('|')?;
    let name = package.split(' ').next()?.to_owned();
    let features = features
        .trim_end_matches(" (*)")
        .split(',')
        .filter(|feature| !feature.is_empty());
    Some(Reached {
        name,
        features: features.map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_cargo_tree_is_read_with_and_without_its_star() {
        let tokio = Reached {
            name: "tokio".into(),
            features: vec!["default".into(), "sync".into()],
        };
        assert_eq!(parse("tokio v1.54.0|default,sync"), Some(tokio.clone()));
        assert_eq!(parse("tokio v1.54.0|default,sync (*)"), Some(tokio));
        let core = Reached {
            name: "auth-core".into(),
            features: Vec::new(),
        };
        assert_eq!(parse("auth-core v0.1.0 (/somewhere)|"), Some(core));
        assert_eq!(parse(""), None);
    }
}
