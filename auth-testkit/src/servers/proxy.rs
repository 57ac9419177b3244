//! A network that a test can spoil.

use std::{
    fmt,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use super::ServerError;

/// The most that is carried at once.
const PIECE: usize = 64 * 1024;

/// A link to a server, on a loopback port of its own, that can be slow, silent, closed, cut at any byte, or lie. Its threads end with
/// it.
///
/// It knows nothing of what it carries: it passes on what one side writes as the other side would read it. A rule sees each
/// piece before it is passed on; a client that writes a whole request at once, as most do, has each in a piece of its own.
///
/// ```no_run
/// # async fn example() -> Result<(), auth_testkit::servers::ServerError> {
/// use auth_testkit::servers::{Direction, Postgres, Proxy, Verdict};
///
/// let postgres = Postgres::start().await?;
/// let proxy = Proxy::before(&postgres.url())?;
/// // connect to `proxy.url()`; then, of the next answer, nothing arrives
/// proxy.rule(|piece| match piece.direction {
///     Direction::ToServer => Verdict::Pass,
///     Direction::ToClient => Verdict::Cut { after: 0 },
/// });
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    url: String,
    shared: Arc<Shared>,
}

/// Which way a [`Piece`] goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Of a request.
    ToServer,
    /// Of an answer.
    ToClient,
}

/// What one side wrote, as far as it was read at once.
#[derive(Debug)]
pub struct Piece<'a> {
    /// Which connection, counted from 0.
    pub connection: u64,
    /// Which way it goes.
    pub direction: Direction,
    /// What it is.
    pub bytes: &'a [u8],
}

/// What becomes of a [`Piece`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is passed on.
    Pass,
    /// So many bytes of it are passed on, then its connection is cut in both directions.
    Cut {
        /// How many, if there are as many.
        after: usize,
    },
    /// These bytes are passed on in its place; none at all if there are none.
    Instead(Vec<u8>),
}

type Rule = Box<dyn FnMut(&Piece<'_>) -> Verdict + Send>;

struct Shared {
    server: String,
    state: Mutex<State>,
    /// The state is another.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    delay: Duration,
    is_frozen: bool,
    is_refusing: bool,
    is_over: bool,
    rule: Option<Rule>,
    /// How many connections there were.
    connections: u64,
    open: Vec<(u64, [TcpStream; 2])>,
}

impl Proxy {
    /// Before the server that `url` names: `scheme://user:password@host:port/rest`.
    ///
    /// # Errors
    /// [`ServerError::System`] if the URL names no server, or there is no port.
    pub fn before(url: &str) -> Result<Self, ServerError> {
        let no_server = || ServerError::system("find the server in its URL");
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| no_server()(io::ErrorKind::InvalidInput.into()))?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let (user, server) = authority
            .rsplit_once('@')
            .map_or(("", authority), |(user, server)| (user, server));
        let mut proxy = Self::to(server)?;
        let at = if user.is_empty() { "" } else { "@" };
        proxy.url = format!("{scheme}://{user}{at}{}{rest}", proxy.address);
        Ok(proxy)
    }

    /// Before the server at `host:port`.
    ///
    /// # Errors
    /// [`ServerError::System`] if there is no port.
    pub fn to(server: &str) -> Result<Self, ServerError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = bound.map_err(ServerError::system("listen for a proxy"))?;
        let shared = Arc::new(Shared {
            server: server.to_owned(),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let accepting = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                match client {
                    _ if accepting.lock().is_over => return,
                    Ok(client) => drop(accepting.connect(client)),
                    Err(_) => thread::sleep(Duration::from_millis(1)),
                }
            }
        });
        Ok(Self {
            address,
            url: address.to_string(),
            shared,
        })
    }

    /// The server's URL, by way of this link; its address, if it was made without a URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Holds each piece up for so long.
    pub fn delay(&self, delay: Duration) {
        self.change(|state| state.delay = delay);
    }

    /// Passes nothing on until [`thaw`](Self::thaw). Connections stay open, and new ones are accepted: nobody notices but by the
    /// silence.
    pub fn freeze(&self) {
        self.change(|state| state.is_frozen = true);
    }

    /// Passes on what has gathered, and goes on.
    pub fn thaw(&self) {
        self.change(|state| state.is_frozen = false);
    }

    /// Cuts every connection there is.
    pub fn cut(&self) {
        self.change(State::cut_all);
    }

    /// Cuts every connection there is, and all that come, until [`accept`](Self::accept).
    pub fn refuse(&self) {
        self.change(|state| {
            state.is_refusing = true;
            state.cut_all();
        });
    }

    /// Accepts connections again.
    pub fn accept(&self) {
        self.change(|state| state.is_refusing = false);
    }

    /// Asks `rule` about each piece from now on, one at a time, in the place of the rule before.
    pub fn rule(&self, rule: impl FnMut(&Piece<'_>) -> Verdict + Send + 'static) {
        self.change(|state| state.rule = Some(Box::new(rule)));
    }

    /// Passes everything on again.
    pub fn no_rule(&self) {
        self.change(|state| state.rule = None);
    }

    fn change(&self, how: impl FnOnce(&mut State)) {
        how(&mut self.shared.lock());
        self.shared.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.change(|state| {
            state.is_over = true;
            state.cut_all();
        });
        // Whoever accepts looks up.
        drop(TcpStream::connect(self.address));
    }
}

