//! Keys in use while they end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use auth_core::TenantId;
use auth_sdk::{ApiKey, Auth, Code, IssuedApiKey, TenantStatus, UserStatus};
use tokio::sync::Semaphore;

use crate::keyed::{BOTH, Keyed, code, keyed};

const VERIFYING: u32 = 3;
const ROUNDS: usize = 1000;
/// Of one application: a store in memory looks at all of them.
const KEYS: usize = 50;

/// Callers who use a key, as fast as they can, while it ends.
struct Callers {
    is_over: Arc<AtomicBool>,
    /// The change has returned.
    has_ended: Arc<AtomicBool>,
    /// A permit for each use.
    verified: Arc<Semaphore>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Callers {
    /// Whoever begins after the end is refused.
    fn of(auth: &Auth, key: &ApiKey) -> Self {
        let mut callers = Self {
            is_over: Arc::default(),
            has_ended: Arc::default(),
            verified: Arc::new(Semaphore::new(0)),
            tasks: Vec::new(),
        };
        for _ in 0..VERIFYING {
            let (auth, key) = (auth.clone(), key.clone());
            let is_over = Arc::clone(&callers.is_over);
            let has_ended = Arc::clone(&callers.has_ended);
            let verified = Arc::clone(&callers.verified);
            callers.tasks.push(tokio::spawn(async move {
                while !is_over.load(Ordering::SeqCst) {
                    let was_over = has_ended.load(Ordering::SeqCst);
                    let answer = code(&auth, &key).await;
                    if was_over {
                        assert_eq!(answer, Some(Code::InvalidToken), "it has ended");
                    }
                    verified.add_permits(1);
                    tokio::task::yield_now().await;
                }
            }));
        }
        callers
    }

    /// So many are through since.
    async fn go_on(&self, uses: u32) {
        self.verified.forget_permits(usize::MAX);
        let done = self.verified.acquire_many(uses);
        let done = tokio::time::timeout(Duration::from_secs(60), done).await;
        done.unwrap().unwrap().forget();
    }

    async fn end(self) {
        self.has_ended.store(true, Ordering::SeqCst);
        self.go_on(2 * VERIFYING).await;
        self.is_over.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

/// A thousand keys end while they are used, where changes are counted and where not.
async fn race(end: impl AsyncFn(&Keyed, &IssuedApiKey)) {
    for round in 0..ROUNDS * 2 / KEYS {
        let keyed = keyed(BOTH[round % 2]).await;
        for _ in 0..KEYS {
            let made = keyed.key().await;
            let callers = Callers::of(&keyed.rig.auth, &made.key);
            callers.go_on(VERIFYING).await;
            end(&keyed, &made).await;
            callers.end().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c66_no_key_is_accepted_after_its_revocation_has_returned() {
    race(async |keyed, made| keyed.revoke(made.info.id).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c66_no_former_secret_is_accepted_after_the_rotation_has_returned() {
    race(async |keyed, made| {
        keyed.rotate(made.info.id, Duration::ZERO).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c66_no_key_is_accepted_after_its_user_was_disabled() {
    for changed in BOTH {
        let keyed = keyed(changed).await;
        let made = keyed.key().await;
        for _ in 0..ROUNDS {
            let callers = Callers::of(&keyed.rig.auth, &made.key);
            callers.go_on(VERIFYING).await;
            keyed.set_status(UserStatus::Disabled).await;
            callers.end().await;
            keyed.set_status(UserStatus::Active).await;
            assert_eq!(
                keyed.code(&made.key).await,
                None,
                "and goes on with its user"
            );
        }
    }
}

/// Whatever is changed around it, a key that is good is not called bad.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_key_is_never_refused_while_its_user_is_changed() {
    for changed in BOTH {
        let keyed = keyed(changed).await;
        let made = keyed.key().await;
        let is_over = Arc::new(AtomicBool::new(false));
        let callers: Vec<_> = (0..VERIFYING)
            .map(|_| {
                let (auth, key) = (keyed.rig.auth.clone(), made.key.clone());
                let is_over = Arc::clone(&is_over);
                tokio::spawn(async move {
                    let mut accepted = 0_usize;
                    while !is_over.load(Ordering::SeqCst) {
                        match code(&auth, &key).await {
                            None => accepted += 1,
                            Some(code) => assert_eq!(code, Code::Unavailable),
                        }
                        // A use of what is kept waits for nothing.
                        tokio::task::yield_now().await;
                    }
                    accepted
                })
            })
            .collect();
        for round in 0..1000 {
            keyed
                .set_roles(if round % 2 == 0 {
                    &["read"]
                } else {
                    &["read", "write"]
                })
                .await;
            if round % 10 == 0 {
                let auth = &keyed.rig.auth;
                auth.set_tenant_status(TenantId::DEFAULT, TenantStatus::Active)
                    .await
                    .unwrap();
            }
        }
        is_over.store(true, Ordering::SeqCst);
        for caller in callers {
            assert!(caller.await.unwrap() > 0);
        }
    }
}
