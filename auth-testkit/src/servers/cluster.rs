use std::{collections::HashMap, thread, time::Duration};

use super::{
    Redis, ServerError,
    folder::{free_port, password},
};

/// How many nodes there are, and how many of them are primaries at first.
const NODES: usize = 6;
const PRIMARIES: usize = 3;

/// How often is asked, and how many times before we give up: half a minute.
const POLL: Duration = Duration::from_millis(50);
const POLLS: u32 = 600;

/// A Redis Cluster of three primaries with a replica each, which takes over when its primary was not heard of for 700 ms. All
/// gone when dropped.
///
/// ```no_run
/// # async fn example() -> Result<(), auth_testkit::servers::ServerError> {
/// let mut cluster = auth_testkit::servers::RedisCluster::start().await?;
/// let owner = cluster.owner_of(42)?;
/// cluster.nodes()[owner].kill_9()?;
/// assert_ne!(cluster.failed_over(42, owner).await?, owner);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Redis>,
}

impl RedisCluster {
    /// Starts all six, and waits until the cluster is whole.
    ///
    /// # Errors
    /// [`ServerError::NotInstalled`] without `redis-server` on this machine; the others if they do not start.
    pub async fn start() -> Result<Self, ServerError> {
        let password = password()?;
        let settings = || {
            let bus = free_port()?.to_string();
            let settings = [
                ("cluster-enabled", "yes"),
                ("cluster-node-timeout", "700"),
                // However long a replica was without its primary, it may follow it.
                ("cluster-replica-validity-factor", "0"),
                // The default, 10000 below the port, may be taken or out of range.
                ("cluster-port", &bus),
                ("masterauth", &password),
                ("repl-diskless-sync-delay", "0"),
            ];
            let owned = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
            Ok(owned.to_vec())
        };
        let mut nodes = Vec::new();
        for _ in 0..NODES {
            nodes.push(Redis::start_as(&password, settings).await?);
        }
        let cluster = Self { nodes };
        cluster.introduce().await?;
        Ok(cluster)
    }

