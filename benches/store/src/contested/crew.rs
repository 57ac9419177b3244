//! Three processes that answer, and are killed.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{mpsc, oneshot};

use super::worker::Orders;
use crate::Failure;

pub(crate) const SIZE: usize = 3;

/// How long a worker may take to answer before something hangs: far more than all
/// of its time-outs.
const HANG: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Crew {
    orders: Orders,
    members: [Mutex<Option<Member>>; SIZE],
    next: AtomicU64,
}

/// Who waits for which answer; nobody can any more after the process has ended.
type Waiting = Arc<Mutex<Option<HashMap<u64, oneshot::Sender<String>>>>>;

#[derive(Clone, Debug)]
struct Desk {
    questions: mpsc::UnboundedSender<String>,
    waiting: Waiting,
}

#[derive(Debug)]
struct Member {
    desk: Desk,
    child: Child,
}

impl Crew {
    pub(crate) async fn start(orders: Orders) -> Result<Self, Failure> {
        let mut members = Vec::new();
        for number in 0..SIZE {
            members.push(Mutex::new(Some(Member::start(&orders, number).await?)));
        }
        Ok(Self {
            orders,
            members: members
                .try_into()
                .map_err(|_| "another number of workers")?,
            next: AtomicU64::new(0),
        })
    }

    /// Presents a token to that worker, or to the next that runs: what it says, or
    /// `None` if it was killed before it answered.
    pub(crate) async fn present(
        &self,
        worker: usize,
        grace: u64,
        token: &str,
    ) -> Result<Option<String>, Failure> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let desk = loop {
            let running = (worker..worker + SIZE).find_map(|number| self.desk(number % SIZE));
            match running {
                Some(desk) => break desk,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let (tell, told) = oneshot::channel();
        if let Some(waiting) = locked(&desk.waiting).as_mut() {
            waiting.insert(id, tell);
        } else {
            return Ok(None);
        }
        if desk
            .questions
            .send(format!("{id} {grace} {token}\n"))
            .is_err()
        {
            return Ok(None);
        }
        match tokio::time::timeout(HANG, told).await {
            Ok(answer) => Ok(answer.ok()),
            Err(_) => Err(format!("worker {worker} has not answered for {HANG:?}").into()),
        }
    }

    fn desk(&self, number: usize) -> Option<Desk> {
        locked(&self.members[number])
            .as_ref()
            .map(|it| it.desk.clone())
    }

    /// Whether all run.
    pub(crate) fn is_complete(&self) -> bool {
        (0..SIZE).all(|number| self.desk(number).is_some())
    }

    /// Kills a worker (SIGKILL), and starts another in its place.
    pub(crate) async fn kill(&self, number: usize) -> Result<(), Failure> {
        let member = locked(&self.members[number]).take();
        let mut member = member.ok_or("a worker is killed twice")?;
        if let Some(status) = member.child.try_wait()? {
            return Err(format!("worker {number} ended by itself: {status}").into());
        }
        member.child.kill().await?;
        let other = Member::start(&self.orders, number).await?;
        *locked(&self.members[number]) = Some(other);
        Ok(())
    }
}

impl Member {
    /// Starts it, and waits until it can answer.
    async fn start(orders: &Orders, number: usize) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("contested-worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut input = child.stdin.take().ok_or("a worker has no input")?;
        let output = child.stdout.take().ok_or("a worker has no output")?;
        input.write_all(orders.line(number).as_bytes()).await?;
        let mut answers = BufReader::new(output).lines();
        if answers.next_line().await?.as_deref() != Some("ready") {
            return Err(format!("worker {number} did not start").into());
        }
        let (questions, asked) = mpsc::unbounded_channel();
        let waiting: Waiting = Arc::new(Mutex::new(Some(HashMap::new())));
        tokio::spawn(write(asked, input));
        let told = waiting.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = answers.next_line().await {
                let Some((id, answer)) = line.split_once(' ') else {
                    break;
                };
                let waits = id
                    .parse()
                    .ok()
                    .and_then(|id: u64| locked(&told).as_mut()?.remove(&id));
                if let Some(waits) = waits {
                    // Whoever asked may be gone.
                    let _ = waits.send(answer.to_owned());
                }
            }
            // Nobody else is answered: the senders are dropped.
            locked(&told).take();
        });
        let desk = Desk { questions, waiting };
        Ok(Self { desk, child })
    }
}

async fn write(mut asked: mpsc::UnboundedReceiver<String>, mut input: ChildStdin) {
    let mut lines = String::new();
    while let Some(line) = asked.recv().await {
        lines.clear();
        lines.push_str(&line);
        while let Ok(line) = asked.try_recv() {
            lines.push_str(&line);
        }
        if input.write_all(lines.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// What is behind it, whoever may have panicked.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
