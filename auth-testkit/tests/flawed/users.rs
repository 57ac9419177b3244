//! Users, and what goes wrong with them.

use async_trait::async_trait;
use auth_core::{PolicyVersion, TenantId, UserId};
use auth_store::{
    ChangeOutcome, Committed, CreateOutcome, EndSessions, HashRenewal, Identifier, NewUser,
    PasswordChange, SessionStore, StoreError, TenantStore, User, UserRecord, UserStatus, UserStore,
};

use super::{Flaw, Flawed};

impl Flawed {
    fn made(new: &NewUser, now: auth_core::Timestamp) -> CreateOutcome {
        CreateOutcome::Created(User {
            id: new.id,
            tenant: new.tenant,
            identifier: new.identifier.original().to_owned(),
            status: UserStatus::Active,
            ver: 1,
            session_epoch: 1,
            roles: new.roles.clone(),
            created_at: now,
            password_policy: new.password_policy,
        })
    }

    fn careless(&self, mut new: NewUser) -> NewUser {
        new.tenant = self.tenant(new.tenant);
        new.roles = self.texts(new.roles);
        new.password_hash = new.password_hash.map(|hash| self.text(hash));
        match self.flaw {
            Flaw::RolesAreLost => new.roles.clear(),
            Flaw::PolicyIsForgottenAtSignUp => new.password_policy = None,
            // As a column with a default does.
            Flaw::PolicyIsAssumedAtSignUp => {
                new.password_policy = new.password_policy.or(Some(PolicyVersion::CURRENT));
            }
            Flaw::NoPasswordIsEmpty => {
                new.password_hash = new.password_hash.or(Some(String::new()));
            }
            Flaw::OriginalIsLost => {
                let normalized = Identifier::new(new.identifier.normalized());
                new.identifier = normalized.expect("normalising twice changes nothing");
            }
            _ => {}
        }
        new
    }

    /// What is read of a user whose hash was renewed.
    async fn renewed(&self, mut record: UserRecord) -> UserRecord {
        record.tenant_active |= self.has(Flaw::TenantIsNotReadWithUser);
        let policy = &mut record.user.password_policy;
        let is_renewed = self.rows.lock().await.renewed.contains(&record.user.id);
        match self.flaw {
            Flaw::RenewalForgetsPolicy if is_renewed => *policy = None,
            Flaw::RenewalVouchesForPassword if is_renewed => *policy = Some(PolicyVersion::CURRENT),
            _ => {}
        }
        record
    }

    /// A user who is not there, as if changed.
    fn ghost(&self, tenant: TenantId, id: UserId) -> Committed<ChangeOutcome> {
        Committed::quiet(ChangeOutcome::Changed(User {
            id,
            tenant,
            identifier: String::new(),
            status: UserStatus::Active,
            ver: 0,
            session_epoch: 0,
            roles: Vec::new(),
            created_at: self.now(),
            password_policy: None,
        }))
    }
}

#[async_trait]
impl UserStore for Flawed {
    async fn create_user(&self, new: NewUser) -> Result<CreateOutcome, StoreError> {
        self.connect().await?;
        let new = self.careless(new);
        let tenant = new.tenant;
        match self.flaw {
            Flaw::DefaultTenantIsNotMade
                if tenant == TenantId::DEFAULT
                    && !self.rows.lock().await.tenants.contains(&tenant) =>
            {
                return Ok(CreateOutcome::NoTenant);
            }
            Flaw::AnyTenantHasUsers => self.inner.create_tenant(tenant).await?,
            Flaw::SignUpReservesFirst => {
                let name = format!("{tenant}{}", new.identifier.normalized());
                if !self.rows.lock().await.reserved.insert(name) {
                    return Ok(CreateOutcome::Taken);
                }
                self.meanwhile().await;
            }
            Flaw::SignUpLooksThenWrites => {
                let found = self.inner.find_user(tenant, &new.identifier).await?;
                self.meanwhile().await;
                let outcome = self.inner.create_user(new.clone()).await?;
                return Ok(match outcome {
                    CreateOutcome::Taken if found.is_none() => Self::made(&new, self.now()),
                    outcome => outcome,
                });
            }
            _ => {}
        }
        let outcome = self.inner.create_user(new.clone()).await;
        match (self.flaw, &outcome) {
            (Flaw::SignUpOverwrites, Ok(CreateOutcome::Taken)) => {
                let found = self.inner.find_user(tenant, &new.identifier).await?;
                if let Some(UserRecord {
                    user,
                    password_hash,
                    ..
                }) = found
                {
                    let new_hash = new.password_hash.unwrap_or_default();
                    let change = PasswordChange {
                        tenant,
                        user: user.id,
                        seen_hash: password_hash,
                        seen_epoch: None,
                        new_hash,
                        new_policy: new.password_policy,
                    };
                    let _ = self.inner.change_password(change).await?;
                }
                outcome
            }
            (Flaw::UserIdOverwrites, Err(_)) => Ok(Self::made(&new, self.now())),
            _ => outcome,
        }
    }

    async fn find_user(
        &self,
        tenant: TenantId,
        identifier: &Identifier,
    ) -> Result<Option<UserRecord>, StoreError> {
        self.connect().await?;
        let found = self
            .inner
            .find_user(self.tenant(tenant), identifier)
            .await?;
        Ok(found.filter(|record| {
            !self.has(Flaw::IdentifierIsComparedAsTyped)
                || record.user.identifier == identifier.original()
        }))
    }

