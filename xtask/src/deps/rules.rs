//! The rules, as data. A dependency that is not listed here is a decision nobody has taken yet: take it, then add the name.

/// What one of our crates may name under `[dependencies]`.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// The crate.
    pub name: &'static str,
    /// Crates of ours it may always depend on.
    pub ours: &'static [&'static str],
    /// Crates of ours it may depend on behind a feature.
    pub ours_by_feature: &'static [&'static str],
    /// Others' crates it may always depend on.
    pub outside: &'static [&'static str],
    /// Others' crates it may depend on behind a feature.
    pub outside_by_feature: &'static [&'static str],
    /// What its `default` feature turns on.
    pub default: &'static [&'static str],
}

const EMPTY: Room = Room {
    name: "",
    ours: &[],
    ours_by_feature: &[],
    outside: &[],
    outside_by_feature: &[],
    default: &[],
};

/// One for each of our crates but the examples, whose rule is [`FOR_EXAMPLES`].
#[rustfmt::skip] // one name a line would hide the table
pub const ROOMS: &[Room] = &[
    Room {
        name: "auth-argon2",
        outside: &["libc", "thiserror", "zeroize"],
        outside_by_feature: &["blake2"],
        default: &["hash"],
        ..EMPTY
    },
    Room {
        name: "auth-core",
        ours_by_feature: &["auth-argon2"],
        outside: &["async-trait", "base64", "pkcs1", "pkcs8", "ring", "serde", "serde_json", "spki", "subtle",
            "thiserror", "tokio", "uuid", "zeroize"],
        outside_by_feature: &["argon2", "aws-lc-rs", "bcrypt", "blake2", "ed25519-dalek", "icu_casemap", "icu_normalizer",
            "jsonwebtoken", "rustix", "scrypt"],
        ..EMPTY
    },
    Room {
        name: "auth-cache",
        ours: &["auth-core"],
        outside: &["arc-swap", "async-trait", "base64", "foldhash", "moka", "postcard", "quick_cache", "ring", "serde", "serde_json",
            "thiserror", "tokio", "tracing", "url", "uuid", "zeroize"],
        outside_by_feature: &["http", "http-body-util", "hyper-rustls", "hyper-util", "redis", "rustls",
            "rustls-platform-verifier", "tokio-rustls"],
        ..EMPTY
    },
    Room {
        name: "auth-store",
        ours: &["auth-core"],
        outside: &["async-trait", "base64", "icu_casemap", "icu_normalizer", "serde", "serde_json", "thiserror", "tokio",
            "tracing", "uuid"],
        outside_by_feature: &["async-nats", "rdkafka", "sqlx"],
        ..EMPTY
    },
    Room {
        name: "auth-sdk",
        ours: &["auth-core", "auth-cache", "auth-store"],
        outside: &["async-trait", "serde", "serde_json", "thiserror", "tokio", "tracing", "uuid", "zeroize"],
        ..EMPTY
    },
    Room {
        name: "auth-axum",
        ours: &["auth-core"],
        ours_by_feature: &["auth-sdk"],
        outside: &["axum", "http", "http-body", "pin-project-lite", "serde", "serde_json", "thiserror", "tokio", "tower-layer",
            "tower-service", "tracing"],
        ..EMPTY
    },
    Room {
        name: "auth-tonic",
        ours: &["auth-core"],
        ours_by_feature: &["auth-sdk"],
        outside: &["http", "http-body", "pin-project-lite", "serde", "thiserror", "tokio", "tonic", "tower-layer", "tower-service",
            "tracing"],
        outside_by_feature: &["prost", "tokio-stream", "tonic-prost"],
        ..EMPTY
    },
    Room {
        name: "auth-testkit",
        ours_by_feature: &["auth-core", "auth-cache", "auth-store"],
        outside: &["rustix", "tempfile", "thiserror", "tokio"],
        outside_by_feature: &["async-trait", "serde_json", "uuid"],
        default: &["suites"],
        ..EMPTY
    },
    Room {
        name: "xtask",
        ours: &["auth-testkit"],
        outside: &["cargo_metadata", "rustix", "thiserror", "tokio"],
        ..EMPTY
    },
];

