//! Which addresses are asked.

use url::{Host, Url};

/// An address is not asked for keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocationError {
    /// Not an absolute URL.
    #[error("not an absolute URL")]
    Malformed,
    /// Whoever is on the way could put in a key.
    #[error("keys are fetched over https only")]
    NotHttps,
    /// A user name, password or fragment, which such an address has not.
    #[error("the URL of an issuer or key set has no user name, password or fragment")]
    Parts,
}

/// Reads an address that may be asked.
pub(super) fn parse(text: &str, plain_http: bool) -> Result<Url, LocationError> {
    let url = Url::parse(text).map_err(|_| LocationError::Malformed)?;
    check(&url, plain_http).map(|()| url)
}

/// Whether an address may be asked.
pub(super) fn check(url: &Url, plain_http: bool) -> Result<(), LocationError> {
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if plain_http && is_loopback => {}
        _ => return Err(LocationError::NotHttps),
    }
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user || url.fragment().is_some() {
        return Err(LocationError::Parts);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_without_odd_parts_is_asked() {
        use LocationError::{Malformed, NotHttps, Parts};
        for (text, plain_http, expected) in [
            ("https://a.example/jwks?v=1", false, Ok(())),
            ("/jwks", false, Err(Malformed)),
            ("http://a.example/", true, Err(NotHttps)),
            ("http://127.0.0.1/", false, Err(NotHttps)),
            ("http://127.0.0.1/", true, Ok(())),
            ("http://[::1]:80/", true, Ok(())),
            // A name may be made to point elsewhere.
            ("http://localhost/", true, Err(NotHttps)),
            ("http://127.0.0.1.a.example/", true, Err(NotHttps)),
            ("http://127.0.0.1@a.example/", true, Err(NotHttps)),
            ("file:///etc/jwks", true, Err(NotHttps)),
            ("https://me@a.example/", false, Err(Parts)),
            ("https://a.example/#top", false, Err(Parts)),
        ] {
            assert_eq!(parse(text, plain_http).map(drop), expected, "{text}");
        }
    }
}
