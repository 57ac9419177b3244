//! Checklist 54: an outage is told as one.

use auth_sdk::RefreshToken;
use reqwest::{Method, Response};
use serde_json::json;

use crate::support::auth::{Client, PASSWORD, problem};
use crate::support::store::Faulty;

async fn unavailable(answer: Response) {
    assert!(
        answer.headers()["retry-after"]
            .to_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
            >= 1
    );
    assert!(!answer.headers().contains_key("www-authenticate"));
    problem(answer, 503, "temporarily_unavailable").await;
}

#[tokio::test]
async fn every_route_that_needs_the_store_says_503_and_nobody_loses_a_token() {
    let store = Faulty::default();
    let client = Client::of(store.clone()).await;
    client.sign_up("ada").await;
    let tokens = client.log_in("ada").await;
    let access = Some(&*tokens.access_token);
    store.set_down(true);

    let credentials = json!({ "identifier": "ada", "password": PASSWORD });
    let refresh = json!({ "refresh_token": tokens.refresh_token });
    let passwords =
        json!({ "current_password": PASSWORD, "new_password": "another long password" });
    unavailable(client.post("/auth/login", credentials.clone()).await).await;
    unavailable(
        client
            .post(
                "/auth/signup",
                json!({ "identifier": "eve", "password": PASSWORD }),
            )
            .await,
    )
    .await;
    unavailable(client.post("/auth/refresh", refresh.clone()).await).await;
    unavailable(client.post("/auth/logout", refresh.clone()).await).await;
    unavailable(
        client
            .call(Method::POST, "/auth/logout-all", access, None)
            .await,
    )
    .await;
    unavailable(
        client
            .call(Method::POST, "/auth/password", access, Some(passwords))
            .await,
    )
    .await;
    unavailable(client.call(Method::GET, "/auth/me", access, None).await).await;
    unavailable(
        client
            .call(Method::GET, "/auth/sessions", access, None)
            .await,
    )
    .await;
    let session = format!("/auth/sessions/{}", tokens.session_id);
    unavailable(client.call(Method::DELETE, &session, access, None).await).await;

    // What needs no store goes on, and bad is still bad.
    assert_eq!(client.status(&tokens.access_token).await, 200);
    assert_eq!(
        client
            .call(Method::GET, "/.well-known/jwks.json", None, None)
            .await
            .status(),
        200
    );
    let forged = RefreshToken::from_text("v1.x".to_owned());
    problem(client.refresh(forged.expose()).await, 400, "invalid_grant").await;

    store.set_down(false);
    assert_eq!(client.refresh(&tokens.refresh_token).await.status(), 200);
    assert_eq!(client.post("/auth/login", credentials).await.status(), 200);
}
