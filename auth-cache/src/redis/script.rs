//! Scripts: by their hash, and by their source where that is not known.

use std::fmt::Write as _;

use redis::{Arg, Cmd};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// A script that runs on the server in one step.
#[derive(Debug)]
pub(crate) struct Script {
    source: &'static str,
    /// Redis calls a script by the SHA-1 of its source: a name, not a proof.
    hash: String,
}

impl Script {
    pub(crate) fn new(source: &'static str) -> Self {
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, source.as_bytes());
        let mut hash = String::with_capacity(40);
        for byte in digest.as_ref() {
            let _ = write!(hash, "{byte:02x}");
        }
        Self { source, hash }
    }

    pub(super) fn by_hash(&self, keys: &[&[u8]], arguments: &[&[u8]]) -> Cmd {
        let parts = keys.iter().chain(arguments);
        let size = parts.clone().map(|part| part.len()).sum::<usize>() + 64;
        let mut command = Cmd::with_capacity(3 + keys.len() + arguments.len(), size);
        command.arg("EVALSHA").arg(&self.hash).arg(keys.len());
        for part in parts {
            command.arg(*part);
        }
        command
    }

    /// What [`by_hash`](Self::by_hash) gave, with the source.
    pub(super) fn by_source(&self, by_hash: &Cmd) -> Cmd {
        let mut command = Cmd::new();
        command.arg("EVAL").arg(self.source);
        for part in by_hash.args_iter().skip(2) {
            if let Arg::Simple(part) = part {
                command.arg(part);
            }
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_called_by_the_hash_that_redis_gives_it() {
        // As `SCRIPT LOAD "return 1"` answers.
        let script = Script::new("return 1");
        assert_eq!(script.hash, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
        let command = script.by_hash(&[b"k"], &[b"a", b"b"]);
        assert_eq!(
            command.get_packed_command(),
            format!(
                "*6\r\n$7\r\nEVALSHA\r\n$40\r\n{}\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\nb\r\n",
                script.hash
            )
            .into_bytes()
        );
        assert_eq!(
            script.by_source(&command).get_packed_command(),
            b"*6\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n1\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\nb\r\n"
        );
    }
}