    async fn user(&self, tenant: TenantId, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        self.connect().await?;
        match self.inner.user(self.tenant(tenant), id).await? {
            Some(record) => Ok(Some(self.renewed(record).await)),
            None => Ok(None),
        }
    }

    async fn change_password(
        &self,
        mut change: PasswordChange,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.connect().await?;
        change.tenant = self.tenant(change.tenant);
        change.new_hash = self.text(change.new_hash);
        let (tenant, user) = (change.tenant, change.user);
        let Some(found) = self.inner.user(tenant, user).await? else {
            let is_changed = self.has(Flaw::GhostsAreChanged);
            let moved = Committed::quiet(ChangeOutcome::Moved);
            return Ok(if is_changed {
                self.ghost(tenant, user)
            } else {
                moved
            });
        };
        let same = found.password_hash == change.seen_hash;
        match self.flaw {
            Flaw::NullIsNeverEqual if change.seen_hash.is_none() => {
                return Ok(Committed::quiet(ChangeOutcome::Moved));
            }
            Flaw::PolicyIsForgottenAtChange => change.new_policy = found.user.password_policy,
            Flaw::SeenHashIsIgnored => change.seen_hash = found.password_hash,
            Flaw::SeenEpochIsIgnored => change.seen_epoch = None,
            Flaw::SeenEpochIsReadThenWritten
                if change.seen_epoch == Some(found.user.session_epoch) =>
            {
                self.meanwhile().await;
                change.seen_epoch = None;
            }
            Flaw::SeenHashIsReadThenWritten if same => {
                self.meanwhile().await;
                let found = self.inner.user(tenant, user).await?;
                change.seen_hash = found.and_then(|found| found.password_hash);
            }
            Flaw::DisabledMayChangePassword if found.user.status == UserStatus::Disabled => {
                return Ok(Committed::quiet(ChangeOutcome::Changed(found.user)));
            }
            Flaw::ChangeIsTwoSteps if same => {
                let _ = self
                    .inner
                    .set_user_roles(tenant, user, found.user.roles)
                    .await?;
                self.meanwhile().await;
            }
            _ => {}
        }
        let made = self.inner.change_password(change).await?;
        Ok(Committed {
            revoked: self.returned(made.revoked),
            ..made
        })
    }

    async fn renew_password_hash(&self, mut renewal: HashRenewal) -> Result<bool, StoreError> {
        self.connect().await?;
        renewal.tenant = self.tenant(renewal.tenant);
        renewal.new_hash = self.text(renewal.new_hash);
        match self.flaw {
            Flaw::RenewalIsAChange => {
                let found = self.inner.user(renewal.tenant, renewal.user).await?;
                let change = PasswordChange {
                    tenant: renewal.tenant,
                    user: renewal.user,
                    seen_hash: renewal.seen_hash,
                    seen_epoch: None,
                    new_hash: renewal.new_hash,
                    new_policy: found.and_then(|found| found.user.password_policy),
                };
                let made = self.inner.change_password(change).await?;
                return Ok(matches!(made.value, ChangeOutcome::Changed(_)));
            }
            Flaw::RenewalIgnoresSeen => {
                let found = self.inner.user(renewal.tenant, renewal.user).await?;
                renewal.seen_hash = found.and_then(|found| found.password_hash);
            }
            _ => {}
        }
        let user = renewal.user;
        let renewed = self.inner.renew_password_hash(renewal).await?;
        if renewed {
            self.rows.lock().await.renewed.insert(user);
        }
        Ok(renewed)
    }

    async fn set_user_status(
        &self,
        tenant: TenantId,
        id: UserId,
        status: UserStatus,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.connect().await?;
        let tenant = self.tenant(tenant);
        let before = self
            .inner
            .user(tenant, id)
            .await?
            .map(|record| record.user.status);
        if before == Some(status) && self.has(Flaw::StatusIsOnlyOnce) {
            return Ok(Committed::quiet(ChangeOutcome::Moved));
        }
        let made = self.inner.set_user_status(tenant, id, status).await?;
        Ok(Committed {
            revoked: self.returned(made.revoked),
            ..made
        })
    }

    async fn set_user_roles(
        &self,
        tenant: TenantId,
        id: UserId,
        roles: Vec<String>,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.connect().await?;
        self.count_early().await;
        let tenant = self.tenant(tenant);
        if let (Flaw::ChangeIsTwoSteps, Some(before)) =
            (self.flaw, self.inner.user(tenant, id).await?)
        {
            let _ = self
                .inner
                .set_user_roles(tenant, id, before.user.roles)
                .await?;
            self.meanwhile().await;
        }
        let before = self.inner.user(tenant, id).await?;
        if self.has(Flaw::VersionIsReadThenWritten) {
            self.meanwhile().await;
        }
        let mut change = self
            .inner
            .set_user_roles(tenant, id, self.texts(roles))
            .await?;
        match (self.flaw, &mut change.value) {
            (Flaw::RolesEndSessions, ChangeOutcome::Changed(_)) => {
                let _ = self
                    .inner
                    .end_sessions(tenant, EndSessions::AllOf(id))
                    .await?;
            }
            (Flaw::VersionIsReadThenWritten, ChangeOutcome::Changed(user)) => {
                if let Some(before) = before {
                    user.ver = before.user.ver + 1;
                }
            }
            _ => {}
        }
        Ok(Committed {
            revoked: self.returned(change.revoked),
            ..change
        })
    }
}
