//! What it was started with.

use std::path::PathBuf;

use auth_core::key::Backend;

pub(crate) const HELP: &str = "\
usage: corpus FILE [--backend NAME]

NAME is ring, aws-lc-rs, ring-with-dalek or aws-lc-rs-with-dalek: all but ring
are built by the features aws-lc-rs and ed25519-dalek.

FILE has one JSON object a line: id, token, key_setup (keys, algs, iss, aud,
typ, leeway, required, max_token_bytes), now, expect (accept or reject) and
level (MUST, HARDEN or EITHER). Key files are found relative to FILE.
";

pub(crate) struct Args {
    pub(crate) file: PathBuf,
    pub(crate) backend: Backend,
}

impl Args {
    /// `None` asks for help.
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let (mut file, mut chosen) = (None, Backend::default());
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--help" | "-h" => return Ok(None),
                "--backend" => chosen = backend(&args.next().unwrap_or_default())?,
                _ if file.is_none() && !arg.starts_with('-') => file = Some(PathBuf::from(arg)),
                _ => return Err(format!("unexpected argument {arg:?}; see --help")),
            }
        }
        Ok(file.map(|file| Self {
            file,
            backend: chosen,
        }))
    }
}

const BY_FEATURE: [&str; 3] = ["aws-lc-rs", "ring-with-dalek", "aws-lc-rs-with-dalek"];

fn backend(name: &str) -> Result<Backend, String> {
    match name {
        "ring" => Ok(Backend::Ring),
        #[cfg(feature = "aws-lc-rs")]
        "aws-lc-rs" => Ok(Backend::AwsLcRs),
        #[cfg(feature = "ed25519-dalek")]
        "ring-with-dalek" => Ok(Backend::RingWithDalek),
        #[cfg(all(feature = "aws-lc-rs", feature = "ed25519-dalek"))]
        "aws-lc-rs-with-dalek" => Ok(Backend::AwsLcRsWithDalek),
        _ if BY_FEATURE.contains(&name) => {
            Err("built without it; add --features aws-lc-rs,ed25519-dalek before the --".to_owned())
        }
        _ => Err(format!("{name:?} is no backend; see --help")),
    }
}
