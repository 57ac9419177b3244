//! From core's codes to gRPC's.

use std::time::Duration;

use auth_core::Code;
use tonic::Status;
use tonic::metadata::MetadataValue;

/// The metadata of a failure that carries its [`Code`], as in
/// `insufficient_scope`: what a program looks at.
pub const AUTH_CODE: &str = "auth-code";

/// The metadata that says in how many milliseconds to try again (gRFC A6);
/// clients with a retry policy obey it of themselves.
pub const RETRY_PUSHBACK: &str = "grpc-retry-pushback-ms";

/// A failure as gRPC tells it, for methods that fail with a [`Code`] of their
/// own: its status from the one table, its title as the message, the code in
/// [`AUTH_CODE`], and in [`RETRY_PUSHBACK`] to try again in a second, if that may
/// help. Where it is known when, use [`status_after`].
///
/// ```
/// let status = auth_tonic::status(auth_core::Code::Unavailable);
/// assert_eq!(status.code(), tonic::Code::Unavailable);
/// assert_eq!(status.metadata().get("grpc-retry-pushback-ms").unwrap(), "1000");
/// ```
pub fn status(code: Code) -> Status {
    status_after(code, None)
}

/// As [`status`], and it helps to try again after this time: what
/// `AuthError::retry_after` says. Codes that are not temporary say nothing of it.
///
/// ```
/// use std::time::Duration;
///
/// let wait = Some(Duration::from_secs(8));
/// let status = auth_tonic::status_after(auth_core::Code::TooManyAttempts, wait);
/// assert_eq!(status.code(), tonic::Code::ResourceExhausted);
/// assert_eq!(status.metadata().get("grpc-retry-pushback-ms").unwrap(), "8000");
/// ```
pub fn status_after(code: Code, retry_after: Option<Duration>) -> Status {
    let number = code.grpc_status() as i32;
    let mut status = Status::new(tonic::Code::from_i32(number), code.title());
    let metadata = status.metadata_mut();
    metadata.insert(AUTH_CODE, MetadataValue::from_static(code.as_str()));
    if code.is_temporary() {
        let millis = retry_after.unwrap_or(A_SECOND).as_millis().max(1);
        let millis = i32::try_from(millis).unwrap_or(i32::MAX);
        metadata.insert(RETRY_PUSHBACK, millis.into());
    }
    status
}

const A_SECOND: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_becomes_its_status_and_fits_into_headers() {
        for code in Code::ALL {
            let status = status(*code);
            assert_eq!(status.code() as i32, code.grpc_status() as i32);
            assert_eq!(status.metadata().get(AUTH_CODE).unwrap(), code.as_str());
            assert!(
                status.add_header(&mut http::HeaderMap::new()).is_ok(),
                "{code:?}"
            );
        }
    }

    #[test]
    fn what_is_temporary_says_when_and_nothing_else_does() {
        let pushback = |code, after| {
            let status = status_after(code, after);
            let millis = status.metadata().get(RETRY_PUSHBACK).cloned();
            millis.map(|millis| millis.to_str().unwrap().to_owned())
        };
        for code in Code::ALL {
            assert_eq!(pushback(*code, None).is_some(), code.is_temporary());
        }
        for (after, expected) in [
            (Duration::ZERO, "1"),
            (Duration::from_millis(1500), "1500"),
            (Duration::MAX, "2147483647"),
        ] {
            let said = pushback(Code::TooManyAttempts, Some(after));
            assert_eq!(said.as_deref(), Some(expected));
        }
    }
}
