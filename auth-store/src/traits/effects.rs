//! What is committed together with a change.

use std::sync::Arc;

use auth_core::EventId;
use auth_core::event::EventKind;

/// An event that is to be committed with a change. Tenant, time and place in the
/// order come from the store, and the subject too where none is named.
///
/// # Contract
/// It holds no secret, and nothing that a user signs in with: it leaves the
/// store for a bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    id: EventId,
    kind: EventKind,
    subject: Option<String>,
    data: serde_json::Value,
}

/// An event cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The subject is empty, longer than [`NewEvent::MAX_SUBJECT`], or has
    /// control characters.
    #[error("an event's subject is 1 to 256 bytes without control characters")]
    Subject,
    /// The data are larger than [`NewEvent::MAX_DATA`].
    #[error("an event's data are larger than 64 KiB")]
    TooLarge,
}

impl NewEvent {
    /// The most bytes that a subject may have.
    pub const MAX_SUBJECT: usize = 256;

    /// The most bytes that the data may have, as JSON.
    pub const MAX_DATA: usize = 64 * 1024;

    /// An event about the user whom the change is about; where that is a tenant, about
    /// the tenant.
    ///
    /// # Errors
    /// [`EventError::TooLarge`].
    pub fn new(id: EventId, kind: EventKind, data: serde_json::Value) -> Result<Self, EventError> {
        if data.to_string().len() > Self::MAX_DATA {
            return Err(EventError::TooLarge);
        }
        Ok(Self {
            id,
            kind,
            subject: None,
            data,
        })
    }

    /// About something else.
    ///
    /// # Errors
    /// [`EventError::Subject`].
    pub fn about(mut self, subject: impl Into<String>) -> Result<Self, EventError> {
        let subject = subject.into();
        let fits = (1..=Self::MAX_SUBJECT).contains(&subject.len());
        if !fits || subject.chars().any(char::is_control) {
            return Err(EventError::Subject);
        }
        self.subject = Some(subject);
        Ok(self)
    }

    /// Its id.
    pub const fn id(&self) -> EventId {
        self.id
    }

    /// What has happened.
    pub const fn kind(&self) -> &EventKind {
        &self.kind
    }

    /// What it is about, if that was said.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// What else there is to say.
    pub const fn data(&self) -> &serde_json::Value {
        &self.data
    }
}

/// What is committed with a change, or not at all: events. None, unless somebody
/// asks for them: then a change writes what it always wrote.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    source: Arc<str>,
    events: Arc<[NewEvent]>,
}

impl Effects {
    /// Nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// These events, told by `source`: a URI reference (CloudEvents), such as
    /// the issuer.
    pub fn events(source: impl Into<Arc<str>>, events: impl IntoIterator<Item = NewEvent>) -> Self {
        Self {
            source: source.into(),
            events: events.into_iter().collect(),
        }
    }

    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Who tells of them.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The events, in the order in which they are to be told.
    pub fn new_events(&self) -> &[NewEvent] {
        &self.events
    }

    /// The same, of a refresh token that should not exist: each event's data,
    /// where they are an object, say `reason` (`reuse` or `conflict`) and the
    /// session's current `generation` too.
    pub fn of_theft(&self, reason: &str, generation: u32) -> Self {
        let told = |event: &NewEvent| {
            let mut event = event.clone();
            if let serde_json::Value::Object(data) = &mut event.data {
                data.insert("reason".to_owned(), reason.into());
                data.insert("generation".to_owned(), generation.into());
            }
            event
        };
        Self {
            source: self.source.clone(),
            events: self.events.iter().map(told).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(data: serde_json::Value) -> Result<NewEvent, EventError> {
        let kind = EventKind::new("a.b").unwrap();
        NewEvent::new(EventId::from_uuid(uuid::Uuid::nil()), kind, data)
    }

    #[test]
    fn what_no_bus_takes_is_no_event() {
        let long = "x".repeat(NewEvent::MAX_DATA);
        assert_eq!(event(long.into()), Err(EventError::TooLarge));
        for bad in ["", "a\0", "a\nb", &"x".repeat(257)] {
            let event = event(serde_json::Value::Null).unwrap();
            assert_eq!(event.about(bad), Err(EventError::Subject), "{bad}");
        }
    }

    #[test]
    fn a_theft_is_told_with_its_reason() {
        let effects = Effects::events("s", [event(serde_json::json!({"session": "x"})).unwrap()]);
        let told = effects.of_theft("reuse", 3);
        let data = serde_json::json!({"session": "x", "reason": "reuse", "generation": 3});
        assert_eq!(told.new_events()[0].data(), &data);
    }
}
