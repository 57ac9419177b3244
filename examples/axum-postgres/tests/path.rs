//! The service as its own process, on a real PostgreSQL.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::process::Stdio;
use std::time::Duration;

use auth_testkit::servers::Postgres;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

const ROOT: &str = "NtBVnZBTf6BtEP7aLEwdgTyfFYoVqpEGMCxqNCd5mZ0=";
const PASSWORD: &str = "correct horse battery staple";

struct Service {
    base: String,
    http: Client,
    _child: Child,
}

impl Service {
    async fn start(database: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_axum-postgres"))
            .env("DATABASE_URL", database)
            .env("AUTH_ROOT_SECRET", ROOT)
            .env("PORT", "0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(Duration::from_secs(30), lines.next_line())
            .await
            .unwrap()
            .unwrap();
        let base = line
            .unwrap()
            .strip_prefix("Serving on ")
            .unwrap()
            .to_owned();
        Self {
            base,
            http: Client::new(),
            _child: child,
        }
    }

    async fn call(&self, method: Method, path: &str, token: &str, body: Value) -> (u16, Value) {
        let url = format!("{}{path}", self.base);
        let request = self
            .http
            .request(method, url)
            .bearer_auth(token)
            .json(&body);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }
}

#[tokio::test]
async fn the_whole_path_on_postgresql_and_again_after_a_restart() {
    let postgres = Postgres::start().await.unwrap();
    let service = Service::start(&postgres.url()).await;
    let credentials = json!({ "identifier": "ada", "password": PASSWORD });
    let post = Method::POST;

    assert_eq!(
        service
            .call(post.clone(), "/auth/signup", "x", credentials.clone())
            .await
            .0,
        201
    );
    let (status, ada) = service
        .call(post.clone(), "/auth/login", "x", credentials)
        .await;
    assert_eq!(status, 200, "{ada}");
    let access = ada["access_token"].as_str().unwrap();
    let refresh = json!({ "refresh_token": ada["refresh_token"] });
    assert_eq!(
        service
            .call(Method::GET, "/hello", access, Value::Null)
            .await
            .0,
        200
    );
    assert_eq!(
        service
            .call(Method::GET, "/admin", access, Value::Null)
            .await
            .0,
        403
    );
    assert_eq!(
        service
            .call(Method::GET, "/hello", "x", Value::Null)
            .await
            .0,
        401
    );

    let url = format!("{}/keys", service.base);
    let made = service.http.post(&url).bearer_auth(access).send().await;
    let key = made.unwrap().text().await.unwrap();
    assert!(key.starts_with("example_"), "{key}");
    let hello = |service: &Service, key: &str| {
        let url = format!("{}/hello", service.base);
        service.http.get(url).bearer_auth(key).send()
    };
    assert_eq!(hello(&service, &key).await.unwrap().status(), 200);
    let by_key = service.http.post(&url).bearer_auth(&key).send().await;
    assert_eq!(by_key.unwrap().status(), 401, "a key never logs in");

    // The store is all that an instance has: another one goes on with it.
    drop(service);
    let service = Service::start(&postgres.url()).await;
    assert_eq!(hello(&service, &key).await.unwrap().status(), 200);
    let (status, next) = service
        .call(post.clone(), "/auth/refresh", "x", refresh)
        .await;
    assert_eq!(status, 200, "{next}");
    let refresh = json!({ "refresh_token": next["refresh_token"] });
    assert_eq!(
        service
            .call(post.clone(), "/auth/logout", "x", refresh.clone())
            .await
            .0,
        204
    );
    assert_eq!(
        service.call(post, "/auth/refresh", "x", refresh).await.0,
        400
    );
}

/// Two instances, one count.
#[tokio::test]
async fn c79_guesses_are_counted_over_all_instances() {
    let postgres = Postgres::start().await.unwrap();
    let url = postgres.url();
    let instances = [Service::start(&url).await, Service::start(&url).await];
    let ada = json!({ "identifier": "ada", "password": PASSWORD });
    let sign_up = instances[0].call(Method::POST, "/auth/signup", "x", ada.clone());
    assert_eq!(sign_up.await.0, 201);
    let first = instances[1].call(Method::POST, "/auth/login", "x", ada.clone());
    let (status, first) = first.await;
    assert_eq!(status, 200);

    let guess = json!({ "identifier": "ada", "password": "wrong" });
    let mut wrong = 0;
    // Waits begin with a second, which a slow machine takes for a hash.
    let told = loop {
        let instance = &instances[wrong % 2];
        let (status, told) = instance
            .call(Method::POST, "/auth/login", "x", guess.clone())
            .await;
        if status != 401 {
            break told;
        }
        wrong += 1;
        assert!(wrong < 16, "nobody is told to wait");
    };
    assert_eq!(told["code"], "too_many_attempts");
    assert!(wrong >= 5, "{wrong}");
    let mut known = ada;
    known["device_token"] = first["device_token"].clone();
    let known = instances[0].call(Method::POST, "/auth/login", "x", known);
    assert_eq!(known.await.0, 200);
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_axum-postgres"))
        .env_remove("DATABASE_URL")
        .env("PORT", "0")
        .output()
        .await
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("DATABASE_URL"));
}
