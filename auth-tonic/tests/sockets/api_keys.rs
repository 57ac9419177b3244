//! API keys, through the same layer as tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use auth_core::api_key::{ApiKey, ApiKeyLookup, ApiKeySecret, KnownApiKey};
use auth_core::key::Unavailable;
use auth_core::revocation::Target;
use auth_core::{ApiKeyId, Requirement, SystemRandom, TenantId};
use auth_tonic::{AuthLayer, MethodPolicy};
use serde_json::Map;
use uuid::Uuid;

use crate::client::{Client, INVALID, OUTAGE, SCOPE, STALE, next, said};
use crate::server::{Orders, serve};
use crate::tokens::Authority;

const WHOAMI: &str = "/shop.v1.Orders/WhoAmI";
const WATCH: &str = "/shop.v1.Orders/Watch";
const CANCEL: &str = "/shop.v1.Orders/Cancel";
const CLOSE: &str = "/shop.v1.Orders/Close";

/// The one key that there is, unless it cannot be asked for.
#[derive(Debug)]
struct Lookup {
    key: KnownApiKey,
    down: AtomicBool,
}

#[async_trait]
impl ApiKeyLookup for Lookup {
    async fn find(&self, id: ApiKeyId) -> Result<Option<Arc<KnownApiKey>>, Unavailable> {
        if self.down.load(Ordering::SeqCst) {
            return Err(Unavailable);
        }
        Ok((id == self.key.id).then(|| Arc::new(self.key.clone())))
    }
}

struct Rig {
    authority: Authority,
    lookup: Arc<Lookup>,
    client: Client,
}

async fn rig() -> Rig {
    let (authority, _) = Authority::new();
    let id = ApiKeyId::from_uuid(Uuid::from_u128(7));
    let secret = ApiKeySecret::draw(&SystemRandom::new()).unwrap();
    let lookup = Arc::new(Lookup {
        key: KnownApiKey {
            id,
            tenant: TenantId::DEFAULT,
            user: authority.user,
            active: true,
            hash: secret.hash(id),
            former: None,
            expires_at: None,
            scope: "orders:read".parse().unwrap(),
            roles: Vec::new(),
            user_version: 1,
            tenant_version: 1,
            last_used_at: None,
            custom: Map::new(),
        },
        down: AtomicBool::new(false),
    });
    let prefix = "acme_live".parse().unwrap();
    let key = ApiKey::encode(&prefix, id, &secret);
    let verifier = authority.verifier_with(|builder| builder.with_api_keys(prefix, lookup.clone()));
    let recent = Requirement::authenticated().and_logged_in_within(Duration::from_secs(3600));
    let policy = MethodPolicy::new()
        .service::<Orders>(Requirement::scope("orders:read").unwrap())
        .method::<Orders>("Cancel", Requirement::scope("orders:write").unwrap())
        .method::<Orders>("Close", recent);
    let layer = AuthLayer::new(verifier, policy).with_recheck(Duration::from_millis(20));
    let channel = serve(layer, Arc::default()).await;
    Rig {
        client: Client::new(channel).with_token(key.expose()),
        authority,
        lookup,
    }
}

impl Rig {
    fn revoke(&self) {
        self.authority.revoke(Target::ApiKey {
            tenant: TenantId::DEFAULT,
            key: self.lookup.key.id,
        });
    }
}

#[tokio::test]
async fn a_key_calls_what_its_scope_allows_and_nothing_that_needs_a_log_in() {
    let rig = rig().await;
    let answer = rig.client.unary(WHOAMI, "").await.unwrap();
    assert_eq!(answer, rig.authority.user.to_string());
    assert_eq!(
        said(&rig.client.unary(CANCEL, "").await.unwrap_err()),
        SCOPE
    );
    assert_eq!(said(&rig.client.unary(CLOSE, "").await.unwrap_err()), STALE);
}

#[tokio::test]
async fn a_revoked_key_is_refused_and_an_outage_is_told_as_one() {
    let rig = rig().await;
    rig.lookup.down.store(true, Ordering::SeqCst);
    assert_eq!(
        said(&rig.client.unary(WHOAMI, "").await.unwrap_err()),
        OUTAGE
    );
    rig.lookup.down.store(false, Ordering::SeqCst);
    assert!(rig.client.unary(WHOAMI, "").await.is_ok());
    rig.revoke();
    assert_eq!(
        said(&rig.client.unary(WHOAMI, "").await.unwrap_err()),
        INVALID
    );
}

#[tokio::test]
async fn a_stream_ends_with_its_key() {
    let rig = rig().await;
    let mut stream = rig.client.server_streaming(WATCH).await.unwrap();
    assert_eq!(next(&mut stream).await.unwrap().as_deref(), Some("first"));
    let quiet = tokio::time::timeout(Duration::from_millis(200), stream.message()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    rig.revoke();
    assert_eq!(said(&next(&mut stream).await.unwrap_err()), INVALID);
}
