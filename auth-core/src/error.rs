//! The one table of what callers over HTTP and gRPC are told.

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident: $code:literal, $http:literal, $grpc:ident, $title:literal;)*) => {
        /// A stable code for a failure, its HTTP and gRPC status, and a
        /// sentence that tells a caller nothing secret.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code itself.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The HTTP status.
            pub const fn http_status(self) -> u16 {
                match self { $(Self::$variant => $http,)* }
            }

            /// Whether it may help to try again later, so that the answer says
            /// when.
            pub const fn is_temporary(self) -> bool {
                matches!(self.http_status(), 429 | 503)
            }

            /// The gRPC status.
            pub const fn grpc_status(self) -> GrpcStatus {
                match self { $(Self::$variant => GrpcStatus::$grpc,)* }
            }

            /// A sentence for people. ASCII without quotes, as RFC 6750 §3
            /// wants an `error_description`.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

/// The gRPC status codes that are used, by their canonical numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
#[expect(missing_docs, reason = "the names are gRPC's own")]
pub enum GrpcStatus {
    InvalidArgument = 3,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

codes! {
    /// No credentials at all; the challenge carries no error code
    /// (RFC 6750 §3.1).
    MissingCredentials: "missing_credentials", 401, Unauthenticated, "Credentials are required";
    /// The access token is no good, whatever the reason (RFC 6750 §3.1).
    InvalidToken: "invalid_token", 401, Unauthenticated, "The access token is not valid";
    /// The request is malformed (RFC 6750 §3.1, RFC 6749 §5.2).
    InvalidRequest: "invalid_request", 400, InvalidArgument, "The request is malformed";
    /// The token lacks scope (RFC 6750 §3.1).
    InsufficientScope: "insufficient_scope", 403, PermissionDenied, "The token does not allow this";
    /// The user lacks a role, or the method is not open to anybody.
    PermissionDenied: "permission_denied", 403, PermissionDenied, "This is not allowed";
    /// A more recent log-in is needed (RFC 9470).
    InsufficientAuthentication: "insufficient_user_authentication", 401, Unauthenticated, "A more recent log-in is needed";
    /// Identifier or password are wrong; which, nobody is told.
    InvalidCredentials: "invalid_credentials", 401, Unauthenticated, "The identifier or the password is wrong";
    /// The refresh token is no good, whatever the reason (RFC 6749 §5.2).
    InvalidGrant: "invalid_grant", 400, InvalidArgument, "The refresh token is not valid";
    /// The refresh token was overtaken; use the newer one.
    Superseded: "superseded", 400, InvalidArgument, "The refresh token was replaced by a newer one";
    /// The reset token is no good, whatever the reason.
    InvalidResetToken: "invalid_reset_token", 400, InvalidArgument, "The reset token is not valid";
    /// More scope was asked for than there is (RFC 6749 §5.2).
    InvalidScope: "invalid_scope", 400, InvalidArgument, "The scope is not valid or exceeds what was granted";
    /// The identifier cannot identify anybody.
    InvalidIdentifier: "invalid_identifier", 422, InvalidArgument, "The identifier cannot be used";
    /// The password does not meet the policy.
    PasswordRejected: "password_rejected", 422, InvalidArgument, "The password cannot be used";
    /// The identifier belongs to another account.
    IdentifierTaken: "identifier_taken", 409, AlreadyExists, "The identifier is already in use";
    /// No such thing, or not the caller's.
    NotFound: "not_found", 404, NotFound, "There is no such resource";
    /// Somebody else changed it at the same time.
    Conflict: "conflict", 409, Aborted, "It was changed at the same time; look at it again";
    /// The account at another platform belongs to another user.
    PlatformAccountTaken: "platform_account_taken", 409, AlreadyExists, "The account is already in use";
    /// Without it the user could not log in any more.
    LastLogInMethod: "last_log_in_method", 409, FailedPrecondition, "The last way to log in cannot be removed";
    /// The user has as many API keys as anybody may have.
    TooManyApiKeys: "too_many_api_keys", 409, FailedPrecondition, "There are too many API keys; revoke one first";
    /// The method is not allowed on this resource.
    MethodNotAllowed: "method_not_allowed", 405, InvalidArgument, "The method is not allowed here";
    /// The body is too large.
    TooLarge: "payload_too_large", 413, InvalidArgument, "The request body is too large";
    /// The body is not of the expected media type.
    UnsupportedMediaType: "unsupported_media_type", 415, InvalidArgument, "The request body must be application/json";
    /// The client took too long to send its request.
    RequestTimeout: "request_timeout", 408, InvalidArgument, "The request took too long to arrive";
    /// Another request with the same idempotency key is being done.
    RequestInProgress: "request_in_progress", 409, Aborted, "The same request is being handled";
    /// The request was done before, and its answer was not kept.
    AlreadyDone: "already_done", 409, AlreadyExists, "The request was handled before; its answer was not kept";
    /// The idempotency key was used for another request.
    KeyReused: "idempotency_key_reused", 422, InvalidArgument, "The idempotency key was used for another request";
    /// Too many attempts at one account's password, or too many requests from one network;
    /// the next one must wait.
    TooManyAttempts: "too_many_attempts", 429, ResourceExhausted, "Too many attempts; try again later";
    /// More work is asked for than can be done in time.
    Overloaded: "overloaded", 503, ResourceExhausted, "Too busy at present; try again later";
    /// Something that the decision needs cannot be asked at present.
    Unavailable: "temporarily_unavailable", 503, Unavailable, "Temporarily unavailable; try again later";
    /// A defect on our side.
    Internal: "internal_error", 500, Internal, "Something went wrong";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_titles_fit_a_challenge() {
        for (index, code) in Code::ALL.iter().enumerate() {
            assert!(
                Code::ALL[..index]
                    .iter()
                    .all(|other| other.as_str() != code.as_str())
            );
            let allowed = |b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(code.title().bytes().all(allowed), "{code:?}");
        }
    }

    #[test]
    fn an_outage_is_never_a_401() {
        for code in [Code::Overloaded, Code::Unavailable] {
            assert_eq!(code.http_status(), 503);
            assert_ne!(code.grpc_status(), GrpcStatus::Unauthenticated);
        }
    }
}
