//! Whatever was acknowledged survives `kill -9`.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Client;
use support::{Quickstart, credentials};
use tokio::sync::Mutex;
use tokio::time::sleep;

const SIGN_UPS: usize = 1_000;
const CLIENTS: usize = 8;
/// After how many acknowledgements the process is killed, time and again.
const KILL_EVERY: usize = 200;

fn identifier(n: usize) -> String {
    format!("user{n}@example.org")
}

/// Signs up until it is acknowledged; says how often the link broke on the way.
async fn sign_up(http: &Client, service: &Mutex<Option<Quickstart>>, n: usize) {
    loop {
        let url = service
            .lock()
            .await
            .as_ref()
            .map(|service| service.url("/auth/signup"));
        if let Some(url) = url {
            match http
                .post(url)
                .json(&credentials(&identifier(n)))
                .send()
                .await
            {
                // Taken: an earlier try was committed, and its answer lost.
                Ok(answer) if [201, 409].contains(&answer.status().as_u16()) => return,
                // Busy: as a client would, a little later.
                Ok(answer) => assert_eq!(answer.status(), 503),
                Err(_) => {}
            }
        }
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_sign_up_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("a.db");
    let service = Arc::new(Mutex::new(Some(Quickstart::start(&database, "warn").await)));
    let next = Arc::new(AtomicUsize::new(0));
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let http = Client::new();

    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (http, service) = (http.clone(), service.clone());
            let (next, acknowledged) = (next.clone(), acknowledged.clone());
            tokio::spawn(async move {
                loop {
                    let n = next.fetch_add(1, Ordering::SeqCst);
                    if n >= SIGN_UPS {
                        return;
                    }
                    sign_up(&http, &service, n).await;
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();

    for kill_at in (KILL_EVERY..SIGN_UPS).step_by(KILL_EVERY) {
        while acknowledged.load(Ordering::SeqCst) < kill_at {
            sleep(Duration::from_millis(1)).await;
        }
        let killed = service.lock().await.take().unwrap();
        killed.kill_9().await;
        *service.lock().await = Some(Quickstart::start(&database, "warn").await);
    }
    for client in clients {
        client.await.unwrap();
    }

    service.lock().await.take().unwrap().kill_9().await;
    let service = Quickstart::start(&database, "warn").await;
    let next = Arc::new(AtomicUsize::new(0));
    let url = service.url("/auth/login");
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (http, next, url) = (http.clone(), next.clone(), url.clone());
            tokio::spawn(async move {
                loop {
                    let n = next.fetch_add(1, Ordering::SeqCst);
                    if n >= SIGN_UPS {
                        return;
                    }
                    let body = credentials(&identifier(n));
                    let mut status = 503;
                    while status == 503 {
                        status = http
                            .post(&url)
                            .json(&body)
                            .send()
                            .await
                            .unwrap()
                            .status()
                            .as_u16();
                    }
                    assert_eq!(status, 200, "{} cannot log in", identifier(n));
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
}
