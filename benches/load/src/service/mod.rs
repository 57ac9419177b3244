//! The services that are compared. All hash with Argon2id at 19456 KiB, two
//! passes, one lane; sign access tokens with Ed25519; keep a session with a
//! refresh token that is changed at each use; and hold ten connections to
//! PostgreSQL.

mod by_hand;
mod early_return;
mod ours;
mod within;

pub(crate) use within::{Answered, LogIn};

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;
use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use http::HeaderValue;
use tokio::net::TcpListener;

use crate::Failure;

/// The default of the pool.
pub const NICENESS: u8 = 5;

/// How a service is started, as one argument on a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Which one.
    pub what: What,
    /// How many hashes at a time.
    pub threads: usize,
    /// How much nicer the threads that hash are, of the services that have them.
    pub niceness: u8,
    /// How long a password may wait to be hashed, in seconds; by hand forever.
    pub patience: u32,
    /// A database that is empty, or has this service's tables.
    pub database: String,
}

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The SDK with its default backend.
    Ours,
    /// The SDK with the SIMD backend.
    OursSimd,
    /// axum, sqlx, argon2 and jsonwebtoken, with a blocking task for each hash.
    ByHandUnbounded,
    /// The same with a permit for each thread.
    ByHandBounded,
    /// The SDK behind a look-up that answers early for unknown users: what a
    /// measurement of timing must find.
    EarlyReturn,
}

impl What {
    const NAMES: [(Self, &'static str); 5] = [
        (Self::Ours, "ours"),
        (Self::OursSimd, "ours-simd"),
        (Self::ByHandUnbounded, "by-hand-unbounded"),
        (Self::ByHandBounded, "by-hand-bounded"),
        (Self::EarlyReturn, "early-return"),
    ];
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(what, _)| what == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

impl FromStr for What {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let what = Self::NAMES.iter().find(|(_, name)| *name == text);
        what.map(|(what, _)| *what)
            .ok_or_else(|| format!("there is no service {text}").into())
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            threads,
            niceness,
            patience,
            database,
        } = self;
        write!(f, "{what},{threads},{niceness},{patience},{database}")
    }
}

impl FromStr for Options {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let mut parts = text.splitn(5, ',');
        let mut next = || parts.next().ok_or("a part is missing");
        Ok(Self {
            what: next()?.parse()?,
            threads: next()?.parse()?,
            niceness: next()?.parse()?,
            patience: next()?.parse()?,
            database: next()?.to_owned(),
        })
    }
}

/// Serves until the process is ended; says on standard output where.
///
/// # Errors
/// If the service cannot start.
pub async fn serve(options: &Options) -> Result<(), Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let app = app(options).await?;
    println!("{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

async fn app(
    options: &Options,
) -> Result<IntoMakeServiceWithConnectInfo<Router, std::net::SocketAddr>, Failure> {
    let router = match options.what {
        What::Ours | What::OursSimd => ours::router(options).await?,
        What::EarlyReturn => early_return::router(options).await?,
        What::ByHandUnbounded => by_hand::router(options, None).await?,
        What::ByHandBounded => by_hand::router(options, Some(options.threads)).await?,
    };
    let router = router.layer(from_fn(say_how_long));
    Ok(router.into_make_service_with_connect_info())
}

/// The header that says how many microseconds a service took for an answer,
/// from when its head was read: what it can be blamed for where the client and
/// the network have no processor either.
pub(crate) const TOOK: &str = "x-took-us";

async fn say_how_long(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let mut response = next.run(request).await;
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let headers = response.headers_mut();
    headers.insert(TOOK, HeaderValue::from(micros));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_as_they_are_written() {
        for (what, _) in What::NAMES {
            let options = Options {
                what,
                threads: 2,
                niceness: 5,
                patience: 10,
                database: "postgres://u:p@127.0.0.1:5432/one,two".to_owned(),
            };
            assert_eq!(options.to_string().parse::<Options>().unwrap(), options);
        }
        assert!("ours,2,0,1".parse::<Options>().is_err());
        assert!("theirs,2,0,1,postgres://".parse::<Options>().is_err());
    }
}
