//! Events leave the outbox in order, each held by one relay at a time.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use auth_core::TenantId;
use auth_core::event::EventKind;
use auth_store::{Claim, Delivery, Effects, NewEvent};

use super::Subject;
use super::events::{ALL, SOURCE, claimed_kinds, kinds, later, outbox, relay};
use super::race::at_once;
use super::world::{HOUR, MINUTE, World};

const NOBODY: [&str; 0] = [];

/// As many as are asked for, each subject's in order; with what another one holds,
/// all.
pub async fn a_claim_takes_no_more_than_it_asks_for(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if outbox(&*world.store).is_none() {
        return;
    }
    world.add("a", &["a1", "a2", "a3"]).await;
    world.add("b", &["b1", "b2", "b3"]).await;
    world.add("c", &["c1", "c2", "c3"]).await;
    let claim = Claim {
        subjects: 2,
        of_each: 2,
        ..ALL
    };
    let (first, second) = (relay(), relay());
    let claimed = world.claim(first, claim).await;
    let rest = world.claim(second, claim).await;
    assert_eq!(
        (claimed.len(), rest.len()),
        (4, 2),
        "a claim takes so many subjects, so many events of each"
    );
    let mut kinds: Vec<_> = [claimed_kinds(&claimed), claimed_kinds(&rest)].concat();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        ["a1", "a2", "b1", "b2", "c1", "c2"],
        "the first of each"
    );
    for claimed in [&claimed, &rest] {
        let sequences = claimed.iter().map(|claimed| claimed.event.sequence);
        assert!(sequences.is_sorted(), "events come in their order");
    }
    assert_eq!(claimed_kinds(&world.claim(second, ALL).await), NOBODY);
    let published: Vec<_> = rest
        .iter()
        .map(|claimed| (claimed.event.sequence, Delivery::Published))
        .collect();
    world.settle(second, &published).await;
    let next = world.claim(second, ALL).await;
    assert_eq!(next.len(), 1, "what was published is gone");
    assert_eq!(
        (&next[0].event.subject, &next[0].event.kind.as_str()[1..]),
        (&rest[0].event.subject, "3"),
        "and what was behind it is next"
    );
}

/// However much waits of some, the others have their turn.
pub async fn no_subject_waits_for_ever(subject: &dyn Subject) {
    const SUBJECTS: usize = 40;
    let world = World::new(subject).await;
    if outbox(&*world.store).is_none() {
        return;
    }
    for n in 0..SUBJECTS {
        world.add(&format!("s{n}"), &["first"]).await;
    }
    let (relay, one) = (
        relay(),
        Claim {
            subjects: 1,
            of_each: 1,
            lease: Duration::ZERO,
        },
    );
    let mut seen = HashSet::new();
    // Each is asked again as soon as it was taken; by chance alone one of forty is
    // missed in 2000 claims once in 10^20 times.
    for _ in 0..2000 {
        for claimed in world.claim(relay, one).await {
            seen.insert(claimed.event.subject.clone());
            let untried = [(claimed.event.sequence, Delivery::Untried)];
            world.settle(relay, &untried).await;
        }
        if seen.len() == SUBJECTS {
            return;
        }
    }
    panic!(
        "no subject waits for ever; {} of {SUBJECTS} had a turn",
        seen.len()
    );
}

/// While a relay holds a subject, nobody takes anything of it: not what is
/// behind, and not what comes later.
pub async fn a_subject_is_held_by_one_relay(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if outbox(&*world.store).is_none() {
        return;
    }
    world.add("a", &["a1", "a2"]).await;
    let (first, second) = (relay(), relay());
    let one = Claim { of_each: 1, ..ALL };
    let held = world.claim(first, one).await;
    assert_eq!(claimed_kinds(&held), ["a1"]);
    world.add("a", &["a3"]).await;
    let other = world.tenant().await;
    world.add_in(other, "a", &["other"]).await;
    assert_eq!(
        claimed_kinds(&world.claim(second, ALL).await),
        ["other"],
        "a held subject is nobody else's; that of another tenant is another one"
    );
    world
        .settle(first, &[(held[0].event.sequence, Delivery::Published)])
        .await;
    assert_eq!(claimed_kinds(&world.claim(second, ALL).await), ["a2", "a3"]);
}

