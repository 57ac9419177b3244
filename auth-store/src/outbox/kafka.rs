//! Kafka.

use std::fmt;

use async_trait::async_trait;
use auth_core::event::{Event, PublishError, PublishErrorKind, Publisher};
use rdkafka::ClientConfig;
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};

/// Publishes to one topic of Kafka, as CloudEvents in JSON; the key is the
/// subject, so that what is about one subject stays in one partition.
///
/// An event counts as published when all in-sync replicas have it (`acks=all`); the
/// topic's `min.insync.replicas` says how many those are at least. The producer is
/// idempotent: what it sends again by itself comes once. What the relay sends again
/// comes twice, and has the same tenant and id.
///
/// An event that is larger than producer or topic allow is refused.
///
/// ```no_run
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use auth_store::outbox::KafkaPublisher;
///
/// let publisher = KafkaPublisher::connect("kafka-1:9092,kafka-2:9092", "auth-events")?;
/// # Ok(()) }
/// ```
///
/// # What it does not do
/// This build of librdkafka has no TLS, SASL or compression: those need C libraries
/// that the rest of the SDK does without. An application that has them turns on
/// `ssl`, `sasl` or `zstd` of the crate `rdkafka` in its own manifest and gives its
/// [settings](Self::with_settings).
///
/// # Defaults
/// - gives an event up after 5 s, so that none is on its way for longer
///   (`message.timeout.ms`)
#[derive(Clone)]
pub struct KafkaPublisher {
    producer: FutureProducer,
    topic: String,
}

/// A producer cannot be made: the settings are wrong.
#[derive(Debug, thiserror::Error)]
#[error("the producer's settings are wrong: {0}")]
pub struct KafkaError(String);

impl KafkaPublisher {
    /// To `topic`, on the cluster that `servers` belong to. Nothing is asked of it
    /// yet.
    ///
    /// # Errors
    /// [`KafkaError`] if the settings are wrong.
    pub fn connect(servers: &str, topic: &str) -> Result<Self, KafkaError> {
        Self::with_settings(&[("bootstrap.servers", servers)], topic)
    }

    /// As [`connect`](Self::connect), with settings of librdkafka.
    ///
    /// # Errors
    /// [`KafkaError`] if one of them is unknown or wrong, or weakens what an event
    /// that is published can rely on (`acks`, `enable.idempotence`).
    pub fn with_settings(settings: &[(&str, &str)], topic: &str) -> Result<Self, KafkaError> {
        const OURS: [&str; 3] = ["acks", "request.required.acks", "enable.idempotence"];
        let mut config = ClientConfig::new();
        config.set("message.timeout.ms", "5000");
        // A batch waits for nobody: a round is sent as one anyway.
        config.set("linger.ms", "0");
        for (name, value) in settings {
            if OURS.contains(name) {
                return Err(KafkaError(format!("{name} is not to be set")));
            }
            config.set(*name, *value);
        }
        config.set("acks", "all").set("enable.idempotence", "true");
        let producer = config
            .create()
            .map_err(|error| KafkaError(error.to_string()))?;
        Ok(Self {
            producer,
            topic: topic.to_owned(),
        })
    }
}

#[async_trait]
impl Publisher for KafkaPublisher {
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
            let header = Header {
                key: "content-type",
                value: Some(Event::MEDIA_TYPE),
            };
            let record = FutureRecord::to(&self.topic)
                .key(event.subject.as_str())
                .payload(&body)
                .headers(OwnedHeaders::new_with_capacity(1).insert(header));
            let queued = self.producer.send_result(record);
            sent.push(queued.map_err(|(error, _)| failed(error)));
        }
        // All are on their way before the first is waited for.
        let mut results = Vec::with_capacity(sent.len());
        for sent in sent {
            results.push(match sent {
                Ok(delivery) => match delivery.await {
                    Ok(Ok(_)) => Ok(()),
                    Ok(Err((error, _))) => Err(failed(error)),
                    // The producer is gone.
                    Err(_) => Err(PublishErrorKind::Unavailable.into()),
                },
                Err(error) => Err(error),
            });
        }
        results
    }
}

fn failed(error: rdkafka::error::KafkaError) -> PublishError {
    let kind = match error.rdkafka_error_code() {
        Some(Code::MessageSizeTooLarge | Code::InvalidMessage | Code::InvalidMessageSize) => {
            PublishErrorKind::Rejected
        }
        _ => PublishErrorKind::Unavailable,
    };
    PublishError::new(kind, error)
}

impl fmt::Debug for KafkaPublisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaPublisher")
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}
