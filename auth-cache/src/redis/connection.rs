//! One connection to one server process, watched.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisError, Value};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use super::call::RunId;
use super::dial::{Dialed, Driver, Limits};
use super::error::{LinkError, LinkErrorKind};
use super::place::Address;

/// Shared by all who call.
///
/// # What is watched
/// Whoever is not answered counts as a strike, whoever is answered clears them all.
/// So many in a row end the connection: a frozen server keeps it open for ever.
///
/// A caller that gives up leaves its command behind, in a queue or on the server. Its
/// place among those that may be outstanding is given back when a `PING` that was
/// sent later has been answered, as then so has everything before it. If that is not
/// answered either, it is one more strike.
pub(super) struct Connection {
    inner: MultiplexedConnection,
    driver: Driver,
    server: RunId,
    at: Address,
    limits: Limits,
    born: Instant,
    is_over: AtomicBool,
    strikes: AtomicU32,
    places: Semaphore,
    /// Places that those who gave up have left taken.
    left: AtomicUsize,
    is_probing: AtomicBool,
}

impl Connection {
    pub(super) fn new(dialed: Dialed, limits: Limits) -> Self {
        Self {
            inner: dialed.inner,
            driver: dialed.driver,
            server: dialed.server,
            at: dialed.at,
            limits,
            born: Instant::now(),
            is_over: AtomicBool::new(false),
            strikes: AtomicU32::new(0),
            places: Semaphore::new(limits.outstanding),
            left: AtomicUsize::new(0),
            is_probing: AtomicBool::new(false),
        }
    }

    /// Who is at the other end.
    pub(super) const fn server(&self) -> &RunId {
        &self.server
    }

    /// Where that is.
    pub(super) const fn at(&self) -> &Address {
        &self.at
    }

    pub(super) const fn born(&self) -> Instant {
        self.born
    }

    /// Nothing can be sent over it any more.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire) || self.driver.is_over()
    }

    /// Everybody who waits is told so, and the next one needs another connection.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
        self.places.close();
        self.driver.end();
    }

    /// Its value may be an error of the server.
    pub(super) async fn one(
        self: &Arc<Self>,
        command: &Cmd,
        until: Instant,
    ) -> Result<Value, LinkError> {
        let mut inner = self.inner.clone();
        self.watched(1, until, inner.send_packed_command(command))
            .await
    }

    /// One value a command, errors of the server among them.
    pub(super) async fn many(
        self: &Arc<Self>,
        all: &Pipeline,
        until: Instant,
    ) -> Result<Vec<Value>, LinkError> {
        let mut inner = self.inner.clone();
        let sent = inner.send_packed_commands(all, 0, all.len());
        self.watched(all.len(), until, sent).await
    }

    async fn watched<T>(
        self: &Arc<Self>,
        commands: usize,
        until: Instant,
        sent: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, LinkError> {
        let waiting = self.place(commands, until).await?;
        match timeout_at(until, sent).await {
            Ok(Ok(answer)) => {
                waiting.answered();
                // Written only when it changes: everybody reads it.
                if self.strikes.load(Ordering::Relaxed) > 0 {
                    self.strikes.store(0, Ordering::Relaxed);
                }
                Ok(answer)
            }
            Ok(Err(error)) => {
                // No answer that comes later would be told from another's.
                self.end();
                waiting.answered();
                Err(LinkError::of_call(error))
            }
            Err(_) => {
                self.strike();
                Err(LinkErrorKind::TimedOut.into())
            }
        }
    }

    async fn place(
        self: &Arc<Self>,
        commands: usize,
        until: Instant,
    ) -> Result<Waiting<'_>, LinkError> {
        let commands = commands.min(self.limits.outstanding);
        let taken = u32::try_from(commands).unwrap_or(u32::MAX);
        let place = match self.places.try_acquire_many(taken) {
            Ok(place) => place,
            Err(_) => timeout_at(until, self.places.acquire_many(taken))
                .await
                .ok()
                .and_then(Result::ok)
                .ok_or_else(|| LinkError::unavailable("too many calls were waiting"))?,
        };
        Ok(Waiting {
            place: Some(place),
            connection: self,
        })
    }

    fn strike(&self) {
        let strikes = self.strikes.fetch_add(1, Ordering::Relaxed) + 1;
        if strikes >= self.limits.timeouts {
            tracing::warn!(at = %self.at, "redis does not answer; the connection is dropped");
            self.end();
        }
    }

    /// Finds out whether anything is answered at all, and gives back what was left.
    async fn probe(self: Arc<Self>) {
        let ping = redis::cmd("PING");
        loop {
            let left = self.left.load(Ordering::Acquire);
            if left > 0 && !self.is_over() {
                let mut inner = self.inner.clone();
                let until = Instant::now() + self.limits.deadline;
                match timeout_at(until, inner.send_packed_command(&ping)).await {
                    Ok(Ok(_)) => {
                        self.strikes.store(0, Ordering::Relaxed);
                        self.left.fetch_sub(left, Ordering::AcqRel);
                        self.places.add_permits(left);
                    }
                    Ok(Err(_)) => self.end(),
                    Err(_) => self.strike(),
                }
                continue;
            }
            self.is_probing.store(false, Ordering::SeqCst);
            // Somebody may have left meanwhile, and seen a probe at work.
            if self.is_over()
                || self.left.load(Ordering::SeqCst) == 0
                || self.is_probing.swap(true, Ordering::SeqCst)
            {
                return;
            }
        }
    }
}

/// A call that is not answered yet, and its places.
struct Waiting<'a> {
    place: Option<SemaphorePermit<'a>>,
    connection: &'a Arc<Connection>,
}

impl Waiting<'_> {
    fn answered(mut self) {
        self.place = None;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else {
            return;
        };
        let connection = self.connection;
        connection
            .left
            .fetch_add(place.num_permits(), Ordering::SeqCst);
        place.forget();
        if connection.is_over() || connection.is_probing.swap(true, Ordering::SeqCst) {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(connection.clone().probe())),
            // Whoever leaves next, within the runtime, looks after this one too.
            Err(_) => connection.is_probing.store(false, Ordering::SeqCst),
        }
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("server", &self.server)
            .field("is_over", &self.is_over())
            .finish_non_exhaustive()
    }
}
