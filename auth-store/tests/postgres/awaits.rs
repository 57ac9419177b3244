//! Every call is dropped at every place where it waits, with a connection to be
//! opened and with one that is open; then the one connection of the pool is used
//! a hundred times, and each answer is that of its own question.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use auth_core::key::Thumbprint;
use auth_core::refresh::RefreshToken;
use auth_core::revocation::{Cursor, RevocationLog};
use auth_core::{Network, Sealed, TenantId};
use auth_store::{
    Attempt, AttemptFrom, AttemptStore, Charge, EndSessions, HashRenewal, Identifier,
    NewSigningKey, NewUser, PasswordChange, PgStore, SessionStore, SettingsStore, Settlement,
    SigningKeyStore, TenantStore, User, UserStatus, UserStore,
};

use super::support::{Place, TENANT, builder, fresh, value};

/// The output, unless the call waits for the `nth` time before it has one.
async fn dropped_at<T>(call: impl Future<Output = T>, nth: usize) -> Option<T> {
    let mut call = pin!(call);
    let mut waits = 0;
    poll_fn(|cx| match call.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if waits == nth => Poll::Ready(None),
        Poll::Pending => {
            waits += 1;
            Poll::Pending
        }
    })
    .await
}

/// What the calls are about.
struct About<'a> {
    store: &'a PgStore,
    place: &'a Place,
    user: &'a User,
    token: &'a RefreshToken,
}

type Call<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// A call, whatever its answer.
fn any<'a, T>(call: impl Future<Output = T> + 'a) -> Call<'a> {
    Box::pin(async move { drop(call.await) })
}

fn name(user: &User) -> Identifier {
    Identifier::new(&user.identifier).unwrap()
}

fn attempt(user: &User) -> Attempt {
    Attempt {
        tenant: TENANT,
        identifier: name(user),
        from: AttemptFrom::Network(Network::UNKNOWN),
    }
}

fn key() -> NewSigningKey {
    NewSigningKey {
        kid: Thumbprint::from_bytes([1; 32]).to_string(),
        algorithm: "EdDSA".into(),
        private: Sealed::from_bytes(vec![1]),
    }
}

/// Every method of the store, by number; `None` after the last.
fn call<'a>(about: &About<'a>, number: usize) -> Option<Call<'a>> {
    let About {
        store,
        place,
        user,
        token,
    } = *about;
    let id = user.id;
    Some(match number {
        0 => any(store.create_tenant(TenantId::DEFAULT)),
        1 => any(async move {
            let new = NewUser {
                id,
                tenant: TENANT,
                identifier: name(user),
                password_hash: Some("first".into()),
                password_policy: None,
                roles: vec![],
            };
            store.create_user(new).await
        }),
        2 => any(async { store.find_user(TENANT, &name(user)).await }),
        3 => any(store.user(TENANT, id)),
        4 => any(store.change_password(PasswordChange {
            tenant: TENANT,
            user: id,
            seen_hash: Some("first".into()),
            seen_epoch: None,
            new_hash: "second".into(),
            new_policy: None,
        })),
        5 => any(store.renew_password_hash(HashRenewal {
            tenant: TENANT,
            user: id,
            seen_hash: Some("first".into()),
            new_hash: "first".into(),
        })),
        6 => any(store.set_user_status(TENANT, id, UserStatus::Active)),
        7 => any(store.set_user_roles(TENANT, id, vec!["reader".into()])),
        8 => any(store.open_session(place.new_session(user).0)),
        9 => any(async { store.rotate_session(&place.rotation(token)).await }),
        10 => any(store.end_sessions(TENANT, EndSessions::AllOf(id))),
        11 => any(store.end_sessions(TENANT, EndSessions::One(place.new_session(user).0.id))),
        12 => any(store.sessions(TENANT, id)),
        13 => any(async { store.read_log(&Cursor::start()).await }),
        14 => any(store.settings(Duration::from_secs(60))),
        15 => any(store.signing_keys()),
        16 => any(async { store.add_signing_key(&key(), None, Duration::ZERO).await }),
        17 => any(async {
            let NewSigningKey { kid, private, .. } = key();
            store.reseal_signing_key(&kid, &private, &private).await
        }),
        18 => any(async { store.revoke_signing_key(&key().kid, None).await }),
        19 => any(store.forget_signing_keys()),
        20 => any(async { store.reserve_attempt(&attempt(user)).await }),
        21 => any(async {
            let charge = Charge {
                others: true,
                exhausted: false,
            };
            let settlement = Settlement::Unused;
            store
                .settle_attempt(&attempt(user), charge, settlement)
                .await
        }),
        22 => any(async {
            store
                .forget_attempts(TENANT, &attempt(user).account())
                .await
        }),
        _ => return None,
    })
}

async fn one_connection(place: &Place) -> PgStore {
    builder(&place.url, &place.schema)
        .with_max_connections(1)
        .connect()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn f17_every_call_dropped_wherever_it_waits_leaves_a_connection_that_can_be_used() {
    let place = fresh().await;
    let (one, other) = (place.user().await, place.user().await);
    let (mut drops, mut number) = (0, 0);
    loop {
        let user = place.user().await;
        let (_, token) = place.open(&user).await;
        let mut is_last = false;
        // A pool that has no connection yet, and then has one.
        let store = one_connection(&place).await;
        for _ in 0..2 {
            let (mut nth, mut at_once) = (0, 0);
            loop {
                let about = About {
                    store: &store,
                    place: &place,
                    user: &user,
                    token: &token,
                };
                let Some(call) = call(&about, number) else {
                    is_last = true;
                    break;
                };
                if dropped_at(call, nth).await.is_none() {
                    (drops, nth) = (drops + 1, nth + 1);
                } else if nth > 0 {
                    break;
                } else {
                    // What it waits for is a task, which may be done before it is asked.
                    at_once += 1;
                    assert!(at_once < 100, "call {number} waits for nothing");
                }
            }
        }
        if is_last {
            break;
        }
        for turn in 0..100 {
            let asked = if turn % 2 == 0 { &one } else { &other };
            let answer = store.user(TENANT, asked.id).await.unwrap().unwrap();
            assert_eq!(&answer.user, asked, "after call {number}");
        }
        store.close().await;
        number += 1;
    }
    assert!(number == 23 && drops > 23 * 2, "{drops} of {number} calls");
    let mut beside = place.beside().await;
    let open = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' \
                AND query LIKE '%\"{s}\".%'";
    assert_eq!(value::<i64>(&mut beside, &place.schema, open).await, 0);
}
