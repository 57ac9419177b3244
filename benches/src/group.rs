//! What is compared with what.

use crate::Failure;
use crate::goal::Goal;

/// One part of the benchmarks, with a name to ask for it by.
pub struct Suite {
    /// Its name.
    pub name: &'static str,
    /// Makes its groups anew: each repeat has its own, so that one unlucky
    /// layout of memory does not decide.
    pub groups: Box<dyn Fn() -> Result<Vec<Group>, Failure>>,
}

/// Ways to do one thing.
pub struct Group {
    /// What is done.
    pub name: String,
    /// How.
    pub contenders: Vec<Contender>,
    /// What must hold between two of them.
    pub goals: Vec<Goal>,
    /// The contender that may cause no page faults; if there is one, those of
    /// all are counted and stated.
    pub no_page_faults: Option<String>,
    /// Whether its goals are of a machine that does nothing else. Where every
    /// core is kept busy, other programs' work falls on whoever has fewer
    /// threads, and on caches and memory.
    pub wants_idle: bool,
}

/// One way to do it.
pub struct Contender {
    /// Who does it.
    pub name: String,
    /// How many operations a call is.
    pub(crate) operations: u32,
    call: Box<dyn FnMut(u32)>,
}

impl Contender {
    /// One operation a call.
    pub fn new(name: impl Into<String>, mut operation: impl FnMut() + 'static) -> Self {
        Self {
            name: name.into(),
            operations: 1,
            // The loop is inside, where the operation is known to the compiler.
            call: Box::new(move |times| {
                for _ in 0..times {
                    operation();
                }
            }),
        }
    }

    /// Several operations a call, because they are done side by side.
    pub fn of_many(
        name: impl Into<String>,
        operations: u32,
        together: impl FnMut() + 'static,
    ) -> Self {
        Self {
            operations,
            ..Self::new(name, together)
        }
    }

    pub(crate) fn call(&mut self, times: u32) {
        (self.call)(times);
    }
}
