//! A forgotten password, on every store: checklist 79, 86 and 88.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use auth_core::{Clock, ManualClock, RootSecrets, TenantId, Timestamp};
use auth_sdk::{
    Auth, AuthError, BuildError, ChangePassword, Context, ImportUser, LogIn, MemoryStore,
    PasswordReset, ResetToken, Store, User, UserStatus,
};
use support::stores::{Place, on_each_store};
use support::{NOW, OTHER_PASSWORD, PASSWORD, Rig, builder, password, rig, rig_with, root};

const ADA: &str = "ada@example.org";
const HALF_AN_HOUR: Duration = Duration::from_secs(1800);

async fn requested(auth: &Auth, cx: &Context) -> PasswordReset {
    let reset = auth.request_password_reset(cx, ADA).await.unwrap();
    reset.unwrap()
}

async fn reset(auth: &Auth, token: &ResetToken, to: &str) -> Result<User, AuthError> {
    auth.reset_password(&Context::new(), token, password(to))
        .await
}

#[track_caller]
fn assert_invalid(outcome: Result<User, AuthError>) {
    let code = outcome.unwrap_err().code();
    assert_eq!(code.as_str(), "invalid_reset_token");
}

async fn logs_in(auth: &Auth, text: &str) -> bool {
    let attempt = LogIn::new(ADA, password(text));
    match auth.log_in(&Context::new(), attempt).await {
        Ok(_) => true,
        Err(AuthError::InvalidCredentials) => false,
        Err(error) => panic!("{error}"),
    }
}

/// 86, 69: it is used once, opens nothing, and ends all that was open.
#[tokio::test]
async fn c86_a_reset_token_works_once_and_ends_every_session() {
    on_each_store(async |place| {
        let rig = place.rig().await;
        let ada = rig.ada().await;
        let [first, second] = [
            requested(&rig.auth, &rig.cx).await,
            requested(&rig.auth, &rig.cx).await,
        ];
        assert_ne!(first.token, second.token);
        assert_eq!(first.user, ada.user);
        assert!(rig.accepts(&ada));
        let opened = rig.auth.sessions(&rig.cx, ada.user.id).await.unwrap();
        assert_eq!(opened.len(), 1);

        let user = reset(&rig.auth, &first.token, OTHER_PASSWORD)
            .await
            .unwrap();
        assert_eq!(user.id, ada.user.id);
        assert!(!rig.accepts(&ada));
        let refresh = rig.auth.refresh(&rig.cx, &ada.tokens.refresh_token).await;
        assert!(matches!(refresh, Err(AuthError::InvalidGrant)));
        let sessions = rig.auth.sessions(&rig.cx, ada.user.id).await.unwrap();
        assert_eq!(sessions, []);
        assert!(rig.auth.password_is_current(&user));

        for spent in [&first, &second] {
            assert_invalid(reset(&rig.auth, &spent.token, "yet another horse, a battery").await);
        }
        assert!(!logs_in(&rig.auth, PASSWORD).await);
        assert!(logs_in(&rig.auth, OTHER_PASSWORD).await);
        let third = requested(&rig.auth, &rig.cx).await;
        reset(&rig.auth, &third.token, PASSWORD).await.unwrap();
        assert!(logs_in(&rig.auth, PASSWORD).await);
    })
    .await;
}

/// 86: at two instances at once.
#[tokio::test(flavor = "multi_thread")]
async fn c86_of_8_who_use_one_token_at_once_one_does() {
    on_each_store(async |place| {
        let rig = place.rig().await;
        rig.ada().await;
        let other = place.auth().await;
        for round in 0..4 {
            let asked = if round % 2 == 0 { &rig.auth } else { &other };
            let token = requested(asked, &rig.cx).await.token;
            let new = |turn: usize| format!("horse number {turn} of round {round}");
            let racing: Vec<_> = (0..8)
                .map(|turn| {
                    let auth = [&rig.auth, &other][turn % 2].clone();
                    let (token, new) = (token.clone(), new(turn));
                    tokio::spawn(async move { reset(&auth, &token, &new).await })
                })
                .collect();
            let mut winners = Vec::new();
            for (turn, racer) in racing.into_iter().enumerate() {
                match racer.await.unwrap() {
                    Ok(_) => winners.push(turn),
                    refused => assert_invalid(refused),
                }
            }
            let [winner] = winners[..] else {
                panic!("{winners:?}");
            };
            assert!(logs_in(&rig.auth, &new(winner)).await);
        }
    })
    .await;
}

