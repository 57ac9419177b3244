//! Hits while others are logged out, 10 000 times a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use auth_core::revocation::RevocationView;
use auth_core::{Clock, SystemClock};

use super::contender;
use super::l1;
use super::rig::{Rig, logged_out};
use crate::Failure;
use crate::goal::Goal;
use crate::group::Group;

const QUIET: &str = "nothing is revoked";
const BUSY: &str = "10 000 floors a second arrive";
const BUSY_MANY: &str = "10 000 floors a second, 10 000 tokens at random";

/// 80 ns, and 200 with the floors, are a factor of 2.5.
pub(super) fn group() -> Result<Group, Failure> {
    let (quiet, busy, many) = (Rig::new(64)?, Rig::new(64)?, Rig::new(10_000)?);
    let verify = |rig: &Rig| {
        let verifier = rig.verifier(l1::ours());
        move |token: &str| verifier.verify_now(token).ok()
    };
    let (quietly, busily, manily) = (verify(&quiet), verify(&busy), verify(&many));
    let arrivals = Arrivals::begin(&busy.view);
    let arrivals_of_many = Arrivals::begin(&many.view);
    Ok(Group {
        name: "64 hot tokens, while others log out".to_owned(),
        contenders: vec![
            contender(QUIET, &quiet, quietly)?,
            contender(BUSY, &busy, move |token| {
                arrivals.are_due();
                busily(token)
            })?,
            contender(BUSY_MANY, &many, move |token| {
                arrivals_of_many.are_due();
                manily(token)
            })?,
        ],
        goals: vec![Goal::time(BUSY, QUIET, 2.5), Goal::stated(BUSY_MANY, QUIET)],
        no_page_faults: None,
        wants_idle: false,
    })
}

/// While its contender is measured; otherwise it would be in the others' way.
struct Arrivals {
    is_due: Arc<AtomicBool>,
    is_over: Arc<AtomicBool>,
}

impl Arrivals {
    fn begin(view: &RevocationView) -> Self {
        let (view, arrivals) = (
            view.clone(),
            Self {
                is_due: Arc::default(),
                is_over: Arc::default(),
            },
        );
        let (is_due, is_over) = (arrivals.is_due.clone(), arrivals.is_over.clone());
        thread::spawn(move || {
            let mut last = SystemClock.mono();
            while !is_over.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_micros(100));
                let now = SystemClock.now();
                // As many as the time that has passed asks for.
                let due = now.mono.since(last).as_micros() / 100;
                last = now.mono;
                if is_due.swap(false, Ordering::Relaxed) {
                    for _ in 0..due.min(100) {
                        let Ok(revocation) = logged_out(now.wall) else {
                            return;
                        };
                        view.raise(&revocation, now.wall);
                    }
                }
            }
        });
        arrivals
    }

    fn are_due(&self) {
        if !self.is_due.load(Ordering::Relaxed) {
            self.is_due.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Arrivals {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}
