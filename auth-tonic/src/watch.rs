//! Seeing to it that a call does not outlive its token.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use auth_core::verifier::VerifyError;
use auth_core::{Code, Identity};
use tokio::time::{Sleep, sleep};

use crate::pass::{Judging, Pass};

/// Judges a call's [`Pass`] again and again. Whoever carries the call on asks
/// it first.
pub(crate) struct Watch {
    pass: Arc<Pass>,
    due: Pin<Box<Sleep>>,
    judging: Option<Judging>,
}

impl Watch {
    pub(crate) fn new(pass: Arc<Pass>, identity: &Identity) -> Self {
        let due = Box::pin(sleep(pass.good_for(identity)));
        Self {
            pass,
            due,
            judging: None,
        }
    }

    /// Whether the call may go on for now; pending while that cannot be told,
    /// which holds the call up. Wakes the task when it is to be asked again.
    ///
    /// # Errors
    /// Why the call ends.
    pub(crate) fn poll_good(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Code>> {
        loop {
            if let Some(code) = self.pass.ended() {
                return Poll::Ready(Err(code));
            }
            if let Some(judging) = &mut self.judging {
                let identity = ready!(judging.as_mut().poll(cx))?;
                self.judging = None;
                self.go_on(&identity);
            }
            if self.due.as_mut().poll(cx).is_pending() {
                return Poll::Ready(Ok(()));
            }
            match self.pass.verify_now() {
                Err(VerifyError::Undecided(undecided)) => {
                    self.judging = Some(self.pass.clone().confirm(undecided));
                }
                decided => {
                    let identity = self.pass.admits(decided)?;
                    self.go_on(&identity);
                }
            }
        }
    }

    /// Why the call ends, whoever of those who watch it has found out.
    pub(crate) fn ended(&self) -> Option<Code> {
        self.pass.ended()
    }

    fn go_on(&mut self, identity: &Identity) {
        self.due.set(sleep(self.pass.good_for(identity)));
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("pass", &self.pass)
            .finish_non_exhaustive()
    }
}
