//! Attempts at passwords, where a store counts them.

use std::time::Duration;

use auth_core::{Clock, Network, SystemClock, TenantId};
use auth_store::{
    Attempt, AttemptFrom, AttemptStore, Budget, Charge, Identifier, Reservation, Settlement, Store,
    UserRecord, UserStatus,
};

use super::Subject;
use super::race::at_once;
use super::world::{HOUR, World, holds};

const DAY: Duration = Duration::from_secs(24 * 3600);
const LATER: Duration = Duration::from_secs(2 * 3600);

fn network(last: u8) -> AttemptFrom {
    AttemptFrom::Network(Network::of([203, 0, last, 7].into()))
}

/// The attempts of one test at one account.
struct At<'a> {
    subject: &'a dyn Subject,
    world: World,
    tenant: TenantId,
    identifier: Identifier,
}

impl<'a> At<'a> {
    /// At an account that is there; `None` for a store that does not count.
    async fn somebody(subject: &'a dyn Subject) -> Option<Self> {
        let at = Self::nobody(subject).await?;
        let new = at.world.new_user(at.tenant, at.identifier.original());
        at.world.create(new).await;
        Some(at)
    }

    /// At one that is not.
    async fn nobody(subject: &'a dyn Subject) -> Option<Self> {
        let world = World::new(subject).await;
        world.store.attempt_store()?;
        let identifier = Identifier::new(&format!("{}@x.org", world.user_id())).unwrap();
        Some(Self {
            subject,
            world,
            tenant: TenantId::DEFAULT,
            identifier,
        })
    }

    fn attempt(&self, from: AttemptFrom) -> Attempt {
        Attempt {
            tenant: self.tenant,
            identifier: self.identifier.clone(),
            from,
        }
    }

    async fn try_from(&self, from: AttemptFrom) -> (Reservation, Option<UserRecord>) {
        let attempt = self.attempt(from);
        counts(&*self.world.store)
            .reserve_attempt(&attempt)
            .await
            .unwrap()
    }

    async fn reserved(&self, from: AttemptFrom, contract: &str) -> Charge {
        let (reservation, _) = self.try_from(from).await;
        holds!(reservation, Reservation::Reserved(charge) => charge, contract)
    }

    async fn waits(&self, from: AttemptFrom, contract: &str) -> Duration {
        let (reservation, _) = self.try_from(from).await;
        holds!(reservation, Reservation::Wait(wait) => wait, contract)
    }

    /// So many failures, each after any wait.
    async fn fail(&self, from: AttemptFrom, times: u32) {
        for _ in 0..times {
            self.reserved(from, "after its wait an attempt is reserved")
                .await;
            self.subject.pass(HOUR).await;
        }
    }

    async fn settle(&self, from: AttemptFrom, charge: Charge, settlement: Settlement) {
        let attempt = self.attempt(from);
        counts(&*self.world.second)
            .settle_attempt(&attempt, charge, settlement)
            .await
            .unwrap();
    }

    async fn succeed(&self, from: AttemptFrom) {
        let charge = self.reserved(from, "an attempt that waits for nothing is reserved");
        self.settle(from, charge.await, Settlement::Success).await;
    }
}

fn counts(store: &dyn Store) -> &dyn AttemptStore {
    let counts = store.attempt_store();
    counts.expect("a store whose other handle counts attempts counts them")
}

/// Each failure after the fifth doubles the wait, from 1 s to 1 h.
pub async fn after_five_failures_each_wait_is_twice_the_last(subject: &dyn Subject) {
    let Some(at) = At::somebody(subject).await else {
        return;
    };
    for _ in 0..Budget::FREE {
        at.reserved(network(1), "the first five attempts wait for nothing")
            .await;
    }
    for failures in Budget::FREE..20 {
        let full = Budget::wait_after(failures);
        let wait = at.waits(network(1), "after five failures an attempt waits");
        let wait = wait.await;
        let contract = format!("after {failures} failures an attempt waits {full:?}");
        assert!(wait <= full, "{contract}, not {wait:?}");
        assert!(
            wait > full.saturating_sub(Duration::from_secs(30)),
            "{contract}, not {wait:?}"
        );
        subject.pass(full).await;
        at.reserved(network(1), "after its wait an attempt is reserved")
            .await;
    }
}

