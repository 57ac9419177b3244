//! One server, through connections that follow each other.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use redis::{Cmd, Pipeline, Value};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};

use super::connection::Connection;
use super::dial::{Dialed, Dialer};
use super::error::LinkError;
use super::place::Address;
use super::sentinel::{Sentinels, Switched};
use crate::tiered::noise::Noise;

/// The pause after a first failure; each further one doubles it.
const PAUSE: Duration = Duration::from_millis(20);

/// The longest pause, so that a server that is back is found soon.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// A connection that lived for less says nothing good about its server.
const SHORT: Duration = Duration::from_millis(500);

/// Connects when somebody calls, one attempt at a time, whoever gives up waiting.
#[derive(Debug)]
pub(super) struct Node {
    target: Target,
    dialer: Arc<Dialer>,
    state: RwLock<State>,
    this: Weak<Self>,
}

/// Whom a node connects to.
#[derive(Debug)]
pub(super) enum Target {
    /// The server at an address.
    At(Address),
    /// Whomever Sentinels take for the primary.
    Primary(Sentinels),
}

#[derive(Debug)]
struct State {
    line: Line,
    /// Attempts in a row that led to nothing.
    failures: u32,
    noise: Noise,
}

#[derive(Debug)]
enum Line {
    /// Nothing since the last failure, if there was one; not to be tried again
    /// before its time.
    Idle(Option<(Instant, LinkError)>),
    Dialing(watch::Receiver<Option<Outcome>>),
    Up(Arc<Connection>),
}

type Outcome = Result<Arc<Connection>, LinkError>;

impl Node {
    pub(super) fn new(target: Target, dialer: Arc<Dialer>, noise: Noise) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            target,
            dialer,
            state: RwLock::new(State {
                line: Line::Idle(None),
                failures: 0,
                noise,
            }),
            this: this.clone(),
        })
    }

    /// Sends a command, and says who answered.
    pub(super) async fn one(
        &self,
        command: &Cmd,
        until: Instant,
    ) -> Result<(Value, Arc<Connection>), LinkError> {
        let connection = self.connection(until).await?;
        let value = connection.one(command, until).await?;
        Ok((value, connection))
    }

    /// Sends all of it over one connection, and says who answered.
    pub(super) async fn many(
        &self,
        all: &Pipeline,
        until: Instant,
    ) -> Result<(Vec<Value>, Arc<Connection>), LinkError> {
        let connection = self.connection(until).await?;
        let values = connection.many(all, until).await?;
        Ok((values, connection))
    }

    /// Another server is the primary now.
    pub(super) fn moved_to(&self, address: &Address) {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        if let Line::Up(connection) = &state.line
            && connection.at() != address
        {
            connection.end();
        }
    }

    /// Without waiting.
    fn up(&self) -> Option<Arc<Connection>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        match &state.line {
            Line::Up(connection) if !connection.is_over() => Some(connection.clone()),
            _ => None,
        }
    }

    /// Waits for an attempt, but not for the next one.
    async fn connection(&self, until: Instant) -> Outcome {
        if let Some(connection) = self.up() {
            return Ok(connection);
        }
        let mut dialing = match self.begin()? {
            Begun::Up(connection) => return Ok(connection),
            Begun::Dialing(dialing) => dialing,
        };
        let outcome = timeout_at(until, dialing.wait_for(Option::is_some)).await;
        match outcome {
            Ok(Ok(outcome)) => match &*outcome {
                Some(outcome) => outcome.clone(),
                None => Err(LinkError::unavailable(
                    "the attempt to connect was given up",
                )),
            },
            Ok(Err(_)) => Err(LinkError::unavailable(
                "the attempt to connect was given up",
            )),
            Err(_) => Err(LinkError::unavailable("still connecting")),
        }
    }

    /// A connection that is nobody else's, once it is there.
    pub(super) async fn dedicated(&self) -> Result<Dialed, LinkError> {
        let (dialed, _) = self.in_time(self.dial()).await?;
        Ok(dialed)
    }

    async fn in_time<T>(
        &self,
        connecting: impl Future<Output = Result<T, LinkError>>,
    ) -> Result<T, LinkError> {
        timeout(self.dialer.limits.connect_deadline, connecting)
            .await
            .unwrap_or_else(|_| Err(LinkError::unavailable("connecting took too long")))
    }

    fn begin(&self) -> Result<Begun, LinkError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        match &state.line {
            Line::Up(connection) if !connection.is_over() => {
                return Ok(Begun::Up(connection.clone()));
            }
            Line::Up(connection) if now - connection.born() < SHORT => {
                let error = LinkError::unavailable("the connection ended as soon as it was made");
                state.fail(error.clone(), now);
                return Err(error);
            }
            Line::Up(_) | Line::Idle(None) => {}
            Line::Dialing(dialing) => return Ok(Begun::Dialing(dialing.clone())),
            Line::Idle(Some((not_before, error))) => {
                if now < *not_before {
                    return Err(error.clone());
                }
            }
        }
        let (ended, dialing) = watch::channel(None);
        state.line = Line::Dialing(dialing.clone());
        drop(state);
        let attempt = Attempt {
            node: self.this.clone(),
            ended,
        };
        if let Some(node) = self.this.upgrade() {
            tokio::spawn(attempt.run(node));
        }
        Ok(Begun::Dialing(dialing))
    }

    async fn dial(&self) -> Result<(Dialed, Option<Switched>), LinkError> {
        match &self.target {
            Target::At(address) => Ok((self.dialer.dial(address).await?, None)),
            Target::Primary(sentinels) => {
                sentinels.listen(&self.this);
                let (dialed, switched) = sentinels.dial(&self.dialer).await?;
                Ok((dialed, Some(switched)))
            }
        }
    }

    fn ended(&self, outcome: &Outcome) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(connection) => {
                state.failures = 0;
                state.line = Line::Up(connection.clone());
            }
            Err(error) => state.fail(error.clone(), Instant::now()),
        }
    }
}

enum Begun {
    Up(Arc<Connection>),
    Dialing(watch::Receiver<Option<Outcome>>),
}

impl State {
    fn fail(&mut self, error: LinkError, now: Instant) {
        let longest = PAUSE.saturating_mul(1 << self.failures.min(10));
        let part = self.noise.next().unwrap_or(1.0);
        let pause = longest.min(LONGEST_PAUSE).mul_f64(f64::midpoint(1.0, part));
        self.failures = self.failures.saturating_add(1);
        self.line = Line::Idle(Some((now + pause, error)));
    }
}

/// An attempt in a task of its own. However that ends, it is not left standing.
struct Attempt {
    node: Weak<Node>,
    ended: watch::Sender<Option<Outcome>>,
}

impl Attempt {
    async fn run(self, node: Arc<Node>) {
        match node.in_time(node.dial()).await {
            Err(error) => self.end(Err(error)),
            Ok((dialed, switched)) => {
                let connection = Arc::new(Connection::new(dialed, node.dialer.limits));
                self.end(Ok(connection.clone()));
                // From here on the node is told; what it was told before was too early.
                if switched.is_some_and(|it| it.has_changed().unwrap_or(true)) {
                    connection.end();
                }
            }
        }
    }

    fn end(&self, outcome: Outcome) {
        if let Some(node) = self.node.upgrade() {
            node.ended(&outcome);
        }
        self.ended.send_replace(Some(outcome));
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.ended.borrow().is_none() {
            // Its runtime was shut down, or it panicked.
            self.end(Err(LinkError::unavailable("connecting was given up")));
        }
    }
}
