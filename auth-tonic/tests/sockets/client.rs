//! A client that sends what it is told to.

use std::time::Duration;

use auth_tonic::AUTH_CODE;
use http::uri::PathAndQuery;
use tokio::time::timeout;
use tokio_stream::Stream;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone)]
pub(crate) struct Client {
    channel: Channel,
    metadata: http::HeaderMap,
}

impl Client {
    pub(crate) fn new(channel: Channel) -> Self {
        Self {
            channel,
            metadata: http::HeaderMap::new(),
        }
    }

    pub(crate) fn with_token(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// One more value, beside those that are there.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.metadata.append(name, value.parse().unwrap());
        self
    }

    pub(crate) async fn unary(&self, path: &str, message: &str) -> Result<String, Status> {
        let request = self.request(message.to_owned());
        let mut grpc = self.ready().await;
        let call = grpc.unary(request, self::path(path), codec());
        timeout(PATIENCE, call)
            .await
            .unwrap()
            .map(tonic::Response::into_inner)
    }

    pub(crate) async fn server_streaming(&self, path: &str) -> Result<Streaming<String>, Status> {
        let mut grpc = self.ready().await;
        let call = grpc.server_streaming(self.request(String::new()), self::path(path), codec());
        timeout(PATIENCE, call)
            .await
            .unwrap()
            .map(tonic::Response::into_inner)
    }

    pub(crate) async fn client_streaming(
        &self,
        path: &str,
        messages: impl Stream<Item = String> + Send + 'static,
    ) -> Result<String, Status> {
        let mut grpc = self.ready().await;
        let call = grpc.client_streaming(self.request(messages), self::path(path), codec());
        timeout(PATIENCE, call)
            .await
            .unwrap()
            .map(tonic::Response::into_inner)
    }

    pub(crate) async fn streaming(
        &self,
        path: &str,
        messages: impl Stream<Item = String> + Send + 'static,
    ) -> Result<Streaming<String>, Status> {
        let mut grpc = self.ready().await;
        let call = grpc.streaming(self.request(messages), self::path(path), codec());
        timeout(PATIENCE, call)
            .await
            .unwrap()
            .map(tonic::Response::into_inner)
    }

    async fn ready(&self) -> Grpc<Channel> {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        grpc
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        *request.metadata_mut() = tonic::metadata::MetadataMap::from_headers(self.metadata.clone());
        request
    }
}

/// The next message of a stream, its end, or its status.
pub(crate) async fn next(stream: &mut Streaming<String>) -> Result<Option<String>, Status> {
    timeout(PATIENCE, stream.message()).await.unwrap()
}

/// What a failure says to a person and to a program.
pub(crate) fn said(status: &Status) -> (Code, &str) {
    (
        status.code(),
        status
            .metadata()
            .get(AUTH_CODE)
            .map_or("", |code| code.to_str().unwrap()),
    )
}

pub(crate) const MISSING: (Code, &str) = (Code::Unauthenticated, "missing_credentials");
pub(crate) const INVALID: (Code, &str) = (Code::Unauthenticated, "invalid_token");
pub(crate) const MALFORMED: (Code, &str) = (Code::InvalidArgument, "invalid_request");
pub(crate) const SCOPE: (Code, &str) = (Code::PermissionDenied, "insufficient_scope");
pub(crate) const CLOSED: (Code, &str) = (Code::PermissionDenied, "permission_denied");
pub(crate) const STALE: (Code, &str) = (Code::Unauthenticated, "insufficient_user_authentication");
pub(crate) const OUTAGE: (Code, &str) = (Code::Unavailable, "temporarily_unavailable");

fn codec() -> ProstCodec<String, String> {
    ProstCodec::default()
}

fn path(path: &str) -> PathAndQuery {
    path.parse().unwrap()
}
