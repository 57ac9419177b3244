//! The link to the server is cut in the middle of a call: before the server has
//! heard of it, after it has committed it, and within its answer. The caller is
//! told that nobody knows, and who asks again finds it done once.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use auth_core::revocation::{Cursor, RevocationLog};
use auth_core::{AccountKey, Network};
use auth_store::{
    AddKeyOutcome, Attempt, AttemptFrom, AttemptStore, ChangeOutcome, CreateOutcome, EndSessions,
    Identifier, NewSigningKey, NewUser, OpenOutcome, PasswordChange, PgStore, Reservation,
    RevokeKeyOutcome, RotateOutcome, SessionStore, SigningKeyStore, StoreError, StoreErrorKind,
    UserStatus, UserStore,
};
use auth_testkit::servers::{Proxy, Verdict};
use sqlx::AssertSqlSafe;

use super::support::{Place, TENANT, builder, fresh};

/// A store whose link is cut at a moment of the test's choice.
struct Link {
    proxy: Proxy,
    store: PgStore,
}

/// How much of a piece goes through before the link is cut.
const SHARES: [usize; 2] = [0, 2];

/// How long, in bytes, the longer half of the exchange is by which the pool
/// makes sure of a connection that is given back.
const PING: usize = 6;

impl Link {
    async fn of(place: &Place) -> Self {
        let proxy = Proxy::before(&place.url).unwrap();
        let store = builder(proxy.url(), &place.schema);
        let store = store.with_max_connections(1).connect().await.unwrap();
        Self { proxy, store }
    }

    /// Where each statement has a transaction of its own, with a `COMMIT` that can
    /// be cut.
    async fn with_commits(place: &Place) -> Self {
        let proxy = Proxy::before(&place.url).unwrap();
        let store = builder(&place.url, &place.schema).through_pooler(proxy.url());
        let store = store.with_max_connections(1).connect().await.unwrap();
        Self { proxy, store }
    }

    /// Makes the call with the link cut at each of its pieces, and after each
    /// asks once more. `made` makes what the call is about, and `check` is told
    /// what came of it, and what came of the second asking.
    async fn cut_everywhere<M, T, F>(
        &self,
        made: impl AsyncFn() -> M,
        call: impl Fn(PgStore, Arc<M>) -> F,
        check: impl AsyncFn(&M, Result<T, StoreErrorKind>, T),
    ) where
        F: Future<Output = Result<T, StoreError>>,
    {
        let mut cuts = 0;
        for share in SHARES {
            for nth in 0.. {
                let made = Arc::new(made().await);
                // The connection is there, and knows its statements.
                for _ in 0..2 {
                    self.store.user(TENANT, UNKNOWN).await.ok();
                }
                let pieces = Arc::new(AtomicUsize::new(0));
                let seen = pieces.clone();
                self.proxy.rule(move |piece| {
                    if piece.bytes.len() <= PING {
                        return Verdict::Pass;
                    }
                    if seen.fetch_add(1, Ordering::SeqCst) == nth {
                        return Verdict::Cut {
                            after: piece.bytes.len() * share / 3,
                        };
                    }
                    Verdict::Pass
                });
                let first = call(self.store.clone(), made.clone()).await;
                self.proxy.no_rule();
                let first = first.map_err(|error| {
                    let kind = error.kind();
                    assert!(
                        matches!(
                            kind,
                            StoreErrorKind::OutcomeUnknown | StoreErrorKind::Unavailable
                        ),
                        "{error:?}"
                    );
                    kind
                });
                let was_cut = pieces.load(Ordering::SeqCst) > nth;
                if !was_cut {
                    assert!(first.is_ok(), "nothing was cut");
                    break;
                }
                cuts += usize::from(first.is_err());
                let again = call(self.store.clone(), made.clone()).await.unwrap();
                check(&made, first, again).await;
            }
        }
        assert!(cuts >= 4, "{cuts} calls noticed that the link was cut");
    }
}

/// Nobody's.
const UNKNOWN: auth_core::UserId = auth_core::UserId::from_uuid(uuid::Uuid::nil());

