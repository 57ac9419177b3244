//! Why a value is a miss, although there is one.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! refusals {
    ($($(#[$doc:meta])* $variant:ident => $field:ident,)*) => {
        /// Why a value that Redis had was not given.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Refusal {
            $($(#[$doc])* $variant,)*
        }

        /// Values that Redis had and that were misses all the same, by their cause.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Refused {
            $($(#[$doc])* pub $field: u64,)*
        }

        #[derive(Debug, Default)]
        pub(super) struct Refusals {
            $($field: AtomicU64,)*
        }

        impl Refusals {
            pub(super) fn count(&self, refusal: Refusal) {
                let counter = match refusal {
                    $(Refusal::$variant => &self.$field,)*
                };
                // They are read by people.
                counter.fetch_add(1, Ordering::Relaxed);
            }

            pub(super) fn read(&self) -> Refused {
                Refused {
                    $($field: self.$field.load(Ordering::Relaxed),)*
                }
            }
        }
    };
}

refusals! {
    /// Not in the form that this version writes.
    Form => form,
    /// Sealed under a root secret that is not known here.
    ForeignRoot => foreign_root,
    /// Stored by a server that was the primary once, or before a restart.
    FormerServer => former_server,
    /// Altered, or moved here from another place.
    Altered => altered,
    /// Of processes that nobody has heard of, of which there were too many that had
    /// sealed nothing in the same second.
    TooManySalts => too_many_salts,
    /// Its time is over.
    Expired => expired,
    /// Everything was invalidated since, or nobody knows any more whether it was.
    Cleared => cleared,
    /// One of its tags was invalidated since, or nobody knows any more whether it was.
    TagChanged => tag_changed,
}

impl Refused {
    /// All of them.
    pub const fn total(&self) -> u64 {
        self.form
            + self.foreign_root
            + self.former_server
            + self.altered
            + self.too_many_salts
            + self.expired
            + self.cleared
            + self.tag_changed
    }
}
