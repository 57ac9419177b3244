//! `HttpFetch` over TLS. The certificates are made up for this: `leaf` is for
//! 127.0.0.1, by `root`, whose key nobody has any more.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use auth_cache::jwks::{Fetch, FetchErrorKind, HttpFetch};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

const LEAF: &[u8] = include_bytes!("certificates/leaf.der");
const LEAF_KEY: &[u8] = include_bytes!("certificates/leaf.key.der");
const ROOT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/jwks/certificates/root.pem"
);

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"keys\":[]}";

/// Serves one document to everybody, and gives the port.
fn server() -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(LEAF_KEY).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(LEAF)], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut tls = ServerConnection::new(config.clone()).unwrap();
            let mut stream = stream.unwrap();
            let mut stream = Stream::new(&mut tls, &mut stream);
            // A client that does not trust us hangs up here.
            if stream.read(&mut [0; 4096]).is_ok() {
                let _ = stream.write_all(ANSWER);
            }
        }
    });
    port
}

async fn fetch(host: &str, port: u16) -> Result<Vec<u8>, FetchErrorKind> {
    let url = format!("https://{host}:{port}/").parse().unwrap();
    let fetched = HttpFetch::new().unwrap().fetch(&url).await;
    fetched
        .map(|fetched| fetched.body().to_vec())
        .map_err(|error| error.kind())
}

#[tokio::test]
async fn a_certificate_by_an_authority_nobody_trusts_is_refused() {
    assert_eq!(
        fetch("127.0.0.1", server()).await,
        Err(FetchErrorKind::Connect)
    );
}

/// What the system trusts is told by its environment, so another process is
/// needed.
#[cfg(target_os = "linux")]
#[test]
fn a_certificate_by_a_trusted_authority_is_taken_for_its_host_only() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tls::with_root_trusted", "--ignored"])
        .env("SSL_CERT_FILE", ROOT)
        .env_remove("SSL_CERT_DIR")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

#[tokio::test]
#[ignore = "run by the test above, in an environment that trusts the root"]
async fn with_root_trusted() {
    let port = server();
    assert_eq!(fetch("127.0.0.1", port).await.unwrap(), &ANSWER[39..]);
    assert_eq!(fetch("localhost", port).await, Err(FetchErrorKind::Connect));
}
