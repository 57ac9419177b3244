//! What is asked, and what comes back.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use redis::{Cmd, Value};
use ring::digest::{SHA256, digest};

use super::script::Script;
use super::slot::Slot;

/// One command, for the server that has its key.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    command: Cmd,
    how: How,
}

/// What there is to know of a command besides itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    slot: Slot,
    /// If the command calls one by its hash.
    script: Option<&'static Script>,
    is_repeatable: bool,
}

impl Call {
    /// A command whose keys are all in the slot of `key`.
    pub(crate) fn new(key: &[u8], command: Cmd) -> Self {
        Self {
            command,
            how: How {
                slot: Slot::of(key),
                script: None,
                is_repeatable: false,
            },
        }
    }

    /// A script of keys that are all in the slot of the first.
    pub(crate) fn script(script: &'static Script, keys: &[&[u8]], arguments: &[&[u8]]) -> Self {
        Self {
            command: script.by_hash(keys, arguments),
            how: How {
                slot: keys.first().map_or(Slot::ANY, |key| Slot::of(key)),
                script: Some(script),
                is_repeatable: false,
            },
        }
    }

    /// It may be done twice: when the connection broke and nobody knows whether it
    /// was done, it is sent again while there is time.
    pub(crate) const fn repeatable(mut self) -> Self {
        self.how.is_repeatable = true;
        self
    }

    pub(super) const fn is_repeatable(&self) -> bool {
        self.how.is_repeatable
    }

    pub(super) const fn slot(&self) -> Slot {
        self.how.slot
    }

    /// As it goes over the wire.
    pub(super) const fn command(&self) -> &Cmd {
        &self.command
    }

    /// The same, for a server that does not know the script.
    pub(super) fn by_source(&self) -> Option<Cmd> {
        let script = self.how.script?;
        Some(script.by_source(&self.command))
    }

    pub(super) fn apart(self) -> (Cmd, How) {
        (self.command, self.how)
    }

    pub(super) const fn of_parts(command: Cmd, how: How) -> Self {
        Self { command, how }
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
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RunId {
    id: Arc<str>,
    mark: ServerMark,
}

/// A server, in short: whether two are the same.
pub(crate) type ServerMark = [u8; 8];

impl RunId {
    /// As `INFO server` tells it.
    pub(crate) fn of_info(info: &str) -> Option<Self> {
        let id = info.lines().find_map(|line| line.strip_prefix("run_id:"))?;
        let id = id.trim_end();
        let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_plain && (1..=64).contains(&id.len())).then(|| Self {
            id: id.into(),
            mark: mark_of(id),
        })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.id.as_bytes()
    }

    /// Each answer is looked at by it, so it is made once.
    pub(crate) const fn mark(&self) -> ServerMark {
        self.mark
    }
}

fn mark_of(id: &str) -> ServerMark {
    let mut mark = ServerMark::default();
    let length = mark.len();
    mark.copy_from_slice(&digest(&SHA256, id.as_bytes()).as_ref()[..length]);
    mark
}

impl Hash for RunId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.mark.hash(state);
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
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
