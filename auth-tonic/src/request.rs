//! The caller, as a method meets it.

use std::sync::Arc;

use auth_core::{Code, Identity};
use serde::de::DeserializeOwned;
use tonic::{Request, Status};

use crate::status::status;

/// What an [`AuthLayer`](crate::AuthLayer) has found out about a request.
///
/// ```
/// use auth_tonic::RequestIdentity;
/// use tonic::{Request, Response, Status};
///
/// async fn whoami(request: Request<()>) -> Result<Response<String>, Status> {
///     Ok(Response::new(request.identity()?.subject().to_owned()))
/// }
/// ```
pub trait RequestIdentity: sealed::Sealed {
    /// Who is calling.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` where nobody was verified: the method is public, or
    /// there is no layer.
    fn identity(&self) -> Result<&Arc<Identity>, Status>;

    /// The application's own claims in the caller's token. They are parsed
    /// once a call.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` where nobody was verified, and when the token does
    /// not have them in this form.
    fn claims<C: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Arc<C>, Status>;
}

impl<T> RequestIdentity for Request<T> {
    fn identity(&self) -> Result<&Arc<Identity>, Status> {
        self.extensions()
            .get()
            .ok_or_else(|| status(Code::MissingCredentials))
    }

    fn claims<C: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Arc<C>, Status> {
        self.identity()?
            .claims()
            .map_err(|_| status(Code::InvalidToken))
    }
}

mod sealed {
    pub trait Sealed {}
    impl<T> Sealed for tonic::Request<T> {}
}
