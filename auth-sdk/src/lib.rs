//! Stateless authentication for a Rust service, without a server to run: sign
//! up, log in, refresh, log out.
//!
//! [`Auth`] is built once over a store and has one method for each use-case.
//! Tokens are verified by its [`Verifier`], with neither I/O nor waiting.
//!
//! ```
//! use std::sync::Arc;
//! use auth_sdk::{Audience, Auth, Context, Issuer, LogIn, MemoryStore, Password, RootSecret, SignUp, SystemRandom};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let auth = Auth::builder(
//!     Issuer::new("https://auth.example.com")?,
//!     Audience::new("https://api.example.com")?,
//!     RootSecret::generate(&SystemRandom::new())?, // keep yours: see `root_secret_file`
//!     Arc::new(MemoryStore::new()),                // or SqliteStore, or PgStore
//! )
//! .build()
//! .await?;
//!
//! let cx = Context::new();
//! let password = Password::new("correct horse battery staple".to_owned())?;
//! auth.sign_up(&cx, SignUp::new("ada@example.org", password.clone())).await?;
//! let ada = auth.log_in(&cx, LogIn::new("Ada@Example.org", password)).await?;
//!
//! let identity = auth.verifier().verify(ada.tokens.access_token.expose()).await?;
//! assert_eq!(identity.user(), Some(ada.user.id));
//!
//! auth.log_out(&cx, &ada.tokens.refresh_token).await?;
//! assert!(auth.verifier().verify(ada.tokens.access_token.expose()).await.is_err());
//! # Ok(())
//! # }
//! ```

mod api_key_lookup;
mod api_keys;
mod attempts;
mod auth;
mod build_error;
mod builder;
mod context;
mod error;
mod events;
mod keys;
mod log_in;
mod log_out;
mod lookups;
mod password;
mod password_reset;
mod platforms;
mod profile;
mod refresh;
mod replacing;
mod reset_limit;
mod root_secret_file;
mod sign_up;
mod signing_keys;
mod tenants;
mod throttle;
mod tokens;
mod users;

pub use api_keys::{ApiKeyPage, CreateApiKey, IssuedApiKey};
pub use auth::Auth;
pub use build_error::BuildError;
pub use builder::AuthBuilder;
pub use context::Context;
pub use error::AuthError;
pub use keys::{KeyRotation, OwnKeys};
pub use log_in::{LogIn, LoggedIn};
pub use lookups::{LookupCache, LookupCacheStats};
pub use password::ChangePassword;
pub use password_reset::{PasswordReset, SendPasswordReset};
pub use platforms::VerifiedPlatformIdentity;
pub use profile::TokenProfile;
pub use root_secret_file::{RootSecretFileError, root_secret_file};
pub use sign_up::{ImportUser, PreparedSignUp, SignUp};
pub use signing_keys::SigningKeyInfo;
pub use throttle::{Limited, RateLimits};
pub use tokens::TokenPair;

#[cfg(feature = "redis")]
#[doc(no_inline)]
pub use auth_cache::redis::RedisLink;
#[doc(no_inline)]
pub use auth_cache::{throttle::MemoryRateLimiter, tiered::CacheStats, token::MemoryTokenCache};
#[doc(no_inline)]
pub use auth_core::{
    ApiKeyId, Audience, ClientId, Clock, Code, DeviceToken, Identity, Issuer, PolicyVersion,
    Requirement, RootSecret, RootSecrets, Scope, SessionId, SystemRandom, TenantId, Timestamp,
    TrustedProxies, UserId,
    api_key::{ApiKey, ApiKeyPrefix},
    jwt::AccessToken,
    key::{Backend, Jwks},
    password::{
        Argon2Backend, BreachCheck, BreachRanges, ContextWords, HashPool, Password, PasswordHash,
        PasswordPolicy,
    },
    refresh::RefreshToken,
    reset::ResetToken,
    verifier::{Verifier, VerifyError},
};
#[cfg(feature = "postgres")]
#[doc(no_inline)]
pub use auth_store::PgStore;
#[cfg(feature = "sqlite")]
#[doc(no_inline)]
pub use auth_store::SqliteStore;
#[doc(no_inline)]
pub use auth_store::{
    ApiKeyInfo, Consistency, KeyState, MemoryStore, PlatformAccount, PlatformKey, PlatformKeyError,
    Session, Store, Tenant, TenantStatus, User, UserStatus,
};
