//! Users sign up; each sign-up puts an event into the outbox, in the same
//! transaction. A relay publishes the events, and a consumer greets each new user
//! once, although this bus delivers everything twice.
#![allow(clippy::print_stdout, reason = "greetings are printed")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use auth_core::event::{Event, PublishError, PublishErrorKind, Publisher};
use auth_sdk::{
    Audience, Auth, Context, Issuer, Password, RootSecret, SignUp, SqliteStore, SystemRandom,
};
use auth_store::ConsumerStore;
use auth_store::outbox::Relay;
use tokio::sync::mpsc;

/// A bus in the process. It delivers each event twice, as a real one may.
#[derive(Debug)]
struct Bus(mpsc::Sender<Event>);

#[async_trait::async_trait]
impl Publisher for Bus {
    async fn publish(&self, batch: &[Event]) -> Vec<Result<(), PublishError>> {
        let mut results = Vec::new();
        for event in batch {
            let mut sent = Ok(());
            for _ in 0..2 {
                let sending = self.0.send(event.clone()).await;
                sent = sent.and(sending);
            }
            results.push(sent.map_err(|_| PublishErrorKind::Unavailable.into()));
        }
        results
    }
}

/// Longer than the bus may deliver an event again.
const KEEP: Duration = Duration::from_secs(7 * 24 * 3600);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open(folder.path().join("auth.db")).await?;
    let auth = Auth::builder(
        Issuer::new("https://auth.example.com")?,
        Audience::new("https://api.example.com")?,
        RootSecret::generate(&SystemRandom::new())?,
        Arc::new(store.clone()),
    )
    .with_events()
    .build()
    .await?;

    let (sender, events) = mpsc::channel(100);
    let relay = Relay::new(Arc::new(store.clone()), Arc::new(Bus(sender)))
        .with_poll(Duration::from_millis(50))
        .start()?;
    let consumer = tokio::spawn(greet(store, events));

    let password = Password::new("correct horse battery staple".to_owned())?;
    for name in ["ada@example.org", "bob@example.org", "eve@example.org"] {
        let sign_up = SignUp::new(name, password.clone());
        auth.sign_up(&Context::new(), sign_up).await?;
    }

    consumer.await??;
    relay.shut_down(Duration::from_secs(5)).await;
    auth.shut_down().await;
    Ok(())
}

/// Greets three users, and then waits for a moment whether there is a fourth.
async fn greet(
    store: SqliteStore,
    mut events: mpsc::Receiver<Event>,
) -> Result<(), auth_store::StoreError> {
    let patience = Duration::from_secs(1);
    while let Ok(Some(event)) = tokio::time::timeout(patience, events.recv()).await {
        let is_ours = event.kind.as_str() == "auth.user.created";
        // Where the greeting is a row in the same database, `first_seen_in` marks the
        // event in the transaction that writes it.
        if is_ours
            && store
                .first_seen("greeter", event.tenant, event.id, KEEP)
                .await?
        {
            println!("Welcome, {}", event.subject);
        }
    }
    Ok(())
}
