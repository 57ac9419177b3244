//! What each method wants of its caller.

use std::collections::HashMap;
use std::sync::Arc;

use auth_core::Requirement;
use tonic::server::NamedService;

/// What is wanted of the callers of each method. What is not listed is denied
/// to everybody.
///
/// A rule for a method beats the one for its service, in whatever order they
/// are given; of two rules for the same, the later counts. A call's method is
/// what its path says, byte for byte, `/{service}/{method}`: nothing is
/// decoded, trimmed or folded, so `//`, a trailing slash, percent-encoding and
/// another case find no rule. A service's rule is found by names that protobuf
/// allows, and not by a listed method's in another case.
///
/// ```
/// use auth_core::Requirement;
/// use auth_tonic::MethodPolicy;
/// # use tonic::server::NamedService;
/// # struct OrdersServer;
/// # impl NamedService for OrdersServer { const NAME: &'static str = "shop.v1.Orders"; }
/// # struct HealthServer;
/// # impl NamedService for HealthServer { const NAME: &'static str = "grpc.health.v1.Health"; }
///
/// let policy = MethodPolicy::new()
///     .service::<OrdersServer>(Requirement::authenticated())
///     .method::<OrdersServer>("Cancel", Requirement::scope("orders:write")?)
///     .public_method::<OrdersServer>("Catalogue")
///     .public_service::<HealthServer>();
/// # Ok::<(), auth_core::ScopeError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct MethodPolicy {
    services: HashMap<&'static str, Rules>,
}

#[derive(Clone, Debug, Default)]
struct Rules {
    methods: HashMap<&'static str, Access>,
    /// For its other methods.
    others: Access,
}

/// Who may call.
#[derive(Clone, Debug, Default)]
pub(crate) enum Access {
    /// Whoever it is; nobody is asked.
    Public,
    /// Whoever has this.
    Requires(Arc<Requirement>),
    #[default]
    Nobody,
}

impl MethodPolicy {
    /// Denies everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whoever calls a method of the service `S` that has no rule of its own
    /// must meet `requirement`.
    pub fn service<S: NamedService>(self, requirement: Requirement) -> Self {
        self.with_service::<S>(Access::Requires(Arc::new(requirement)))
    }

    /// Whoever calls this method of `S` must meet `requirement`. The name is
    /// the one in the `.proto`, as in `Cancel`.
    pub fn method<S: NamedService>(self, name: &'static str, requirement: Requirement) -> Self {
        self.with_method::<S>(name, Access::Requires(Arc::new(requirement)))
    }

    /// Anybody may call the methods of `S` that have no rule of their own:
    /// health, reflection. Nothing is verified there, and there is no identity
    /// even for those who send a token.
    pub fn public_service<S: NamedService>(self) -> Self {
        self.with_service::<S>(Access::Public)
    }

    /// Anybody may call this method of `S`, as in a
    /// [public service](Self::public_service).
    pub fn public_method<S: NamedService>(self, name: &'static str) -> Self {
        self.with_method::<S>(name, Access::Public)
    }

    fn with_service<S: NamedService>(mut self, access: Access) -> Self {
        self.services.entry(S::NAME).or_default().others = access;
        self
    }

    fn with_method<S: NamedService>(mut self, name: &'static str, access: Access) -> Self {
        self.services
            .entry(S::NAME)
            .or_default()
            .methods
            .insert(name, access);
        self
    }

    /// Who may make the call with this path.
    pub(crate) fn access(&self, path: &str) -> &Access {
        const NOBODY: &Access = &Access::Nobody;
        let Some((service, method)) = path.strip_prefix('/').and_then(|p| p.split_once('/')) else {
            return NOBODY;
        };
        let Some(rules) = self.services.get(service) else {
            return NOBODY;
        };
        if let Some(access) = rules.methods.get(method) {
            return access;
        }
        let disguised = || {
            rules
                .methods
                .keys()
                .any(|name| name.eq_ignore_ascii_case(method))
        };
        if is_identifier(method) && !disguised() {
            &rules.others
        } else {
            NOBODY
        }
    }
}

/// What protobuf allows as the name of a method.
fn is_identifier(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