/// However many guesses arrive at once, five are free.
pub async fn c79_of_64_attempts_at_once_five_are_reserved(subject: &dyn Subject) {
    let Some(at) = At::somebody(subject).await else {
        return;
    };
    let begun = SystemClock.now().mono;
    let reserved = at_once(64, |turn| {
        let (store, attempt) = (at.world.handle(turn), at.attempt(network(1)));
        async move {
            let (reservation, _) = counts(&*store).reserve_attempt(&attempt).await.unwrap();
            matches!(reservation, Reservation::Reserved(_))
        }
    })
    .await;
    let reserved = reserved.iter().filter(|reserved| **reserved).count();
    // While a slow store answered, waits of 1 s, 2 s, 4 s may have passed.
    let waited = (SystemClock.now().mono.since(begun).as_secs() + 1).ilog2() as usize;
    assert!(
        (5..=5 + waited).contains(&reserved),
        "of 64 attempts at once five are reserved, not {reserved}"
    );
}

/// What is guessed elsewhere does not keep a known device waiting, and its
/// success helps nobody else.
pub async fn c80_a_known_device_does_not_wait_for_strangers(subject: &dyn Subject) {
    let Some(at) = At::somebody(subject).await else {
        return;
    };
    for _ in 0..Budget::FREE {
        at.reserved(network(1), "the first five attempts wait for nothing")
            .await;
    }
    at.waits(network(2), "strangers wait together").await;
    at.succeed(AttemptFrom::KnownDevice).await;
    at.waits(network(2), "a success clears only what it was charged to")
        .await;
    at.reserved(AttemptFrom::Session, "a session has a budget of its own")
        .await;
}

/// A network from which the account logged in has a budget of its own, until
/// somebody guesses from it.
pub async fn c80_a_known_network_does_not_wait_for_strangers(subject: &dyn Subject) {
    let Some(at) = At::somebody(subject).await else {
        return;
    };
    at.succeed(network(1)).await;
    for _ in 0..Budget::FREE {
        at.reserved(network(2), "a success clears what it was charged to")
            .await;
    }
    at.waits(network(3), "strangers wait together").await;
    let contract = "a known network does not wait for strangers";
    let charge = at.reserved(network(1), contract).await;
    assert!(!charge.others, "{contract}");
    at.settle(network(1), charge, Settlement::Success).await;
    at.waits(network(3), "a success clears only what it was charged to")
        .await;
    at.fail(network(1), Budget::KNOWN_NETWORK).await;
    let charge = at.reserved(network(1), "after its wait an attempt is reserved");
    assert!(
        charge.await.others,
        "a network that somebody guesses from is no longer known"
    );
}

/// A hundred failures in a row end the password for what is unknown.
pub async fn c79_a_hundred_failures_end_it_for_strangers(subject: &dyn Subject) {
    let Some(at) = At::somebody(subject).await else {
        return;
    };
    at.succeed(network(9)).await;
    let strangers = (0..Budget::LIMIT).map(|turn| network(u8::try_from(turn).unwrap_or(0)));
    for from in strangers.filter(|from| *from != network(9)) {
        at.fail(from, 1).await;
    }
    at.fail(network(200), 1).await;
    let contract = "a hundred failures in a row end it for strangers";
    let charge = at.reserved(network(201), contract).await;
    assert!(charge.exhausted, "{contract}");
    for known in [network(9), AttemptFrom::KnownDevice, AttemptFrom::Session] {
        let charge = at.reserved(known, contract).await;
        assert!(!charge.exhausted, "{contract}, and spare {known:?}");
    }
    at.fail(AttemptFrom::KnownDevice, Budget::LIMIT - 1).await;
    let charge = at.reserved(AttemptFrom::KnownDevice, contract).await;
    assert!(charge.exhausted, "a known device has a limit too");
}

/// An identifier that nobody has is counted like any other.
pub async fn c81_attempts_at_nobody_wait_like_any_other(subject: &dyn Subject) {
    let Some(at) = At::nobody(subject).await else {
        return;
    };
    for _ in 0..Budget::FREE {
        let (reservation, record) = at.try_from(network(1)).await;
        assert_eq!(record, None, "nobody is nobody");
        let is_reserved = matches!(reservation, Reservation::Reserved(_));
        assert!(is_reserved, "the first five attempts wait for nothing");
    }
    at.waits(network(1), "attempts at nobody wait like any other")
        .await;
}

