use std::fmt;
use std::sync::Arc;

use redis::{Pipeline, ServerError, ServerErrorKind, Value};
use tokio::time::Instant;

use super::batch::{Batch, Open, Settled, together};
use super::builder::RedisLinkBuilder;
use super::call::{Answer, Call, How};
use super::connection::Connection;
use super::dedicated::Dedicated;
use super::dial::Dialer;
use super::error::{LinkConfigError, LinkError, LinkErrorKind};
use super::node::Node;
use super::route::{Redirected, Route, is_demoted};
use super::slot::Slot;

/// A link to Redis: to a single server, to the primary that Sentinels name, or to the
/// primaries of a Cluster. Clones share it.
///
/// See the [module](super) for what it promises.
#[derive(Clone)]
pub struct RedisLink {
    inner: Arc<Inner>,
}

struct Inner {
    route: Route,
    dialer: Arc<Dialer>,
}

impl RedisLink {
    /// Begins a link to the server at `url`: `redis://user:password@host:port/database`,
    /// or `rediss://` for TLS. Nobody is asked before the first call.
    ///
    /// # Errors
    /// [`LinkConfigError`] when that is not a URL of a Redis.
    ///
    /// ```
    /// use std::time::Duration;
    /// use auth_cache::redis::RedisLink;
    ///
    /// # fn main() -> Result<(), auth_cache::redis::LinkConfigError> {
    /// let link = RedisLink::single("redis://cache.example:6379/")?
    ///     .with_deadline(Duration::from_millis(100))
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn single(url: &str) -> Result<RedisLinkBuilder, LinkConfigError> {
        RedisLinkBuilder::single(url)
    }

    /// Begins a link to the primary called `name` of the Sentinels at `urls`:
    /// `redis://user:password@host:port/database`, or `rediss://` for TLS to them and
    /// to the servers. User and password are those of the Sentinels; the same are shown
    /// to the servers, unless
    /// [others](RedisLinkBuilder::with_credentials) are given. The database is that of
    /// the servers.
    ///
    /// # Errors
    /// [`LinkConfigError`] when those are not URLs of Redis, or differ in more than host
    /// and port.
    ///
    /// ```
    /// use auth_cache::redis::RedisLink;
    ///
    /// # fn main() -> Result<(), auth_cache::redis::LinkConfigError> {
    /// let sentinels = ["redis://a.example:26379", "redis://b.example:26379"];
    /// let link = RedisLink::sentinel(&sentinels, "primary")?
    ///     .with_credentials("cache", "…")
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn sentinel(urls: &[&str], name: &str) -> Result<RedisLinkBuilder, LinkConfigError> {
        RedisLinkBuilder::sentinel(urls, name)
    }

    /// Begins a link to the primaries of a Cluster, some nodes of which are at `urls`,
    /// as for [`single`](Self::single).
    ///
    /// # Errors
    /// [`LinkConfigError`] when those are not URLs of Redis, differ in more than host
    /// and port, or name a database.
    ///
    /// ```
    /// use auth_cache::redis::RedisLink;
    ///
    /// # fn main() -> Result<(), auth_cache::redis::LinkConfigError> {
    /// let link = RedisLink::cluster(&["rediss://a.example", "rediss://b.example"])?.build()?;
    /// # Ok(()) }
    /// ```
    pub fn cluster(urls: &[&str]) -> Result<RedisLinkBuilder, LinkConfigError> {
        RedisLinkBuilder::cluster(urls)
    }

