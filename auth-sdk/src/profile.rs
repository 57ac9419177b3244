//! What the application decides about its users' tokens.

use std::fmt;

use auth_core::Scope;
use auth_store::User;
use serde_json::{Map, Value};

/// What a user's tokens may allow, and what else they say.
///
/// # Contract
/// It is asked at every log-in and refresh, with the user's row as the
/// statement that authorised it returned it. Decide from that row; an answer
/// from a cache gives back what was taken away.
pub trait TokenProfile: fmt::Debug + Send + Sync + 'static {
    /// The most that the user's tokens may allow. Nothing, by default: a scope
    /// that a client asks for is granted only if it is in here.
    fn scope(&self, _user: &User) -> Scope {
        Scope::empty()
    }

    /// The application's own claims. They cannot have a registered name.
    fn claims(&self, _user: &User) -> Map<String, Value> {
        Map::new()
    }
}

/// No scope and no claims.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PlainProfile;

impl TokenProfile for PlainProfile {}
