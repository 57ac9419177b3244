//! Who is asked for what.

use std::sync::Arc;

use redis::{ServerError, ServerErrorKind};
use tokio::time::Instant;

use super::connection::Connection;
use super::error::LinkError;
use super::node::Node;
use super::slot::Slot;

/// The servers of a link.
#[derive(Debug)]
pub(super) enum Route {
    /// One has everything.
    One(Arc<Node>),
}

impl Route {
    /// Who has the slot, as far as is known.
    pub(super) async fn of(&self, _slot: Slot, _until: Instant) -> Result<Arc<Node>, LinkError> {
        match self {
            Self::One(node) => Ok(node.clone()),
        }
    }

    /// Every primary.
    pub(super) async fn all(&self, _until: Instant) -> Result<Vec<Arc<Node>>, LinkError> {
        match self {
            Self::One(node) => Ok(vec![node.clone()]),
        }
    }
}

/// What follows from a refusal.
#[derive(Debug, Default)]
pub(super) struct Redirected {
    /// It is worth another try, as nothing was done.
    pub(super) goes_on: bool,
    /// There, and not to whom the map says.
    pub(super) to: Option<Arc<Node>>,
    /// After telling it that we know that the slot is on its way.
    pub(super) is_asking: bool,
}

impl Route {
    /// A server does not do what it was asked to.
    pub(super) fn refused(
        &self,
        node: &Arc<Node>,
        connection: &Arc<Connection>,
        error: &ServerError,
    ) -> Redirected {
        if error.kind() == Some(ServerErrorKind::ReadOnly) {
            // No primary any more. Where its address leads to may be another by now.
            node.leave(connection);
            return Redirected {
                goes_on: true,
                ..Redirected::default()
            };
        }
        Redirected::default()
    }

    /// A server could not be asked, or did not answer.
    pub(super) fn failed(&self, _node: &Arc<Node>) {
        match self {
            Self::One(_) => {}
        }
    }
}