/// An example is a user: what we publish, and whatever else it likes.
pub const FOR_EXAMPLES: &[&str] = &[
    "auth-core",
    "auth-cache",
    "auth-store",
    "auth-sdk",
    "auth-axum",
    "auth-tonic",
];

/// What a user who depends on one of our crates must not be made to compile.
#[derive(Debug, Clone, Copy)]
pub struct Reach {
    /// The crate.
    pub from: &'static str,
    /// The features it is built with, as arguments of cargo.
    pub features: &'static str,
    /// What must not be found, at any depth.
    pub never: &'static [&'static str],
    /// What may only be found with these features.
    pub only: &'static [(&'static str, &'static [&'static str])],
}

impl Reach {
    const fn new(
        from: &'static str,
        features: &'static str,
        never: &'static [&'static str],
    ) -> Self {
        Self {
            from,
            features,
            never,
            only: &[],
        }
    }
}

const SQL: &str = "sqlx-core";
const ALL: &str = "--all-features";

/// Checked on what `cargo tree` says of the crate alone, since a build of the whole workspace mixes everybody's features.
#[rustfmt::skip]
pub const REACHES: &[Reach] = &[
    Reach {
        // A channel, not a runtime: no `rt`, no `time`, no `net`.
        only: &[("tokio", &["default", "sync"])],
        ..Reach::new("auth-core", ALL, &[SQL, "axum", "http", "hyper", "mio", "redis", "reqwest", "rustls", "tonic"])
    },
    Reach::new("auth-core", "", &["argon2", "auth-argon2", "aws-lc-rs", "ed25519-dalek", "icu_normalizer", "jsonwebtoken"]),
    // It verifies, and draws nothing.
    Reach::new("auth-core", "--features ed25519-dalek", &["rand_core"]),
    // Of jsonwebtoken the types and traits, none of its backends.
    Reach {
        only: &[("jsonwebtoken", &[])],
        ..Reach::new("auth-core", "--features jsonwebtoken", &["aws-lc-rs", "p256", "rsa", "simple_asn1"])
    },
    Reach::new("auth-core", "--features password", &["bcrypt", "scrypt"]),
    Reach::new("auth-cache", "", &[SQL, "argon2", "aws-lc-rs", "ed25519-dalek", "hyper", "redis", "reqwest"]),
    Reach::new("auth-cache", ALL, &[SQL, "argon2", "auth-store", "axum", "native-tls", "openssl-sys", "tonic"]),
    Reach::new("auth-store", "", &[SQL, "argon2"]),
    Reach::new("auth-store", "--features sqlite", &["rustls", "sqlx-mysql", "sqlx-postgres"]),
    Reach::new("auth-store", "--features postgres", &["libsqlite3-sys", "sqlx-mysql"]),
    Reach::new("auth-store", ALL, &["auth-cache", "axum", "native-tls", "openssl-sys", "redis", "tonic"]),
    Reach::new("auth-sdk", "", &[SQL, "aws-lc-rs", "axum", "ed25519-dalek", "redis", "reqwest", "tonic"]),
    Reach::new("auth-sdk", ALL, &["axum", "tonic"]),
    Reach::new("auth-axum", "", &[SQL, "argon2", "auth-cache", "auth-sdk", "auth-store", "redis", "reqwest", "tonic"]),
    Reach::new("auth-tonic", "", &[SQL, "argon2", "auth-cache", "auth-sdk", "auth-store", "redis", "reqwest"]),
    Reach::new("auth-testkit", ALL, &["auth-sdk", "axum", "tonic"]),
    Reach::new("quickstart", "", &["aws-lc-rs", "ed25519-dalek", "redis", "sqlx-postgres", "tonic"]),
];
