//! Fetching over HTTPS.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::header::{ACCEPT, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use url::Url;

use super::danger::PlainHttpToLoopback;
use super::fetch::{Fetch, FetchError, FetchErrorKind, Fetched};
use super::location;

/// Fetches over HTTPS, by rustls with ring, trusting the certificate
/// authorities that the operating system trusts. Clones share it.
#[derive(Clone, Debug)]
pub struct HttpFetch {
    client: Client<HttpsConnector<HttpConnector>, Empty<&'static [u8]>>,
    timeout: Duration,
    plain_http: bool,
}

/// Builds an [`HttpFetch`].
///
/// # Defaults
/// - time for a whole fetch, with connecting and reading: 5 s
/// - longest body: [`Fetched::MAX_LEN`], counted as it arrives; not adjustable
/// - redirects, proxies, cookies, compression, retries: none; not adjustable
/// - protocols: HTTP/1.1 over TLS 1.2 or 1.3
/// - plain `http`: refused
#[derive(Clone, Debug)]
pub struct HttpFetchBuilder {
    timeout: Duration,
    plain_http: bool,
}

impl HttpFetch {
    /// One with all defaults.
    ///
    /// # Errors
    /// [`FetchError`] when the system cannot say which certificate authorities
    /// it trusts.
    pub fn new() -> Result<Self, FetchError> {
        Self::builder().build()
    }

    /// Begins one.
    ///
    /// ```
    /// use std::time::Duration;
    /// use auth_cache::jwks::HttpFetch;
    ///
    /// let builder = HttpFetch::builder().with_timeout(Duration::from_secs(2));
    /// ```
    pub const fn builder() -> HttpFetchBuilder {
        HttpFetchBuilder {
            timeout: Duration::from_secs(5),
            plain_http: false,
        }
    }
}

impl HttpFetchBuilder {
    /// Gives up a fetch after `timeout`.
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Lets `http://` through to a loopback address.
    pub const fn with_plain_http(mut self, _: PlainHttpToLoopback) -> Self {
        self.plain_http = true;
        self
    }

    /// Builds it.
    ///
    /// # Errors
    /// [`FetchError`] when the system cannot say which certificate authorities
    /// it trusts.
    pub fn build(self) -> Result<HttpFetch, FetchError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // Given explicitly: the process-wide provider may be unset or anything.
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(BuilderVerifierExt::with_platform_verifier)
            .map_err(|error| FetchError::new(FetchErrorKind::Connect, error))?
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls);
        let connector = if self.plain_http {
            connector.https_or_http()
        } else {
            connector.https_only()
        };
        let client = Client::builder(TokioExecutor::new())
            // Minutes pass between two fetches.
            .pool_max_idle_per_host(0)
            .retry_canceled_requests(false)
            .build(connector.enable_http1().build());
        Ok(HttpFetch {
            client,
            timeout: self.timeout,
            plain_http: self.plain_http,
        })
    }
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn fetch(&self, url: &Url) -> Result<Fetched, FetchError> {
        location::check(url, self.plain_http)
            .map_err(|error| FetchError::new(FetchErrorKind::Refused, error))?;
        tokio::time::timeout(self.timeout, self.get(url))
            .await
            .map_err(|error| FetchError::new(FetchErrorKind::TimedOut, error))?
    }
}

impl HttpFetch {
    async fn get(&self, url: &Url) -> Result<Fetched, FetchError> {
        let request = Request::get(url.as_str())
            .header(ACCEPT, "application/json, application/jwk-set+json")
            .header(
                USER_AGENT,
                concat!("auth-cache/", env!("CARGO_PKG_VERSION")),
            )
            .body(Empty::new())
            .map_err(|error| FetchError::new(FetchErrorKind::Refused, error))?;
        let response = self.client.request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(FetchErrorKind::Status(response.status().as_u16()).into());
        }
        // Counted as it arrives: what a header says of the length is not
        // believed.
        let body = Limited::new(response.into_body(), Fetched::MAX_LEN);
        let body = body.collect().await.map_err(|error| {
            let kind = if error.is::<LengthLimitError>() {
                FetchErrorKind::TooLarge
            } else {
                FetchErrorKind::Broken
            };
            FetchError::new(kind, error)
        })?;
        Fetched::new(body.to_bytes())
    }
}

impl From<legacy::Error> for FetchError {
    fn from(error: legacy::Error) -> Self {
        let kind = if error.is_connect() {
            FetchErrorKind::Connect
        } else {
            FetchErrorKind::Broken
        };
        Self::new(kind, error)
    }
}
