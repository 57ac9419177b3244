//! An event as an entry of the stream.

use auth_core::event::{Event, PublishError, PublishErrorKind};
use redis::{Cmd, cmd};

/// What every entry is made by.
pub(super) struct Form {
    pub(super) stream: String,
    pub(super) largest: usize,
    pub(super) max_len: Option<u64>,
}

/// It would never be taken.
#[derive(Debug, thiserror::Error)]
#[error("the event is too large: it has {bytes} bytes, and {largest} are taken")]
struct TooLarge {
    bytes: usize,
    largest: usize,
}

impl Form {
    pub(super) const fn new(stream: String) -> Self {
        Self {
            stream,
            largest: 1 << 20,
            max_len: None,
        }
    }

    /// The command that adds it.
    pub(super) fn entry(&self, event: &Event) -> Result<Cmd, PublishError> {
        let rejected = PublishErrorKind::Rejected;
        let json = event
            .to_json()
            .map_err(|error| PublishError::new(rejected, error))?;
        let (bytes, largest) = (json.len(), self.largest);
        if bytes > largest {
            return Err(PublishError::new(rejected, TooLarge { bytes, largest }));
        }
        let mut add = cmd("XADD");
        add.arg(&self.stream);
        if let Some(entries) = self.max_len {
            add.arg("MAXLEN").arg("~").arg(entries);
        }
        // An id is one of its tenant.
        add.arg("*")
            .arg("message-id")
            .arg(format!("{}/{}", event.tenant, event.id))
            .arg("type")
            .arg(event.kind.as_str())
            .arg("subject")
            .arg(&event.subject)
            .arg("content-type")
            .arg(Event::MEDIA_TYPE)
            .arg("event")
            .arg(json);
        Ok(add)
    }
}
