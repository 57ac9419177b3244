//! Servers, clients and tokens.

#[cfg(feature = "routes")]
pub(crate) mod auth;
pub(crate) mod http;
pub(crate) mod log;
#[cfg(feature = "routes")]
pub(crate) mod store;
pub(crate) mod token;
