use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use redis::{Cmd, Pipeline, ServerError, ServerErrorKind, Value};
use tokio::time::Instant;

use super::builder::RedisLinkBuilder;
use super::call::{Answer, Call};
use super::connection::{Connection, Parcel};
use super::dedicated::Dedicated;
use super::dial::Dialer;
use super::error::{LinkConfigError, LinkError};
use super::node::Node;
use super::route::{Route, is_demoted};
use super::slot::Slot;
use super::subscription::Subscription;

/// How often one call may be sent to somewhere else.
const HOPS: u32 = 8;

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
        let mut answers = self.send(std::slice::from_ref(call)).await;
        answers
            .pop()
            .unwrap_or_else(|| Err(LinkError::wrong_reply("there is no answer")))
    }

    /// Sends all calls, those for one server at once, and gives an answer for each in
    /// their order. Ends at the deadline of the link, if not before.
    pub(crate) async fn send(&self, calls: &[Call]) -> Vec<Result<Answer, LinkError>> {
        let until = Instant::now() + self.inner.dialer.limits.deadline;
        let mut answers: Vec<Option<Result<Answer, LinkError>>> =
            calls.iter().map(|_| None).collect();
        let mut open: Vec<Open<'_>> = calls.iter().enumerate().map(Open::new).collect();
        while !open.is_empty() {
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
            for (index, settled) in self.round(batches, until).await {
                match settled {
                    Settled::Answer(answer) => answers[index] = Some(answer),
                    Settled::Again(one) => open.push(one),
                }
            }
        }
        let lost = || Err(LinkError::wrong_reply("there is no answer"));
        answers
            .into_iter()
            .map(|answer| answer.unwrap_or_else(lost))
            .collect()
    }

    /// Sends the same command to every primary; the answers are in no order.
    ///
    /// # Errors
    /// When it is not known which there are.
    pub(crate) async fn send_to_all(
        &self,
        command: &Cmd,
    ) -> Result<Vec<Result<Answer, LinkError>>, LinkError> {
        let until = Instant::now() + self.inner.dialer.limits.deadline;
        let nodes = self.inner.route.all(until).await?;
        let asked = nodes.into_iter().map(|node| async move {
            let sent = node.send(Parcel::One(command), until).await;
            let (mut values, connection) = sent?;
            match values.pop() {
                Some(Value::ServerError(error)) => {
                    if is_demoted(&error) {
                        connection.end();
                    }
                    self.inner.route.refused(connection.at(), &error);
                    Err(LinkError::of_server(&error))
                }
                Some(value) => Ok(Answer {
                    value,
                    server: connection.server().clone(),
                }),
                None => Err(LinkError::wrong_reply("there is no answer")),
            }
        });
        Ok(together(asked.collect()).await)
    }

    /// A connection of one's own to the server that has `key`, for what blocks. Ends at
    /// the deadline for connecting, if not before.
    pub(crate) async fn dedicated(&self, key: &[u8]) -> Result<Dedicated, LinkError> {
        let route = &self.inner.route;
        let dialed = self.node_of(key).await?.dedicated().await;
        let dialed = dialed.inspect_err(|_| route.failed())?;
        Ok(Dedicated::new(dialed, Some(route.clone())))
    }

    /// Hears what is published in `channels`, wherever it is.
    pub(crate) async fn subscribe(&self, channels: &[&str]) -> Result<Subscription, LinkError> {
        let first = channels.first().copied().unwrap_or_default();
        let node = self.node_of(first.as_bytes()).await?;
        let subscribed = node.subscribe(channels).await;
        subscribed.inspect_err(|_| self.inner.route.failed())
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
        let sent = batches.into_iter().map(send).collect();
        together(sent).await.into_iter().flatten().collect()
    }

    fn settle<'a>(
        &self,
        batch: Batch<'a>,
        sent: Result<(Vec<Value>, Arc<Connection>), LinkError>,
        until: Instant,
    ) -> Vec<(usize, Settled<'a>)> {
        let Batch { open, .. } = batch;
        let is_late = Instant::now() >= until;
        let (values, connection) = match sent {
            Ok(sent) => sent,
            Err(error) => {
                self.inner.route.failed();
                let again = |one: Open<'a>| match one.again_after(&error, is_late) {
                    Ok(one) => (one.index, Settled::Again(one)),
                    Err(index) => (index, Settled::Answer(Err(error.clone()))),
                };
                return open.into_iter().map(again).collect();
            }
        };
        let mut values = values.into_iter();
        open.into_iter()
            .map(|one| {
                if one.is_asking {
                    // What ASKING was answered with.
                    values.next();
                }
                let index = one.index;
                let settled = match values.next() {
                    Some(Value::ServerError(error)) => {
                        self.refused(one, &connection, &error, is_late)
                    }
                    Some(value) => Settled::Answer(Ok(Answer {
                        value,
                        server: connection.server().clone(),
                    })),
                    None => Settled::Answer(Err(LinkError::wrong_reply("there is no answer"))),
                };
                (index, settled)
            })
            .collect()
    }

    /// What the server says it did not do may be sent again, to whom it belongs.
    fn refused<'a>(
        &self,
        mut one: Open<'a>,
        connection: &Arc<Connection>,
        error: &ServerError,
        is_late: bool,
    ) -> Settled<'a> {
        one.hops += 1;
        if is_demoted(error) {
            connection.end();
        }
        let redirected = self.inner.route.refused(connection.at(), error);
        let is_new_source = error.kind() == Some(ServerErrorKind::NoScript) && one.source.is_none();
        if is_new_source {
            one.source = one.call.by_source();
        }
        let goes_on = redirected.goes_on || (is_new_source && one.source.is_some());
        if !goes_on || is_late || one.hops > HOPS {
            return Settled::Answer(Err(LinkError::of_server(error)));
        }
        if !is_new_source {
            (one.to, one.is_asking) = (redirected.to, redirected.is_asking);
        }
        Settled::Again(one)
    }
}