/// An event that is to be tried later holds up its subject, and no other.
pub async fn an_unpublished_event_is_not_overtaken(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if outbox(&*world.store).is_none() {
        return;
    }
    world.add("a", &["a1", "a2", "a3"]).await;
    world.add("b", &["b1"]).await;
    let (first, second) = (relay(), relay());
    let claimed = world.claim(first, ALL).await;
    let sequence = |n: usize| claimed[n].event.sequence;
    world
        .settle(
            first,
            &[
                (sequence(0), Delivery::Published),
                (sequence(1), later(HOUR, true)),
                (sequence(2), Delivery::Untried),
                (sequence(3), Delivery::Untried),
            ],
        )
        .await;
    let claimed = world.claim(second, ALL).await;
    assert_eq!(
        claimed_kinds(&claimed),
        ["b1"],
        "what waits to be tried again is not overtaken"
    );
    assert_eq!(
        claimed[0].failures, 0,
        "whose turn did not come has not failed"
    );
    subject.pass(HOUR).await;
    subject.pass(MINUTE).await;
    let third = relay();
    let claimed = world.claim(third, ALL).await;
    assert_eq!(
        claimed_kinds(&claimed),
        ["a2", "a3", "b1"],
        "after that time it is its turn, and a lease has run out"
    );
    let failures: Vec<_> = claimed.iter().map(|claimed| claimed.failures).collect();
    assert_eq!(failures, [1, 0, 0], "what was refused is counted");
    world
        .settle(
            third,
            &[(claimed[0].event.sequence, later(Duration::ZERO, false))],
        )
        .await;
    let claimed = world.claim(third, ALL).await;
    assert_eq!(
        claimed[0].failures, 1,
        "an outage is not the event's failure"
    );
}

/// What a relay held that has gone silent is another's; its late word moves
/// nothing that the other one has.
pub async fn a_silent_relay_loses_what_it_held(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if outbox(&*world.store).is_none() {
        return;
    }
    world.add("a", &["a1", "a2"]).await;
    let (silent, next) = (relay(), relay());
    let held = world.claim(silent, ALL).await;
    assert_eq!(held.len(), 2);
    subject.pass(MINUTE * 2).await;
    let taken = world.claim(next, ALL).await;
    assert_eq!(
        claimed_kinds(&taken),
        ["a1", "a2"],
        "after its lease a relay holds nothing"
    );
    let dead = Delivery::Dead {
        error: "late".to_owned(),
    };
    for late in [later(Duration::ZERO, true), Delivery::Untried, dead] {
        world
            .settle(silent, &[(held[0].event.sequence, late)])
            .await;
        assert_eq!(
            claimed_kinds(&world.claim(relay(), ALL).await),
            NOBODY,
            "a relay's late word frees nothing that another one holds"
        );
    }
    world
        .settle(silent, &[(held[0].event.sequence, Delivery::Published)])
        .await;
    world
        .settle(next, &[(held[0].event.sequence, Delivery::Published)])
        .await;
    let claimed = world.claim(next, ALL).await;
    assert_eq!(
        claimed_kinds(&claimed),
        ["a2"],
        "what was published is gone, whoever says so and however often"
    );
    assert_eq!(claimed[0].failures, 0);
    let status = outbox(&*world.store)
        .unwrap()
        .outbox_status()
        .await
        .unwrap();
    assert_eq!(status.dead, 0, "who lost an event cannot give it up");
}

