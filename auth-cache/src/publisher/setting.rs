//! Whether the server looks like one that keeps events.

use std::sync::{Mutex, PoisonError};

use auth_core::event::PublishError;
use redis::{Cmd, Value, cmd};

use crate::redis::{Answer, RunId};

/// Of which server it is known. Another life of it may have other settings.
#[derive(Debug, Default)]
pub(super) struct Setting {
    known: Mutex<Option<RunId>>,
}

impl Setting {
    pub(super) fn is_unknown(&self) -> bool {
        self.known().is_none()
    }

    /// `INFO`, which the link needs anyway, and not `CONFIG`, which hosted servers do
    /// not let anybody use.
    pub(super) fn question() -> Cmd {
        let mut info = cmd("INFO");
        info.arg("persistence").arg("memory");
        info
    }

    pub(super) fn learn(&self, answer: Result<Answer, PublishError>, stream: &str) {
        // Whoever does not tell is asked again.
        let Ok(answer) = answer else { return };
        let said = match &answer.value {
            Value::BulkString(said) => String::from_utf8_lossy(said),
            Value::VerbatimString { text, .. } => text.into(),
            _ => return,
        };
        for doubt in doubts(&said) {
            tracing::warn!(stream, "redis may lose published events: {doubt}");
        }
        *self.known() = Some(answer.server);
    }

    /// Who has answered.
    pub(super) fn is_of(&self, server: &RunId) {
        let mut known = self.known();
        if known.as_ref().is_some_and(|known| known != server) {
            *known = None;
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<RunId>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn doubts(said: &str) -> Vec<&'static str> {
    let of = |name| {
        let value = said.lines().find_map(|line| line.strip_prefix(name));
        value.map_or("", str::trim_end)
    };
    let mut doubts = Vec::new();
    if of("aof_enabled:") == "0" {
        doubts.push("appendonly is off");
    }
    if of("maxmemory_policy:").starts_with("allkeys") {
        doubts.push("its maxmemory-policy evicts streams");
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_lose_events_is_named_and_nothing_else() {
        let said =
            |aof, policy| format!("# P\r\naof_enabled:{aof}\r\nmaxmemory_policy:{policy}\r\n");
        assert_eq!(doubts(&said("1", "noeviction")), [""; 0]);
        assert_eq!(doubts(&said("1", "volatile-lru")), [""; 0]);
        assert_eq!(doubts(""), [""; 0]);
        assert_eq!(doubts(&said("0", "noeviction")), ["appendonly is off"]);
        assert_eq!(doubts(&said("0", "allkeys-lfu")).len(), 2);
    }
}
