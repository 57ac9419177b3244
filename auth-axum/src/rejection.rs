//! What a refused request is answered.

use std::time::Duration;

use auth_core::Code;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::challenge::Realm;

/// A refused request, answered as `application/problem+json` (RFC 9457):
/// `type`, `title`, `status`, the stable `code`, and where there is one the
/// `reason` in a word and the `detail` in a sentence.
///
/// All of it comes from closed sets; nothing the client sent is repeated.
/// Status and title are those of [`Code`]. Every 429 and 503 carries `Retry-After`,
/// every refusal of a bearer token its challenge, all of them
/// `Cache-Control: no-store`.
///
/// ```
/// use auth_axum::Rejection;
/// use auth_core::Code;
/// use axum::response::IntoResponse;
///
/// let response = Rejection::new(Code::Unavailable).into_response();
/// assert_eq!(response.status(), 503);
/// assert_eq!(response.headers()["retry-after"], "1");
/// ```
#[derive(Clone, Debug)]
pub struct Rejection {
    code: Code,
    challenges: Vec<HeaderValue>,
    retry_after: Option<Duration>,
    reason: Option<&'static str>,
    detail: Option<String>,
}

#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

impl Rejection {
    /// Refuses with this code.
    pub const fn new(code: Code) -> Self {
        Self {
            code,
            challenges: Vec::new(),
            retry_after: None,
            reason: None,
            detail: None,
        }
    }

    /// The code.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// Nobody said who they are.
    pub(crate) fn missing(realm: &Realm) -> Self {
        Self::new(Code::MissingCredentials).with_challenge(realm.bare())
    }

    /// The bearer token, or how it was sent, is the reason.
    pub(crate) fn bearer(realm: &Realm, code: Code) -> Self {
        Self::new(code).with_challenge(realm.error(code, None))
    }

    pub(crate) fn with_challenge(mut self, challenge: HeaderValue) -> Self {
        self.challenges.push(challenge);
        self
    }

    pub(crate) const fn with_retry_after(mut self, after: Option<Duration>) -> Self {
        self.retry_after = after;
        self
    }

    /// `detail` must come from a closed set.
    #[cfg(feature = "routes")]
    pub(crate) fn because(mut self, reason: Option<&'static str>, detail: String) -> Self {
        self.reason = reason;
        self.detail = Some(detail);
        self
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let status = self.code.http_status();
        let problem = Problem {
            r#type: "about:blank",
            title: self.code.title(),
            status,
            code: self.code.as_str(),
            reason: self.reason,
            detail: self.detail.as_deref(),
        };
        // Strings and a number always serialise.
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, PROBLEM_JSON);
        headers.insert(CACHE_CONTROL, NO_STORE);
        for challenge in self.challenges {
            headers.append(WWW_AUTHENTICATE, challenge);
        }
        if self.code.is_temporary() {
            headers.insert(RETRY_AFTER, seconds(self.retry_after).into());
        }
        response
    }
}

/// In whole seconds (RFC 9110 §10.2.3), and never "at once".
pub(crate) fn seconds(after: Option<Duration>) -> u64 {
    after
        .map_or(1, |after| {
            after
                .as_millis()
                .div_ceil(1_000)
                .try_into()
                .unwrap_or(u64::MAX)
        })
        .max(1)
}

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_rounded_up_and_at_least_a_second() {
        assert_eq!(seconds(None), 1);
        assert_eq!(seconds(Some(Duration::ZERO)), 1);
        assert_eq!(seconds(Some(Duration::from_millis(1_001))), 2);
    }

    #[test]
    fn what_is_temporary_says_when_to_come_back_and_no_other_code_does() {
        for code in Code::ALL {
            let response = Rejection::new(*code).into_response();
            assert_eq!(response.status().as_u16(), code.http_status());
            assert_eq!(
                response.headers().contains_key(RETRY_AFTER),
                matches!(code.http_status(), 429 | 503)
            );
            assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        }
    }
}
