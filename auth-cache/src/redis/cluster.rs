//! The primaries of a Cluster, and which slots they have.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use redis::{ServerError, ServerErrorKind};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::dial::Dialer;
use super::error::LinkError;
use super::map::{Map, Told, told};
use super::node::{Node, Target};
use super::place::Address;
use super::route::{Redirected, is_demoted};
use super::slot::Slot;
use crate::tiered::noise::Noise;

/// Between two looks at the map, however much goes wrong.
const PAUSE: Duration = Duration::from_millis(100);

/// If a node has not shown its map by then, another is asked too.
const HEDGE: Duration = Duration::from_millis(50);

/// Knows who has which slot, and looks again when it was wrong.
#[derive(Debug)]
pub(super) struct Cluster {
    seeds: Vec<Address>,
    dialer: Arc<Dialer>,
    map: RwLock<Option<Map>>,
    looking: Mutex<Looking>,
    noise: Mutex<Noise>,
    this: Weak<Self>,
}

type Looked = Result<(), LinkError>;

#[derive(Debug)]
enum Looking {
    No,
    /// Not again before; and how it ended.
    NotAgain(Instant, Looked),
    Yes(watch::Receiver<Option<Looked>>),
}

impl Cluster {
    pub(super) fn new(seeds: Vec<Address>, dialer: Arc<Dialer>, noise: Noise) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            seeds,
            dialer,
            map: RwLock::new(None),
            looking: Mutex::new(Looking::No),
            noise: Mutex::new(noise),
            this: this.clone(),
        })
    }

    /// Who has the slot. If nobody does, waits for one more look.
    pub(super) async fn of(&self, slot: Slot, until: Instant) -> Result<Arc<Node>, LinkError> {
        if let Some(node) = self.known(slot) {
            return Ok(node);
        }
        if let Some(mut looking) = self.look() {
            // How it ended is told below.
            let _ = timeout_at(until, looking.wait_for(Option::is_some)).await;
        }
        self.known(slot).ok_or_else(|| {
            let looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
            match &*looking {
                Looking::NotAgain(_, Err(error)) => error.clone(),
                _ => LinkError::unavailable("nobody is known to have the slot"),
            }
        })
    }

    pub(super) fn refused(&self, by: &Address, error: &ServerError) -> Redirected {
        let place = |text: &str| {
            let (slot, address) = text.split_once(' ')?;
            let slot = Slot::new(slot.parse().ok()?)?;
            Some((slot, Address::told(address, by)?))
        };
        let place = error.details().and_then(place);
        match (error.kind(), place) {
            (Some(ServerErrorKind::Moved), Some((slot, address))) => {
                self.correct(slot, address);
                self.look();
                Redirected::again()
            }
            (Some(ServerErrorKind::Ask), Some((_, address))) => Redirected {
                goes_on: true,
                to: Some(self.node(&address)),
                is_asking: true,
            },
            (Some(ServerErrorKind::ClusterDown | ServerErrorKind::MasterDown), _) => {
                self.look();
                Redirected::default()
            }
            _ if is_demoted(error) => {
                self.look();
                Redirected::again()
            }
            _ => Redirected::default(),
        }
    }

    /// Begins to look at the map, unless somebody does or has just done so.
    pub(super) fn look(&self) -> Option<watch::Receiver<Option<Looked>>> {
        let mut looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        match &*looking {
            Looking::Yes(looking) => return Some(looking.clone()),
            Looking::NotAgain(not_before, _) if Instant::now() < *not_before => return None,
            Looking::NotAgain(..) | Looking::No => {}
        }
        let cluster = self.this.upgrade()?;
        let (ended, receiver) = watch::channel(None);
        *looking = Looking::Yes(receiver.clone());
        drop(looking);
        let look = Look {
            cluster: self.this.clone(),
            ended,
        };
        tokio::spawn(look.run(cluster));
        Some(receiver)
    }

    fn known(&self, slot: Slot) -> Option<Arc<Node>> {
        let map = self.map.read().unwrap_or_else(PoisonError::into_inner);
        map.as_ref()?.owner(slot).cloned()
    }

    fn correct(&self, slot: Slot, address: Address) {
        let node = self.node(&address);
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(map) = &mut *map {
            map.correct(slot, address, node);
        }
    }

    /// The one there is for the address, else a new one.
    fn node(&self, address: &Address) -> Arc<Node> {
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        let map = map.get_or_insert_default();
        map.node(address, |address| self.new_node(address))
    }

    fn new_node(&self, address: &Address) -> Arc<Node> {
        let mut noise = self.noise.lock().unwrap_or_else(PoisonError::into_inner);
        let target = Target::At(address.clone());
        Node::new(target, self.dialer.clone(), noise.split())
    }

    /// What one of those says that we know of: the first to answer.
    async fn ask_around(&self) -> Result<Told, LinkError> {
        let mut asked = JoinSet::new();
        for (index, (address, node)) in self.known_places().into_iter().enumerate() {
            let (dialer, head_start) = (
                self.dialer.clone(),
                HEDGE * u32::try_from(index).unwrap_or(0),
            );
            asked.spawn(async move {
                sleep(head_start).await;
                ask(&dialer, &address, node).await
            });
        }
        let mut last = LinkError::unavailable("no node of the cluster is known");
        while let Some(answer) = asked.join_next().await {
            match answer {
                Ok(Ok(told)) => return Ok(told),
                Ok(Err(error)) => last = error,
                Err(_) => {}
            }
        }
        Err(last)
    }

    /// In an order of chance, so that nobody is asked by all.
    fn known_places(&self) -> Vec<(Address, Option<Arc<Node>>)> {
        let mut places: HashMap<Address, Option<Arc<Node>>> =
            self.seeds.iter().map(|seed| (seed.clone(), None)).collect();
        let map = self.map.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(map) = &*map {
            places.extend(map.places());
        }
        drop(map);
        let mut noise = self.noise.lock().unwrap_or_else(PoisonError::into_inner);
        let mut places: Vec<_> = places
            .into_iter()
            .map(|place| (noise.next().unwrap_or(0.5), place))
            .collect();
        places.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        places.into_iter().map(|(_, place)| place).collect()
    }

    fn learn(&self, told: &Told) {
        let mut map = self.map.write().unwrap_or_else(PoisonError::into_inner);
        let old = map.take().unwrap_or_default();
        *map = Some(old.replaced(told, |address| self.new_node(address)));
    }

    fn looked(&self, outcome: &Result<Told, LinkError>) {
        if let Ok(told) = outcome {
            self.learn(told);
        }
        let mut looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let how = outcome.as_ref().map(drop).map_err(Clone::clone);
        *looking = Looking::NotAgain(Instant::now() + PAUSE, how);
    }
}

