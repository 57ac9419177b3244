//! One client: a connection that is kept, and an address of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::Failure;
use crate::service::TOOK;

/// A user's program, one request at a time.
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    address: String,
}

/// What was answered, and when.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In seconds, as the header says.
    pub(crate) retry_after: Option<u64>,
    /// From when the service had read the head, as it says.
    pub(crate) took_there: Duration,
    pub(crate) body: Bytes,
    /// From the first byte that was sent to the last that came.
    pub(crate) took: Duration,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A member of the JSON object that was answered.
    pub(crate) fn text(&self, name: &str) -> Result<String, Failure> {
        let body: Value = serde_json::from_slice(&self.body)?;
        let member = body.get(name).and_then(Value::as_str);
        Ok(member
            .ok_or_else(|| format!("no {name} was answered"))?
            .to_owned())
    }
}

impl Client {
    /// Connects to `service` as a client behind a proxy, whose own address is
    /// `address`.
    pub(crate) async fn connect(service: SocketAddr, address: Ipv4Addr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(service).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self {
            sender,
            host: service.to_string(),
            address: address.to_string(),
        })
    }

    /// From now on the client at `address`.
    pub(crate) fn become_client_at(&mut self, address: Ipv4Addr) {
        self.address = address.to_string();
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Result<Answer, Failure> {
        let body = serde_json::to_vec(body)?;
        let request = self
            .request(Method::POST, path)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body.into()))?;
        self.send(request).await
    }

    pub(crate) async fn get(&mut self, path: &str, bearer: &str) -> Result<Answer, Failure> {
        let request = self
            .request(Method::GET, path)
            .header(AUTHORIZATION, format!("Bearer {bearer}"))
            .body(Full::default())?;
        self.send(request).await
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.host)
            .header("x-forwarded-for", &self.address)
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
        self.sender.ready().await?;
        let began = Instant::now();
        let response = self.sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        let took = began.elapsed();
        let number = |name: &str| head.headers.get(name)?.to_str().ok()?.parse().ok();
        Ok(Answer {
            status: head.status.as_u16(),
            retry_after: number(RETRY_AFTER.as_str()),
            took_there: Duration::from_micros(number(TOOK).ok_or("no time was said")?),
            body,
            took,
        })
    }
}

/// The address of the client with this number: each has a network (/24) of its
/// own.
pub(crate) fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a00_0001 + ((number & 0xffff) << 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_a_network_of_its_own() {
        assert_eq!(address(0).to_string(), "10.0.0.1");
        assert_eq!(address(257).to_string(), "10.1.1.1");
        assert_eq!(address(65_535).to_string(), "10.255.255.1");
    }
}
