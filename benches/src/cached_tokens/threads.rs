//! One thread, and two.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use auth_core::verifier::Verifier;

use super::l1;
use super::rig::Rig;
use crate::Failure;
use crate::goal::Goal;
use crate::group::{Contender, Group};

const ONE: &str = "one thread";
const DISJOINT: &str = "two threads, 32 tokens each";
const SAME: &str = "two threads, the same 64 tokens";
const QUICK_DISJOINT: &str = "quick_cache: two threads, 32 tokens each";
const QUICK_SAME: &str = "quick_cache: two threads, the same 64 tokens";
const QUICK_ONE: &str = "quick_cache: one thread";

/// Verified by each thread in one call.
const EACH: u32 = 50_000;

/// By the clock on the wall: what two processors get done that have nothing else
/// to do.
pub(super) fn group() -> Result<Group, Failure> {
    Ok(Group {
        name: "two threads".to_owned(),
        contenders: contenders()?,
        goals: vec![
            Goal::throughput(DISJOINT, ONE, 1.7),
            Goal::throughput(SAME, ONE, 1.0),
            Goal::stated(QUICK_DISJOINT, QUICK_ONE),
            Goal::stated(QUICK_SAME, QUICK_ONE),
        ],
        no_page_faults: None,
        wants_idle: true,
    })
}

/// By the processors' time for each, which doubles where they wait for each other:
/// twice as much done is 1 here.
pub(super) fn contended() -> Result<Group, Failure> {
    Ok(Group {
        name: "two threads, processors' time".to_owned(),
        contenders: contenders()?,
        goals: vec![
            Goal::throughput(DISJOINT, ONE, 0.85).of_processors(),
            Goal::throughput(SAME, ONE, 0.5).of_processors(),
            Goal::stated(QUICK_DISJOINT, QUICK_ONE).of_processors(),
            Goal::stated(QUICK_SAME, QUICK_ONE).of_processors(),
        ],
        no_page_faults: None,
        wants_idle: false,
    })
}

fn contenders() -> Result<Vec<Contender>, Failure> {
    let rig = Rig::new(64)?;
    let ours = rig.verifier(l1::ours());
    let [(_, quick), ..] = l1::all();
    let quick = rig.verifier(quick);
    let mut contenders = Vec::new();
    for (verifier, names) in [
        (ours, [ONE, DISJOINT, SAME]),
        (quick, [QUICK_ONE, QUICK_DISJOINT, QUICK_SAME]),
    ] {
        rig.check(names[0], &|token| verifier.verify_now(token).ok())?;
        let [one, disjoint, same] = names;
        let all: Vec<usize> = (0..64).collect();
        let turned: Vec<usize> = (0..64).map(|place| (place + 32) % 64).collect();
        let threads = |orders: &[&[usize]]| side_by_side(&rig, &verifier, orders);
        contenders.extend([
            threads(&[&all])(one),
            threads(&[&all[..32], &all[32..]])(disjoint),
            threads(&[&all, &turned])(same),
        ]);
    }
    Ok(contenders)
}

/// A thread for each order of tokens, that lives as long as the contender.
fn side_by_side(
    rig: &Rig,
    verifier: &Verifier,
    orders: &[&[usize]],
) -> impl FnOnce(&str) -> Contender + use<> {
    let workers: Vec<Worker> = orders
        .iter()
        .map(|order| Worker::new(rig.tokens.clone(), verifier.clone(), order.to_vec()))
        .collect();
    let operations = EACH * u32::try_from(workers.len()).unwrap_or(1);
    move |name| {
        Contender::of_many(name, operations, move || {
            for worker in &workers {
                let _ = worker.begin.send(());
            }
            for worker in &workers {
                assert_eq!(worker.done.recv(), Ok(EACH), "a token was not accepted");
            }
        })
    }
}

struct Worker {
    begin: Sender<()>,
    done: Receiver<u32>,
}

impl Worker {
    fn new(tokens: Arc<[String]>, verifier: Verifier, order: Vec<usize>) -> Self {
        let ((begin, starts), (finished, done)) = (channel(), channel());
        // It ends when the contender does.
        thread::spawn(move || {
            while starts.recv().is_ok() {
                let (mut accepted, mut place) = (0, 0);
                for _ in 0..EACH {
                    let verdict = verifier.verify_now(black_box(&tokens[order[place]]));
                    accepted += u32::from(verdict.is_ok());
                    place = if place + 1 == order.len() {
                        0
                    } else {
                        place + 1
                    };
                }
                if finished.send(accepted).is_err() {
                    break;
                }
            }
        });
        Self { begin, done }
    }
}
