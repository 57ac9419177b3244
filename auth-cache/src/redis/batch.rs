//! Calls that are under way.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use redis::{Cmd, Pipeline, Value};
use tokio::time::Instant;

use super::call::{Answer, Call};
use super::connection::Connection;
use super::error::LinkError;
use super::node::Node;

/// How often one call may be sent to somewhere else.
const HOPS: u32 = 8;

/// A call without an answer yet.
pub(super) struct Open<'a> {
    pub(super) index: usize,
    pub(super) call: &'a Call,
    /// Its script, if the server does not know it.
    pub(super) source: Option<Cmd>,
    /// Whom it was sent on to.
    pub(super) to: Option<Arc<Node>>,
    pub(super) is_asking: bool,
    hops: u32,
}

impl<'a> Open<'a> {
    pub(super) const fn new((index, call): (usize, &'a Call)) -> Self {
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

    /// Whether it may be sent once more.
    pub(super) fn hop(&mut self, until: Instant) -> bool {
        self.hops += 1;
        self.hops <= HOPS && Instant::now() < until
    }
}

/// What became of one that was sent.
pub(super) enum Settled<'a> {
    Answer(Result<Answer, LinkError>),
    Again(Open<'a>),
}

/// What one node is sent at once.
pub(super) struct Batch<'a> {
    node: Arc<Node>,
    pub(super) open: Vec<Open<'a>>,
}

impl<'a> Batch<'a> {
    pub(super) const fn new(node: Arc<Node>, open: Vec<Open<'a>>) -> Self {
        Self { node, open }
    }

    pub(super) fn add(batches: &mut Vec<Self>, node: Arc<Node>, one: Open<'a>) {
        let found = batches
            .iter_mut()
            .find(|batch| Arc::ptr_eq(&batch.node, &node));
        match found {
            Some(batch) => batch.open.push(one),
            None => batches.push(Self::new(node, vec![one])),
        }
    }

    pub(super) async fn send(
        &self,
        until: Instant,
    ) -> Result<(Vec<Value>, Arc<Connection>), LinkError> {
        if let [one] = &self.open[..]
            && !one.is_asking
        {
            let (value, connection) = self.node.one(one.command(), until).await?;
            return Ok((vec![value], connection));
        }
        let mut all = Pipeline::with_capacity(self.open.len());
        for one in &self.open {
            if one.is_asking {
                all.cmd("ASKING");
            }
            all.add_command(one.command().clone());
        }
        self.node.many(&all, until).await
    }
}

/// Runs all of them at once, in this task.
pub(super) async fn together<F: Future>(all: Vec<F>) -> Vec<F::Output> {
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
