use auth_core::Sealed;
use proptest::prelude::*;

use super::*;

const LIFETIME: Duration = Duration::from_secs(300);
/// From the end of a key's turn until it has expired, in seconds.
const VERIFIES: i64 = 300 + 120;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

/// A key that signs from `active` on, and was revoked then.
fn key(active: i64, revoked: Option<i64>) -> SealedKey {
    SealedKey {
        kid: format!("k{active}"),
        algorithm: "EdDSA".into(),
        private: Sealed::from_bytes(Vec::new()),
        created_at: at(active - 50),
        active_at: at(active),
        revoked_at: revoked.map(at),
    }
}

fn keys(keys: Vec<SealedKey>) -> SigningKeys {
    SigningKeys {
        keys,
        max_token_lifetime: LIFETIME,
        now: at(0),
    }
}

fn states(keys: &SigningKeys, now: i64) -> Vec<KeyState> {
    keys.lives()
        .iter()
        .map(|life| life.state(at(now)))
        .collect()
}

#[test]
fn keys_take_turns_and_verify_until_their_last_token_has_expired() {
    use KeyState::{Active, Expired, Next, Retired};
    let keys = keys(vec![key(0, None), key(1000, None), key(2000, None)]);
    let table = [
        (-1, [Next, Next, Next]),
        (0, [Active, Next, Next]),
        (999, [Active, Next, Next]),
        (1000, [Retired, Active, Next]),
        (1000 + VERIFIES - 1, [Retired, Active, Next]),
        (1000 + VERIFIES, [Expired, Active, Next]),
        (2000, [Expired, Retired, Active]),
        (2000 + VERIFIES, [Expired, Expired, Active]),
        (1_000_000, [Expired, Expired, Active]),
    ];
    for (now, expected) in table {
        assert_eq!(states(&keys, now), expected, "at {now}");
    }
    let first = keys.lives()[0];
    let since = |now| first.since(at(now));
    assert_eq!(since(-1), at(-50));
    assert_eq!(since(5), at(0));
    assert_eq!(since(1005), at(1000));
    assert_eq!(since(5000), at(1000 + VERIFIES));
    assert_eq!(first.changes_after(at(-1)), Some(at(0)));
    assert_eq!(first.changes_after(at(0)), Some(at(1000)));
    assert_eq!(first.changes_after(at(1000)), Some(at(1000 + VERIFIES)));
    assert_eq!(first.changes_after(at(1000 + VERIFIES)), None);
}

#[test]
fn a_revoked_key_wakes_no_older_one_and_one_revoked_early_never_has_a_turn() {
    use KeyState::{Active, Next, Retired, Revoked};
    // Revoked in its turn, and replaced at once.
    let replaced = keys(vec![key(0, None), key(1000, Some(1100)), key(1100, None)]);
    assert_eq!(states(&replaced, 1100), [Retired, Revoked, Active]);
    // And not replaced: nobody signs.
    let alone = keys(vec![key(0, None), key(1000, Some(1100))]);
    assert_eq!(states(&alone, 1100), [Retired, Revoked]);
    assert_eq!(alone.turn_at(at(1100)), Some("k1000"));
    // Revoked before its turn: the one before it goes on.
    let early = keys(vec![key(0, None), key(1000, Some(900))]);
    assert_eq!(states(&early, 5000), [Active, Revoked]);
    // A retired key that is revoked changes nobody's turn.
    let late = keys(vec![key(0, Some(1200)), key(1000, None), key(2000, None)]);
    assert_eq!(states(&late, 1200), [Revoked, Active, Next]);
}

#[test]
fn of_two_turns_that_begin_at_once_the_later_stored_key_has_it() {
    let keys = keys(vec![key(0, None), key(1000, None), key(1000, None)]);
    assert_eq!(
        states(&keys, 1000)[1..],
        [KeyState::Retired, KeyState::Active]
    );
}

#[test]
fn only_what_expired_a_day_ago_is_forgotten_and_nothing_that_is_revoked() {
    let day = 24 * 60 * 60;
    let stored = vec![key(0, Some(10)), key(1000, None), key(2000, None)];
    let at_time = |now| SigningKeys {
        now: at(now),
        ..keys(stored.clone())
    };
    let over = 2000 + VERIFIES + day;
    assert_eq!(at_time(over - 1).forgettable(), [""; 0]);
    assert_eq!(at_time(over).forgettable(), ["k1000"]);
}

