//! What goes wrong with Redis, under load, seen by whole caches over it. By the numbers
//! of the list of faults that the SDK is tested against:
//!
//! | fault | what is done | here | besides |
//! |---|---|---|---|
//! | F1 | killed, and started empty or with an old file | `outages` | `losses`, `caches`; the link's `outages`; `throttle/outages` |
//! | F2 | frozen | `outages` | as F1 |
//! | F3 | slow, unevenly, by 5 s | `slow` | the link's `outages` |
//! | F4 | a fail-over, by Sentinels and in a Cluster; a primary that becomes a replica | `primaries` | `installations`; the link's `sentinel` and `cluster` |
//! | F5 | answers that are altered, cut off, lost, given twice or to another question | `replies` | `vandal`; the link's `nonsense` |
//! | F6 | no memory, eviction, `FLUSHALL` | `memory` | `losses`, `tails`; `throttle/losses` |
//! | F7 | what is told comes late, twice, not at all, or is what was told before | `told` | `tails` |
//! | F17 | a call that is dropped at any await, and whatever comes after it | `dropped` | the link's `cancelled` |
//!
//! The tests of each carry its number: `git grep -n "fn f[0-9]"` lists them. In each:
//! - every answer is a value of the key that was asked for, or says why there is none;
//!   "there is no such thing" is never said of what there is;
//! - it comes by the caller's deadline. A test fails where it does not come at all, and
//!   prints how much later than that the latest came: the machine may be busy;
//! - what a process has invalidated it does not see again, nor what another has told
//!   Redis of, for longer than it takes to find out that nothing is heard;
//! - the source is never asked by more than the bulkhead lets through;
//! - after the fault has ended what one process has loaded is found by another again;
//!   how soon, it prints.

mod dropped;
mod load;
mod memory;
mod outages;
mod primaries;
mod replies;
mod slow;
mod told;