    async fn introduce(&self) -> Result<(), ServerError> {
        let ranges = ["0 5460", "5461 10922", "10923 16383"];
        for (index, node) in self.nodes.iter().enumerate() {
            let epoch = (index + 1).to_string();
            node.command(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch])?;
            if let Some((first, last)) = ranges.get(index).and_then(|it| it.split_once(' ')) {
                node.command(&["CLUSTER", "ADDSLOTSRANGE", first, last])?;
            }
        }
        let (first, others) = self.nodes.split_at(1);
        for (first, other) in first
            .iter()
            .flat_map(|first| others.iter().map(move |other| (first, other)))
        {
            let bus = other.command(&["CONFIG", "GET", "cluster-port"])?;
            let (port, bus) = (
                other.port().to_string(),
                bus.last().cloned().unwrap_or_default(),
            );
            first.command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus])?;
        }
        let know_all = |cluster: &Self| {
            cluster.nodes.iter().all(|node| {
                table(node)
                    .is_ok_and(|rows| rows.iter().filter(|row| row.is_linked).count() == NODES)
            })
        };
        self.wait(know_all).await?;
        for (index, node) in self.nodes.iter().enumerate().skip(PRIMARIES) {
            let primary = self.id(index - PRIMARIES)?;
            node.command(&["CLUSTER", "REPLICATE", &primary])?;
        }
        self.wait(Self::is_whole).await
    }

    /// `redis://…` of each node, with the password of all.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Redis::url).collect()
    }

    /// The nodes, the first three of which were the primaries at first.
    pub fn nodes(&mut self) -> &mut [Redis] {
        &mut self.nodes
    }

    /// The index of the node that has the slot, as most nodes say.
    ///
    /// # Errors
    /// [`ServerError::System`] when they do not agree.
    pub fn owner_of(&self, slot: u16) -> Result<usize, ServerError> {
        let mut votes: HashMap<u16, usize> = HashMap::new();
        for node in &self.nodes {
            let rows = table(node).unwrap_or_default();
            if let Some(row) = rows.iter().find(|row| row.has(slot)) {
                *votes.entry(row.port).or_default() += 1;
            }
        }
        let agreed = votes.into_iter().find(|(_, votes)| votes * 2 > NODES);
        let owner = agreed.and_then(|(port, _)| self.nodes.iter().position(|it| it.port() == port));
        owner.ok_or_else(|| {
            ServerError::system("find who has a slot")(std::io::ErrorKind::NotFound.into())
        })
    }

    /// Waits until another node than that at the index has the slot, and gives its index.
    ///
    /// # Errors
    /// [`ServerError::System`] if that does not happen.
    pub async fn failed_over(&self, slot: u16, from: usize) -> Result<usize, ServerError> {
        self.wait(|all| all.owner_of(slot).is_ok_and(|now| now != from))
            .await?;
        self.owner_of(slot)
    }

    /// Waits until every slot is served, and every replica follows its primary.
    ///
    /// # Errors
    /// [`ServerError::System`] if that does not happen.
    pub async fn whole(&self) -> Result<(), ServerError> {
        self.wait(Self::is_whole).await
    }

    /// Begins to move a slot: from here on its owner sends whoever asks for a key that it does not have on to the other node.
    ///
    /// # Errors
    /// [`ServerError::System`] if they refuse.
    pub fn begin_move(&self, slot: u16, to: usize) -> Result<(), ServerError> {
        let from = self.owner_of(slot)?;
        let (slot, here, there) = (slot.to_string(), self.id(from)?, self.id(to)?);
        self.nodes[to].command(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &here])?;
        self.nodes[from].command(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &there])?;
        Ok(())
    }

    /// Moves up to so many keys of a slot whose move has begun, and says how many there were.
    ///
    /// # Errors
    /// As [`begin_move`](Self::begin_move).
    pub fn move_keys(&self, slot: u16, to: usize, most: usize) -> Result<usize, ServerError> {
        let from = &self.nodes[self.owner_of(slot)?];
        let (slot, most) = (slot.to_string(), most.to_string());
        let keys = from.command(&["CLUSTER", "GETKEYSINSLOT", &slot, &most])?;
        let port = self.nodes[to].port().to_string();
        for key in &keys {
            let password = from.password();
            from.command(&[
                "MIGRATE",
                "127.0.0.1",
                &port,
                key,
                "0",
                "5000",
                "AUTH",
                password,
            ])?;
        }
        Ok(keys.len())
    }

    /// Ends a move: the slot is the other node's.
    ///
    /// # Errors
    /// As [`begin_move`](Self::begin_move).
    pub fn end_move(&self, slot: u16, to: usize) -> Result<(), ServerError> {
        let from = self.owner_of(slot)?;
        let (slot, there) = (slot.to_string(), self.id(to)?);
        for node in [to, from] {
            self.nodes[node].command(&["CLUSTER", "SETSLOT", &slot, "NODE", &there])?;
        }
        Ok(())
    }

    fn id(&self, node: usize) -> Result<String, ServerError> {
        let answer = self.nodes[node].command(&["CLUSTER", "MYID"])?;
        Ok(answer.into_iter().next().unwrap_or_default())
    }

    fn is_whole(&self) -> bool {
        let says = |node: &Redis, words: &[&str], what: &str| {
            let answer = node.command(words);
            answer.is_ok_and(|answer| answer.iter().any(|text| text.contains(what)))
        };
        self.nodes.iter().all(|node| {
            let info = &["INFO", "replication"];
            says(node, &["CLUSTER", "INFO"], "cluster_state:ok")
                && (says(node, info, "master_link_status:up")
                    || says(node, info, "connected_slaves:1"))
        })
    }

    async fn wait(&self, until: impl Fn(&Self) -> bool) -> Result<(), ServerError> {
        for _ in 0..POLLS {
            if until(self) {
                return Ok(());
            }
            // On the blocking pool, because a test with paused time would skip through `tokio::time::sleep`.
            let _ = tokio::task::spawn_blocking(|| thread::sleep(POLL)).await;
        }
        Err(ServerError::system("wait for a cluster")(
            std::io::ErrorKind::TimedOut.into(),
        ))
    }
}

/// A line of `CLUSTER NODES`.
#[derive(Debug)]
struct Row {
    port: u16,
    is_linked: bool,
    slots: Vec<(u16, u16)>,
}

impl Row {
    fn has(&self, slot: u16) -> bool {
        self.slots
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&slot))
    }
}

fn table(node: &Redis) -> Result<Vec<Row>, ServerError> {
    let answer = node.command(&["CLUSTER", "NODES"])?;
    Ok(answer
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(row)
        .collect())
}

/// `id ip:port@bus flags primary sent received epoch link slot first-last …`
fn row(line: &str) -> Option<Row> {
    let words: Vec<&str> = line.split(' ').collect();
    let (address, _) = words.get(1)?.split_once('@')?;
    let range = |word: &&str| {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        Some((first.parse().ok()?, last.parse().ok()?))
    };
    Some(Row {
        port: address.rsplit(':').next()?.parse().ok()?,
        is_linked: *words.get(7)? == "connected" && !words.get(2)?.contains("handshake"),
        slots: words.iter().skip(8).filter_map(range).collect(),
    })
}