    pub(super) fn new(route: Route, dialer: Arc<Dialer>) -> Self {
        let inner = Inner { route, dialer };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Sends one call. Ends at the deadline of the link, if not before.
    pub(crate) async fn call(&self, call: &Call) -> Result<Answer, LinkError> {
        let until = self.until();
        let node = self.inner.route.of(call.slot(), until).await?;
        let one = Open::new((0, call));
        let settled = match node.one(call.command(), until).await {
            Ok((value, connection)) => self.answered(one, value, &connection, until),
            Err(error) => self.failed(one, &error, until),
        };
        match settled {
            Settled::Answer(answer) => answer,
            // Seldom.
            Settled::Again(one) => {
                let begun = vec![(0, Settled::Again(one))];
                let answer = Box::pin(self.settle_all(begun, until)).await.pop();
                answer.unwrap_or_else(no_answer)
            }
        }
    }

    /// Sends all calls, those for one server at once, and gives an answer for each in
    /// their order. Ends at the deadline of the link, if not before.
    pub(crate) async fn send(&self, calls: &[Call]) -> Vec<Result<Answer, LinkError>> {
        if let [only] = calls {
            return vec![self.call(only).await];
        }
        let to_be_sent = |(index, call)| (index, Settled::Again(Open::new((index, call))));
        let begun = calls.iter().enumerate().map(to_be_sent).collect();
        self.settle_all(begun, self.until()).await
    }

    /// As [`send`](Self::send), by a shorter way for calls that one server has the slots
    /// of and answers without an error: what is on every request's path.
    pub(crate) async fn send_at_once(&self, calls: Vec<Call>) -> Vec<Result<Answer, LinkError>> {
        let Some(slot) = self.inner.route.slot_of_all(&calls) else {
            return Box::pin(self.send(&calls)).await;
        };
        let until = self.until();
        let node = match self.inner.route.of(slot, until).await {
            Ok(node) => node,
            Err(error) => return calls.iter().map(|_| Err(error.clone())).collect(),
        };
        let (all, rest) = pipelined(calls);
        let sent = node.many(&all, until).await;
        match sent {
            Ok((values, connection)) if is_plain(&values, rest.len()) => {
                let server = connection.server();
                let answer = |value| {
                    let server = server.clone();
                    Ok(Answer { value, server })
                };
                values.into_iter().map(answer).collect()
            }
            sent => {
                let calls = all.cmd_iter().cloned().zip(rest);
                let calls = calls.map(|(command, how)| Call::of_parts(command, how));
                let calls: Vec<Call> = calls.collect();
                let open = calls.iter().enumerate().map(Open::new).collect();
                let begun = self.settle(Batch::new(node, open), sent, until);
                Box::pin(self.settle_all(begun, until)).await
            }
        }
    }

    fn until(&self) -> Instant {
        Instant::now() + self.inner.dialer.limits.deadline
    }

    async fn settle_all(
        &self,
        begun: Vec<(usize, Settled<'_>)>,
        until: Instant,
    ) -> Vec<Result<Answer, LinkError>> {
        let mut answers: Vec<_> = begun.iter().map(|_| None).collect();
        let mut open = Vec::new();
        let mut settled = begun;
        loop {
            for (index, settled) in settled {
                match settled {
                    Settled::Answer(answer) => answers[index] = Some(answer),
                    Settled::Again(one) => open.push(one),
                }
            }
            if open.is_empty() {
                break;
            }
            let mut batches: Vec<Batch<'_>> = Vec::new();
            for one in open.drain(..) {
                let node = match one.to.clone() {
                    Some(node) => Ok(node),
                    None => self.inner.route.of(one.call.slot(), until).await,
                };
                match node {
                    Ok(node) => Batch::add(&mut batches, node, one),
                    Err(error) => answers[one.index] = Some(Err(error)),
                }
            }
            settled = self.round(batches, until).await;
        }
        let answers = answers.into_iter();
        answers.map(|it| it.unwrap_or_else(no_answer)).collect()
    }

    /// A connection of one's own to the server that has `key`, for what blocks. Ends at
    /// the deadline for connecting, if not before.
    pub(crate) async fn dedicated(&self, key: &[u8]) -> Result<Dedicated, LinkError> {
        let route = &self.inner.route;
        let dialed = self.node_of(key).await?.dedicated().await;
        let dialed = dialed.inspect_err(|_| route.failed())?;
        Ok(Dedicated::new(dialed, Some(route.clone())))
    }

    async fn node_of(&self, key: &[u8]) -> Result<Arc<Node>, LinkError> {
        let until = Instant::now() + self.inner.dialer.limits.connect_deadline;
        self.inner.route.of(Slot::of(key), until).await
    }

    /// All batches at once.
    async fn round<'a>(
        &self,
        mut batches: Vec<Batch<'a>>,
        until: Instant,
    ) -> Vec<(usize, Settled<'a>)> {
        let send = |batch: Batch<'a>| async move {
            let sent = batch.send(until).await;
            self.settle(batch, sent, until)
        };
        if batches.len() == 1
            && let Some(only) = batches.pop()
        {
            return send(only).await;
        }
        let all = batches.into_iter().map(send).collect();
        together(all).await.into_iter().flatten().collect()
    }

