//! auth-core.

use std::sync::Arc;
use std::time::Duration;

use auth_core::jwt::{NewToken, TokenIssuer};
use auth_core::key::{Backend, KeySet};
use auth_core::verifier::Verifier;
use auth_core::{
    Audience, ClientId, Issuer, Scope, SessionId, SystemRandom, TenantId, Timestamp, UserId,
};
use serde_json::Map;

use super::case::Case;
use super::claims::{AUDIENCE, CLIENT, ISSUER, SCOPE, SESSION, TENANT, USER};
use super::contender::{Depth, Issuing, Verifying};
use crate::Failure;

pub(super) const RING: &str = "auth-core on ring";
pub(super) const AWS_LC: &str = "auth-core on aws-lc-rs";
pub(super) const DALEK: &str = "auth-core on aws-lc-rs with ed25519-dalek";

fn name(backend: Backend) -> &'static str {
    match backend {
        Backend::Ring => RING,
        Backend::AwsLcRsWithDalek => DALEK,
        _ => AWS_LC,
    }
}

pub(super) fn verifier(case: &Case, backend: Backend) -> Result<Verifier, Failure> {
    let key = case.signing_key(backend)?.verifying_key().clone();
    let keys = Arc::new(KeySet::new([key])?);
    let verifier = Verifier::builder(&Issuer::new(ISSUER)?, &Audience::new(AUDIENCE)?, keys)
        .without_revocations()
        .build()?;
    Ok(verifier)
}

pub(super) fn verifying(case: &Case, backend: Backend) -> Result<Verifying, Failure> {
    let verifier = verifier(case, backend)?;
    Ok(Verifying::new(name(backend), Depth::Token, move |token| {
        verifier.verify_now(token.text()).is_ok()
    }))
}

pub(super) fn issuing(case: &Case, backend: Backend) -> Result<Issuing, Failure> {
    let key = case.signing_key(backend)?;
    // 1 h less up to 5 %: as many digits as the others' times have.
    let lifetime = Duration::from_secs(3600);
    let issuer = TokenIssuer::new(Issuer::new(ISSUER)?, Audience::new(AUDIENCE)?, lifetime);
    let random = SystemRandom::new();
    let user: UserId = USER.parse()?;
    let tenant: TenantId = TENANT.parse()?;
    let session: SessionId = SESSION.parse()?;
    let client = ClientId::new(CLIENT)?;
    let scope: Scope = SCOPE.parse()?;
    let custom = Map::new();
    let now = Timestamp::from_unix_seconds(case.claims.iat);
    let (user_version, tenant_version) = (case.claims.ver, case.claims.tver);
    Ok(Issuing::new(name(backend), Depth::Token, move |give| {
        let token = NewToken {
            subject: user,
            tenant,
            session,
            client: &client,
            scope: &scope,
            user_version,
            tenant_version,
            amr: &[],
            auth_time: now,
            roles: &[],
            custom: &custom,
            now,
        };
        if let Ok(token) = issuer.issue(&key, &token, &random) {
            give(token.expose().as_bytes());
        }
    }))
}
