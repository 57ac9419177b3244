//! Places in the queue are kept before anything is looked up.

use std::net::IpAddr;

use auth_core::Network;
use auth_core::password::{HashError, Place};

use crate::support::{Bench, HANG, answer, password};

fn network(number: u8) -> Network {
    Network::of(IpAddr::from([198, 51, number, 1]))
}

/// One runs, `bound` wait.
fn busy(bound: usize) -> (Bench, impl Future) {
    let bench = Bench::new(|pool| pool.with_queue_bound(bound));
    let running = bench.hash();
    bench.gate.wait_for(1);
    (bench, running)
}

fn keep(bench: &Bench, network: Network) -> Result<Place, HashError> {
    bench.pool.for_network(network).place(bench.within(HANG))
}

#[tokio::test]
async fn c84_whoever_would_be_refused_is_refused_before_anything_is_looked_up() {
    let (bench, _running) = busy(2);
    let places: Vec<_> = (0..2).map(|_| keep(&bench, network(1)).unwrap()).collect();
    let refused = keep(&bench, network(1)).unwrap_err();
    assert!(matches!(refused, HashError::Overloaded { retry_after } if !retry_after.is_zero()));
    assert_eq!(bench.pool.stats().refused, 1);
    bench.gate.open(3);
    for place in places {
        let verdict = answer(place.verify(password("hunter2"), None))
            .await
            .unwrap();
        assert!(!verdict.matches);
    }
}

#[tokio::test]
async fn c84_a_place_that_is_dropped_is_somebody_elses() {
    let (bench, _running) = busy(1);
    let place = keep(&bench, network(1)).unwrap();
    assert!(keep(&bench, network(1)).is_err());
    drop(place);
    drop(keep(&bench, network(1)).unwrap());
    // So is that of a job whose caller left.
    let place = keep(&bench, network(1)).unwrap();
    drop(place.verify(password("hunter2"), None));
    let by = bench.within(HANG);
    let job = bench
        .pool
        .for_network(network(2))
        .hash(password("hunter2"), by);
    bench.gate.open(2);
    answer(job).await.unwrap();
}

#[tokio::test]
async fn c84_kept_places_of_a_flood_do_not_shut_out_others() {
    let (bench, _running) = busy(4);
    let flood: Vec<_> = (0..4).map(|_| keep(&bench, network(1)).unwrap()).collect();
    let others = [2, 3, 4].map(|number| keep(&bench, network(number)).unwrap());
    let others = others.map(|place| place.verify(password("hunter2"), None));
    let flood: Vec<_> = flood
        .into_iter()
        .map(|place| place.verify(password("hunter2"), None))
        .collect();
    bench.gate.open(5);
    for job in others {
        answer(job).await.unwrap();
    }
    // Three of its four have become the others'.
    let mut served = 0;
    for job in flood {
        match answer(job).await {
            Ok(_) => served += 1,
            Err(error) => assert!(matches!(error, HashError::Overloaded { .. })),
        }
    }
    assert_eq!(served, 1);
}

#[tokio::test]
async fn c84_a_place_is_no_promise_after_the_shutdown_or_the_deadline() {
    let (bench, _running) = busy(4);
    let place = keep(&bench, network(1)).unwrap();
    let late = bench.pool.place(bench.within(std::time::Duration::ZERO));
    assert_eq!(late.unwrap_err(), HashError::DeadlinePassed);
    bench.gate.open(1);
    bench.pool.shut_down();
    let refused = answer(place.verify(password("hunter2"), None)).await;
    assert_eq!(refused.unwrap_err(), HashError::ShutDown);
    assert_eq!(keep(&bench, network(1)).unwrap_err(), HashError::ShutDown);
}