/// Over the connection there is for calls, if it is one of those.
async fn ask(
    dialer: &Dialer,
    address: &Address,
    node: Option<Arc<Node>>,
) -> Result<Told, LinkError> {
    let mut question = redis::cmd("CLUSTER");
    question.arg("SLOTS");
    let limit = dialer.limits.deadline.max(HEDGE);
    let value = if let Some(node) = node {
        node.one(&question, Instant::now() + limit).await?.0
    } else {
        let mut connection = dialer.dial(address).await?;
        let asked = connection.inner.send_packed_command(&question).await;
        asked.map_err(LinkError::of_call)?
    };
    told(value, address)
}

/// A look in a task of its own. However that ends, it is not left standing.
struct Look {
    cluster: Weak<Cluster>,
    ended: watch::Sender<Option<Looked>>,
}

impl Look {
    async fn run(self, cluster: Arc<Cluster>) {
        let limit = cluster.dialer.limits.connect_deadline;
        let told = timeout(limit, cluster.ask_around()).await;
        self.end(told.unwrap_or_else(|_| Err(LinkError::unavailable("no map in time"))));
    }

    fn end(&self, outcome: Result<Told, LinkError>) {
        if let Some(cluster) = self.cluster.upgrade() {
            cluster.looked(&outcome);
        }
        self.ended.send_replace(Some(outcome.map(drop)));
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        if self.ended.borrow().is_none() {
            // Its runtime was shut down, or it panicked.
            self.end(Err(LinkError::unavailable("looking was given up")));
        }
    }
}
