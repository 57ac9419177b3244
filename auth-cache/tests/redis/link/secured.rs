//! TLS and users. The certificates are made up for this: `server` is for 127.0.0.1 and,
//! like `client`, by `root`, whose key nobody has any more; nobody trusts `other`.

use auth_testkit::servers::Redis;

use super::support::{ask, bulk, call, link};
use crate::redis::{LinkConfigError, LinkError, LinkErrorKind, RedisLink};

const ROOT: &str = include_str!("../certificates/root.pem");
const OTHER: &str = include_str!("../certificates/other.pem");
const SERVER: &str = include_str!("../certificates/server.pem");
const SERVER_KEY: &str = include_str!("../certificates/server.key.pem");
const CLIENT: &str = include_str!("../certificates/client.pem");
const CLIENT_KEY: &str = include_str!("../certificates/client.key.pem");

/// Why, to the bottom.
fn reasons(error: &LinkError) -> String {
    let mut all = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        all = format!("{all}: {cause}");
        source = cause.source();
    }
    all
}

async fn refused(link: &RedisLink) -> String {
    let error = ask(link, &["SET", "k", "v"]).await.unwrap_err();
    assert_eq!(*error.kind(), LinkErrorKind::Unavailable, "{error:?}");
    reasons(&error)
}

#[tokio::test]
async fn a_server_is_believed_by_its_certificate_alone() {
    let redis = Redis::start_with_tls(SERVER, SERVER_KEY, None)
        .await
        .unwrap();
    let url = redis.tls_url().unwrap();
    let to = |url: &str| RedisLink::single(url).unwrap();
    let good = to(&url)
        .with_roots(ROOT.as_bytes())
        .unwrap()
        .build()
        .unwrap();
    ask(&good, &["SET", "k", "v"]).await.unwrap();
    assert_eq!(ask(&good, &["GET", "k"]).await.unwrap(), bulk("v"));
    // By somebody else, for somebody else, or with those that the system trusts.
    let other = to(&url).with_roots(OTHER.as_bytes()).unwrap();
    assert!(
        refused(&other.build().unwrap())
            .await
            .contains("certificate")
    );
    let name = url.replace("127.0.0.1", "localhost");
    let name = to(&name).with_roots(ROOT.as_bytes()).unwrap();
    assert!(
        refused(&name.build().unwrap())
            .await
            .contains("certificate")
    );
    let system = to(&url).build().unwrap();
    assert!(refused(&system).await.contains("certificate"));
    // And TLS is not spoken to who does not.
    let plain = redis.url().replace("redis://", "rediss://");
    let plain = to(&plain).with_roots(ROOT.as_bytes()).unwrap();
    refused(&plain.build().unwrap()).await;
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_gets_it() {
    let redis = Redis::start_with_tls(SERVER, SERVER_KEY, Some(ROOT))
        .await
        .unwrap();
    let url = redis.tls_url().unwrap();
    let to = || {
        RedisLink::single(&url)
            .unwrap()
            .with_roots(ROOT.as_bytes())
            .unwrap()
    };
    let anonymous = to().build().unwrap();
    let error = ask(&anonymous, &["SET", "k", "v"]).await.unwrap_err();
    assert_eq!(*error.kind(), LinkErrorKind::Unavailable);
    let known = to().with_client_certificate(CLIENT.as_bytes(), CLIENT_KEY.as_bytes());
    let known = known.unwrap().build().unwrap();
    ask(&known, &["SET", "k", "v"]).await.unwrap();
    assert!(!format!("{known:?}").contains("PRIVATE"));
}

#[test]
fn certificates_that_are_none_are_refused_when_they_are_given() {
    let to = || RedisLink::single("rediss://127.0.0.1/").unwrap();
    let key = SERVER_KEY.as_bytes();
    for refused in [
        to().with_roots(b"").map(drop),
        to().with_roots(key).map(drop),
        to().with_client_certificate(key, key).map(drop),
        to().with_client_certificate(CLIENT.as_bytes(), CLIENT.as_bytes())
            .map(drop),
    ] {
        assert!(
            matches!(refused, Err(LinkConfigError::Certificates(_))),
            "{refused:?}"
        );
    }
    // One that is not of the certificate.
    let mixed = to().with_client_certificate(CLIENT.as_bytes(), key);
    let mixed = mixed.unwrap().build();
    assert!(
        matches!(mixed, Err(LinkConfigError::Certificates(_))),
        "{mixed:?}"
    );
}

#[tokio::test]
async fn what_a_user_may_not_do_is_refused_by_name() {
    let user = "cache on >secret ~cache:* +get +set +info";
    let redis = Redis::start_with(&[("user", user)]).await.unwrap();
    let as_user = |password| {
        let builder = RedisLink::single(&redis.url()).unwrap();
        builder.with_credentials("cache", password).build().unwrap()
    };
    let cache = as_user("secret");
    let calls = [
        call(&["SET", "cache:k", "v"]),
        call(&["SET", "other", "v"]),
        call(&["DEL", "cache:k"]),
        call(&["GET", "cache:k"]),
    ];
    let mut answers = cache.send(&calls).await.into_iter();
    let code = |text: &str| LinkErrorKind::Refused { code: text.into() };
    answers.next().unwrap().unwrap();
    for _ in 0..2 {
        let error = answers.next().unwrap().unwrap_err();
        assert_eq!(*error.kind(), code("NOPERM"));
        assert!(!error.may_have_happened());
    }
    assert_eq!(answers.next().unwrap().unwrap().value, bulk("v"));
    let wrong = as_user("wrong");
    let error = ask(&wrong, &["GET", "cache:k"]).await.unwrap_err();
    assert!(
        matches!(error.kind(), LinkErrorKind::Refused { .. }),
        "{error:?}"
    );
    let nobody = redis.url().replace(redis.password(), "wrong");
    let error = ask(&link(&nobody), &["GET", "k"]).await.unwrap_err();
    assert!(
        matches!(error.kind(), LinkErrorKind::Refused { .. }),
        "{error:?}"
    );
    // Nobody is believed who does not tell who it is.
    redis
        .command(&["ACL", "SETUSER", "cache", "-info"])
        .unwrap();
    let error = ask(&as_user("secret"), &["GET", "cache:k"])
        .await
        .unwrap_err();
    assert_eq!(*error.kind(), code("NOPERM"));
}
