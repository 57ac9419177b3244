//! A Redis of one's own, and links to it.

use std::time::Duration;

use auth_cache::redis::RedisLink;
use auth_core::{RootSecret, SystemRandom};
use auth_testkit::servers::Redis;

/// The server, and the secret that all processes over it share.
pub(crate) struct World {
    pub(crate) server: Redis,
    pub(crate) root: RootSecret,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub(crate) async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self {
            server: Redis::start_with(settings).await.unwrap(),
            root: new_root(),
        }
    }

    pub(crate) fn link(&self, deadline: Duration) -> RedisLink {
        let link = RedisLink::single(&self.server.url()).unwrap();
        link.with_deadline(deadline).build().unwrap()
    }

    /// What the server says to it.
    pub(crate) fn command(&self, words: &[&str]) -> Vec<String> {
        self.server.command(words).unwrap()
    }
}

pub(crate) fn new_root() -> RootSecret {
    RootSecret::generate(&SystemRandom::new()).unwrap()
}
