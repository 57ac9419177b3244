//! Finding the primary by asking Sentinels.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use redis::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::dial::{Dialed, Dialer};
use super::error::{LinkError, LinkErrorKind};
use super::node::Node;
use super::place::Address;
use super::subscription::Subscription;

/// How long is waited for more Sentinels to agree with those that have answered.
const VOTING: Duration = Duration::from_millis(250);

/// The pause before a Sentinel that cannot be listened to is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// What a Sentinel publishes when it takes another server for the primary.
const SWITCH: &str = "+switch-master";

/// Changes when another server becomes the primary.
pub(super) type Switched = watch::Receiver<u64>;

/// The Sentinels of one primary.
#[derive(Debug)]
pub(super) struct Sentinels {
    shared: Arc<Shared>,
    /// Who listens to them: a task each, as long as somebody needs the primary.
    listening: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
struct Shared {
    addresses: Vec<Address>,
    name: String,
    /// To the Sentinels, not to the servers.
    dialer: Dialer,
    /// How many switches were heard of.
    switched: watch::Sender<u64>,
}

impl Sentinels {
    pub(super) fn new(addresses: Vec<Address>, name: String, dialer: Dialer) -> Self {
        Self {
            shared: Arc::new(Shared {
                addresses,
                name,
                dialer,
                switched: watch::channel(0).0,
            }),
            listening: Mutex::default(),
        }
    }

    /// Connects to the primary. Begins anew when another becomes it meanwhile: a frozen
    /// one takes connections, and nobody would notice.
    ///
    /// That may happen after the end of this, too: then what comes with the connection
    /// says that it has changed.
    pub(super) async fn dial(&self, servers: &Dialer) -> Result<(Dialed, Switched), LinkError> {
        let mut switched = self.shared.switched.subscribe();
        loop {
            switched.mark_unchanged();
            tokio::select! {
                dialed = self.shared.dial_primary(servers) => return Ok((dialed?, switched)),
                _ = switched.changed() => {}
            }
        }
    }

    /// Tells the node when its connection is one to a former primary.
    pub(super) fn listen(&self, node: &Weak<Node>) {
        let mut listening = self
            .listening
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Those of a runtime that was shut down are over.
        while listening.try_join_next().is_some() {}
        if listening.is_empty() {
            for address in &self.shared.addresses {
                let (shared, address) = (self.shared.clone(), address.clone());
                listening.spawn(shared.listen(address, node.clone()));
            }
        }
    }
}

impl Shared {
    async fn dial_primary(&self, servers: &Dialer) -> Result<Dialed, LinkError> {
        let mut last = LinkError::unavailable("no sentinel knows the primary");
        for address in self.primaries().await {
            let dialed = match servers.dial(&address).await {
                Ok(dialed) => is_primary(dialed).await,
                Err(error) => Err(error),
            };
            match dialed {
                Ok(dialed) => return Ok(dialed),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Whom the Sentinels name, first whom most of them do. Ends as soon as more than
    /// half agree.
    async fn primaries(&self) -> Vec<Address> {
        let mut asked = JoinSet::new();
        for sentinel in &self.addresses {
            let (dialer, sentinel) = (self.dialer.clone(), sentinel.clone());
            let name = self.name.clone();
            asked.spawn(async move { ask(&dialer, &sentinel, &name).await });
        }
        let mut named: Vec<(usize, Address)> = Vec::new();
        let most = self.dialer.limits.connect_deadline;
        let mut until = Instant::now() + most;
        while let Ok(Some(answer)) = timeout_at(until, asked.join_next()).await {
            let Ok(Some(address)) = answer else {
                continue;
            };
            until = until.min(Instant::now() + VOTING);
            match named.iter_mut().find(|(_, it)| *it == address) {
                Some((votes, _)) => *votes += 1,
                None => named.push((1, address)),
            }
            if named
                .iter()
                .any(|(votes, _)| votes * 2 > self.addresses.len())
            {
                break;
            }
        }
        named.sort_by_key(|(votes, _)| std::cmp::Reverse(*votes));
        named.into_iter().map(|(_, address)| address).collect()
    }

    async fn listen(self: Arc<Self>, sentinel: Address, node: Weak<Node>) {
        loop {
            let connecting = Subscription::new(&self.dialer, &sentinel, &[SWITCH]);
            let heard = timeout(self.dialer.limits.connect_deadline, connecting).await;
            if let Ok(Ok(heard)) = heard {
                self.hear(heard, &sentinel, &node).await;
            }
            if node.strong_count() == 0 {
                return;
            }
            sleep(PAUSE).await;
        }
    }

    /// Until there is a gap.
    async fn hear(&self, mut heard: Subscription, sentinel: &Address, node: &Weak<Node>) {
        // What happened in the gap before this.
        let now = ask(&self.dialer, sentinel, &self.name);
        let now = timeout(self.dialer.limits.connect_deadline, now).await;
        if let (Ok(Some(address)), Some(node)) = (now, node.upgrade()) {
            node.moved_to(&address);
        }
        while let Ok(message) = heard.next().await {
            let Some(address) = self.switch(&message.payload) else {
                continue;
            };
            self.switched.send_modify(|count| *count += 1);
            match node.upgrade() {
                Some(node) => node.moved_to(&address),
                None => return,
            }
        }
    }

    /// `name old-host old-port new-host new-port`, if it is of ours.
    fn switch(&self, payload: &[u8]) -> Option<Address> {
        let mut words = str::from_utf8(payload).ok()?.split(' ');
        (words.next()? == self.name).then_some(())?;
        let host = words.nth(2)?.to_owned();
        let port = words.next()?.parse().ok()?;
        Some(Address { host, port })
    }
}

async fn ask(dialer: &Dialer, sentinel: &Address, name: &str) -> Option<Address> {
    let mut question = redis::cmd("SENTINEL");
    question.arg("GET-MASTER-ADDR-BY-NAME").arg(name);
    let mut connection = dialer.dial(sentinel).await.ok()?;
    let answer = connection.inner.send_packed_command(&question).await.ok()?;
    let Value::Array(parts) = answer else {
        return None;
    };
    let [Value::BulkString(host), Value::BulkString(port)] = &parts[..] else {
        return None;
    };
    Some(Address {
        host: str::from_utf8(host).ok()?.to_owned(),
        port: str::from_utf8(port).ok()?.parse().ok()?,
    })
}

/// As it says itself: Sentinels are told later than the servers.
async fn is_primary(mut dialed: Dialed) -> Result<Dialed, LinkError> {
    let role = dialed.inner.send_packed_command(&redis::cmd("ROLE")).await;
    match role.map_err(LinkError::of_greeting)? {
        Value::Array(role) if role.first() == Some(&Value::BulkString(b"master".to_vec())) => {
            Ok(dialed)
        }
        Value::ServerError(error) => Err(LinkError::of_server(&error)),
        _ => Err(LinkErrorKind::ReadOnly.into()),
    }
}
