//! Who gets in.

use std::error::Error;
use std::sync::Arc;

use auth_core::jwt::TokenError;
use auth_core::verifier::{Undecided, Verifier, VerifyError};
use auth_core::{Code, Identity, Timestamp};
use http::{Extensions, Request};

use super::credential::credential;
use crate::challenge::Realm;
use crate::rejection::Rejection;

/// Judges requests. Every request it lets in carries it, so that what is
/// inside can ask for more in the same realm, by the same clock.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    pub(super) verifier: Verifier,
    pub(super) realm: Realm,
    pub(super) optional: bool,
}

/// What a look at a request says, without I/O.
pub(super) enum Judgement {
    Admit(Option<Arc<Identity>>),
    Ask(Undecided),
    Refuse(Rejection),
}

#[derive(Clone)]
struct Passed(Arc<Gate>);

impl Gate {
    pub(super) fn judge<B>(&self, request: &Request<B>) -> Judgement {
        let token = match credential(request) {
            Ok(Some(token)) => token,
            Ok(None) if self.optional => return Judgement::Admit(None),
            Ok(None) => return Judgement::Refuse(Rejection::missing(&self.realm)),
            Err(code) => return Judgement::Refuse(Rejection::bearer(&self.realm, code)),
        };
        match self.verifier.verify_now(token) {
            Ok(identity) => Judgement::Admit(Some(identity)),
            Err(VerifyError::Undecided(undecided)) => Judgement::Ask(undecided),
            Err(error) => Judgement::Refuse(self.refuse(&error)),
        }
    }

    pub(super) async fn confirm(&self, undecided: Undecided) -> Result<Arc<Identity>, Rejection> {
        self.verifier
            .confirm(undecided)
            .await
            .map_err(|error| self.refuse(&error))
    }

    /// An outage must not look like a bad token: clients would throw their
    /// refresh token away.
    fn refuse(&self, error: &VerifyError) -> Rejection {
        let code = error.code();
        if code != Code::InvalidToken {
            tracing::warn!(
                error = error as &dyn Error,
                code = code.as_str(),
                "token not judged"
            );
            return Rejection::new(code);
        }
        tracing::debug!(%error, "token refused");
        let rejection = Rejection::new(code);
        let rejection = match error {
            VerifyError::Invalid(TokenError::Bound) => rejection.with_challenge(self.realm.bound()),
            _ => rejection,
        };
        rejection.with_challenge(self.realm.error(code, None))
    }

    /// Marks a request as let in, as `identity` or as nobody; what an outer
    /// layer said of it is forgotten.
    pub(super) fn mark(
        self: &Arc<Self>,
        extensions: &mut Extensions,
        identity: Option<Arc<Identity>>,
    ) {
        extensions.insert(Passed(Arc::clone(self)));
        match identity {
            Some(identity) => drop(extensions.insert(identity)),
            None => drop(extensions.remove::<Arc<Identity>>()),
        }
    }

    /// The gate that a request came through.
    ///
    /// # Errors
    /// There was none: a defect of the application, for which nobody is let
    /// in.
    pub(crate) fn of<'a>(extensions: &'a Extensions, asking: &str) -> Result<&'a Self, Rejection> {
        extensions
            .get::<Passed>()
            .map(|passed| &*passed.0)
            .ok_or_else(|| {
                tracing::error!(
                    asking,
                    "auth_axum::AuthLayer is missing on this route; nobody is let in"
                );
                Rejection::new(Code::Internal)
            })
    }

    /// Who a request was let in as.
    ///
    /// # Errors
    /// It was let in as nobody.
    pub(crate) fn identity<'a>(
        &self,
        extensions: &'a Extensions,
    ) -> Result<&'a Arc<Identity>, Rejection> {
        extensions
            .get()
            .ok_or_else(|| Rejection::missing(&self.realm))
    }

    pub(crate) const fn realm(&self) -> &Realm {
        &self.realm
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.verifier.now().wall
    }
}
