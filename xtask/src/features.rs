//! Every library with each of its features alone: what the usual build, with all of them, cannot see.

use cargo_metadata::{MetadataCommand, Package};

use crate::run::{Failure, Run, cargo, root};

/// Lints every library without features, then with each one alone.
///
/// # Errors
/// That of the first step that fails.
pub(crate) fn each_alone(run: &mut Run) -> Result<(), Failure> {
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()?;
    for package in metadata.workspace_packages() {
        for features in alone(package) {
            let step = format!("{} {features}", package.name);
            let lint = format!(
                "clippy --package {} --lib --no-default-features {features}",
                package.name
            );
            run.step(step.trim(), cargo(&lint).args(["--", "-D", "warnings"]))?;
        }
    }
    Ok(())
}

/// The arguments for each set; none for a package that has no features to choose from.
fn alone(package: &Package) -> Vec<String> {
    let has_library = package.targets.iter().any(cargo_metadata::Target::is_lib);
    let features = package
        .features
        .keys()
        .filter(|feature| *feature != "default");
    let sets: Vec<String> = features
        .map(|feature| format!("--features {feature}"))
        .collect();
    if !has_library || sets.is_empty() {
        return Vec::new();
    }
    [String::new()].into_iter().chain(sets).collect()
}