    fn settle<'a>(
        &self,
        batch: Batch<'a>,
        sent: Result<(Vec<Value>, Arc<Connection>), LinkError>,
        until: Instant,
    ) -> Vec<(usize, Settled<'a>)> {
        let open = batch.open.into_iter();
        let (values, connection) = match sent {
            Ok(sent) => sent,
            Err(error) => {
                let failed = |one: Open<'a>| (one.index, self.failed(one, &error, until));
                return open.map(failed).collect();
            }
        };
        let mut values = values.into_iter();
        open.map(|one| {
            if one.is_asking {
                // What ASKING was answered with.
                values.next();
            }
            let index = one.index;
            let settled = match values.next() {
                Some(value) => self.answered(one, value, &connection, until),
                None => Settled::Answer(no_answer()),
            };
            (index, settled)
        })
        .collect()
    }

    fn answered<'a>(
        &self,
        mut one: Open<'a>,
        value: Value,
        connection: &Arc<Connection>,
        until: Instant,
    ) -> Settled<'a> {
        let error = match value {
            Value::ServerError(error) => error,
            value => {
                let server = connection.server().clone();
                return Settled::Answer(Ok(Answer { value, server }));
            }
        };
        // What the server says it did not do may be sent again, to whom it belongs.
        let redirected = self.redirected(connection, &error);
        let mut goes_on = redirected.goes_on;
        if error.kind() == Some(ServerErrorKind::NoScript) && one.source.is_none() {
            one.source = one.call.by_source();
            // To the same: nobody else has heard of the script either.
            goes_on = one.source.is_some();
        } else {
            (one.to, one.is_asking) = (redirected.to, redirected.is_asking);
        }
        if goes_on && one.hop(until) {
            Settled::Again(one)
        } else {
            Settled::Answer(Err(LinkError::of_server(&error)))
        }
    }

    /// What does not come from the server: sent again only after a connection that
    /// broke, and only what may be done twice. Where there is no connection, or no
    /// answer, another try is of no use.
    fn failed<'a>(&self, mut one: Open<'a>, error: &LinkError, until: Instant) -> Settled<'a> {
        self.inner.route.failed();
        let may = *error.kind() == LinkErrorKind::Broken && one.call.is_repeatable();
        (one.to, one.is_asking) = (None, false);
        if may && one.hop(until) {
            Settled::Again(one)
        } else {
            Settled::Answer(Err(error.clone()))
        }
    }

    fn redirected(&self, connection: &Arc<Connection>, error: &ServerError) -> Redirected {
        if is_demoted(error) {
            connection.end();
        }
        self.inner.route.refused(connection.at(), error)
    }
}

/// Moved, since the copy of a command is two of the heap's.
fn pipelined(calls: Vec<Call>) -> (Pipeline, Vec<How>) {
    let mut all = Pipeline::with_capacity(calls.len());
    let rest = calls.into_iter().map(|call| {
        let (command, how) = call.apart();
        all.add_command(command);
        how
    });
    let rest = rest.collect();
    (all, rest)
}

/// Whether they are as many answers, and no errors.
fn is_plain(values: &[Value], calls: usize) -> bool {
    let is_error = |value: &Value| matches!(value, Value::ServerError(_));
    values.len() == calls && !values.iter().any(is_error)
}

fn no_answer() -> Result<Answer, LinkError> {
    Err(LinkError::wrong_reply("there is no answer"))
}

impl fmt::Debug for RedisLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLink")
            .field("route", &self.inner.route)
            .finish_non_exhaustive()
    }
}
