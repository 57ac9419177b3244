//! Waiting until replicas have what was added.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use auth_core::event::{PublishError, PublishErrorKind};
use redis::{Cmd, Pipeline, Value};

use super::failed;
use crate::redis::{Answer, Dedicated, LinkError, RedisLink};

/// What a batch may take beyond what the replicas get.
const GRACE: Duration = Duration::from_secs(1);

/// How many must have it, and the connection on which that is asked: `WAIT` is about
/// what its own connection has written, and blocks it.
#[derive(Debug)]
pub(super) struct Replicas {
    wanted: u32,
    within: Duration,
    /// One that is not in use and owes no answer.
    idle: Mutex<Option<Dedicated>>,
}

/// The primary has it, and might lose it.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("{has} replicas have it, and not {wanted}")]
struct TooFew {
    has: i64,
    wanted: u32,
}

impl Replicas {
    pub(super) const fn new(wanted: u32, within: Duration) -> Self {
        Self {
            wanted,
            within,
            idle: Mutex::new(None),
        }
    }

    /// One answer for each command, those that were not copied in time among the
    /// failures.
    pub(super) async fn send(
        &self,
        link: &RedisLink,
        key: &[u8],
        commands: &[Cmd],
    ) -> Vec<Result<Answer, PublishError>> {
        match self.ask(link, key, commands).await {
            Ok(answers) => answers,
            Err(error) => {
                let all = commands.iter();
                all.map(|_| Err(failed(error.clone()))).collect()
            }
        }
    }

    async fn ask(
        &self,
        link: &RedisLink,
        key: &[u8],
        commands: &[Cmd],
    ) -> Result<Vec<Result<Answer, PublishError>>, LinkError> {
        let idle = self.idle().take();
        let mut connection = match idle {
            Some(connection) => connection,
            None => link.dedicated(key).await?,
        };
        let mut all = Pipeline::with_capacity(commands.len() + 1);
        for command in commands {
            all.add_command(command.clone());
        }
        // 0 would be for ever.
        let millis = self.within.as_millis().max(1);
        all.cmd("WAIT").arg(self.wanted).arg(millis.to_string());
        let mut answers = connection.ask_all(&all, self.within + GRACE).await?;
        // One that refuses may be the wrong server by now.
        if answers.iter().all(Result::is_ok) {
            *self.idle() = Some(connection);
        }
        let has = match answers.pop() {
            Some(Ok(answer)) => match answer.value {
                Value::Int(has) => has,
                _ => return Err(LinkError::wrong_reply("a count of replicas is missing")),
            },
            Some(Err(error)) => return Err(error),
            None => return Err(LinkError::wrong_reply("there is no answer")),
        };
        let wanted = self.wanted;
        let is_enough = has >= i64::from(wanted);
        let too_few = || PublishError::new(PublishErrorKind::Unavailable, TooFew { has, wanted });
        let copied = |answer: Result<Answer, LinkError>| match answer {
            Ok(answer) if is_enough => Ok(answer),
            Ok(_) => Err(too_few()),
            Err(error) => Err(failed(error)),
        };
        Ok(answers.into_iter().map(copied).collect())
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Option<Dedicated>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
