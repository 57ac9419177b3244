//! The keys of an issuer that is somewhere else.

mod builder;
pub mod danger;
mod discovery;
mod fetch;
#[cfg(feature = "http")]
mod http;
mod location;
mod read;
mod schedule;
mod source;
mod state;
mod task;

pub use builder::{RemoteJwksBuildError, RemoteJwksBuilder};
#[cfg(feature = "http")]
pub use discovery::DiscoverNowError;
pub use discovery::{Discovery, DiscoveryError};
pub use fetch::{Fetch, FetchError, FetchErrorKind, Fetched};
#[cfg(feature = "http")]
pub use http::{HttpFetch, HttpFetchBuilder};
pub use location::LocationError;
pub use source::{JwksStats, RemoteJwks};
/// An address, as [`Fetch`] takes it.
pub use url::Url;
