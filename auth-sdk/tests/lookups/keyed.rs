//! An application with API keys and look-up caches.

use std::sync::Arc;
use std::time::Duration;

use auth_core::{ApiKeyId, Scope};
use auth_sdk::{
    ApiKey, Auth, AuthBuilder, Code, CreateApiKey, IssuedApiKey, LookupCache, SignUp, Store,
    TokenProfile, User, UserStatus,
};

use crate::support::unsure::Unsure;
use crate::support::{PASSWORD, Rig, builder, password, root, unsure_rig};

/// What a role is called, it allows.
#[derive(Debug)]
struct RolesAreScopes;

impl TokenProfile for RolesAreScopes {
    fn scope(&self, user: &User) -> Scope {
        user.roles.join(" ").parse().unwrap()
    }
}

pub(crate) fn with_keys(builder: AuthBuilder) -> AuthBuilder {
    builder
        .with_api_keys("acme_live".parse().unwrap())
        .with_api_key_limit(100_000)
        .with_token_profile(Arc::new(RolesAreScopes))
}

/// Who changes the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// Only this process, which counts the changes.
    Here,
    /// Others too, for all that it says of itself.
    Anywhere,
}

pub(crate) const BOTH: [Changed; 2] = [Changed::Here, Changed::Anywhere];

pub(crate) struct Keyed {
    pub(crate) rig: Rig,
    pub(crate) unsure: Arc<Unsure>,
    pub(crate) ada: User,
}

pub(crate) async fn keyed(changed: Changed) -> Keyed {
    keyed_with(changed, |builder| builder).await
}

pub(crate) async fn keyed_with(
    changed: Changed,
    configure: impl FnOnce(AuthBuilder) -> AuthBuilder,
) -> Keyed {
    let (mut rig, unsure) = unsure_rig(with_keys).await;
    // Built again: whether changes are counted is to be known by then.
    let again = with_keys(builder(&rig.store, &rig.clock, root(1)));
    let again = match changed {
        Changed::Here => {
            unsure.number_changes();
            again
        }
        Changed::Anywhere => again.with_lookup_cache(LookupCache::new()),
    };
    rig.auth = configure(again).build().await.unwrap();
    let request = SignUp::new("ada@example.org", password(PASSWORD)).with_roles(["read", "write"]);
    let ada = rig.auth.sign_up(&rig.cx, request).await.unwrap();
    Keyed { rig, unsure, ada }
}

pub(crate) fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

impl Keyed {
    pub(crate) async fn create(&self, request: CreateApiKey) -> IssuedApiKey {
        let Rig { auth, cx, .. } = &self.rig;
        auth.create_api_key(cx, self.ada.id, request).await.unwrap()
    }

    pub(crate) async fn key(&self) -> IssuedApiKey {
        self.create(CreateApiKey::new("deploys", scope("read")))
            .await
    }

    /// A key that is in use.
    pub(crate) async fn hot(&self) -> IssuedApiKey {
        let made = self.key().await;
        for _ in 0..3 {
            assert_eq!(self.code(&made.key).await, None);
        }
        made
    }

    pub(crate) async fn code(&self, key: &ApiKey) -> Option<Code> {
        code(&self.rig.auth, key).await
    }

    pub(crate) async fn set_status(&self, status: UserStatus) {
        let Rig { auth, cx, .. } = &self.rig;
        auth.set_user_status(cx, self.ada.id, status).await.unwrap();
    }

    pub(crate) async fn set_roles(&self, roles: &[&str]) {
        set_roles(&self.rig.auth, self, roles).await;
    }

    pub(crate) async fn revoke(&self, key: ApiKeyId) {
        let Rig { auth, cx, .. } = &self.rig;
        auth.revoke_api_key(cx, self.ada.id, key).await.unwrap();
    }

    pub(crate) async fn rotate(&self, key: ApiKeyId, overlap: Duration) -> IssuedApiKey {
        let Rig { auth, cx, .. } = &self.rig;
        auth.rotate_api_key(cx, self.ada.id, key, overlap)
            .await
            .unwrap()
    }

    /// Another instance of the application.
    pub(crate) async fn another(&self, configure: impl FnOnce(AuthBuilder) -> AuthBuilder) -> Auth {
        let builder = with_keys(builder(&self.rig.store, &self.rig.clock, root(1)));
        configure(builder).build().await.unwrap()
    }

    /// How often API keys were looked up in the store while `what` is done.
    pub(crate) async fn finds<T>(&self, what: impl Future<Output = T>) -> usize {
        let before = self.unsure.finds();
        what.await;
        self.unsure.finds() - before
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.rig.store
    }
}

pub(crate) async fn set_roles(auth: &Auth, keyed: &Keyed, roles: &[&str]) {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    auth.set_user_roles(&keyed.rig.cx, keyed.ada.id, roles)
        .await
        .unwrap();
}

/// What somebody with the key is told; nothing if it is let in.
pub(crate) async fn code(auth: &Auth, key: &ApiKey) -> Option<Code> {
    let verified = auth.verifier().verify(key.expose()).await;
    verified.err().map(|error| error.code())
}

pub(crate) async fn until(what: impl AsyncFn() -> bool) {
    for _ in 0..6000 {
        if what().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it does not come about");
}
