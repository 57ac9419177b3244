//! How a connection is made.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, PushInfo, RedisConnectionInfo, Value};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::call::RunId;
use super::error::LinkError;
use super::gathering::Gathering;
use super::gauge::Gauged;
use super::place::Address;
use super::portion::{Portion, Portioned};

/// What all connections of a link have in common.
#[derive(Clone, Debug)]
pub(super) struct Dialer {
    pub(super) login: RedisConnectionInfo,
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) limits: Limits,
}

/// See [`RedisLinkBuilder`](super::RedisLinkBuilder).
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) deadline: Duration,
    pub(super) connect_deadline: Duration,
    pub(super) timeouts: u32,
    pub(super) outstanding: usize,
    pub(super) answer_bytes: u64,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection to one process, and the task that runs it.
pub(super) struct Dialed {
    pub(super) inner: MultiplexedConnection,
    pub(super) driver: Driver,
    pub(super) server: RunId,
    pub(super) at: Address,
}

/// Ends the connection when it is dropped.
#[derive(Debug)]
pub(super) struct Driver(tokio::task::JoinHandle<()>);

impl Driver {
    /// Whether the connection has ended.
    pub(super) fn is_over(&self) -> bool {
        self.0.is_finished()
    }

    pub(super) fn end(&self) {
        self.0.abort();
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.end();
    }
}

impl Dialer {
    /// Connects, says who we are and asks who is there. Takes as long as the server
    /// likes.
    pub(super) async fn dial(&self, at: &Address) -> Result<Dialed, LinkError> {
        let config = AsyncConnectionConfig::new();
        self.connect(at, &self.login, config).await
    }

    /// The same, for a connection that is told things without asking.
    pub(super) async fn dial_for_pushes(
        &self,
        at: &Address,
        push: impl Fn(PushInfo) + Send + Sync + 'static,
    ) -> Result<Dialed, LinkError> {
        let push = move |info| {
            push(info);
            Ok::<(), ()>(())
        };
        let login = self.login.clone().set_protocol(ProtocolVersion::RESP3);
        let config = AsyncConnectionConfig::new().set_push_sender(push);
        self.connect(at, &login, config).await
    }

    async fn connect(
        &self,
        at: &Address,
        login: &RedisConnectionInfo,
        config: AsyncConnectionConfig,
    ) -> Result<Dialed, LinkError> {
        // The deadlines are ours.
        let config = config
            .set_response_timeout(None)
            .set_connection_timeout(None);
        let portion = Portion::new();
        let stream = Portioned::new(self.stream(at).await?, portion.clone());
        let stream = Gauged::new(stream, self.limits.answer_bytes);
        let (mut inner, driver) = MultiplexedConnection::new_with_config(login, stream, config)
            .await
            .map_err(LinkError::of_greeting)?;
        let driver = Driver(tokio::spawn(Gathering::new(driver, portion)));
        let mut who = redis::cmd("INFO");
        who.arg("server");
        let info = inner
            .send_packed_command(&who)
            .await
            .map_err(LinkError::of_greeting)?;
        Ok(Dialed {
            inner,
            driver,
            server: identity(&info)?,
            at: at.clone(),
        })
    }

    async fn stream(&self, at: &Address) -> Result<Box<dyn Stream>, LinkError> {
        let tcp = TcpStream::connect((at.host.as_str(), at.port)).await;
        let tcp = tcp.map_err(LinkError::unavailable)?;
        tcp.set_nodelay(true).map_err(LinkError::unavailable)?;
        let Some(tls) = &self.tls else {
            return Ok(Box::new(tcp));
        };
        let name = ServerName::try_from(at.host.clone()).map_err(LinkError::unavailable)?;
        let stream = TlsConnector::from(tls.clone()).connect(name, tcp).await;
        Ok(Box::new(stream.map_err(LinkError::unavailable)?))
    }
}

fn identity(info: &Value) -> Result<RunId, LinkError> {
    let id = match info {
        Value::BulkString(text) => str::from_utf8(text).ok().and_then(RunId::of_info),
        Value::VerbatimString { text, .. } => RunId::of_info(text),
        Value::ServerError(error) => return Err(LinkError::of_server(error)),
        _ => None,
    };
    id.ok_or_else(|| LinkError::wrong_reply("the server does not tell its run_id"))
}