impl State {
    fn cut_all(&mut self) {
        for (_, sides) in self.open.drain(..) {
            shut(&sides);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A rule that panicked has failed its test already.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        if self.lock().is_refusing {
            return Ok(());
        }
        let server = TcpStream::connect(&self.server)?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let connection = {
            let mut state = self.lock();
            let connection = state.connections;
            state.connections += 1;
            let sides = [client.try_clone()?, server.try_clone()?];
            state.open.push((connection, sides));
            connection
        };
        let there = (client.try_clone()?, server.try_clone()?);
        for (direction, (from, to)) in [
            (Direction::ToServer, there),
            (Direction::ToClient, (server, client)),
        ] {
            let shared = self.clone();
            thread::spawn(move || shared.carry(connection, direction, from, to));
        }
        Ok(())
    }

    /// Until one side has no more to say; the other may still answer.
    fn carry(&self, number: u64, direction: Direction, mut from: TcpStream, mut to: TcpStream) {
        let mut piece = vec![0; PIECE];
        loop {
            let length = match from.read(&mut piece) {
                Ok(0) | Err(_) => break,
                Ok(length) => length,
            };
            let bytes = &piece[..length];
            let Some(verdict) = self.judge(number, direction, bytes) else {
                break;
            };
            let (passed, is_cut) = match &verdict {
                Verdict::Pass => (bytes, false),
                // The last byte stays behind in any case, or there would be nothing to notice.
                Verdict::Cut { after } => (&bytes[..(*after).min(length - 1)], true),
                Verdict::Instead(others) => (&others[..], false),
            };
            if to.write_all(passed).is_err() {
                break;
            }
            if is_cut {
                self.end(number);
                shut(&[from, to]);
                return;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
        let _ = from.shutdown(Shutdown::Read);
        if direction == Direction::ToClient {
            self.end(number);
        }
    }

    /// What becomes of a piece, once it is time; `None` if the link is gone meanwhile.
    fn judge(&self, connection: u64, direction: Direction, bytes: &[u8]) -> Option<Verdict> {
        let mut state = self.lock();
        let delay = state.delay;
        if !delay.is_zero() {
            drop(state);
            thread::sleep(delay);
            state = self.lock();
        }
        while state.is_frozen && !state.is_over {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_over {
            return None;
        }
        let piece = Piece {
            connection,
            direction,
            bytes,
        };
        let rule = state.rule.as_mut();
        Some(rule.map_or(Verdict::Pass, |rule| rule(&piece)))
    }

    fn end(&self, number: u64) {
        self.lock().open.retain(|(open, _)| *open != number);
    }
}

fn shut(sides: &[TcpStream; 2]) {
    for side in sides {
        let _ = side.shutdown(Shutdown::Both);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