/// Another relay holds a subject by its first event; it has those behind it too.
pub async fn a_late_word_moves_nothing_behind_what_another_one_holds(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let Some(events) = outbox(&*world.store) else {
        return;
    };
    world.add("a", &["a1", "a2"]).await;
    world.add("b", &["b1", "b2"]).await;
    let (silent, next) = (relay(), relay());
    let held = world.claim(silent, ALL).await;
    assert_eq!(claimed_kinds(&held), ["a1", "a2", "b1", "b2"]);
    let sequence = |n: usize| held[n].event.sequence;
    subject.pass(MINUTE * 2).await;
    assert_eq!(world.claim(next, ALL).await.len(), 4);
    let dead = Delivery::Dead {
        error: "late".to_owned(),
    };
    for late in [later(HOUR, true), Delivery::Untried, dead.clone()] {
        world.settle(silent, &[(sequence(1), late)]).await;
    }
    // Although the first is gone with it.
    let first = (sequence(2), Delivery::Published);
    world.settle(silent, &[first, (sequence(3), dead)]).await;
    let status = events.outbox_status().await.unwrap();
    assert_eq!(status.dead, 0, "who lost an event cannot give it up");
    let again = world.claim(next, ALL).await;
    assert_eq!(claimed_kinds(&again), ["b2"], "nor put it off");
    assert_eq!(again[0].failures, 0, "nor count a refusal");
    let first = (sequence(0), Delivery::Published);
    world.settle(next, &[first]).await;
    let left = world.claim(next, ALL).await;
    assert_eq!(claimed_kinds(&left), ["a2"]);
    assert_eq!(left[0].failures, 0);
}

/// Relays that take at once take different subjects, and together all.
pub async fn of_8_relays_at_once_each_takes_others(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if outbox(&*world.store).is_none() {
        return;
    }
    for n in 0..24 {
        world.add(&format!("s{n}"), &["first", "second"]).await;
    }
    for _ in 0..4 {
        let claims = at_once(8, |turn| {
            let store = world.handle(turn);
            async move {
                let (relay, claim) = (relay(), Claim { subjects: 6, ..ALL });
                let outbox = outbox(&*store).unwrap();
                (relay, outbox.claim_events(relay, claim).await.unwrap())
            }
        })
        .await;
        let mut holders = HashMap::new();
        for (relay, claimed) in &claims {
            for claimed in claimed {
                let holder = holders.entry(claimed.event.subject.clone());
                assert_eq!(
                    *holder.or_insert(*relay),
                    *relay,
                    "a subject is held by one relay at a time"
                );
            }
        }
        assert!(!holders.is_empty(), "somebody takes something");
        for (relay, claimed) in &claims {
            let untried: Vec<_> = claimed
                .iter()
                .map(|claimed| (claimed.event.sequence, Delivery::Untried))
                .collect();
            world.settle(*relay, &untried).await;
        }
    }
    let all = world.drain().await;
    assert_eq!(all.len(), 48, "nothing is lost and nothing is there twice");
    let ids: HashSet<_> = all.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), 48);
}

/// While others add, relays take and publish: each subject's events leave in the
/// order in which they came.
pub async fn events_leave_in_order_while_others_come(subject: &dyn Subject) {
    const EACH: usize = 25;
    let world = World::new(subject).await;
    if outbox(&*world.store).is_none() {
        return;
    }
    let told = at_once(8, |turn| {
        let world = world.clone();
        async move {
            let mut told = Vec::new();
            if turn < 4 {
                for n in 0..EACH {
                    world.add(&format!("s{turn}"), &[&format!("k{n}")]).await;
                }
                return told;
            }
            let relay = relay();
            let mut idle = 0;
            while idle < 100 {
                let claim = Claim { of_each: 1, ..ALL };
                let claimed = world.claim(relay, claim).await;
                idle = if claimed.is_empty() { idle + 1 } else { 0 };
                // As long as a bus takes.
                tokio::time::sleep(Duration::from_millis(1)).await;
                let mut published = Vec::new();
                for claimed in claimed {
                    published.push((claimed.event.sequence, Delivery::Published));
                    told.push(claimed.event);
                }
                world.settle(relay, &published).await;
            }
            told
        }
    })
    .await;
    let mut all: Vec<_> = told.into_iter().flatten().collect();
    all.extend(world.drain().await);
    assert_eq!(all.len(), 4 * EACH, "each event leaves once");
    all.sort_by_key(|event| event.sequence);
    for turn in 0..4 {
        let subject = format!("s{turn}");
        let of = all.iter().filter(|event| event.subject == subject);
        let expected: Vec<_> = (0..EACH).map(|n| format!("k{n}")).collect();
        assert_eq!(kinds(of), expected, "a later event has a later place");
    }
}

