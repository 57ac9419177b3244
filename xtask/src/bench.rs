//! `cargo xtask bench`: what the SDK is measured against.

use crate::{
    compilers,
    run::{Failure, Run, cargo},
};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The names.
    pub suites: Vec<Suite>,
    /// Whether a goal that is missed by more than the margin is a failure.
    pub check: bool,
}

/// A part of the benchmarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// Access tokens, verified and issued.
    Tokens,
    /// Password hashing.
    Passwords,
    /// Caches of look-ups.
    Cache,
    /// Verified tokens from a cache. Some of its goals are of a machine that does
    /// nothing else: only by its name.
    CachedTokens,
    /// A second level in Redis, which it starts: only by its name, as the one before.
    SecondLevel,
    /// Tokens against the libraries of `benches/peers`, which take long to
    /// compile and need cmake and libclang, which are installed where we may:
    /// only by its name.
    Peers,
}

impl Request {
    /// Reads `[NAME…] [--check]`.
    ///
    /// # Errors
    /// When an argument is neither.
    pub fn parse(arguments: &[&str]) -> Result<Self, Failure> {
        let mut request = Self {
            suites: Vec::new(),
            check: false,
        };
        for argument in arguments {
            match *argument {
                "--check" => request.check = true,
                "tokens" => request.suites.push(Suite::Tokens),
                "passwords" => request.suites.push(Suite::Passwords),
                "cache" => request.suites.push(Suite::Cache),
                "cached-tokens" => request.suites.push(Suite::CachedTokens),
                "second-level" => request.suites.push(Suite::SecondLevel),
                "peers" => request.suites.push(Suite::Peers),
                other => {
                    return Err(Failure::Other(format!(
                        "there is no benchmark {other}, but tokens, passwords, cache, cached-tokens, second-level, peers"
                    )));
                }
            }
        }
        if request.suites.is_empty() {
            request.suites = Self::checking_all().suites;
        }
        Ok(request)
    }

    /// All that is not only by its name, with its goals.
    pub fn checking_all() -> Self {
        Self {
            suites: vec![Suite::Tokens, Suite::Passwords, Suite::Cache],
            check: true,
        }
    }
}

/// Measures, and prints Markdown. One suite after the other: side by side they
/// would measure each other.
///
/// # Errors
/// That of the first suite that fails.
pub fn bench(run: &mut Run, request: &Request) -> Result<(), Failure> {
    for suite in &request.suites {
        if *suite == Suite::Peers {
            compilers::for_peers(run)?;
        }
        for (step, arguments) in suite.commands() {
            let mut command = cargo(arguments);
            if request.check && !step.ends_with("allocations") {
                command.arg("--check");
            }
            run.step(step, &mut command)?;
        }
    }
    Ok(())
}

impl Suite {
    const fn commands(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Tokens => &[
                (
                    "bench tokens",
                    "run --release --quiet --manifest-path benches/Cargo.toml --target-dir target -- tokens",
                ),
                (
                    "bench tokens: allocations",
                    "run --release --quiet --manifest-path benches/Cargo.toml --target-dir target --bin auth-bench-allocations",
                ),
            ],
            Self::Passwords => &[(
                "bench passwords",
                "run --release --quiet --manifest-path benches/Cargo.toml --target-dir target -- passwords",
            )],
            Self::Cache => &[(
                "bench cache",
                "run --release --quiet --manifest-path benches/Cargo.toml --target-dir target -- cache",
            )],
            Self::CachedTokens => &[(
                "bench cached-tokens",
                "run --release --quiet --manifest-path benches/Cargo.toml --target-dir target -- cached-tokens",
            )],
            Self::SecondLevel => &[(
                "bench second-level",
                "run --release --quiet --manifest-path benches/Cargo.toml --target-dir target -- second-level",
            )],
            Self::Peers => &[
                (
                    "bench peers",
                    "run --release --quiet --manifest-path benches/peers/Cargo.toml --target-dir target --bin peers --",
                ),
                (
                    "bench peers on OpenSSL",
                    "run --release --quiet --manifest-path benches/peers/Cargo.toml --target-dir target --bin peers-openssl --",
                ),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_name_it_is_all_that_is_not_only_by_its_name() {
        let request = Request::parse(&["--check"]).unwrap();
        assert_eq!(request, Request::checking_all());
        assert!(!Request::parse(&[]).unwrap().check);
    }

    #[test]
    fn a_name_chooses_and_a_wrong_one_is_refused() {
        let request = Request::parse(&["peers"]).unwrap();
        assert_eq!(request.suites, [Suite::Peers]);
        assert!(Request::parse(&["token"]).is_err());
    }
}
