//! What the tokens of one issuer must say.

use std::ops::Range;
use std::time::Duration;

use super::claims::{Claims, Times};
use super::error::TokenError;
use super::known::Claim;
use crate::key::{Algorithm, MAX_KID};
use crate::time::Timestamp;

/// What a token must say.
#[derive(Clone, Debug)]
pub struct TokenPolicy {
    pub(crate) issuer: String,
    pub(crate) audiences: Vec<String>,
    /// `None`: whichever the key is bound to.
    pub(crate) algorithms: Option<Vec<Algorithm>>,
    pub(crate) types: Vec<String>,
    pub(crate) required: RequiredClaims,
    pub(crate) leeway: Duration,
    pub(crate) max_lifetime: Duration,
}

impl TokenPolicy {
    /// The greatest leeway.
    pub const MAX_LEEWAY: Duration = Duration::from_secs(60);

    /// Judges what a header says, by the names in it.
    pub(crate) fn check_header(
        &self,
        typ: Option<&str>,
        kid: Option<&str>,
        algorithm: Option<Algorithm>,
    ) -> Result<Algorithm, TokenError> {
        // Media types compare without case (RFC 9068 §2.1).
        let is_known = |typ: &str| self.types.iter().any(|t| t.eq_ignore_ascii_case(typ));
        if !typ.is_some_and(is_known) {
            return Err(TokenError::Type);
        }
        if kid.is_some_and(|kid| kid.len() > MAX_KID) {
            return Err(TokenError::UnknownKey);
        }
        let is_allowed = |algorithm: &Algorithm| match &self.algorithms {
            Some(allowed) => allowed.contains(algorithm),
            None => true,
        };
        algorithm.filter(is_allowed).ok_or(TokenError::Algorithm)
    }

    pub(crate) fn is_audience(&self, audience: &str) -> bool {
        self.audiences.iter().any(|known| known == audience)
    }

    pub(super) fn check_times(&self, times: &Times, now: Timestamp) -> Result<(), TokenError> {
        let Times { exp, iat, nbf, .. } = *times;
        if now >= exp + self.leeway {
            return Err(TokenError::Expired);
        }
        let soon = now + self.leeway;
        let early = |time: Option<Timestamp>| time.is_some_and(|time| time > soon);
        if early(iat) || early(nbf) {
            return Err(TokenError::NotYetValid);
        }
        let lifetime = iat.map(|iat| exp.since(iat));
        if lifetime.is_some_and(|lifetime| lifetime > self.max_lifetime) {
            return Err(TokenError::Lifetime);
        }
        Ok(())
    }

    /// From when to when [`check_times`](Self::check_times) lets a token live
    /// that it let live once: its lifetime does not change.
    pub(crate) fn alive(&self, claims: &Claims) -> Range<Timestamp> {
        self.alive_of(claims.times())
    }

    fn alive_of(&self, times: &Times) -> Range<Timestamp> {
        const ALWAYS: Timestamp = Timestamp::from_unix_micros(i64::MIN);
        let from = times.iat.max(times.nbf);
        from.map_or(ALWAYS, |from| from - self.leeway)..times.exp + self.leeway
    }
}

/// Claims that must be there, beside those that always must.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequiredClaims {
    /// As a set of [`Claim`]s.
    known: u32,
    /// Those that have no meaning here.
    own: Vec<String>,
}

impl RequiredClaims {
    /// The most that can be required of claims that have no meaning here.
    pub(crate) const MAX_OWN: usize = 63;

    pub(crate) fn new(names: impl IntoIterator<Item = String>) -> Self {
        let mut required = Self::default();
        for name in names {
            match Claim::from_name(&name) {
                Some(claim) => required.known |= claim.bit(),
                None if required.own.contains(&name) => {}
                None => required.own.push(name),
            }
        }
        required
    }

    pub(crate) const fn own_len(&self) -> usize {
        self.own.len()
    }

    /// The bit of a claim that has no meaning here, if it is required.
    pub(super) fn own_bit(&self, name: &str) -> u64 {
        match self.own.iter().position(|own| own == name) {
            Some(place) => 1 << place,
            None => 0,
        }
    }

    /// Whether all are among those that were met.
    pub(super) fn check(&self, known: u32, own: u64) -> Result<(), TokenError> {
        const ALWAYS: u32 =
            Claim::Iss.bit() | Claim::Sub.bit() | Claim::Aud.bit() | Claim::Exp.bit();
        let missing = (self.known | ALWAYS) & !known;
        if missing != 0 {
            let name = Claim::with_bit(missing.trailing_zeros());
            return Err(TokenError::MissingClaim(name.to_owned()));
        }
        match self.own.get(own.trailing_ones() as usize) {
            Some(name) => Err(TokenError::MissingClaim(name.clone())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(micros: i64) -> Timestamp {
        Timestamp::from_unix_micros(micros)
    }

    fn policy(leeway: Duration) -> TokenPolicy {
        TokenPolicy {
            issuer: "us".to_owned(),
            audiences: vec!["api".to_owned()],
            algorithms: None,
            types: Vec::new(),
            required: RequiredClaims::default(),
            leeway,
            max_lifetime: Duration::MAX,
        }
    }

    /// Near each other, and near both ends of time.
    fn time() -> impl Strategy<Value = i64> {
        let near =
            |middle: i64| (-3_000_000..=3_000_000_i64).prop_map(move |d| middle.saturating_add(d));
        prop_oneof![near(0), near(i64::MAX), near(i64::MIN)]
    }

    proptest! {
        #[test]
        fn a_token_is_alive_exactly_when_its_times_are_good(
            now in time(),
            exp in time(),
            iat in proptest::option::of(time()),
            nbf in proptest::option::of(time()),
            leeway in 0..=2_u64,
        ) {
            let policy = policy(Duration::from_secs(leeway));
            let times = Times { exp: at(exp), iat: iat.map(at), nbf: nbf.map(at), auth: None };
            let is_good = policy.check_times(&times, at(now)).is_ok();
            prop_assert_eq!(policy.alive_of(&times).contains(&at(now)), is_good);
        }
    }
}
