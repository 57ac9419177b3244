//! The whole path: as `curl` lines to paste, and walked by itself.

use std::error::Error;
use std::path::Path;

use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};

pub(crate) fn instructions(base: &str, database: &Path) -> String {
    let database = database.display();
    format!(
        r#"Serving on {base}: accounts, sessions and a protected route, all in {database}.
Try it in another terminal (ctrl-c here stops the service):

  # sign up, then log in
  curl -s {base}/auth/signup -H 'content-type: application/json' \
    -d '{{"identifier":"ada@example.org","password":"correct horse battery staple"}}'
  LOGIN=$(curl -s {base}/auth/login -H 'content-type: application/json' \
    -d '{{"identifier":"ada@example.org","password":"correct horse battery staple"}}')
  ACCESS=$(echo "$LOGIN" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  REFRESH=$(echo "$LOGIN" | sed 's/.*"refresh_token":"\([^"]*\)".*/\1/')

  # a protected route, without and with the token
  curl -i {base}/hello
  curl -i {base}/hello -H "authorization: Bearer $ACCESS"

  # the next pair of tokens, for the refresh token
  PAIR=$(curl -s {base}/auth/refresh -H 'content-type: application/json' \
    -d "{{\"refresh_token\":\"$REFRESH\"}}")
  REFRESH=$(echo "$PAIR" | sed 's/.*"refresh_token":"\([^"]*\)".*/\1/')

  # log out: the access token is dead at once
  curl -i {base}/auth/logout -H 'content-type: application/json' \
    -d "{{\"refresh_token\":\"$REFRESH\"}}"
  curl -i {base}/hello -H "authorization: Bearer $ACCESS"
"#
    )
}

const ADA: &str = "ada@example.org";
const PASSWORD: &str = "correct horse battery staple";
const NEW_PASSWORD: &str = "a longer horse, a better battery";

/// Walks the path over HTTP, prints each step with its answer, and fails at
/// the first that is not as it should be.
pub(crate) async fn walk(base: &str) -> Result<(), Box<dyn Error>> {
    let http = Client::new();
    let post = |path: &str, body: Value| http.post(format!("{base}{path}")).json(&body);
    let get = |path: &str| http.get(format!("{base}{path}"));
    let credentials = |password| json!({ "identifier": ADA, "password": password });

    step("sign up", post("/auth/signup", credentials(PASSWORD)), 201).await?;
    step(
        "the same address again",
        post("/auth/signup", credentials(PASSWORD)),
        409,
    )
    .await?;
    step(
        "a wrong password",
        post("/auth/login", credentials(NEW_PASSWORD)),
        401,
    )
    .await?;
    let first = step("log in", post("/auth/login", credentials(PASSWORD)), 200).await?;
    let (access, refresh) = tokens(&first)?;

    step("a protected route without a token", get("/hello"), 401).await?;
    step("and with it", get("/hello").bearer_auth(access), 200).await?;
    step("who am I", get("/auth/me").bearer_auth(access), 200).await?;

    let body = json!({ "refresh_token": refresh });
    let second = step("refresh", post("/auth/refresh", body.clone()), 200).await?;
    let (access, refresh) = tokens(&second)?;
    let again = step(
        "the same, as if the answer was lost",
        post("/auth/refresh", body),
        200,
    )
    .await?;
    check(
        "the retry gets the same refresh token",
        tokens(&again)?.1 == refresh,
    )?;

    step(
        "my sessions",
        get("/auth/sessions").bearer_auth(access),
        200,
    )
    .await?;
    let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    let changed = post("/auth/password", change).bearer_auth(access);
    let third = step("change the password", changed, 200).await?;
    step(
        "the old token is dead",
        get("/hello").bearer_auth(access),
        401,
    )
    .await?;

    let (access, refresh) = tokens(&third)?;
    step("the new one lives", get("/hello").bearer_auth(access), 200).await?;
    let body = json!({ "refresh_token": refresh });
    step("log out", post("/auth/logout", body.clone()), 204).await?;
    step(
        "its token is dead at once",
        get("/hello").bearer_auth(access),
        401,
    )
    .await?;
    step("and there is no next", post("/auth/refresh", body), 400).await?;
    step("the public keys", get("/.well-known/jwks.json"), 200).await?;
    println!("\nAll as it should be.");
    Ok(())
}

async fn step(what: &str, request: RequestBuilder, expected: u16) -> Result<Value, Box<dyn Error>> {
    let (client, request) = request.build_split();
    let request = request?;
    let line = format!("{} {}", request.method(), request.url().path());
    let response = client.execute(request).await?;
    let status = response.status();
    let text = response.text().await?;
    let answer = serde_json::from_str(&text).unwrap_or(Value::String(text));
    println!("\n{what}\n  {line} -> {status}\n  {}", shortened(&answer));
    check(what, status == StatusCode::from_u16(expected)?)?;
    Ok(answer)
}

fn check(what: &str, holds: bool) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(format!("not as it should be: {what}"))
    }
}

fn tokens(answer: &Value) -> Result<(&str, &str), String> {
    let token = |name: &str| {
        answer[name]
            .as_str()
            .ok_or(format!("no {name} in the answer"))
    };
    Ok((token("access_token")?, token("refresh_token")?))
}

/// Long texts are tokens: enough of them to see which.
fn shortened(answer: &Value) -> Value {
    match answer {
        Value::String(text) if text.len() > 64 => format!("{}…", &text[..8]).into(),
        Value::Array(values) => values.iter().map(shortened).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), shortened(value)))
            .collect(),
        other => other.clone(),
    }
}
