//! Whoever has to look something up is called when it is nearly their turn.

use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use auth_core::Network;
use auth_core::password::{HashError, Place};

use crate::support::{Bench, HANG, answer, password};

type Called = Pin<Box<dyn Future<Output = Result<Place, HashError>> + Send>>;

fn network(number: u8) -> Network {
    Network::of(IpAddr::from([198, 51, number, 1]))
}

/// One is hashed, for which the gate must open; verifying waits for none.
fn busy(bound: usize) -> (Bench, impl Future) {
    let bench = Bench::new(|pool| pool.with_queue_bound(bound));
    let running = bench.hash();
    bench.gate.wait_for(1);
    (bench, running)
}

fn ask(bench: &Bench, network: Network) -> Called {
    Box::pin(bench.pool.for_network(network).place(bench.within(HANG)))
}

/// What there is without waiting.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

async fn verify(place: Place) {
    let verdict = answer(place.verify(password("hunter2"), None)).await;
    assert!(!verdict.unwrap().matches);
}

fn is_overloaded(refused: Option<&Result<Place, HashError>>) -> bool {
    matches!(refused, Some(Err(HashError::Overloaded { retry_after })) if !retry_after.is_zero())
}

#[tokio::test]
async fn c84_whoever_would_be_refused_is_refused_at_once() {
    let (bench, _running) = busy(2);
    let places = [1, 1].map(|number| at_once(ask(&bench, network(number))).unwrap().unwrap());
    assert!(is_overloaded(at_once(ask(&bench, network(1))).as_ref()));
    assert_eq!(bench.pool.stats().refused, 1);
    bench.gate.open(1);
    for place in places {
        verify(place).await;
    }
}

#[tokio::test]
async fn c84_a_few_are_called_and_the_next_when_one_of_them_is_hashed() {
    let (bench, _running) = busy(10);
    let mut asking: Vec<_> = (0..5).map(|_| ask(&bench, network(1))).collect();
    let mut places = Vec::new();
    for called in &mut asking[..2] {
        places.push(at_once(called).unwrap().unwrap());
    }
    for called in &mut asking[2..] {
        assert!(at_once(called).is_none());
    }
    // They have brought their jobs, but none has begun.
    let jobs: Vec<_> = places
        .into_iter()
        .map(|place| place.verify(password("hunter2"), None))
        .collect();
    assert!(at_once(&mut asking[2]).is_none());
    bench.gate.open(1);
    for job in jobs {
        answer(job).await.unwrap();
    }
    for called in &mut asking[2..] {
        verify(answer(called).await.unwrap()).await;
    }
}

#[tokio::test]
async fn c84_a_place_that_is_dropped_is_the_next_ones() {
    let (bench, _running) = busy(10);
    let places = [1, 1].map(|number| at_once(ask(&bench, network(number))).unwrap().unwrap());
    let left = ask(&bench, network(1));
    let mut next = ask(&bench, network(1));
    // Whoever has left is not called.
    drop(left);
    assert!(at_once(&mut next).is_none());
    drop(places);
    let place = at_once(&mut next).unwrap().unwrap();
    assert_eq!(bench.pool.stats().skipped, 1);
    // One who left between being called and hearing of it has no place either.
    let called = ask(&bench, network(1));
    drop(called);
    assert_eq!(bench.pool.stats().queued, 1);
    bench.gate.open(1);
    verify(place).await;
}

#[tokio::test]
async fn c84_a_flood_that_waits_gives_way_to_others_and_hears_it_at_once() {
    let (bench, _running) = busy(10);
    let mut flood: Vec<_> = (0..10).map(|_| ask(&bench, network(1))).collect();
    assert!(is_overloaded(at_once(ask(&bench, network(1))).as_ref()));
    let others: Vec<_> = (2..9).map(|number| ask(&bench, network(number))).collect();
    let (mut served, mut refused) = (Vec::new(), 0);
    for mut called in flood.drain(..) {
        match at_once(&mut called) {
            Some(Err(HashError::Overloaded { .. })) => refused += 1,
            Some(Ok(place)) => served.push(place),
            other => assert!(other.is_none(), "{other:?}"),
        }
    }
    // Two of its were next already; of the eight places behind them the seven others have one each.
    assert_eq!((served.len(), refused), (2, 7));
    bench.gate.open(1);
    for place in served {
        verify(place).await;
    }
    for called in others {
        verify(answer(called).await.unwrap()).await;
    }
}

