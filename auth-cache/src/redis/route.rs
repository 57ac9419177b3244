//! Who is asked for what.

use std::sync::Arc;

use redis::{ServerError, ServerErrorKind};
use tokio::time::Instant;

use super::call::Call;
use super::cluster::Cluster;
use super::error::LinkError;
use super::node::Node;
use super::place::Address;
use super::slot::Slot;

/// The servers of a link.
#[derive(Clone, Debug)]
pub(super) enum Route {
    /// One has everything.
    One(Arc<Node>),
    /// Each has its slots.
    Cluster(Arc<Cluster>),
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

impl Redirected {
    pub(super) fn again() -> Self {
        Self {
            goes_on: true,
            ..Self::default()
        }
    }
}

/// It is no primary any more. What leads to it may lead to another by now, so that its
/// connection is of no use.
pub(super) fn is_demoted(error: &ServerError) -> bool {
    error.kind() == Some(ServerErrorKind::ReadOnly)
}

impl Route {
    /// Who has the slot, as far as is known.
    pub(super) async fn of(&self, slot: Slot, until: Instant) -> Result<Arc<Node>, LinkError> {
        match self {
            Self::One(node) => Ok(node.clone()),
            Self::Cluster(cluster) => cluster.of(slot, until).await,
        }
    }

    /// A slot whose server has all calls, if that can be told without asking.
    pub(super) fn slot_of_all(&self, calls: &[Call]) -> Option<Slot> {
        let slot = calls.first()?.slot();
        match self {
            Self::One(_) => Some(slot),
            Self::Cluster(_) => calls.iter().all(|it| it.slot() == slot).then_some(slot),
        }
    }

    /// A server does not do what it was asked to.
    pub(super) fn refused(&self, by: &Address, error: &ServerError) -> Redirected {
        match self {
            Self::Cluster(cluster) => cluster.refused(by, error),
            Self::One(_) if is_demoted(error) => Redirected::again(),
            Self::One(_) => Redirected::default(),
        }
    }

    /// A server could not be asked, or did not answer.
    pub(super) fn failed(&self) {
        if let Self::Cluster(cluster) = self {
            cluster.look();
        }
    }
}
