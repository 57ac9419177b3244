use std::time::Duration;

/// What becomes of a charge. There is nothing between the two: who cannot be asked is no
/// reason to allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may be done, and has been charged.
    Allowed {
        /// How many more may be done at once now.
        remaining: u32,
    },
    /// It may not, and has not been charged.
    Limited {
        /// It would be allowed after this time, if nothing else were until then; at most
        /// the window. A cost above the burst never is.
        retry_after: Duration,
    },
}

impl Decision {
    /// Whether it may be done.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }

    /// The stricter of two: what holds for a request that is charged against both. Of two
    /// that limit it is the longer wait, of two that allow the smaller remainder.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Allowed { remaining: one }, Self::Allowed { remaining: two }) => Self::Allowed {
                remaining: one.min(two),
            },
            (Self::Limited { retry_after: one }, Self::Limited { retry_after: two }) => {
                Self::Limited {
                    retry_after: one.max(two),
                }
            }
            (limited @ Self::Limited { .. }, _) | (_, limited) => limited,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stricter_of_two_holds() {
        let allowed = |remaining| Decision::Allowed { remaining };
        let limited = |seconds| Decision::Limited {
            retry_after: Duration::from_secs(seconds),
        };
        assert_eq!(allowed(1).and(allowed(2)), allowed(1));
        assert_eq!(allowed(1).and(limited(2)), limited(2));
        assert_eq!(limited(1).and(allowed(2)), limited(1));
        assert_eq!(limited(3).and(limited(2)), limited(3));
    }
}
