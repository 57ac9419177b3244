//! NATS JetStream.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::context::PublishErrorKind as Kind;
use async_nats::jetstream::{self, Context, ErrorCode};
use async_trait::async_trait;
use auth_core::event::{Event, PublishError, PublishErrorKind, Publisher};

/// Publishes to NATS JetStream: an event of kind `auth.user.created` goes to the
/// subject `<prefix>.auth.user.created`, as a CloudEvent in JSON.
///
/// An event counts as published when a stream has acknowledged it; the stream's
/// replicas and storage say what that is worth. Each message has its event's
/// `<tenant>/<id>` as `Nats-Msg-Id`, so that within the stream's `duplicate_window` JetStream drops
/// what comes twice; set it longer than an outage may last, or let consumers look
/// at tenant and id.
///
/// Without a stream for its subject an event waits: that is an outage, not the
/// event's fault. One that is larger than the server's `max_payload` or the stream's
/// `max_msg_size` is refused.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use auth_store::outbox::NatsPublisher;
///
/// let client = async_nats::ConnectOptions::new()
///     .retry_on_initial_connect()
///     .connect("tls://nats.example.com")
///     .await?;
/// let publisher = NatsPublisher::new(client, "events"); // a stream listens to events.>
/// # Ok(()) }
/// ```
///
/// # Defaults
/// - waits for an acknowledgement: 5 s
#[derive(Clone)]
pub struct NatsPublisher {
    context: Context,
    prefix: String,
}

impl NatsPublisher {
    /// Over `client`, to subjects that begin with `prefix` and a dot.
    pub fn new(client: async_nats::Client, prefix: impl Into<String>) -> Self {
        let mut context = jetstream::new(client);
        context.set_timeout(Duration::from_secs(5));
        Self {
            context,
            prefix: prefix.into(),
        }
    }

    /// Waits so long for an acknowledgement; keep it shorter than the relay waits
    /// for a round.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.context.set_timeout(timeout);
        self
    }
}

#[async_trait]
impl Publisher for NatsPublisher {
    async fn publish(&self, batch: &[Event]) -> Vec<Result<(), PublishError>> {
        let mut sent = Vec::with_capacity(batch.len());
        for event in batch {
            let body = match event.to_json() {
                Ok(body) => body,
                Err(error) => {
                    sent.push(Err(PublishError::new(PublishErrorKind::Rejected, error)));
                    continue;
                }
            };
            let mut headers = HeaderMap::new();
            // An id is one of its tenant.
            let id = format!("{}/{}", event.tenant, event.id);
            headers.insert(async_nats::header::NATS_MESSAGE_ID, id);
            headers.insert("Content-Type", Event::MEDIA_TYPE);
            let subject = format!("{}.{}", self.prefix, event.kind);
            let publishing = self
                .context
                .publish_with_headers(subject, headers, body.into());
            sent.push(publishing.await.map_err(failed));
        }
        // All are on their way before the first is waited for.
        let mut results = Vec::with_capacity(sent.len());
        for sent in sent {
            results.push(match sent {
                Ok(acknowledgement) => acknowledgement.await.map(drop).map_err(failed),
                Err(error) => Err(error),
            });
        }
        results
    }
}

fn failed(error: jetstream::context::PublishError) -> PublishError {
    let kind = match error.kind() {
        Kind::MaxPayloadExceeded => PublishErrorKind::Rejected,
        Kind::Other if is_too_large(&error) => PublishErrorKind::Rejected,
        _ => PublishErrorKind::Unavailable,
    };
    PublishError::new(kind, error)
}

/// Whether the stream has said that it never takes the message.
fn is_too_large(error: &jetstream::context::PublishError) -> bool {
    let source = error.source().and_then(<dyn Error>::downcast_ref);
    source.is_some_and(|error: &jetstream::Error| {
        matches!(
            error.error_code(),
            ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM | ErrorCode::STREAM_HEADER_EXCEEDS_MAXIMUM
        )
    })
}

impl fmt::Debug for NatsPublisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsPublisher")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