/// An id that is there is not stored again, neither by the same change nor by
/// another.
pub async fn one_id_is_stored_once(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let Some(events) = outbox(&*world.store) else {
        return;
    };
    let user = world.user().await;
    let effects = world.effects("told");
    for turn in 0..3 {
        let store = world.handle(turn);
        let store = outbox(&*store).unwrap().carrying(effects.clone());
        let _ = store
            .set_user_roles(user.tenant, user.id, vec![])
            .await
            .unwrap();
    }
    events.add_events(user.tenant, &effects).await.unwrap();
    let other = world.tenant().await;
    events.add_events(other, &effects).await.unwrap();
    let told = world.drain().await;
    let tenants: Vec<_> = told.iter().map(|event| event.tenant).collect();
    assert_eq!(
        tenants,
        [user.tenant, other],
        "one id is stored once a tenant"
    );
    assert_eq!(
        told[1].subject,
        other.to_string(),
        "an event of no change that names no subject is about the tenant"
    );
}

/// What is given up is kept aside, does not hold up what comes later, and can be
/// looked at, put back and discarded.
pub async fn dead_letters_are_kept_and_put_back(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let Some(events) = outbox(&*world.store) else {
        return;
    };
    world.add("a", &["a1", "a2", "a3"]).await;
    world.add("b", &["b1"]).await;
    let relay = relay();
    let claimed = world.claim(relay, ALL).await;
    let dead = |n: usize| {
        let error = format!("too large\0 {n}");
        (claimed[n].event.sequence, Delivery::Dead { error })
    };
    let untried = |n: usize| (claimed[n].event.sequence, Delivery::Untried);
    let settled = [dead(0), untried(1), untried(2), dead(3)];
    world.settle(relay, &settled).await;
    world.settle(relay, &settled).await;
    let letters = events.dead_letters(0, 10).await.unwrap();
    let told: Vec<_> = letters.iter().map(|letter| &letter.event).collect();
    assert_eq!(
        told,
        [&claimed[0].event, &claimed[3].event],
        "a dead letter is the event as it was"
    );
    let letter = &letters[0];
    assert!(letter.error.contains("too large") && letter.failures == 1);
    let status = events.outbox_status().await.unwrap();
    assert_eq!((status.waiting, status.dead), (2, 2));
    assert!(status.now.since(letter.died_at) < MINUTE && letter.died_at <= status.now);
    let page = events.dead_letters(letter.event.sequence, 1).await.unwrap();
    assert_eq!(page[0].event.kind.as_str(), "b1", "letters come in pages");
    assert_eq!(events.dead_letters(0, 1).await.unwrap().len(), 1);

    let unknown = [world.event_id()];
    assert_eq!(
        events
            .replay_dead_letters(TenantId::DEFAULT, &unknown)
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        events
            .discard_dead_letters(TenantId::DEFAULT, &unknown)
            .await
            .unwrap(),
        0
    );
    let again = [claimed[0].event.id];
    assert_eq!(
        events
            .replay_dead_letters(TenantId::DEFAULT, &again)
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        events
            .replay_dead_letters(TenantId::DEFAULT, &again)
            .await
            .unwrap(),
        0
    );
    let replayed = world.claim(relay, ALL).await;
    assert_eq!(
        claimed_kinds(&replayed),
        ["a1", "a2", "a3"],
        "what is put back has its old place"
    );
    assert_eq!(replayed[0].event, claimed[0].event, "and is the same event");
    assert_eq!(replayed[0].failures, 0, "which has not failed yet");
    let gone = [claimed[3].event.id];
    assert_eq!(
        events
            .discard_dead_letters(TenantId::DEFAULT, &gone)
            .await
            .unwrap(),
        1
    );
    assert_eq!(events.dead_letters(0, 10).await.unwrap(), []);
}

