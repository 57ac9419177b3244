//! What every suite is made of: named cases, each a function that panics when its
//! subject breaks the contract, and one test for each.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// What running a case gives: it panics when the subject breaks its contract.
pub type Run<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// One case of a suite for subjects of the type `S`.
pub struct Case<S: ?Sized> {
    /// The module it is in.
    pub topic: &'static str,
    /// What must hold.
    pub name: &'static str,
    /// Runs it.
    pub run: for<'a> fn(&'a S) -> Run<'a>,
}

impl<S: ?Sized> Clone for Case<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: ?Sized> Copy for Case<S> {}

impl<S: ?Sized> fmt::Debug for Case<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.topic, self.name)
    }
}

/// Runs a case, and fails it when it takes longer than `patience`: then the
/// subject, of which it is said `what` it is, hangs.
pub(crate) async fn run_within(patience: Duration, what: &str, case: Run<'_>) {
    let ended = tokio::time::timeout(patience, case).await;
    assert!(
        ended.is_ok(),
        "the {what} hangs: a case ends within {patience:?}"
    );
}

/// One test for each case of the suite in the module `$suite`, on a subject that
/// `$fresh` makes.
#[doc(hidden)]
#[macro_export]
macro_rules! __suite_tests {
    (($suite:ident $fresh:path) $($topic:ident { $($case:ident)+ })+) => {
        $(mod $topic {
            #[allow(unused_imports, reason = "an absolute path needs none")]
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    let subject = $fresh().await;
                    let case = $crate::$suite::$topic::$case(&subject);
                    $crate::$suite::run(::std::boxed::Box::pin(case)).await;
                }
            )+
        })+
    };
}

/// The cases of the suite whose list it stands in.
#[doc(hidden)]
#[macro_export]
macro_rules! __suite_list {
    (() $($topic:ident { $($case:ident)+ })+) => {
        /// All cases, by topic.
        pub const CASES: &[Case] = &[$($(Case {
            topic: stringify!($topic),
            name: stringify!($case),
            run: |subject| Box::pin(super::$topic::$case(subject)),
        },)+)+];
    };
}
