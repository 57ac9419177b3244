//! A connection of one's own, for what blocks it.

use std::fmt;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisError, Value};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::call::{Answer, RunId};
use super::dial::{Dialed, Driver};
use super::error::{LinkError, LinkErrorKind};
use super::place::Address;
use super::route::Route;

/// One connection to one process, never replaced: when it is over, another is asked
/// for, and whoever follows a stream knows that there is a gap.
pub(crate) struct Dedicated {
    inner: MultiplexedConnection,
    driver: Driver,
    server: RunId,
    at: Address,
    /// Told when the server refuses, as what is known of the slots may be wrong.
    route: Option<Route>,
}

impl Dedicated {
    pub(super) fn new(dialed: Dialed, route: Option<Route>) -> Self {
        Self {
            route,
            at: dialed.at,
            inner: dialed.inner,
            driver: dialed.driver,
            server: dialed.server,
        }
    }

    /// Who is at the other end.
    pub(crate) const fn server(&self) -> &RunId {
        &self.server
    }

    /// Waits for an answer for as long as is said here: longer than the server was told
    /// to block. Without one, the connection is over.
    pub(crate) async fn ask(
        &mut self,
        command: &Cmd,
        within: Duration,
    ) -> Result<Answer, LinkError> {
        let asked = timeout(within, self.inner.send_packed_command(command)).await;
        let value = self.in_time(asked)?;
        self.answered(value)
    }

    /// The same for several commands, with an answer for each.
    pub(crate) async fn ask_all(
        &mut self,
        all: &Pipeline,
        within: Duration,
    ) -> Result<Vec<Result<Answer, LinkError>>, LinkError> {
        let sent = self.inner.send_packed_commands(all, 0, all.len());
        let asked = timeout(within, sent).await;
        let values = self.in_time(asked)?.into_iter();
        Ok(values.map(|value| self.answered(value)).collect())
    }

    fn answered(&self, value: Value) -> Result<Answer, LinkError> {
        let Value::ServerError(error) = value else {
            let server = self.server.clone();
            return Ok(Answer { value, server });
        };
        if let Some(route) = &self.route {
            route.refused(&self.at, &error);
        }
        Err(LinkError::of_server(&error))
    }

    /// Whoever was not answered cannot tell a later answer from another's.
    fn in_time<T>(&self, asked: Result<Result<T, RedisError>, Elapsed>) -> Result<T, LinkError> {
        match asked {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                self.driver.end();
                Err(LinkError::of_call(error))
            }
            Err(_) => {
                self.driver.end();
                Err(LinkErrorKind::TimedOut.into())
            }
        }
    }
}

impl fmt::Debug for Dedicated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dedicated")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