/// What two tenants were told under one id are two letters.
pub async fn dead_letters_are_of_one_tenant(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let Some(events) = outbox(&*world.store) else {
        return;
    };
    let (one, other) = (TenantId::DEFAULT, world.tenant().await);
    let told = world.effects("told");
    let ids: Vec<_> = told.new_events().iter().map(NewEvent::id).collect();
    for tenant in [one, other] {
        events.add_events(tenant, &told).await.unwrap();
    }
    let relay = relay();
    let claimed = world.claim(relay, ALL).await;
    let dead = Delivery::Dead {
        error: "no".to_owned(),
    };
    let dead: Vec<_> = claimed
        .iter()
        .map(|claimed| (claimed.event.sequence, dead.clone()))
        .collect();
    world.settle(relay, &dead).await;
    assert_eq!(events.dead_letters(0, 10).await.unwrap().len(), 2);
    assert_eq!(
        events.discard_dead_letters(one, &ids).await.unwrap(),
        1,
        "a tenant's letters are discarded by themselves"
    );
    assert_eq!(events.replay_dead_letters(one, &ids).await.unwrap(), 0);
    let left = events.dead_letters(0, 10).await.unwrap();
    let left: Vec<_> = left.iter().map(|letter| letter.event.tenant).collect();
    assert_eq!(left, [other], "the other's letter is there");
    assert_eq!(events.replay_dead_letters(other, &ids).await.unwrap(), 1);
    let again = world.claim(relay, ALL).await;
    assert_eq!((again.len(), again[0].event.tenant), (1, other));
}

/// How much waits, and for how long.
pub async fn the_outbox_says_how_full_it_is(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let Some(events) = outbox(&*world.store) else {
        return;
    };
    let empty = events.outbox_status().await.unwrap();
    assert_eq!((empty.waiting, empty.oldest, empty.dead), (0, None, 0));
    assert_eq!(empty.lag(), Duration::ZERO);
    world.add("a", &["a1"]).await;
    subject.pass(MINUTE * 10).await;
    world.add("b", &["b1"]).await;
    let status = events.outbox_status().await.unwrap();
    assert_eq!(status.waiting, 2);
    assert!(
        (MINUTE * 10..MINUTE * 11).contains(&status.lag()),
        "the lag is the age of the oldest event"
    );
}

/// Subjects and data come back as they went in.
pub async fn hostile_events_come_back_unchanged(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let Some(events) = outbox(&*world.store) else {
        return;
    };
    let subjects = [
        "a",
        "A",
        "é",
        "e\u{301}",
        "' OR 1=1 --",
        "$1",
        "{}",
        "\u{202e}x",
    ];
    let texts = [
        "\0".to_owned(),
        "'\"\\\n\u{2028}".to_owned(),
        "\u{10ffff}".repeat(1000),
        "x".repeat(60_000),
    ];
    let mut sent = Vec::new();
    for subject in subjects {
        for text in &texts {
            let data = serde_json::json!({ "text": text, "number": 1.5, "none": null });
            let kind = EventKind::new("hostile").unwrap();
            let event = NewEvent::new(world.event_id(), kind, data.clone()).unwrap();
            let event = event.about(subject).unwrap();
            sent.push((subject.to_owned(), data.to_string()));
            let effects = Effects::events(SOURCE, [event]);
            events
                .add_events(TenantId::DEFAULT, &effects)
                .await
                .unwrap();
        }
    }
    let told = world.drain().await;
    let told: Vec<_> = told
        .into_iter()
        .map(|event| (event.subject, event.data))
        .collect();
    assert!(told == sent, "an event comes back as it went in");
}
