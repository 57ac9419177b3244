//! The use-cases tell the hash pool whom they serve: checklist 84.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::net::IpAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_core::password::{HashPool, danger};
use auth_core::{EntropyError, SecureRandom};
use auth_sdk::{AuthError, Context, LogIn, SignUp};
use support::{PASSWORD, password, rig_with};

/// Salts are drawn once the test says so: what hashes stands still until then.
#[derive(Debug)]
struct Held {
    entered: Sender<()>,
    release: Mutex<Receiver<()>>,
}

impl SecureRandom for Held {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        self.entered.send(()).unwrap();
        self.release.lock().unwrap().recv().unwrap();
        buffer.fill(7);
        Ok(())
    }
}

/// More than are called at once, however long looking up takes.
const BOUND: u8 = 40;

async fn until(done: impl Fn() -> bool) {
    tokio::time::timeout(Duration::from_secs(30), async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn c84_a_flood_of_log_ins_from_one_network_makes_room_for_another() {
    let (entered, has_entered) = channel();
    let (go, release) = channel();
    let pool = HashPool::builder()
        .with_params(danger::argon2_params(8, 1, 1).unwrap())
        .with_threads(1)
        .with_queue_bound(BOUND.into())
        .with_random(Arc::new(Held {
            entered,
            release: Mutex::new(release),
        }))
        .build()
        .unwrap();
    let rig = rig_with(|store| store, |auth| auth.with_hash_pool(pool.clone())).await;
    let from = |address: [u8; 4]| Context::new().with_client_address(IpAddr::from(address));
    let log_in = |address: [u8; 4]| {
        let (auth, cx) = (rig.auth.clone(), from(address));
        let nobody = format!("nobody{}@example.org", address[3]);
        let request = LogIn::new(nobody, password(PASSWORD));
        tokio::spawn(async move { auth.log_in(&cx, request).await.map(drop) })
    };

    // A sign-up holds the only thread, a flood has filled the queue.
    let signing_up = {
        let (auth, cx) = (rig.auth.clone(), from([203, 0, 113, 1]));
        let request = SignUp::new("ada@example.org", password(PASSWORD));
        tokio::spawn(async move { auth.sign_up(&cx, request).await.map(drop) })
    };
    until(|| has_entered.try_recv().is_ok()).await;
    let mut flood = Vec::new();
    for number in 1..=BOUND {
        flood.push(log_in([192, 0, 2, number]));
        until(|| pool.stats().queued == usize::from(number)).await;
    }

    let other = log_in([198, 51, 100, 1]);
    let displaced = flood.pop().unwrap();
    until(|| displaced.is_finished()).await;
    let displaced = displaced.await.unwrap();
    assert!(
        matches!(displaced, Err(AuthError::Overloaded { .. })),
        "{displaced:?}"
    );
    go.send(()).unwrap();
    for admitted in flood.into_iter().chain([other]) {
        let answer = admitted.await.unwrap();
        assert!(
            matches!(answer, Err(AuthError::InvalidCredentials)),
            "{answer:?}"
        );
    }
    signing_up.await.unwrap().unwrap();
}