/// A history: keys are added, each at least `LEAD` before its turn unless
/// nobody signs, and revoked with a replacement, as instances do it.
const LEAD: i64 = 100;

#[derive(Clone, Debug)]
enum Step {
    Rotate,
    Revoke(prop::sample::Index),
    Wait,
}

fn history() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let step = prop_oneof![
        3 => Just(Step::Rotate),
        1 => any::<prop::sample::Index>().prop_map(Step::Revoke),
        1 => Just(Step::Wait),
    ];
    let pause = prop_oneof![1 => Just(0), 4 => 0..900_i64];
    prop::collection::vec((pause, step), 1..25)
}

/// Everything that was ever said to hold, looked at after each step.
fn play(history: &[(i64, Step)]) -> Vec<(i64, SigningKeys)> {
    let mut now = 0;
    let mut stored = keys(vec![SealedKey {
        created_at: at(0),
        ..key(0, None)
    }]);
    let mut seen = vec![(0, stored.clone())];
    for (serial, (pause, step)) in history.iter().enumerate() {
        now += pause;
        let new = |active: i64| SealedKey {
            kid: format!("new{serial}"),
            created_at: at(now),
            active_at: at(active),
            ..key(0, None)
        };
        match step {
            Step::Wait => {}
            Step::Rotate => stored.keys.push(new(now + LEAD)),
            Step::Revoke(which) => {
                let which = which.index(stored.keys.len());
                if stored.keys[which].revoked_at.is_none() {
                    let signs = stored.turn_at(at(now)) == Some(&stored.keys[which].kid);
                    stored.keys[which].revoked_at = Some(at(now));
                    if signs {
                        stored.keys.push(new(now));
                    }
                }
            }
        }
        seen.push((now, stored.clone()));
    }
    seen
}

proptest! {
    #[test]
    fn at_every_time_one_key_signs_that_everybody_knows(history in history()) {
        for (now, keys) in play(&history) {
            let lives = keys.lives();
            for time in [now, now + 1, now + LEAD, now + 1000] {
                let active = lives.iter().filter(|life| life.state(at(time)) == KeyState::Active);
                prop_assert_eq!(active.count(), 1, "at {} of {:?}", time, keys);
            }
            for life in lives.iter().filter(|life| life.state(at(now)) == KeyState::Active) {
                let lead = life.active_at.since(life.created_at);
                let replaces = lives.iter().any(|other| other.revoked_at == Some(life.active_at));
                prop_assert!(
                    lead == Duration::from_secs(100) || replaces || life.active_at == at(0),
                    "{:?}", keys
                );
            }
        }
    }

    #[test]
    fn a_token_is_verified_for_its_whole_life_unless_its_key_is_revoked(history in history()) {
        let seen = play(&history);
        for (step, (issued, keys)) in seen.iter().enumerate() {
            let lives = keys.lives();
            let signer = lives.iter().position(|life| life.state(at(*issued)) == KeyState::Active);
            let signer = &keys.keys[signer.unwrap()].kid;
            let expires = *issued + 300;
            // What was stored before it may have been stored at the same time.
            for (now, later) in seen[step..].iter().filter(|(now, _)| *now < expires) {
                let place = later.keys.iter().position(|key| key.kid == *signer).unwrap();
                let state = later.lives()[place].state(at(*now));
                prop_assert!(
                    state.verifies() || later.keys[place].revoked_at.is_some(),
                    "issued at {}, at {} {:?}: {:?}", issued, now, state, later
                );
            }
        }
    }

    /// What a store removes never mattered: the others live as they did.
    #[test]
    fn forgetting_changes_nobody_elses_life(history in history(), days in 0..3_i64) {
        for (now, mut keys) in play(&history) {
            keys.now = at(now + days * 24 * 60 * 60 + 1000);
            let forgotten: Vec<String> = keys.forgettable().into_iter().map(str::to_owned).collect();
            let state_of = |keys: &SigningKeys, kid: &str| {
                let place = keys.keys.iter().position(|key| key.kid == kid).unwrap();
                keys.lives()[place].state(keys.now)
            };
            let mut left = keys.clone();
            left.keys.retain(|key| !forgotten.contains(&key.kid));
            for key in &left.keys {
                prop_assert_eq!(state_of(&left, &key.kid), state_of(&keys, &key.kid));
            }
        }
    }
}
