//! Getting events out of the store: the relay, and buses to publish to.
//!
//! It lives beside the stores, because all it needs is a store and a clock: a
//! [`Relay`] is a task of the application, in as many of its instances as it
//! likes, and talks to a [`Publisher`](auth_core::event::Publisher).

mod back_off;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(feature = "nats")]
mod nats;
mod relay;
mod relaying;
mod rounds;
mod stats;
mod task;

#[cfg(feature = "kafka")]
pub use kafka::{KafkaError, KafkaPublisher};
#[cfg(feature = "nats")]
pub use nats::NatsPublisher;
pub use relay::{Relay, RelayError};
pub use relaying::Relaying;
pub use stats::RelayStats;
