//! From a use-case's failure to the client's answer.

use std::error::Error;

use auth_core::Code;
use auth_core::password::PasswordError;
use auth_sdk::AuthError;

use crate::rejection::Rejection;

/// Status, code and `Retry-After` are [`AuthError`]'s own; what may be told of
/// its cause is a password's or identifier's shortcoming. What is on our side
/// goes to the log.
impl From<AuthError> for Rejection {
    fn from(error: AuthError) -> Self {
        let code = error.code();
        if code.http_status() >= 500 {
            tracing::warn!(
                error = &error as &dyn Error,
                code = code.as_str(),
                "request failed"
            );
        }
        let rejection = Self::new(code).with_retry_after(error.retry_after());
        match error {
            AuthError::Password(violation) => {
                rejection.because(Some(violation.code()), violation.to_string())
            }
            AuthError::Identifier(error) => {
                rejection.because(Some(error.code()), error.to_string())
            }
            _ => rejection,
        }
    }
}

/// A password that is none may not be chosen.
impl From<PasswordError> for Rejection {
    fn from(error: PasswordError) -> Self {
        Self::new(Code::PasswordRejected).because(Some(error.code()), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn overload_says_when_to_come_back() {
        let retry_after = Duration::from_millis(1_500);
        let response = Rejection::from(AuthError::Overloaded { retry_after }).into_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "2");
    }
}