/// A call without an answer yet.
struct Open<'a> {
    index: usize,
    call: &'a Call,
    /// Its script, if the server does not know it.
    source: Option<Cmd>,
    /// Whom it was sent on to.
    to: Option<Arc<Node>>,
    is_asking: bool,
    hops: u32,
}

impl<'a> Open<'a> {
    const fn new((index, call): (usize, &'a Call)) -> Self {
        Self {
            index,
            call,
            source: None,
            to: None,
            is_asking: false,
            hops: 0,
        }
    }

    fn command(&self) -> &Cmd {
        self.source.as_ref().unwrap_or_else(|| self.call.command())
    }

    /// Only what was not done, or may be done twice; and only after a connection that
    /// broke: where there is none, or no answer, another try is of no use.
    fn again_after(mut self, error: &LinkError, is_late: bool) -> Result<Self, usize> {
        self.hops += 1;
        let may = *error.kind() == super::LinkErrorKind::Broken && self.call.is_repeatable();
        if !may || is_late || self.hops > HOPS {
            return Err(self.index);
        }
        (self.to, self.is_asking) = (None, false);
        Ok(self)
    }
}

enum Settled<'a> {
    Answer(Result<Answer, LinkError>),
    Again(Open<'a>),
}

/// What one node is sent at once.
struct Batch<'a> {
    node: Arc<Node>,
    open: Vec<Open<'a>>,
}

impl<'a> Batch<'a> {
    fn add(batches: &mut Vec<Self>, node: Arc<Node>, one: Open<'a>) {
        let found = batches
            .iter_mut()
            .find(|batch| Arc::ptr_eq(&batch.node, &node));
        match found {
            Some(batch) => batch.open.push(one),
            None => batches.push(Self {
                node,
                open: vec![one],
            }),
        }
    }

    async fn send(&self, until: Instant) -> Result<(Vec<Value>, Arc<Connection>), LinkError> {
        if let [one] = &self.open[..]
            && !one.is_asking
        {
            return self.node.send(Parcel::One(one.command()), until).await;
        }
        let mut all = Pipeline::with_capacity(self.open.len());
        for one in &self.open {
            if one.is_asking {
                all.cmd("ASKING");
            }
            all.add_command(one.command().clone());
        }
        self.node.send(Parcel::Many(&all), until).await
    }
}

/// Runs all of them at once, in this task.
async fn together<F: Future>(all: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<_> = all.into_iter().map(|one| Some(Box::pin(one))).collect();
    let mut ended: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        let mut is_over = true;
        for (slot, end) in running.iter_mut().zip(&mut ended) {
            if let Some(one) = slot {
                match Pin::as_mut(one).poll(cx) {
                    Poll::Ready(output) => {
                        *end = Some(output);
                        *slot = None;
                    }
                    Poll::Pending => is_over = false,
                }
            }
        }
        if is_over {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    ended.into_iter().flatten().collect()
}

impl fmt::Debug for RedisLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLink")
            .field("route", &self.inner.route)
            .finish_non_exhaustive()
    }
}
