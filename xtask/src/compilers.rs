//! What the libraries of `benches/peers` are compiled with: `BoringSSL` by cmake, its bindings by libclang, OpenSSL by
//! perl and make.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{
    install,
    run::{Failure, Run},
};

const PROGRAMS: [&str; 3] = ["cmake", "make", "perl"];
const PACKAGES: [&str; 4] = ["cmake", "libclang-dev", "make", "perl"];

/// Installs what is missing.
///
/// # Errors
/// Those of the installation: where we may not, what to run by hand.
pub(crate) fn for_peers(run: &mut Run) -> Result<(), Failure> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let need = format!("`bench peers` needs {}", missing.join(", "));
    install::packages(run, &need, &PACKAGES, || Ok(()))
}

fn missing() -> Vec<&'static str> {
    let path = env::var_os("PATH").unwrap_or_default();
    let path: Vec<PathBuf> = env::split_paths(&path).collect();
    let mut missing = PROGRAMS.to_vec();
    missing.retain(|program| !path.iter().any(|folder| folder.join(program).is_file()));
    if !has_libclang() {
        missing.push("libclang");
    }
    missing
}

/// Where bindgen looks for it: where it is told to, and beside LLVM.
fn has_libclang() -> bool {
    let told = env::var_os("LIBCLANG_PATH").map(PathBuf::from);
    let beside = entries(Path::new("/usr/lib"))
        .chain(entries(Path::new("/usr/local")))
        .flat_map(|folder| [folder.join("lib"), folder]);
    told.into_iter()
        .chain(beside)
        .flat_map(|folder| entries(&folder))
        .any(|file| is_libclang(&file))
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}

/// `libclang.so`, `libclang-14.so.1`, `libclang.so.14`; not `libclang-cpp.so`.
fn is_libclang(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    let rest = name.and_then(|name| name.strip_prefix("libclang"));
    rest.is_some_and(|rest| {
        let rest = rest.trim_start_matches(|c: char| c == '-' || c == '.' || c.is_ascii_digit());
        rest == "so" || rest.starts_with("so.") || rest == "dylib"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libclang_is_known_by_its_names_and_not_by_its_neighbours() {
        for name in [
            "libclang.so",
            "libclang.so.1",
            "libclang-14.so.1",
            "libclang.dylib",
        ] {
            assert!(is_libclang(&Path::new("/usr/lib").join(name)), "{name}");
        }
        for name in ["libclang-cpp.so.14", "libclangAST.a", "libclang", "clang"] {
            assert!(!is_libclang(&Path::new("/usr/lib").join(name)), "{name}");
        }
    }
}
