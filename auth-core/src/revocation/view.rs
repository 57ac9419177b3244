//! What one process knows to be revoked.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::anchor::Anchor;
use super::target::{Revocation, Target};
use crate::id::{ApiKeyId, SessionId, TenantId, UserId};
use crate::key::Thumbprint;
use crate::time::Timestamp;

/// Whether a token's key, session, user and tenant still stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing that is known speaks against it.
    Live,
    /// Something it stands on is revoked.
    Revoked,
}

/// The revocations one process knows of: floors in memory, shared by clones.
///
/// In this form the view is fed by the process that revokes: what it revoked
/// is rejected from the moment the call returns. It does not hear of what
/// other processes revoke.
#[derive(Clone, Default)]
pub struct RevocationView {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    floors: RwLock<Floors>,
    generation: AtomicU64,
}

#[derive(Default)]
struct Floors {
    sessions: HashMap<(TenantId, SessionId), Timestamp>,
    users: HashMap<(TenantId, UserId), Floor>,
    tenants: HashMap<TenantId, Floor>,
    api_keys: HashMap<ApiKeyId, Timestamp>,
    /// Never forgotten: whoever has a key can make new tokens at any time.
    keys: HashSet<Thumbprint>,
    /// The size at which expired entries are looked for again.
    sweep_at: usize,
}

#[derive(Clone, Copy)]
struct Floor {
    at_least: i64,
    expires_at: Timestamp,
}

/// What of a token the view looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standpoint {
    /// The key that verified it.
    pub(crate) key: Thumbprint,
    pub(crate) tenant: TenantId,
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    pub(crate) user_version: i64,
    pub(crate) tenant_version: i64,
}

const SWEEP_FROM: usize = 1024;

impl RevocationView {
    /// A view that knows of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns of a revocation; from here on its tokens are rejected. `now` is
    /// used to forget what has expired, never to judge `revocation`.
    ///
    /// # Contract
    /// `now` is a time that no clock of a verifier falls behind again: the
    /// store's, not the wall's. What is forgotten by a clock that jumped would
    /// be accepted once it has jumped back.
    pub fn raise(&self, revocation: &Revocation, now: Timestamp) {
        let mut floors = self
            .shared
            .floors
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        floors.raise(revocation);
        floors.sweep(now);
        // Under the lock, so that whoever sees the new number sees the floor.
        self.shared.generation.fetch_add(1, Ordering::Release);
    }

    /// Changes with everything that is learned: what was checked under the
    /// same number need not be checked again.
    pub fn generation(&self) -> u64 {
        self.shared.generation.load(Ordering::Acquire)
    }

    /// Whether something that stands on `anchor` is revoked, as far as is known.
    pub fn revokes(&self, anchor: &Anchor) -> bool {
        self.shared
            .floors
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .revokes_anchor(anchor)
    }

    /// How many revocations it holds.
    pub fn len(&self) -> usize {
        self.shared
            .floors
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Whether it knows of nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a signing key is known to be revoked: whatever it has signed is
    /// rejected, and it should be neither signed with nor published.
    ///
    /// ```
    /// use auth_core::Timestamp;
    /// use auth_core::key::Thumbprint;
    /// use auth_core::revocation::{Revocation, RevocationView};
    ///
    /// let (view, key) = (RevocationView::new(), Thumbprint::from_bytes([7; 32]));
    /// assert!(!view.revokes_key(key));
    /// view.raise(&Revocation::of_key(key), Timestamp::MAX);
    /// assert!(view.revokes_key(key));
    /// ```
    pub fn revokes_key(&self, key: Thumbprint) -> bool {
        let floors = self
            .shared
            .floors
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        floors.keys.contains(&key)
    }

    /// Whether both are one view.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    pub(crate) fn check(&self, token: &Standpoint) -> Standing {
        let floors = self
            .shared
            .floors
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if floors.revokes(token) {
            Standing::Revoked
        } else {
            Standing::Live
        }
    }
}

