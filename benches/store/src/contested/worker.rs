//! A process with an `Auth` of its own, which refreshes whatever it is given.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{BufRead as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use auth_sdk::{Audience, Auth, Context, Issuer, RefreshToken, RootSecret};
use auth_store::{PgStore, Store};
use tokio::sync::mpsc;

use super::flaw::TwoSuccessors;
use super::{FORGETFUL, SUCCESSORS};
use crate::Failure;

/// What a worker is told in its first line.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    pub(crate) url: String,
    pub(crate) root: String,
    pub(crate) flaw: Option<String>,
}

/// Each worker has an `Auth` for each.
pub(crate) const GRACES: [u64; 3] = [60, 1, 0];

const CONNECTIONS: u32 = 8;

/// How long the server may be away when a worker starts.
const PATIENCE: Duration = Duration::from_secs(60);

impl Orders {
    pub(crate) fn line(&self, number: usize) -> String {
        // A flaw that all have in the same way may be none.
        let flaw = self
            .flaw
            .as_deref()
            .filter(|flaw| *flaw != SUCCESSORS || number < 2);
        format!("{} {} {}\n", self.url, self.root, flaw.unwrap_or("-"))
    }
}

/// Answers each line `id grace token` by `id ok successor` or `id code`, in
/// whatever order, until the input ends.
pub(crate) async fn run() -> Result<bool, Failure> {
    let mut lines = lines();
    let orders = lines.recv().await.ok_or("no orders")?;
    let [url, root, flaw] = orders.split(' ').collect::<Vec<_>>()[..] else {
        return Err("other orders than expected".into());
    };
    let begun = Instant::now();
    let auths = loop {
        match auths(url, root, flaw).await {
            Ok(auths) => break auths,
            Err(error) if begun.elapsed() > PATIENCE => return Err(error),
            // The server may have been killed too.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    let (answers, told) = mpsc::unbounded_channel();
    answers.send("ready\n".to_owned())?;
    let writer = tokio::task::spawn_blocking(|| write(told));
    while let Some(line) = lines.recv().await {
        let [id, grace, token] = line.split(' ').collect::<Vec<_>>()[..] else {
            return Err(format!("a line that is none: {line}").into());
        };
        let grace: u64 = grace.parse()?;
        let which = GRACES.iter().position(|it| *it == grace);
        let auth = which.map(|it| auths[it].clone()).ok_or("another grace")?;
        let (id, token) = (id.to_owned(), RefreshToken::from_text(token.to_owned()));
        let answers = answers.clone();
        tokio::spawn(async move {
            let answer = match auth.refresh(&Context::new(), &token).await {
                Ok(pair) => format!("{id} ok {}\n", pair.refresh_token.expose()),
                Err(error) => {
                    let code = error.code().as_str();
                    if code == "internal_error" {
                        eprintln!("contested-worker: {}", with_sources(&error));
                    }
                    format!("{id} {code}\n")
                }
            };
            let _ = answers.send(answer);
        });
    }
    drop(answers);
    writer.await??;
    Ok(true)
}

async fn auths(url: &str, root: &str, flaw: &str) -> Result<Vec<Auth>, Failure> {
    let mut builder = PgStore::builder(url).with_max_connections(CONNECTIONS);
    if flaw == FORGETFUL {
        builder = builder.danger_accept_asynchronous_commit();
    }
    let store = builder.connect().await?;
    let store: Arc<dyn Store> = if flaw == SUCCESSORS {
        Arc::new(TwoSuccessors(store))
    } else {
        Arc::new(store)
    };
    let mut auths = Vec::new();
    for grace in GRACES {
        let auth = Auth::builder(
            Issuer::new("https://auth.example.org")?,
            Audience::new("https://api.example.org")?,
            RootSecret::from_base64(root)?,
            store.clone(),
        )
        .with_rotation_grace(Duration::from_secs(grace))
        // What is revoked stays in the log until the soak is over.
        .with_access_token_lifetime(Duration::from_secs(3600));
        auths.push(auth.build().await?);
    }
    Ok(auths)
}

/// What comes in, read by a thread that may wait for it.
fn lines() -> mpsc::UnboundedReceiver<String> {
    let (tell, told) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let lines = std::io::stdin().lock().lines();
        for line in lines.map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    told
}

fn write(mut told: mpsc::UnboundedReceiver<String>) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    while let Some(mut lines) = told.blocking_recv() {
        while let Ok(line) = told.try_recv() {
            lines.push_str(&line);
        }
        output.write_all(lines.as_bytes())?;
        output.flush()?;
    }
    Ok(())
}

fn with_sources(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let _ = write!(said, ": {error}");
        source = error.source();
    }
    said
}
