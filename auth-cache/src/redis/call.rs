//! What is asked, and what comes back.

use std::fmt;
use std::sync::Arc;

use redis::{Cmd, Value};

use super::script::Script;
use super::slot::Slot;

/// One command, for the server that has its key.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    slot: Slot,
    what: What,
    is_repeatable: bool,
}

#[derive(Clone, Debug)]
enum What {
    Command(Cmd),
    Script {
        script: &'static Script,
        by_hash: Cmd,
    },
}

impl Call {
    /// A command whose keys are all in the slot of `key`.
    pub(crate) fn new(key: &[u8], command: Cmd) -> Self {
        Self {
            slot: Slot::of(key),
            what: What::Command(command),
            is_repeatable: false,
        }
    }

    /// A script of keys that are all in the slot of the first.
    pub(crate) fn script(script: &'static Script, keys: &[&[u8]], arguments: &[&[u8]]) -> Self {
        Self {
            slot: keys.first().map_or(Slot::ANY, |key| Slot::of(key)),
            what: What::Script {
                script,
                by_hash: script.by_hash(keys, arguments),
            },
            is_repeatable: false,
        }
    }

    /// It may be done twice: when the connection broke and nobody knows whether it
    /// was done, it is sent again while there is time.
    pub(crate) const fn repeatable(mut self) -> Self {
        self.is_repeatable = true;
        self
    }

    pub(super) const fn is_repeatable(&self) -> bool {
        self.is_repeatable
    }

    pub(super) const fn slot(&self) -> Slot {
        self.slot
    }

    /// As it goes over the wire.
    pub(super) const fn command(&self) -> &Cmd {
        match &self.what {
            What::Command(command)
            | What::Script {
                by_hash: command, ..
            } => command,
        }
    }

    /// The same, for a server that does not know the script.
    pub(super) fn by_source(&self) -> Option<Cmd> {
        match &self.what {
            What::Command(_) => None,
            What::Script { script, by_hash } => Some(script.by_source(by_hash)),
        }
    }
}

/// An answer, and whose it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) value: Value,
    /// The process that gave it.
    pub(crate) server: RunId,
}

/// The identity of one life of a server process, as it draws it when it starts.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct RunId(Arc<str>);

impl RunId {
    /// As `INFO server` tells it.
    pub(crate) fn of_info(info: &str) -> Option<Self> {
        let id = info.lines().find_map(|line| line.strip_prefix("run_id:"))?;
        let id = id.trim_end();
        let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_plain && (1..=64).contains(&id.len())).then(|| Self(id.into()))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_is_the_one_line_and_nothing_that_looks_like_it() {
        let info = "# Server\r\nredis_version:7.0.15\r\nrun_id:ab12\r\ntcp_port:1\r\n";
        assert_eq!(RunId::of_info(info).unwrap().as_bytes(), b"ab12");
        for bad in ["", "run_id:", "xrun_id:ab", "run_id:a b", "run_id:ä"] {
            assert_eq!(RunId::of_info(bad), None, "{bad}");
        }
        assert_eq!(RunId::of_info(&format!("run_id:{}", "a".repeat(65))), None);
    }
}