impl Floors {
    fn raise(&mut self, revocation: &Revocation) {
        let expires_at = revocation.expires_at;
        match revocation.target {
            Target::Session { tenant, session } => {
                let known = self.sessions.entry((tenant, session)).or_insert(expires_at);
                *known = expires_at.max(*known);
            }
            Target::User {
                tenant,
                user,
                floor,
            } => {
                raise(
                    &mut self.users,
                    (tenant, user),
                    Floor {
                        at_least: floor,
                        expires_at,
                    },
                );
            }
            Target::Tenant { tenant, floor } => {
                raise(
                    &mut self.tenants,
                    tenant,
                    Floor {
                        at_least: floor,
                        expires_at,
                    },
                );
            }
            Target::ApiKey { key, .. } => {
                let known = self.api_keys.entry(key).or_insert(expires_at);
                *known = expires_at.max(*known);
            }
            Target::SigningKey { thumbprint } => {
                self.keys.insert(thumbprint);
            }
        }
    }

    fn revokes(&self, token: &Standpoint) -> bool {
        let below = |floor: Option<&Floor>, version| floor.is_some_and(|f| version < f.at_least);
        self.keys.contains(&token.key)
            || self.sessions.contains_key(&(token.tenant, token.session))
            || below(
                self.users.get(&(token.tenant, token.user)),
                token.user_version,
            )
            || below(self.tenants.get(&token.tenant), token.tenant_version)
    }

    fn revokes_anchor(&self, anchor: &Anchor) -> bool {
        let below = |floor: Option<&Floor>, version| floor.is_some_and(|f| version < f.at_least);
        match *anchor {
            Anchor::Session { tenant, session } => self.sessions.contains_key(&(tenant, session)),
            Anchor::ApiKey { key } => self.api_keys.contains_key(&key),
            Anchor::User {
                tenant,
                user,
                version,
            } => below(self.users.get(&(tenant, user)), version),
            Anchor::Tenant { tenant, version } => below(self.tenants.get(&tenant), version),
        }
    }

    fn len(&self) -> usize {
        let Self {
            sessions,
            users,
            tenants,
            api_keys,
            keys,
            ..
        } = self;
        sessions.len() + users.len() + tenants.len() + api_keys.len() + keys.len()
    }

    /// Forgets what has expired, each time the view has doubled: constant work
    /// per revocation, and at most twice the memory of what is alive.
    fn sweep(&mut self, now: Timestamp) {
        if self.len() < self.sweep_at.max(SWEEP_FROM) {
            return;
        }
        self.sessions.retain(|_, expires_at| now < *expires_at);
        self.users.retain(|_, floor| now < floor.expires_at);
        self.tenants.retain(|_, floor| now < floor.expires_at);
        self.api_keys.retain(|_, expires_at| now < *expires_at);
        self.sweep_at = self.len() * 2;
    }
}

/// Floors rise and live longer; they never sink or live shorter.
fn raise<K: Eq + Hash>(floors: &mut HashMap<K, Floor>, key: K, new: Floor) {
    match floors.entry(key) {
        Entry::Vacant(vacant) => {
            vacant.insert(new);
        }
        Entry::Occupied(mut known) => {
            let known = known.get_mut();
            known.at_least = known.at_least.max(new.at_least);
            known.expires_at = known.expires_at.max(new.expires_at);
        }
    }
}

