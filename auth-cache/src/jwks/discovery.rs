//! Finding an issuer's keys by its name.

use std::sync::Arc;

use auth_core::Issuer;
use serde::Deserialize;
use url::Url;

#[cfg(feature = "http")]
use super::builder::RemoteJwksBuildError;
use super::builder::RemoteJwksBuilder;
use super::danger::PlainHttpToLoopback;
use super::fetch::{Fetch, FetchError, FetchErrorKind, fetch};
use super::location::{self, LocationError};
use super::source::RemoteJwks;

/// Asks an issuer where its keys are: first for its `OpenID` configuration
/// (`OpenID` Connect Discovery 1.0 §4), and if it has none, for its metadata as
/// an authorization server (RFC 8414 §3).
///
/// The keys must be on the issuer's own origin. For an issuer that keeps them
/// elsewhere, name the place by [`RemoteJwks::builder`].
///
/// ```no_run
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// # use auth_cache::jwks::{Discovery, Fetch};
/// # use auth_core::Issuer;
/// # async fn example(fetch: Arc<dyn Fetch>) -> Result<(), Box<dyn std::error::Error>> {
/// let issuer = Issuer::new("https://auth.example.com")?;
/// let keys = Discovery::new(&issuer, fetch)
///     .find()
///     .await?
///     .with_refresh_interval(Duration::from_secs(60))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Discovery {
    issuer: Issuer,
    fetch: Arc<dyn Fetch>,
    plain_http: bool,
}

/// An issuer's keys were not found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// The issuer's name is not an address to be asked.
    #[error("the issuer is not an address that can be asked")]
    Issuer(#[source] LocationError),
    /// The issuer could not be asked.
    #[error("the issuer's metadata could not be fetched")]
    Fetch(#[from] FetchError),
    /// The answer is no metadata, or says nothing of keys.
    #[error("the issuer's metadata is malformed")]
    Malformed,
    /// The metadata is another issuer's (RFC 8414 §3.3).
    #[error("the metadata is of another issuer")]
    OtherIssuer,
    /// The key set is not at an address to be asked.
    #[error("the address of the key set is refused")]
    JwksUri(#[source] LocationError),
    /// The key set is on another origin than the issuer.
    #[error("the key set is on another origin than the issuer")]
    OtherOrigin,
}

/// [`RemoteJwks::discover`] failed.
#[cfg(feature = "http")]
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoverNowError {
    /// HTTPS cannot be spoken here.
    #[error("HTTPS cannot be set up")]
    Http(#[from] FetchError),
    /// The keys were not found.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// The keys were found and cannot be fetched here.
    #[error(transparent)]
    Build(#[from] RemoteJwksBuildError),
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

impl Discovery {
    /// Asks `issuer` through `fetch`, which fetches the keys, too.
    pub fn new(issuer: &Issuer, fetch: Arc<dyn Fetch>) -> Self {
        Self {
            issuer: issuer.clone(),
            fetch,
            plain_http: false,
        }
    }

    /// Lets `http://` through to a loopback address.
    pub const fn with_plain_http(mut self, _: PlainHttpToLoopback) -> Self {
        self.plain_http = true;
        self
    }

    /// Asks. No keys are fetched before the builder has built.
    ///
    /// # Errors
    /// [`DiscoveryError`] names what the issuer says wrong, or that it cannot
    /// be asked.
    pub async fn find(self) -> Result<RemoteJwksBuilder, DiscoveryError> {
        let issuer = location::parse(self.issuer.as_str(), self.plain_http)
            .map_err(DiscoveryError::Issuer)?;
        if issuer.query().is_some() {
            return Err(DiscoveryError::Issuer(LocationError::Parts));
        }
        let metadata = self.metadata(&issuer).await?;
        if metadata.issuer != self.issuer.as_str() {
            return Err(DiscoveryError::OtherIssuer);
        }
        let jwks_url = location::parse(&metadata.jwks_uri, self.plain_http)
            .map_err(DiscoveryError::JwksUri)?;
        if jwks_url.origin() != issuer.origin() {
            return Err(DiscoveryError::OtherOrigin);
        }
        let builder = RemoteJwks::builder(jwks_url.as_str(), self.fetch);
        Ok(if self.plain_http {
            builder.with_plain_http(PlainHttpToLoopback)
        } else {
            builder
        })
    }

    async fn metadata(&self, issuer: &Url) -> Result<Metadata, DiscoveryError> {
        let [openid, oauth] = well_known(issuer);
        let fetched = match fetch(&*self.fetch, &openid).await {
            Err(error) if matches!(error.kind(), FetchErrorKind::Status(_)) => {
                fetch(&*self.fetch, &oauth).await?
            }
            fetched => fetched?,
        };
        let text = fetched.text().ok_or(DiscoveryError::Malformed)?;
        serde_json::from_str(text).map_err(|_| DiscoveryError::Malformed)
    }
}

/// `OpenID` appends to the issuer's path, RFC 8414 puts before it.
fn well_known(issuer: &Url) -> [Url; 2] {
    let path = issuer.path().trim_end_matches('/');
    let at = |path: &str| {
        let mut url = issuer.clone();
        url.set_path(path);
        url
    };
    [
        at(&format!("{path}/.well-known/openid-configuration")),
        at(&format!("/.well-known/oauth-authorization-server{path}")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_places_are_those_of_the_standards() {
        for (issuer, openid, oauth) in [
            (
                "https://a.example",
                "https://a.example/.well-known/openid-configuration",
                "https://a.example/.well-known/oauth-authorization-server",
            ),
            (
                "https://a.example/one/",
                "https://a.example/one/.well-known/openid-configuration",
                "https://a.example/.well-known/oauth-authorization-server/one",
            ),
        ] {
            let found = well_known(&Url::parse(issuer).unwrap());
            assert_eq!(found.map(String::from), [openid, oauth]);
        }
    }
}
