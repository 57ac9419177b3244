//! Direct dependencies: what each crate of ours names in its manifest.

use std::collections::BTreeMap;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use super::rules::{FOR_EXAMPLES, Room};
use crate::run::{Failure, root};

/// A crate of ours, as far as the rules look at it.
#[derive(Debug, Clone, Default)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Whether it lives under `examples/`.
    pub is_example: bool,
    /// What its `default` feature turns on.
    pub default: Vec<String>,
    /// Its normal dependencies, and whether each is optional.
    pub dependencies: BTreeMap<String, Optional>,
    /// Dev-dependencies that name a version, which publishing would demand of the registry.
    pub versioned_dev_dependencies: Vec<String>,
}

/// Whether a dependency waits for a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Optional {
    /// `optional = true`.
    Yes,
    /// Always there.
    No,
}

/// The members of this workspace.
///
/// # Errors
/// If `cargo metadata` fails.
pub fn members() -> Result<Vec<Member>, Failure> {
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()?;
    Ok(metadata
        .workspace_packages()
        .into_iter()
        .map(Member::from)
        .collect())
}

/// What breaks the rules, in words.
pub fn violations(members: &[Member], rooms: &[Room]) -> Vec<String> {
    members
        .iter()
        .flat_map(|member| of_one(member, members, rooms))
        .collect()
}

fn of_one(member: &Member, members: &[Member], rooms: &[Room]) -> Vec<String> {
    let name = &member.name;
    let is_ours = |dependency: &str| members.iter().any(|member| member.name == dependency);
    if member.is_example {
        let foreign = |dependency: &&String| {
            is_ours(dependency) && !FOR_EXAMPLES.contains(&dependency.as_str())
        };
        let named = member.dependencies.keys().filter(foreign);
        return named
            .map(|dependency| {
                format!("the example {name} depends on {dependency}, which is not for users")
            })
            .collect();
    }
    let Some(room) = rooms.iter().find(|room| room.name == name) else {
        return vec![format!(
            "{name} has no rule: say in deps/rules.rs what it may depend on"
        )];
    };
    let mut violations: Vec<String> = member
        .dependencies
        .iter()
        .filter_map(|(dependency, optional)| {
            let (always, by_feature) = if is_ours(dependency) {
                (room.ours, room.ours_by_feature)
            } else {
                (room.outside, room.outside_by_feature)
            };
            let is_in = |list: &[&str]| list.contains(&dependency.as_str());
            match optional {
                _ if is_in(always) => None,
                Optional::Yes if is_in(by_feature) => None,
                Optional::No if is_in(by_feature) => Some(format!(
                    "{name} depends on {dependency} without a feature for it"
                )),
                _ => Some(format!("{name} may not depend on {dependency}")),
            }
        })
        .collect();
    if member.default != room.default {
        violations.push(format!(
            "{name} has the default features {:?}, not {:?}",
            member.default, room.default
        ));
    }
    let versioned = member
        .versioned_dev_dependencies
        .iter()
        .filter(|dependency| is_ours(dependency));
    violations.extend(
        versioned.map(|it| {
            format!("{name} names a version of its dev-dependency {it}; a path is enough")
        }),
    );
    violations
}

impl From<&Package> for Member {
    fn from(package: &Package) -> Self {
        let of_kind = |kind| {
            package
                .dependencies
                .iter()
                .filter(move |dependency| dependency.kind == kind)
        };
        let optional = |yes| if yes { Optional::Yes } else { Optional::No };
        Self {
            name: package.name.to_string(),
            is_example: package.manifest_path.starts_with(root().join("examples")),
            default: package.features.get("default").cloned().unwrap_or_default(),
            dependencies: of_kind(DependencyKind::Normal)
                .map(|it| (it.name.clone(), optional(it.optional)))
                .collect(),
            versioned_dev_dependencies: of_kind(DependencyKind::Development)
                .filter(|dependency| !dependency.req.comparators.is_empty())
                .map(|dependency| dependency.name.clone())
                .collect(),
        }
    }
}
