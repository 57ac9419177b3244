//! Finding the programs, and the user PostgreSQL may run as.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::{ServerError, folder::Owner};

/// Debian keeps PostgreSQL's programs out of `PATH`, in one folder a version.
const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";

/// Whether all servers can be started on this machine.
///
/// # Errors
/// [`ServerError::NotInstalled`] names the first program that is absent.
///
/// ```
/// match auth_testkit::servers::installed() {
///     Ok(()) => println!("ready"),
///     Err(absent) => println!("{absent}"),
/// }
/// ```
pub fn installed() -> Result<(), ServerError> {
    postgres_programs()?;
    pgbouncer()?;
    redis_server()?;
    nats_server()?;
    Ok(())
}

/// What we need of PostgreSQL.
const POSTGRES: [&str; 3] = ["initdb", "pg_basebackup", "postgres"];

/// The folder that has all of [`POSTGRES`]: from `PATH`, else Debian's with the highest version.
pub(super) fn postgres_programs() -> Result<PathBuf, ServerError> {
    let complete = |folder: &PathBuf| {
        let has = |program: &str| folder.join(program).is_file();
        POSTGRES.iter().all(|program| has(program))
    };
    search_path()
        .into_iter()
        .chain(debian_versions(Path::new(DEBIAN_POSTGRES)))
        .find(complete)
        .ok_or(ServerError::NotInstalled {
            program: "postgres",
            package: "postgresql",
        })
}

/// The environment variable that names the program to be run in the place of `redis-server`: another version, or Valkey.
pub const REDIS_SERVER: &str = "AUTH_TEST_REDIS_SERVER";

/// The program that [`REDIS_SERVER`] names, else `redis-server` from `PATH`.
pub(super) fn redis_server() -> Result<PathBuf, ServerError> {
    let Some(named) = env::var_os(REDIS_SERVER) else {
        return on_path("redis-server", &[]);
    };
    let named = PathBuf::from(named);
    if named.is_file() {
        return Ok(named);
    }
    // Another one in its place would show something else.
    let absent = std::io::ErrorKind::NotFound.into();
    Err(ServerError::system(format!(
        "run what {REDIS_SERVER} names"
    ))(absent))
}

/// `valkey-server`: the program that [`REDIS_SERVER`] names, else from `PATH`.
///
/// # Errors
/// [`ServerError::NotInstalled`] if there is none, [`ServerError::System`] if what is named is none.
pub fn valkey_server() -> Result<PathBuf, ServerError> {
    if env::var_os(REDIS_SERVER).is_some() {
        redis_server()
    } else {
        on_path("valkey-server", &[])
    }
}

/// `pgbouncer`, from `PATH` or where Debian keeps what only root needs.
pub(super) fn pgbouncer() -> Result<PathBuf, ServerError> {
    on_path("pgbouncer", &["/usr/sbin"])
}

/// `nats-server`, from `PATH` or where Debian puts it.
pub(super) fn nats_server() -> Result<PathBuf, ServerError> {
    on_path("nats-server", &["/usr/sbin"])
}

/// A program whose package has the same name.
fn on_path(name: &'static str, also: &[&str]) -> Result<PathBuf, ServerError> {
    search_path()
        .into_iter()
        .chain(also.iter().map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .ok_or(ServerError::NotInstalled {
            program: name,
            package: name,
        })
}

/// Whom to run PostgreSQL as: us, or somebody harmless when we are root, which it refuses.
pub(super) fn unprivileged_user() -> Result<Option<Owner>, ServerError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let accounts =
        fs::read_to_string("/etc/passwd").map_err(ServerError::system("read /etc/passwd"))?;
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| account(&accounts, name))
        .map(Some)
        .ok_or(ServerError::NoUser)
}

/// `name:password:uid:gid:…`, see passwd(5).
fn account(accounts: &str, name: &str) -> Option<Owner> {
    let line = accounts
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    let mut ids = line.split(':').skip(2).map(str::parse);
    Some(Owner {
        user: ids.next()?.ok()?,
        group: ids.next()?.ok()?,
    })
}

fn search_path() -> Vec<PathBuf> {
    env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default()
}

fn debian_versions(root: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, programs)| programs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts = "postgres-old:x:7:8::/:/bin/sh\npostgres:x:101:104:,,,:/var:/bin/sh\n";
        assert_eq!(
            account(accounts, "postgres"),
            Some(Owner {
                user: 101,
                group: 104
            })
        );
        assert_eq!(account(accounts, "nobody"), None);
    }

    #[test]
    fn the_highest_version_wins_by_number_not_by_spelling() {
        let root = tempfile::tempdir().unwrap();
        for version in ["9", "15", "16", "common"] {
            fs::create_dir(root.path().join(version)).unwrap();
        }
        let found = debian_versions(root.path());
        assert_eq!(
            found,
            ["16", "15", "9"].map(|version| root.path().join(version).join("bin"))
        );
    }
}
