//! Networks share the pool when there is more work than fits.

use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use auth_core::Network;
use auth_core::password::{HashError, PasswordHash};

use tokio::task::unconstrained;

use crate::support::{Bench, HANG, answer, enough_for, password};

type Answer = Pin<Box<dyn Future<Output = Result<PasswordHash, HashError>> + Send>>;

fn network(number: u8) -> Network {
    Network::of(IpAddr::from([198, 51, number, 1]))
}

fn offer(bench: &Bench, network: Network, jobs: usize, within: Duration) -> Vec<Answer> {
    let pool = bench.pool.for_network(network);
    (0..jobs)
        .map(|_| {
            let by = bench.within(within);
            Box::pin(pool.hash(password("hunter2"), by)) as Answer
        })
        .collect()
}

/// How many are not refused, yet. The others are taken out.
fn waiting(jobs: &mut Vec<Answer>) -> usize {
    let mut cx = Context::from_waker(Waker::noop());
    // Without the limit that the runtime sets to the polls of one task.
    jobs.retain_mut(|job| match pin!(unconstrained(job)).poll(&mut cx) {
        Poll::Pending => true,
        Poll::Ready(Err(HashError::Overloaded { .. })) => false,
        Poll::Ready(other) => panic!("{other:?}"),
    });
    jobs.len()
}

/// One runs, `bound` wait.
fn busy(bound: usize) -> (Bench, impl Future<Output = Result<PasswordHash, HashError>>) {
    let bench = Bench::new(|pool| pool.with_queue_bound(bound));
    let running = bench.hash();
    bench.gate.wait_for(1);
    (bench, running)
}

#[tokio::test]
async fn c84_a_source_that_is_alone_may_use_every_place() {
    let (bench, _running) = busy(40);
    let mut alone = offer(&bench, network(1), 60, HANG);
    assert_eq!(waiting(&mut alone), 40);
    bench.gate.open(41);
    for job in alone {
        answer(job).await.unwrap();
    }
}

#[tokio::test]
async fn c84_a_flood_that_came_first_keeps_a_quarter_of_the_places_while_three_others_wait() {
    let (bench, _running) = busy(40);
    let mut flood = offer(&bench, network(1), 1000, HANG);
    let mut others: Vec<_> = (2..5)
        .map(|number| offer(&bench, network(number), 10, HANG))
        .collect();
    for other in &mut others {
        assert_eq!(waiting(other), 10);
    }
    assert_eq!(waiting(&mut flood), 10);
    // What it sends meanwhile gets it nothing.
    let mut more = offer(&bench, network(1), 1000, HANG);
    assert_eq!(waiting(&mut more), 0);
    assert_eq!(bench.pool.stats().queued, 40);
    bench.gate.open(41);
    for job in others.into_iter().flatten() {
        answer(job).await.unwrap();
    }
}

#[tokio::test]
async fn c84_a_flood_from_one_48_of_ipv6_is_one_source() {
    let (bench, _running) = busy(10);
    let mut flood: Vec<_> = (0..100_u16)
        .flat_map(|n| {
            let address = IpAddr::from([0x2001, 0xdb8, 1, n, n, n, n, n]);
            offer(&bench, Network::of(address), 1, HANG)
        })
        .collect();
    assert_eq!(waiting(&mut flood), 10);
    let mut other = offer(&bench, network(1), 5, HANG);
    assert_eq!((waiting(&mut other), waiting(&mut flood)), (5, 5));
}

#[tokio::test]
async fn c84_a_newcomer_does_not_wait_behind_a_flood() {
    let (bench, running) = busy(1000);
    let mut flood = offer(&bench, network(1), 900, HANG);
    let mut newcomer = offer(&bench, network(2), 1, HANG);
    bench.gate.open(1);
    answer(running).await.unwrap();
    // One of the flood's comes first, and then the newcomer.
    bench.gate.wait_for(2);
    bench.gate.open(2);
    answer(newcomer.remove(0)).await.unwrap();
    answer(flood.remove(0)).await.unwrap();
    assert_eq!(waiting(&mut flood), 899);
}

/// A first guess of 8 µs for a hash, and one that runs: 800 µs to wait are 100 places.
#[tokio::test]
async fn c84_deadlines_make_places_and_those_are_shared_too() {
    let (bench, _running) = busy(10_000);
    let patience = enough_for(Duration::from_micros(800));
    let mut flood = offer(&bench, network(1), 500, patience);
    assert_eq!(waiting(&mut flood), 100);
    let mut others: Vec<_> = (2..12)
        .flat_map(|number| offer(&bench, network(number), 50, patience))
        .collect();
    assert_eq!(waiting(&mut others) + waiting(&mut flood), 100);
    assert!(waiting(&mut flood) <= 10);
}

/// The flood is patient; whoever is not gets in if its turn comes in time.
#[tokio::test]
async fn c84_a_patient_flood_does_not_shut_out_the_impatient() {
    let (bench, _running) = busy(10_000);
    let mut flood = offer(&bench, network(1), 5000, HANG);
    assert_eq!(waiting(&mut flood), 5000);
    let patience = enough_for(Duration::from_micros(16));
    let mut impatient = offer(&bench, network(2), 1, patience);
    assert_eq!(waiting(&mut impatient), 1);
    let mut too_late = offer(&bench, network(3), 1, patience);
    assert_eq!(waiting(&mut too_late), 0);
}

#[tokio::test]
async fn c84_whoever_gives_way_is_told_at_once_when_to_return() {
    let (bench, _running) = busy(2);
    let mut flood = offer(&bench, network(1), 2, HANG);
    let mut other = offer(&bench, network(2), 1, HANG);
    let displaced = flood.remove(1).await.unwrap_err();
    let average = bench.pool.stats().average_hash;
    assert_eq!(
        displaced,
        HashError::Overloaded {
            retry_after: average * 3
        }
    );
    assert_eq!((waiting(&mut other), waiting(&mut flood)), (1, 1));
    assert_eq!(bench.pool.stats().refused, 1);
}

#[tokio::test]
async fn c84_ten_thousand_callers_that_left_while_queued_cost_no_hash() {
    let (bench, running) = busy(20_000);
    for number in 0..100 {
        drop(offer(&bench, network(number), 100, HANG));
    }
    let last = bench.hash();
    assert_eq!(bench.pool.stats().queued, 10_001);
    bench.gate.open(2);
    answer(running).await.unwrap();
    answer(last).await.unwrap();
    // Nobody else waits for an answer: the thread takes what is left in its turn.
    answer(async {
        while bench.pool.stats().queued + bench.pool.stats().running != 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let stats = bench.pool.stats();
    assert_eq!((stats.hashed, stats.skipped, stats.refused), (2, 10_000, 0));
}