/// 86: to the microsecond; refused by the instance's own clock too.
#[tokio::test]
async fn c86_a_reset_token_ends_at_the_instant_it_says() {
    on_each_store(async |place| {
        let rig = place.rig().await;
        rig.ada().await;
        let before = requested(&rig.auth, &rig.cx).await;
        let left = before.expires_at.since(rig.clock.now().wall);
        assert!(left > Duration::from_secs(1740), "{left:?}");
        let short = place
            .auth_with(root(1), |builder| {
                builder.with_password_reset_lifetime(Duration::from_secs(60))
            })
            .await;
        let soon = requested(&short, &rig.cx).await;
        assert!(soon.expires_at < before.expires_at);
        // A store with a clock of its own may have gone on meanwhile.
        let to = |end: Timestamp| rig.clock.set_wall(end);
        to(soon.expires_at);
        assert_invalid(reset(&rig.auth, &soon.token, OTHER_PASSWORD).await);
        to(before.expires_at);
        assert_invalid(reset(&rig.auth, &before.token, OTHER_PASSWORD).await);
        to(before.expires_at - Duration::from_micros(1));
        reset(&rig.auth, &before.token, OTHER_PASSWORD)
            .await
            .unwrap();
    })
    .await;
}

/// 86: at most an hour.
#[tokio::test]
async fn c86_a_reset_that_lives_too_long_or_not_at_all_is_not_built() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::at(NOW));
    let hour = ResetToken::MAX_LIFETIME;
    let build = |lifetime| {
        let builder = builder(&store, &clock, root(1));
        builder.with_password_reset_lifetime(lifetime).build()
    };
    for wrong in [
        Duration::ZERO,
        Duration::from_secs(59),
        hour + Duration::from_micros(1),
    ] {
        let refused = build(wrong).await;
        assert!(matches!(refused, Err(BuildError::Lifetime(_))), "{wrong:?}");
    }
    assert!(build(hour).await.is_ok());
}

/// An instance whose clock is ahead makes tokens that live no longer.
#[tokio::test]
async fn c86_the_end_is_by_the_stores_clock() {
    let stores_clock = Arc::new(ManualClock::at(NOW));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::with_clock(stores_clock));
    let ahead = Arc::new(ManualClock::at(NOW + Duration::from_secs(7200)));
    let [ahead, right] = [ahead, Arc::new(ManualClock::at(NOW))].map(|clock| {
        let builder = builder(&store, &clock, root(1));
        async move { builder.build().await.unwrap() }
    });
    let (ahead, right) = (ahead.await, right.await);
    let import = ImportUser::new(ADA, None);
    ahead.import_user(&Context::new(), import).await.unwrap();
    let made = requested(&ahead, &Context::new()).await;
    assert_eq!(made.expires_at, NOW + HALF_AN_HOUR);
    assert_invalid(reset(&ahead, &made.token, PASSWORD).await);
    reset(&right, &made.token, PASSWORD).await.unwrap();
}

/// 86: what is another tenant's, or made under another root secret, is none; a
/// root secret that is retired is still understood.
#[tokio::test]
async fn c86_a_reset_token_is_of_one_tenant_and_root() {
    on_each_store(async |place| {
        let rig = place.rig().await;
        rig.ada().await;
        let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(7));
        rig.auth.create_tenant(tenant).await.unwrap();
        let elsewhere = Context::new().with_tenant(tenant);
        let import = ImportUser::new(ADA, None);
        rig.auth.import_user(&elsewhere, import).await.unwrap();
        let token = requested(&rig.auth, &rig.cx).await.token;
        let theirs = requested(&rig.auth, &elsewhere).await.token;
        let stray = rig
            .auth
            .reset_password(&elsewhere, &token, password(OTHER_PASSWORD));
        assert_invalid(stray.await);
        assert_invalid(reset(&rig.auth, &theirs, OTHER_PASSWORD).await);

        let rotated = RootSecrets::new(root(2)).with_other(root(1)).unwrap();
        let rotated = place.auth_with(rotated, |builder| builder).await;
        let under_new = requested(&rotated, &rig.cx).await.token;
        assert_invalid(reset(&rig.auth, &under_new, OTHER_PASSWORD).await);
        reset(&rotated, &token, OTHER_PASSWORD).await.unwrap();
        let later = requested(&rig.auth, &rig.cx).await.token;
        let retired = place.auth_with(root(2), |builder| builder).await;
        assert_invalid(reset(&retired, &later, PASSWORD).await);
    })
    .await;
}

/// What is done to an account while a token of it is out.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    Roles,
    Password,
    LogOutEverywhere,
    Disabled,
    DisabledForAWhile,
}

impl Change {
    async fn happen(self, rig: &Rig, id: auth_sdk::UserId) {
        let (auth, cx) = (&rig.auth, &rig.cx);
        let set_status = async |status| {
            auth.set_user_status(cx, id, status).await.unwrap();
        };
        match self {
            Self::Nothing => {}
            Self::Roles => {
                let roles = vec!["clerk".to_owned()];
                auth.set_user_roles(cx, id, roles).await.unwrap();
            }
            Self::Password => {
                let change = ChangePassword::new(password(PASSWORD), password(OTHER_PASSWORD));
                auth.change_password(cx, id, change).await.unwrap();
            }
            Self::LogOutEverywhere => auth.log_out_everywhere(cx, id).await.unwrap(),
            Self::Disabled => set_status(UserStatus::Disabled).await,
            Self::DisabledForAWhile => {
                set_status(UserStatus::Disabled).await;
                set_status(UserStatus::Active).await;
            }
        }
    }
}

