//! Whoever verifies or issues.

use std::hint::black_box;

use super::case::Case;
use super::token::Token;
use crate::Failure;
use crate::group::Contender;

/// Another library, from outside this package.
pub trait Peer {
    /// It, verifying; `None` when it does not know the algorithm.
    ///
    /// # Errors
    /// When it refuses the key.
    fn verifying(&self, case: &Case) -> Result<Option<Verifying>, Failure>;

    /// It, issuing; `None` when it does not know the algorithm.
    ///
    /// # Errors
    /// When it refuses the key.
    fn issuing(&self, case: &Case) -> Result<Option<Issuing>, Failure>;
}

/// How much of a token is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The signature, which is given ready.
    Signature,
    /// All of it.
    Token,
}

/// Who verifies, with its key prepared as far as it can be.
pub struct Verifying {
    pub(super) name: String,
    pub(super) depth: Depth,
    pub(super) accepts: Box<dyn Fn(&Token) -> bool>,
}

impl Verifying {
    /// Under this name.
    pub fn new(name: &str, depth: Depth, accepts: impl Fn(&Token) -> bool + 'static) -> Self {
        Self {
            name: name.to_owned(),
            depth,
            accepts: Box::new(accepts),
        }
    }

    pub(super) fn on(self, case: &Case) -> Contender {
        let token = case.good.clone();
        Contender::new(self.name, move || {
            // To reject at once would be fast.
            assert!(
                (self.accepts)(black_box(&token)),
                "a good token is rejected"
            );
        })
    }
}

/// Who issues, with its key prepared as far as it can be.
pub struct Issuing {
    pub(super) name: String,
    pub(super) depth: Depth,
    pub(super) issue: Box<Issue>,
}

/// Hands what it issues to its argument.
pub(super) type Issue = dyn Fn(&mut dyn FnMut(&[u8]));

impl Issuing {
    /// Under this name. Each call hands a new token, or by [`Depth::Signature`]
    /// a new signature of [`Case::unsigned`], to whoever takes it.
    pub fn new(name: &str, depth: Depth, issue: impl Fn(&mut dyn FnMut(&[u8])) + 'static) -> Self {
        Self {
            name: name.to_owned(),
            depth,
            issue: Box::new(issue),
        }
    }

    pub(super) fn contender(self) -> Contender {
        Contender::new(self.name, move || {
            let mut issued = 0;
            (self.issue)(&mut |bytes| issued += black_box(bytes).len());
            assert!(issued > 0, "nothing is issued");
        })
    }
}
