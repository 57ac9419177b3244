//! API keys, through the same layer and extractors as tokens.

use auth_axum::{AuthLayer, Authenticated, RequireScope, ScopeName};
use auth_sdk::{Auth, Context, CreateApiKey, IssuedApiKey, Password, SignUp, User, UserStatus};
use axum::Router;
use axum::routing::get;
use reqwest::Method;
use serde_json::json;

use crate::support::auth::{Client, PASSWORD, app, auth, problem};
use crate::support::store::Faulty;

struct Write;
impl ScopeName for Write {
    const SCOPE: &'static str = "write";
}

#[derive(serde::Deserialize)]
struct Plan {
    plan: String,
}

async fn whoami(user: Authenticated<Plan>) -> String {
    let key = user.api_key().map_or("token", |_| "key");
    format!("{key} {} {}", user.subject(), user.claims().plan)
}

struct Rig {
    store: Faulty,
    auth: Auth,
    cx: Context,
    ada: User,
    made: IssuedApiKey,
    client: Client,
}

async fn rig() -> Rig {
    let store = Faulty::default();
    let auth = auth(store.clone()).await;
    let cx = Context::new();
    let password = Password::new(PASSWORD.to_owned()).unwrap();
    let ada = SignUp::new("ada", password).with_roles(["clerk"]);
    let ada = auth.sign_up(&cx, ada).await.unwrap();
    let request = CreateApiKey::new("deploys", "read".parse().unwrap());
    let made = auth.create_api_key(&cx, ada.id, request).await.unwrap();
    let own = Router::new()
        .route("/whoami", get(whoami))
        .route("/write", get(|_: RequireScope<Write>| async { "ok" }))
        .layer(AuthLayer::new(auth.verifier()));
    let client = Client::to(own.merge(app(&auth))).await;
    Rig {
        store,
        auth,
        cx,
        ada,
        made,
        client,
    }
}

impl Rig {
    fn key(&self) -> &str {
        self.made.key.expose()
    }
}

#[tokio::test]
async fn a_key_is_met_by_the_same_extractors_as_a_token() {
    let rig = rig().await;
    let answer = rig.client.get("/whoami", rig.key()).await;
    assert_eq!(
        answer.text().await.unwrap(),
        format!("key {} gold", rig.ada.id)
    );
    let tokens = rig.client.log_in("ada").await;
    let answer = rig.client.get("/whoami", &tokens.access_token).await;
    assert_eq!(
        answer.text().await.unwrap(),
        format!("token {} gold", rig.ada.id)
    );
    // The user may write, the key may not.
    assert_eq!(
        rig.client
            .get("/write", &tokens.access_token)
            .await
            .status(),
        200
    );
    let refused = rig.client.get("/write", rig.key()).await;
    problem(refused, 403, "insufficient_scope").await;
}

/// Checklist 51: whatever is wrong with a key, the answer is one.
#[tokio::test]
async fn all_bad_keys_get_one_answer() {
    let rig = rig().await;
    let text = rig.key();
    let mut bad = vec![
        format!("{text}A"),
        "acme_live_".to_owned(),
        "acme_live_AQGQAAAAAHAAgAAAAAAAAAEwMTIzNDU2Nzg5YWJjZGVmZ2hpamtsbW42_OiX".to_owned(),
    ];
    let rotated = rig.auth.rotate_api_key(
        &rig.cx,
        rig.ada.id,
        rig.made.info.id,
        std::time::Duration::ZERO,
    );
    let rotated = rotated.await.unwrap();
    bad.push(text.to_owned());
    let mut answers = Vec::new();
    let mut refused = async |key: &str| {
        let answer = rig.client.get("/protected", key).await;
        let challenge = answer.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        let body = problem(answer, 401, "invalid_token").await;
        answers.push((challenge, body.to_string()));
    };
    for key in &bad {
        refused(key).await;
    }
    let key = rotated.key.expose();
    assert_eq!(rig.client.status(key).await, 200);
    let set = async |status| {
        let set = rig.auth.set_user_status(&rig.cx, rig.ada.id, status).await;
        set.unwrap();
    };
    set(UserStatus::Disabled).await;
    refused(key).await;
    set(UserStatus::Active).await;
    assert_eq!(rig.client.status(key).await, 200);
    rig.auth
        .revoke_api_key(&rig.cx, rig.ada.id, rig.made.info.id)
        .await
        .unwrap();
    refused(key).await;
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]),
        "{answers:?}"
    );
}

#[tokio::test]
async fn a_key_that_cannot_be_looked_up_is_503_and_never_401() {
    let rig = rig().await;
    rig.store.set_down(true);
    let answer = rig.client.get("/protected", rig.key()).await;
    assert_eq!(answer.headers()["retry-after"], "1");
    assert!(!answer.headers().contains_key("www-authenticate"));
    problem(answer, 503, "temporarily_unavailable").await;
    rig.store.set_down(false);
    assert_eq!(rig.client.status(rig.key()).await, 200);
}

/// A key that may only read must not lock its user out.
#[tokio::test]
async fn an_account_is_its_owners_business_and_no_keys() {
    let rig = rig().await;
    let passwords =
        json!({ "current_password": PASSWORD, "new_password": "another long password" });
    let session = rig.client.log_in("ada").await.session_id;
    for (method, path, body) in [
        (Method::POST, "/auth/logout-all".to_owned(), None),
        (Method::POST, "/auth/password".to_owned(), Some(passwords)),
        (Method::GET, "/auth/me".to_owned(), None),
        (Method::GET, "/auth/sessions".to_owned(), None),
        (Method::DELETE, format!("/auth/sessions/{session}"), None),
    ] {
        let answer = rig.client.call(method, &path, Some(rig.key()), body).await;
        problem(answer, 403, "permission_denied").await;
    }
    let sessions = rig.auth.sessions(&rig.cx, rig.ada.id).await.unwrap();
    assert_eq!(sessions.len(), 1, "nothing has ended");
}
