//! `cargo xtask deps`: who depends on whom, and on what terms.

pub mod house;
mod licences;
pub mod reach;
pub mod rules;

use crate::run::{Failure, Run};

/// The rules of [`rules`], then licences, duplicates, sources and advisories.
///
/// # Errors
/// That of the first step that fails.
pub fn deps(run: &mut Run) -> Result<(), Failure> {
    run.time("house", || match violations()? {
        none if none.is_empty() => Ok(()),
        some => Err(Failure::Other(some.join("\n       "))),
    })?;
    licences::check(run)
}

/// Everything in this workspace that breaks a rule, in words.
///
/// # Errors
/// If cargo cannot tell.
pub fn violations() -> Result<Vec<String>, Failure> {
    let members = house::members()?;
    let mut violations = house::violations(&members, rules::ROOMS);
    for rule in rules::REACHES
        .iter()
        .filter(|rule| members.iter().any(|member| member.name == rule.from))
    {
        violations.extend(reach::violations(rule, &reach::reached(rule)?));
    }
    Ok(violations)
}
