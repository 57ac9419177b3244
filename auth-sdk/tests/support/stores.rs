//! One test, on every store there is a feature for.

use std::sync::Arc;

use auth_core::{Clock, ManualClock, RootSecrets, SystemClock};
use auth_sdk::{Auth, AuthBuilder, Context, MemoryStore, Store};

use super::{Rig, builder, root};

/// A new store, and a clock that starts at the time it is.
pub struct Place {
    pub store: Arc<dyn Store>,
    pub clock: Arc<ManualClock>,
    #[cfg(feature = "sqlite")]
    _folder: Option<tempfile::TempDir>,
}

/// Runs `test` on each.
pub async fn on_each_store(test: impl AsyncFn(Place)) {
    test(memory()).await;
    #[cfg(feature = "sqlite")]
    test(sqlite().await).await;
    #[cfg(feature = "postgres")]
    test(postgres().await).await;
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(SystemClock.now().wall))
}

fn memory() -> Place {
    let clock = clock();
    Place {
        store: Arc::new(MemoryStore::with_clock(clock.clone())),
        clock,
        #[cfg(feature = "sqlite")]
        _folder: None,
    }
}

#[cfg(feature = "sqlite")]
async fn sqlite() -> Place {
    let (clock, folder) = (clock(), tempfile::tempdir().unwrap());
    let store = auth_sdk::SqliteStore::builder(folder.path().join("auth.db"));
    let store = store.with_clock(clock.clone()).open().await.unwrap();
    Place {
        store: Arc::new(store),
        clock,
        _folder: Some(folder),
    }
}

/// In a schema that no earlier run on the same server has used.
#[cfg(feature = "postgres")]
async fn postgres() -> Place {
    use auth_core::{SystemRandom, draw};

    let random: [u8; 8] = draw(&SystemRandom::new()).unwrap();
    let schema = format!("sdk_{:016x}", u64::from_be_bytes(random));
    let url = auth_testkit::servers::postgres_url().await.unwrap();
    let store = auth_sdk::PgStore::builder(&url).with_schema(schema);
    Place {
        store: Arc::new(store.connect().await.unwrap()),
        clock: clock(),
        #[cfg(feature = "sqlite")]
        _folder: None,
    }
}

impl Place {
    pub async fn auth(&self) -> Auth {
        self.auth_with(root(1), |builder| builder).await
    }

    pub async fn auth_with(
        &self,
        roots: impl Into<RootSecrets>,
        configure: impl FnOnce(AuthBuilder) -> AuthBuilder,
    ) -> Auth {
        let builder = configure(builder(&self.store, &self.clock, roots));
        builder.build().await.unwrap()
    }

    pub async fn rig(&self) -> Rig {
        Rig {
            auth: self.auth().await,
            store: self.store.clone(),
            clock: self.clock.clone(),
            cx: Context::new(),
        }
    }
}