#[tokio::test]
async fn c84_a_job_is_hashed_while_all_that_were_called_look_something_up() {
    let (bench, running) = busy(10);
    let mut asking: Vec<_> = (0..4).map(|_| ask(&bench, network(1))).collect();
    let hash = bench.hash();
    bench.gate.open(2);
    drop(running);
    answer(hash).await.unwrap();
    // Nobody else was called for that.
    assert!(at_once(&mut asking[2]).is_none());
}

#[tokio::test]
async fn c84_the_longer_it_takes_to_look_up_the_more_are_called() {
    let bench = Bench::new(|pool| pool.with_queue_bound(50));
    for _ in 0..20 {
        let place = answer(ask(&bench, network(1))).await.unwrap();
        bench.clock.advance(Duration::from_secs(10));
        verify(place).await;
    }
    let long = bench.within(Duration::from_secs(100_000));
    let pool = bench.pool.for_network(network(1));
    let mut asking: Vec<_> = (0..50).map(|_| Box::pin(pool.place(long))).collect();
    let called: Vec<_> = asking.iter_mut().filter_map(at_once).collect();
    // A thread and 32 times as many as it hashes meanwhile, at most.
    assert_eq!(called.len(), 33);
}

#[tokio::test]
async fn c84_a_place_is_no_promise_after_the_shutdown_or_the_deadline() {
    let (bench, _running) = busy(10);
    let [place, late] =
        [1, 1].map(|number| at_once(ask(&bench, network(number))).unwrap().unwrap());
    let mut waiting = ask(&bench, network(1));
    bench.clock.advance(HANG);
    let refused = answer(late.verify(password("hunter2"), None)).await;
    assert_eq!(refused.unwrap_err(), HashError::DeadlinePassed);
    // It was called when the other one's place was free, too late.
    assert_eq!(
        at_once(&mut waiting).unwrap().unwrap_err(),
        HashError::DeadlinePassed
    );
    let too_late = bench.pool.place(bench.within(Duration::ZERO));
    assert_eq!(
        at_once(too_late).unwrap().unwrap_err(),
        HashError::DeadlinePassed
    );

    // Longer than by what the hash that runs has taken.
    let patient = bench.within(HANG * 100);
    let mut waiting: Vec<_> = (0..3)
        .map(|_| Box::pin(bench.pool.place(patient)))
        .collect();
    bench.gate.open(1);
    bench.pool.shut_down();
    let refused = answer(place.verify(password("hunter2"), None)).await;
    assert_eq!(refused.unwrap_err(), HashError::ShutDown);
    let last = answer(waiting.remove(2)).await;
    assert_eq!(last.unwrap_err(), HashError::ShutDown);
    let closed = at_once(ask(&bench, network(1))).unwrap();
    assert_eq!(closed.unwrap_err(), HashError::ShutDown);
}

/// A first guess of 8 µs for a hash, of which a thousand fit.
#[tokio::test]
async fn c84_when_hashes_turn_out_to_take_long_those_who_come_last_hear_it_then() {
    let (bench, running) = busy(1000);
    let within = Duration::from_millis(10);
    let mut asking: Vec<_> = (0..100)
        .map(|_| Box::pin(bench.pool.place(bench.within(within))))
        .collect();
    for called in &mut asking[2..] {
        assert!(at_once(called).is_none());
    }
    bench.clock.advance(Duration::from_millis(5));
    bench.gate.open(1);
    drop(running);
    // 5 ms are left, and the average is above 600 µs now.
    for called in asking.drain(..).rev().take(85) {
        let refused = answer(called).await;
        assert!(is_overloaded(Some(&refused)));
    }
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("on purpose");
    }
}

#[tokio::test]
async fn a_caller_whose_waker_panics_keeps_nobody_from_being_called() {
    let (bench, running) = busy(10);
    let mut asking: Vec<_> = (0..6).map(|_| ask(&bench, network(1))).collect();
    let waker = Arc::new(Panics).into();
    for called in &mut asking[2..4] {
        let context = &mut Context::from_waker(&waker);
        assert!(called.as_mut().poll(context).is_pending());
    }
    // The first two make room for those whom it is no good to wake: here, and
    // then on the thread that hashes.
    let first = at_once(asking.remove(0)).unwrap().unwrap();
    drop(at_once(asking.remove(0)).unwrap().unwrap());
    let job = first.verify(password("hunter2"), None);
    bench.gate.open(2);
    drop(running);
    answer(job).await.unwrap();
    drop(asking.drain(..2));
    for called in asking {
        verify(answer(called).await.unwrap()).await;
    }
    answer(bench.hash()).await.unwrap();
    assert_eq!(bench.pool.stats().running, 0);
}
