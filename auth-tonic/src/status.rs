//! From core's codes to gRPC's.

use auth_core::Code;
use tonic::Status;
use tonic::metadata::MetadataValue;

/// The metadata of a failure that carries its [`Code`], as in
/// `insufficient_scope`: what a program looks at.
pub const AUTH_CODE: &str = "auth-code";

/// The metadata that says in how many milliseconds to try again (gRFC A6);
/// clients with a retry policy obey it of themselves.
pub const RETRY_PUSHBACK: &str = "grpc-retry-pushback-ms";

const RETRY_AFTER_MS: &str = "1000";

/// A failure as gRPC tells it, for methods that fail with a [`Code`] of their
/// own: its status from the one table, its title as the message, the code in
/// [`AUTH_CODE`], and in [`RETRY_PUSHBACK`] when to try again, if that may
/// help.
///
/// ```
/// let status = auth_tonic::status(auth_core::Code::Unavailable);
/// assert_eq!(status.code(), tonic::Code::Unavailable);
/// assert_eq!(status.metadata().get("grpc-retry-pushback-ms").unwrap(), "1000");
/// ```
pub fn status(code: Code) -> Status {
    let number = code.grpc_status() as i32;
    let mut status = Status::new(tonic::Code::from_i32(number), code.title());
    let metadata = status.metadata_mut();
    metadata.insert(AUTH_CODE, MetadataValue::from_static(code.as_str()));
    if matches!(code, Code::Unavailable | Code::Overloaded) {
        metadata.insert(RETRY_PUSHBACK, MetadataValue::from_static(RETRY_AFTER_MS));
    }
    status
}

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
}
