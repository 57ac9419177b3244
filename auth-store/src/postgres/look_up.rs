//! Look-ups, by a replica if there is one and the caller does not mind.

use async_trait::async_trait;
use auth_core::{TenantId, UserId};
use sqlx::postgres::PgRow;

use super::PgStore;
use super::lease::Statement;
use super::row::{session, user, user_columns};
use super::session::LIST;
use crate::error::StoreError;
use crate::identifier::Identifier;
use crate::traits::{Consistency, LookUpStore, Session, User};

/// Without the password hash.
const BY_ID: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM auth.users u WHERE u.tenant = $1 AND u.id = $2"
);

const BY_IDENTIFIER: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM auth.users u WHERE u.tenant = $1 AND u.identifier_norm = $2"
);

#[async_trait]
impl LookUpStore for PgStore {
    async fn look_up_user(
        &self,
        tenant: TenantId,
        id: UserId,
        consistency: Consistency,
    ) -> Result<Option<User>, StoreError> {
        let bind = |sql: Statement| sql.bind(tenant.as_uuid()).bind(id.as_uuid());
        let rows = self.look_up(BY_ID, consistency, bind).await?;
        rows.first().map(user).transpose()
    }

    async fn look_up_identifier(
        &self,
        tenant: TenantId,
        identifier: &Identifier,
        consistency: Consistency,
    ) -> Result<Option<User>, StoreError> {
        let bind = |sql: Statement| sql.bind(tenant.as_uuid()).bind(identifier.normalized());
        let rows = self.look_up(BY_IDENTIFIER, consistency, bind).await?;
        rows.first().map(user).transpose()
    }

    async fn look_up_sessions(
        &self,
        tenant: TenantId,
        user: UserId,
        consistency: Consistency,
    ) -> Result<Vec<Session>, StoreError> {
        let bind = |sql: Statement| sql.bind(tenant.as_uuid()).bind(user.as_uuid());
        let rows = self.look_up(LIST, consistency, bind).await?;
        rows.iter().map(session).collect()
    }
}

impl PgStore {
    async fn look_up(
        &self,
        sql: &'static str,
        consistency: Consistency,
        bind: impl Fn(Statement) -> Statement + Send + Sync,
    ) -> Result<Vec<PgRow>, StoreError> {
        if consistency == Consistency::Eventual
            && let Some(replicas) = &self.replicas
            && let Some(rows) = replicas.read_all(self, sql, &bind).await
        {
            return Ok(rows);
        }
        self.lease().await?.read_all(sql, bind).await
    }
}