/// 86: what ends sessions ends reset tokens; what does not, does not: who has
/// another role still reads the same mail.
#[tokio::test]
async fn c86_what_ends_sessions_ends_reset_tokens() {
    use Change::{Disabled, DisabledForAWhile, LogOutEverywhere, Nothing, Password, Roles};

    on_each_store(async |place| {
        let rig = place.rig().await;
        for (change, survives) in [
            (Nothing, true),
            (Roles, true),
            (Password, false),
            (LogOutEverywhere, false),
            (Disabled, false),
            (DisabledForAWhile, false),
        ] {
            let name = format!("{change:?}");
            let user = rig.sign_up(&name).await;
            let asked = rig.auth.request_password_reset(&rig.cx, &name).await;
            let token = asked.unwrap().unwrap().token;
            change.happen(&rig, user.id).await;
            let outcome = reset(&rig.auth, &token, "yet another horse, a battery").await;
            if survives {
                outcome.unwrap();
            } else {
                assert_invalid(outcome);
            }
        }
    })
    .await;
}

/// 86: every character counts; the store is not asked.
#[tokio::test]
async fn c86_a_forged_reset_token_costs_no_statement() {
    let (rig, store) = support::unsure_rig(|builder| builder).await;
    rig.ada().await;
    let token = requested(&rig.auth, &rig.cx).await.token;
    store.take_statements();
    let text = token.expose();
    for index in 0..text.len() {
        let mut forged = text.to_owned();
        let other = if &text[index..=index] == "A" {
            "B"
        } else {
            "A"
        };
        forged.replace_range(index..=index, other);
        let forged = ResetToken::from_text(forged);
        assert_invalid(reset(&rig.auth, &forged, OTHER_PASSWORD).await);
    }
    for bad in ["", "r1.", "hunter2", &text.repeat(2)] {
        let bad = ResetToken::from_text(bad.to_owned());
        assert_invalid(reset(&rig.auth, &bad, OTHER_PASSWORD).await);
    }
    rig.pass(HALF_AN_HOUR);
    assert_invalid(reset(&rig.auth, &token, OTHER_PASSWORD).await);
    assert_eq!(store.take_statements(), [""; 0]);
}

/// 86: a password that is refused does not use the token up.
#[tokio::test]
async fn c86_a_password_that_may_not_be_chosen_leaves_the_token_as_it_is() {
    let rig = rig().await;
    rig.ada().await;
    let token = requested(&rig.auth, &rig.cx).await.token;
    for bad in ["short", "ada@example.org"] {
        let refused = reset(&rig.auth, &token, bad).await;
        assert!(matches!(refused, Err(AuthError::Password(_))), "{bad}");
    }
    reset(&rig.auth, &token, OTHER_PASSWORD).await.unwrap();
}

/// A user who came without a password gets one, and it is the only one.
#[tokio::test]
async fn c86_a_user_without_a_password_gets_one() {
    on_each_store(async |place: Place| {
        let rig = place.rig().await;
        let import = ImportUser::new(ADA, None);
        rig.auth.import_user(&rig.cx, import).await.unwrap();
        let token = requested(&rig.auth, &rig.cx).await.token;
        reset(&rig.auth, &token, PASSWORD).await.unwrap();
        assert!(logs_in(&rig.auth, PASSWORD).await);
        assert_invalid(reset(&rig.auth, &token, OTHER_PASSWORD).await);
    })
    .await;
}

/// 79: after a hundred failures the password works from nowhere; a reset makes
/// it work again.
#[tokio::test]
async fn c79_a_reset_makes_the_password_work_again() {
    let rig = rig().await;
    rig.sign_up(ADA).await;
    for _ in 0..100 {
        assert!(!logs_in(&rig.auth, OTHER_PASSWORD).await);
        rig.pass(Duration::from_secs(7200));
    }
    assert!(!logs_in(&rig.auth, PASSWORD).await);
    rig.pass(Duration::from_secs(7200));
    let token = requested(&rig.auth, &rig.cx).await.token;
    reset(&rig.auth, &token, OTHER_PASSWORD).await.unwrap();
    assert!(logs_in(&rig.auth, OTHER_PASSWORD).await);
}

/// 87: nothing that is printed holds the token.
#[tokio::test]
async fn c87_debug_shows_no_reset_token() {
    let rig = rig_with(|store| store, auth_sdk::AuthBuilder::with_events).await;
    rig.ada().await;
    let made = requested(&rig.auth, &rig.cx).await;
    let presented = made
        .token
        .open(&RootSecrets::new(root(1)), TenantId::DEFAULT, NOW);
    let shown = format!("{made:?} {presented:?} {:?}", rig.auth);
    let text = made.token.expose();
    for part in [text, &text[3..43], &text[text.len() - 40..]] {
        assert!(!shown.contains(part), "{shown}");
    }
}