#[tokio::test(flavor = "multi_thread")]
async fn f09_a_cut_sign_up_is_made_once() {
    let place = fresh().await;
    let link = Link::of(&place).await;
    let made = async || {
        let id = place.user().await.id;
        let id = auth_core::UserId::from_uuid(uuid::Uuid::from_u128(!id.as_uuid().as_u128()));
        NewUser {
            id,
            tenant: TENANT,
            identifier: Identifier::new(&format!("{id}@cut.org")).unwrap(),
            password_hash: Some("first".into()),
            password_policy: None,
            roles: vec![],
        }
    };
    let call = |store: PgStore, new: Arc<NewUser>| async move {
        store.create_user(NewUser::clone(&new)).await
    };
    link.cut_everywhere(made, call, async |new, _, again| {
        let CreateOutcome::Created(user) = again else {
            panic!("{again:?}")
        };
        assert_eq!(user.id, new.id);
        let found = place.store.find_user(TENANT, &new.identifier).await;
        assert_eq!(found.unwrap().unwrap().user, user);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f09_a_cut_log_in_opens_one_session() {
    let place = fresh().await;
    let link = Link::of(&place).await;
    let made = async || {
        let user = place.user().await;
        place.new_session(&user).0
    };
    let call = |store: PgStore, new: Arc<auth_store::NewSession>| async move {
        store.open_session((*new).clone()).await
    };
    link.cut_everywhere(made, call, async |new, _, again| {
        let OpenOutcome::Opened(grant) = again else {
            panic!("{again:?}")
        };
        let listed = place.store.sessions(TENANT, new.user).await.unwrap();
        assert_eq!(listed, [grant.session]);
    })
    .await;
}

/// F9 on the way that matters most: a token is spent once, and the client whose
/// answer was lost gets the successor that was made.
#[tokio::test(flavor = "multi_thread")]
async fn c62_f09_a_cut_rotation_makes_one_generation() {
    let place = fresh().await;
    rotations_are_cut(&place, Link::of(&place).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c62_f09_a_rotation_whose_commit_is_cut_makes_one_generation() {
    let place = fresh().await;
    rotations_are_cut(&place, Link::with_commits(&place).await).await;
}

async fn rotations_are_cut(place: &Place, link: Link) {
    let made = async || {
        let user = place.user().await;
        let (_, token) = place.open(&user).await;
        place.rotation(&token)
    };
    let call = |store: PgStore, rotation: Arc<auth_store::Rotation>| async move {
        store.rotate_session(&rotation).await
    };
    link.cut_everywhere(made, call, async |rotation, first, again| {
        let grant = match (first, again) {
            // The first was heard after all; the second is a replay.
            (Ok(RotateOutcome::Rotated(one)), RotateOutcome::Replayed(other)) => {
                assert_eq!(one.session, other.session);
                other
            }
            (Err(_), RotateOutcome::Rotated(grant) | RotateOutcome::Replayed(grant)) => grant,
            other => panic!("{other:?}"),
        };
        assert_eq!(grant.session.generation, 1);
        let (next, _) = place.renew(&place.successor(rotation, &grant)).await;
        assert_eq!(next.session.generation, 2, "there is one chain");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f09_a_cut_log_out_is_made_with_its_row() {
    let place = fresh().await;
    let link = Link::of(&place).await;
    let made = async || {
        let user = place.user().await;
        place.open(&user).await.0.session
    };
    let call = |store: PgStore, session: Arc<auth_store::Session>| async move {
        let which = EndSessions::One(session.id);
        store.end_sessions(TENANT, which).await
    };
    link.cut_everywhere(made, call, async |session, first, again| {
        let by_first = first.map_or(0, |ended| ended.value);
        assert!(by_first + again.value <= 1, "it ended once");
        let sessions = place.store.sessions(TENANT, session.user).await.unwrap();
        assert_eq!(sessions, []);
        assert_eq!(rows_about(&place, *session.id.as_uuid()).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f09_a_cut_log_out_everywhere_is_made_with_its_row() {
    let place = fresh().await;
    let link = Link::of(&place).await;
    let made = async || {
        let user = place.user().await;
        place.open(&user).await;
        user
    };
    let call = |store: PgStore, user: Arc<auth_store::User>| async move {
        let which = EndSessions::AllOf(user.id);
        store.end_sessions(TENANT, which).await
    };
    link.cut_everywhere(made, call, async |user, first, again| {
        assert_eq!(again.value, 1);
        assert_eq!(place.store.sessions(TENANT, user.id).await.unwrap(), []);
        let now = place.store.user(TENANT, user.id).await.unwrap().unwrap();
        let raised = now.user.ver - user.ver;
        assert!((1..=2).contains(&raised), "once for each asking at most");
        assert!(first.is_err() || raised == 2);
        assert_eq!(rows_about(&place, *user.id.as_uuid()).await, raised);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f09_a_cut_password_change_is_made_once() {
    let place = fresh().await;
    let link = Link::of(&place).await;
    let made = async || place.user().await;
    let call = |store: PgStore, user: Arc<auth_store::User>| async move {
        let change = PasswordChange {
            tenant: TENANT,
            user: user.id,
            seen_hash: Some("first".into()),
            seen_epoch: None,
            new_hash: "second".into(),
            new_policy: None,
        };
        store.change_password(change).await
    };
    link.cut_everywhere(made, call, async |user, _, again| {
        // It may find its own work done.
        assert!(matches!(
            again.value,
            ChangeOutcome::Changed(_) | ChangeOutcome::Moved
        ));
        let now = place.store.user(TENANT, user.id).await.unwrap().unwrap();
        assert_eq!(now.password_hash.as_deref(), Some("second"));
        assert_eq!(now.user.ver, user.ver + 1);
        assert_eq!(rows_about(&place, *user.id.as_uuid()).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f09_a_cut_disabling_is_made_with_its_row() {
    let place = fresh().await;
    let link = Link::of(&place).await;
    let made = async || place.user().await;
    let call = |store: PgStore, user: Arc<auth_store::User>| async move {
        store
            .set_user_status(TENANT, user.id, UserStatus::Disabled)
            .await
    };
    link.cut_everywhere(made, call, async |user, _, _| {
        let now = place.store.user(TENANT, user.id).await.unwrap().unwrap();
        assert_eq!(now.user.status, UserStatus::Disabled);
        let raised = now.user.ver - user.ver;
        assert_eq!(rows_about(&place, *user.id.as_uuid()).await, raised);
    })
    .await;
}

/// It counts for more than it was, never for less.
#[tokio::test(flavor = "multi_thread")]
async fn f09_a_cut_attempt_is_counted() {
    let place = fresh().await;
    let link = Link::of(&place).await;
    let made = async || {
        let user = place.user().await;
        Attempt {
            tenant: TENANT,
            identifier: Identifier::new(&user.identifier).unwrap(),
            from: AttemptFrom::Network(Network::UNKNOWN),
        }
    };
    let call = |store: PgStore, attempt: Arc<Attempt>| async move {
        store.reserve_attempt(&attempt).await
    };
    link.cut_everywhere(made, call, async |attempt, _, (reservation, user)| {
        assert!(matches!(reservation, Reservation::Reserved(_)));
        assert!(user.is_some());
        let counted = failures(&place, &attempt.account()).await;
        assert!((1..=2).contains(&counted), "{counted}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f09_a_cut_change_of_signing_keys_is_made_once() {
    let place = fresh().await;
    let link = Link::of(&place).await;
    let key = |n: u8| NewSigningKey {
        kid: auth_core::key::Thumbprint::from_bytes([n; 32]).to_string(),
        algorithm: "EdDSA".into(),
        private: auth_core::Sealed::from_bytes(vec![n]),
    };
    let serial = AtomicUsize::new(0);
    let made = async || {
        let n = u8::try_from(serial.fetch_add(2, Ordering::SeqCst)).unwrap();
        let keys = place.store.signing_keys().await.unwrap().keys;
        (keys.last().map(|key| key.kid.clone()), key(n), key(n + 1))
    };
    let call = |store: PgStore, made: Arc<(Option<String>, NewSigningKey, NewSigningKey)>| async move {
        let (last, added, replacement) = &*made;
        let added_now = store
            .add_signing_key(added, last.as_deref(), std::time::Duration::ZERO)
            .await?;
        let revoked = store
            .revoke_signing_key(&added.kid, Some(replacement))
            .await?;
        Ok((added_now, revoked.value))
    };
    link.cut_everywhere(made, call, async |(_, added, replacement), _, again| {
        assert!(matches!(
            again,
            (
                AddKeyOutcome::Stored | AddKeyOutcome::Lost,
                RevokeKeyOutcome::Revoked | RevokeKeyOutcome::Already
            )
        ));
        let keys = place.store.signing_keys().await.unwrap().keys;
        let count = |kid: &str| keys.iter().filter(|key| key.kid == kid).count();
        assert_eq!((count(&added.kid), count(&replacement.kid)), (1, 1));
        assert!(keys[keys.len() - 2].revoked_at.is_some());
    })
    .await;
}

/// How many rows of the log are about this session or user.
async fn rows_about(place: &Place, subject: uuid::Uuid) -> i64 {
    let log = place.store.read_log(&Cursor::start()).await.unwrap();
    let about = |row: &&auth_core::revocation::Revocation| {
        format!("{:?}", row.target).contains(&subject.to_string())
    };
    i64::try_from(log.rows.iter().filter(about).count()).unwrap()
}

async fn failures(place: &Place, account: &AccountKey) -> i64 {
    let sql = AssertSqlSafe(format!(
        "SELECT max(failures)::bigint FROM {}.attempts WHERE account = $1",
        place.schema
    ));
    sqlx::query_scalar(sql)
        .bind(&account.as_bytes()[..])
        .fetch_one(&mut place.beside().await)
        .await
        .unwrap()
}
