//! Hearing what others publish.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::{PushInfo, PushKind, Value};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::dedicated::Dedicated;
use super::dial::Dialer;
use super::error::{LinkError, LinkErrorKind};
use super::place::Address;

/// How many messages may wait for their reader.
const WAITING: usize = 4096;

/// What is published in some channels, from when it was made until it fails.
///
/// A connection that broke, a server that fell silent and messages that nobody read in
/// time are errors: whoever listens knows of every gap. After one it is over.
pub(crate) struct Subscription {
    connection: Dedicated,
    pushes: mpsc::Receiver<PushInfo>,
    is_full: Arc<AtomicBool>,
    heartbeat: Duration,
    deadline: Duration,
}

/// One that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) channel: Vec<u8>,
    pub(crate) payload: Vec<u8>,
}

impl Subscription {
    /// Connects and subscribes. Takes as long as the server likes.
    pub(super) async fn new(
        dialer: &Dialer,
        at: &Address,
        channels: &[&str],
    ) -> Result<Self, LinkError> {
        let (send, pushes) = mpsc::channel(WAITING);
        let is_full = Arc::new(AtomicBool::new(false));
        let (overflow, deadline) = (is_full.clone(), dialer.limits.deadline);
        let push = move |push| {
            if send.try_send(push).is_err() {
                overflow.store(true, Ordering::Release);
            }
        };
        let mut connection = dialer.dial_for_pushes(at, push).await?;
        let subscribed = connection.inner.subscribe(channels).await;
        subscribed.map_err(LinkError::of_greeting)?;
        Ok(Self {
            connection: Dedicated::new(connection, None),
            pushes,
            is_full,
            heartbeat: deadline.max(Duration::from_millis(500)),
            deadline,
        })
    }

    /// The next message. In silence the server is asked now and then whether it is
    /// still there.
    pub(crate) async fn next(&mut self) -> Result<Message, LinkError> {
        loop {
            if self.is_full.load(Ordering::Acquire) {
                return Err(LinkError::new(
                    LinkErrorKind::Broken,
                    "messages were lost, as nobody read them",
                ));
            }
            match timeout(self.heartbeat, self.pushes.recv()).await {
                Ok(Some(push)) => match push.kind {
                    PushKind::Message => return message(push.data),
                    PushKind::Disconnection => return Err(LinkErrorKind::Broken.into()),
                    _ => {}
                },
                Ok(None) => return Err(LinkErrorKind::Broken.into()),
                Err(_) => {
                    let ping = redis::cmd("PING");
                    self.connection.ask(&ping, self.deadline).await?;
                }
            }
        }
    }
}

fn message(data: Vec<Value>) -> Result<Message, LinkError> {
    match <[Value; 2]>::try_from(data) {
        Ok([Value::BulkString(channel), Value::BulkString(payload)]) => {
            Ok(Message { channel, payload })
        }
        _ => Err(LinkError::wrong_reply("that is no message")),
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}
