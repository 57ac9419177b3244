//! What users do and what is done to them is told, if it is asked for.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use auth_core::event::Event;
use auth_sdk::{AuthError, BuildError, ChangePassword, ImportUser, LogIn, SignUp, UserStatus};
use auth_store::CreateOutcome;
use serde_json::{Value, json};
use support::unsure::Unsure;
use support::{OTHER_PASSWORD, PASSWORD, password, rig, rig_with};

fn kinds(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.kind.as_str()).collect()
}

fn data(event: &Event) -> Value {
    serde_json::from_str(&event.data).unwrap()
}

#[tokio::test]
async fn each_use_case_tells_of_itself_and_of_no_secret() {
    let rig = rig_with(|store| store, auth_sdk::AuthBuilder::with_events).await;
    let (auth, cx) = (&rig.auth, &rig.cx);
    let ada = rig.ada().await;
    let id = ada.user.id;
    let session = ada.tokens.session.to_string();
    let refreshed = auth.refresh(cx, &ada.tokens.refresh_token).await.unwrap();
    auth.set_user_roles(cx, id, vec!["clerk".to_owned()])
        .await
        .unwrap();
    auth.set_user_status(cx, id, UserStatus::Active)
        .await
        .unwrap();
    let second = rig.log_in("ada@example.org").await;
    auth.end_session(cx, id, second.tokens.session)
        .await
        .unwrap();
    let third = rig.log_in("ada@example.org").await;
    auth.log_out(cx, &third.tokens.refresh_token).await.unwrap();
    let change = ChangePassword::new(password(PASSWORD), password(OTHER_PASSWORD));
    auth.change_password(cx, id, change).await.unwrap();
    auth.log_out_everywhere(cx, id).await.unwrap();

    let told = rig.told().await;
    let expected = [
        ("auth.user.created", json!({ "roles": [] })),
        (
            "auth.session.opened",
            json!({ "session": session, "client": "first-party" }),
        ),
        ("auth.user.roles_changed", json!({ "roles": ["clerk"] })),
        ("auth.user.status_changed", json!({ "status": "active" })),
    ];
    for (event, (kind, said)) in told.iter().zip(&expected) {
        assert_eq!((event.kind.as_str(), &data(event)), (*kind, said));
    }
    assert_eq!(
        kinds(&told[expected.len()..]),
        [
            "auth.session.opened",
            "auth.session.ended",
            "auth.session.opened",
            "auth.session.ended",
            "auth.password.changed",
            "auth.session.opened",
            "auth.sessions.ended",
        ]
    );
    assert_eq!(data(&told[5])["session"], second.tokens.session.to_string());
    assert_eq!(data(&told[7])["session"], third.tokens.session.to_string());
    let secrets = [
        PASSWORD,
        OTHER_PASSWORD,
        "ada@example.org",
        "argon2",
        ada.tokens.refresh_token.expose(),
        refreshed.refresh_token.expose(),
        ada.tokens.access_token.expose(),
        ada.device.expose(),
    ];
    for event in &told {
        assert_eq!(event.subject, id.to_string());
        assert_eq!(event.source, "https://auth.example");
        assert_eq!(event.time, support::NOW);
        let json = event.to_json().unwrap();
        for secret in secrets {
            assert!(!json.contains(secret), "{json}");
        }
    }
}

#[tokio::test]
async fn a_stolen_token_is_told_of() {
    let rig = rig_with(
        |store| store,
        |builder| builder.with_events().with_rotation_grace(Duration::ZERO),
    )
    .await;
    let ada = rig.ada().await;
    let stolen = &ada.tokens.refresh_token;
    rig.auth.refresh(&rig.cx, stolen).await.unwrap();
    rig.pass(Duration::from_secs(1));
    for _ in 0..2 {
        assert!(rig.auth.refresh(&rig.cx, stolen).await.is_err());
    }
    let told = rig.told().await;
    assert_eq!(
        kinds(&told),
        [
            "auth.user.created",
            "auth.session.opened",
            "auth.session.compromised"
        ]
    );
    let session = ada.tokens.session.to_string();
    let said = json!({ "session": session, "presented": 0, "generation": 1, "reason": "reuse" });
    assert_eq!(data(&told[2]), said);
}

#[tokio::test]
async fn nothing_is_told_unless_it_is_asked_for() {
    let rig = rig().await;
    rig.ada().await;
    let import = ImportUser::new("bob", None);
    rig.auth.import_user(&rig.cx, import).await.unwrap();
    assert_eq!(rig.told().await, []);
}

#[tokio::test]
async fn events_are_refused_beside_a_store_that_keeps_none() {
    let clock = Arc::new(auth_core::ManualClock::at(support::NOW));
    let store: Arc<dyn auth_sdk::Store> = Unsure::new(Arc::new(auth_sdk::MemoryStore::new()));
    let builder = support::builder(&store, &clock, support::root(1));
    let refused = builder.with_events().build().await;
    assert!(matches!(refused, Err(BuildError::NoOutbox)), "{refused:?}");
}

/// What is prepared is what signing up would have stored, once the application
/// stores it.
#[tokio::test]
async fn a_sign_up_that_is_prepared_stores_nothing_and_has_all_that_is_to_be_stored() {
    let rig = rig_with(|store| store, auth_sdk::AuthBuilder::with_events).await;
    let request = SignUp::new("Ada@example.org", password(PASSWORD)).with_roles(["clerk"]);
    let prepared = rig.auth.prepare_sign_up(&rig.cx, request).await.unwrap();
    assert!(!format!("{prepared:?}").contains("argon2"));
    assert!(rig.told().await.is_empty());
    let unknown = LogIn::new("ada@example.org", password(PASSWORD));
    assert!(rig.auth.log_in(&rig.cx, unknown).await.is_err());

    let store = rig.store.outbox_store().unwrap().carrying(prepared.events);
    let made = store.create_user(prepared.user.clone()).await.unwrap();
    assert!(matches!(made, CreateOutcome::Created(_)));
    let logged_in = rig.log_in("ada@example.org").await;
    assert_eq!(logged_in.user.id, prepared.user.id);
    assert_eq!(logged_in.user.roles, ["clerk"]);
    let told = rig.told().await;
    assert_eq!(kinds(&told), ["auth.user.created", "auth.session.opened"]);
    assert_eq!(data(&told[0]), json!({ "roles": ["clerk"] }));

    let weak = SignUp::new("bob@example.org", password("password"));
    let refused = rig.auth.prepare_sign_up(&rig.cx, weak).await;
    assert!(matches!(refused, Err(AuthError::Password(_))));

    let quiet = support::rig().await;
    let request = SignUp::new("ada@example.org", password(PASSWORD));
    let prepared = quiet.auth.prepare_sign_up(&quiet.cx, request).await;
    assert!(prepared.unwrap().events.is_empty());
}