impl fmt::Debug for RevocationView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationView")
            .field("revocations", &self.len())
            .field("generation", &self.generation())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

    const KEY: Thumbprint = Thumbprint::from_bytes([4; 32]);

    fn token() -> Standpoint {
        Standpoint {
            key: KEY,
            tenant: TenantId::DEFAULT,
            user: UserId::from_uuid(Uuid::from_u128(1)),
            session: SessionId::from_uuid(Uuid::from_u128(2)),
            user_version: 5,
            tenant_version: 5,
        }
    }

    fn after_raising(target: Target) -> Standing {
        let view = RevocationView::new();
        view.raise(
            &Revocation {
                target,
                expires_at: NOW + Duration::from_secs(420),
            },
            NOW,
        );
        view.check(&token())
    }

    #[test]
    fn a_floor_kills_what_is_below_it_and_nothing_else() {
        let Standpoint {
            tenant,
            user,
            session,
            ..
        } = token();
        let stranger = TenantId::from_uuid(Uuid::from_u128(3));
        let dead = [
            Target::Session { tenant, session },
            Target::User {
                tenant,
                user,
                floor: 6,
            },
            Target::Tenant { tenant, floor: 6 },
            Target::SigningKey { thumbprint: KEY },
        ];
        let other = Thumbprint::from_bytes([5; 32]);
        let alive = [
            Target::SigningKey { thumbprint: other },
            Target::Session {
                tenant: stranger,
                session,
            },
            Target::User {
                tenant: stranger,
                user,
                floor: 6,
            },
            Target::Tenant {
                tenant: stranger,
                floor: 6,
            },
            Target::User {
                tenant,
                user,
                floor: 5,
            },
            Target::Tenant { tenant, floor: 5 },
        ];
        for target in dead {
            assert_eq!(after_raising(target), Standing::Revoked, "{target:?}");
        }
        for target in alive {
            assert_eq!(after_raising(target), Standing::Live, "{target:?}");
        }
    }

    #[test]
    fn what_is_kept_elsewhere_stands_on_the_same_floors() {
        let Standpoint {
            tenant,
            user,
            session,
            ..
        } = token();
        let view = RevocationView::new();
        let raise = |target| {
            let expires_at = NOW + Duration::from_secs(420);
            view.raise(&Revocation { target, expires_at }, NOW);
        };
        let of_user = |version| Anchor::User {
            tenant,
            user,
            version,
        };
        let of_tenant = |version| Anchor::Tenant { tenant, version };
        let of_session = Anchor::Session { tenant, session };
        let key = ApiKeyId::from_uuid(Uuid::from_u128(6));
        let of_key = Anchor::ApiKey { key };
        for anchor in [of_user(5), of_tenant(5), of_session, of_key] {
            assert!(!view.revokes(&anchor), "{anchor:?}");
        }
        raise(Target::User {
            tenant,
            user,
            floor: 6,
        });
        raise(Target::Tenant { tenant, floor: 6 });
        raise(Target::Session { tenant, session });
        raise(Target::ApiKey { tenant, key });
        for anchor in [of_user(5), of_tenant(5), of_session, of_key] {
            assert!(view.revokes(&anchor), "{anchor:?}");
        }
        assert!(!view.revokes(&of_user(6)) && !view.revokes(&of_tenant(6)));
    }

    #[test]
    fn a_floor_never_sinks() {
        let Standpoint { tenant, user, .. } = token();
        let view = RevocationView::new();
        for floor in [6, 3] {
            let target = Target::User {
                tenant,
                user,
                floor,
            };
            view.raise(
                &Revocation {
                    target,
                    expires_at: NOW,
                },
                NOW,
            );
        }
        assert_eq!(view.check(&token()), Standing::Revoked);
    }

    #[test]
    fn expired_revocations_are_forgotten_and_live_ones_are_not() {
        let view = RevocationView::new();
        let tenant = TenantId::DEFAULT;
        let raise = |n: u32, expires_at, now| {
            let session = SessionId::from_uuid(Uuid::from_u128(n.into()));
            view.raise(
                &Revocation {
                    target: Target::Session { tenant, session },
                    expires_at,
                },
                now,
            );
        };
        raise(2, NOW + Duration::from_secs(100_000), NOW);
        view.raise(&Revocation::of_key(KEY), NOW);
        for n in 1_000..20_000_u32 {
            raise(
                n,
                NOW + Duration::from_secs(1),
                NOW + Duration::from_secs(n.into()),
            );
        }
        assert!(view.len() < 2 * SWEEP_FROM, "{view:?}");
        let session_of = |key| Standpoint { key, ..token() };
        let other = Thumbprint::from_bytes([5; 32]);
        assert_eq!(view.check(&session_of(other)), Standing::Revoked);
        let other_session = Standpoint {
            session: SessionId::from_uuid(Uuid::from_u128(999_999)),
            ..token()
        };
        assert_eq!(view.check(&other_session), Standing::Revoked);
    }
}