/// The user comes with the reservation: by every spelling, disabled or not,
/// and while attempts wait.
pub async fn an_attempt_brings_the_user(subject: &dyn Subject) {
    let Some(mut at) = At::somebody(subject).await else {
        return;
    };
    let contract = "an attempt brings the user as it is";
    let typed = at.identifier.original().to_uppercase();
    let other_spelling = Identifier::new(&format!(" {typed} ")).unwrap();
    at.identifier = other_spelling;
    let found = at.world.store.find_user(at.tenant, &at.identifier).await;
    let found = found.unwrap().expect("a user is found by every spelling");
    let (_, record) = at.try_from(network(1)).await;
    assert_eq!(record.as_ref(), Some(&found), "{contract}");
    let (tenant, id) = (found.user.tenant, found.user.id);
    let disabled = at
        .world
        .store
        .set_user_status(tenant, id, UserStatus::Disabled);
    let _ = disabled.await.unwrap();
    for _ in 0..6 {
        let (_, record) = at.try_from(network(1)).await;
        let status = record.map(|record| record.user.status);
        assert_eq!(status, Some(UserStatus::Disabled), "{contract}");
    }
}

/// The same identifier in another tenant is another account.
pub async fn attempts_in_another_tenant_do_not_count(subject: &dyn Subject) {
    let Some(mut at) = At::somebody(subject).await else {
        return;
    };
    for _ in 0..Budget::FREE {
        at.reserved(network(1), "the first five attempts wait for nothing")
            .await;
    }
    at.waits(network(1), "after five failures an attempt waits")
        .await;
    at.tenant = at.world.tenant().await;
    let (reservation, record) = at.try_from(network(1)).await;
    let contract = "an attempt at one tenant's account is none at another's";
    holds!(reservation, Reservation::Reserved(_), contract);
    assert_eq!(record, None, "{contract}");
}

/// An attempt that nobody looked at is no failure.
pub async fn what_is_given_back_does_not_count(subject: &dyn Subject) {
    let Some(at) = At::somebody(subject).await else {
        return;
    };
    for from in [network(1), AttemptFrom::KnownDevice] {
        for _ in 0..12 {
            let charge = at.reserved(from, "what is given back does not count");
            at.settle(from, charge.await, Settlement::Unused).await;
        }
        let charge = at.reserved(from, "what is given back does not count").await;
        assert!(!charge.exhausted);
        if let AttemptFrom::Network(_) = from {
            assert!(charge.others, "what was not used makes nothing known");
        }
    }
}

/// A success ends the row of failures that it was charged to.
pub async fn c79_a_success_begins_the_count_again(subject: &dyn Subject) {
    let Some(at) = At::somebody(subject).await else {
        return;
    };
    for from in [AttemptFrom::KnownDevice, AttemptFrom::Session, network(1)] {
        for _ in 0..4 {
            for _ in 1..Budget::FREE {
                at.reserved(from, "a success begins the count again").await;
            }
            at.succeed(from).await;
        }
    }
}

/// What is forgotten on request is over, for everybody.
pub async fn forgotten_attempts_are_over(subject: &dyn Subject) {
    let Some(at) = At::somebody(subject).await else {
        return;
    };
    let everybody = [network(1), AttemptFrom::KnownDevice, AttemptFrom::Session];
    for from in everybody {
        at.fail(from, 8).await;
        at.reserved(from, "after its wait an attempt is reserved")
            .await;
        at.waits(from, "after five failures an attempt waits").await;
    }
    let account = at.attempt(network(1)).account();
    counts(&*at.world.store)
        .forget_attempts(at.tenant, &account)
        .await
        .unwrap();
    for from in everybody {
        at.reserved(from, "what is forgotten is over").await;
    }
}

/// Failures at an account are remembered, those at nobody for a day.
pub async fn failures_are_kept_as_long_as_they_matter(subject: &dyn Subject) {
    let (Some(somebody), Some(nobody)) = (At::somebody(subject).await, At::nobody(subject).await)
    else {
        return;
    };
    for at in [&somebody, &nobody] {
        at.fail(network(1), 7).await;
    }
    subject.pass(DAY + LATER).await;
    nobody
        .reserved(network(1), "attempts at nobody are forgotten after a day")
        .await;
    nobody
        .reserved(network(1), "attempts at nobody are forgotten after a day")
        .await;
    somebody
        .reserved(network(2), "after its wait an attempt is reserved")
        .await;
    somebody
        .waits(network(3), "attempts at an account are remembered")
        .await;
    somebody.succeed(AttemptFrom::KnownDevice).await;
    subject.pass(Budget::KEPT + DAY).await;
    for last in 0..3 {
        somebody
            .reserved(network(last), "what is a year old is forgotten")
            .await;
    }
}
