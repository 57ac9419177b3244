use std::collections::HashSet;
use std::time::Duration;

use auth_core::{RootSecret, SystemRandom};
use proptest::prelude::*;

use super::*;

fn root() -> RootSecret {
    RootSecret::generate(&SystemRandom::new()).unwrap()
}

fn sealer(roots: impl Into<RootSecrets>) -> Sealer {
    Sealer::new(&roots.into(), Arc::new(SystemRandom::new())).unwrap()
}

fn at(seconds: u64) -> Monotonic {
    Monotonic::from_elapsed(Duration::from_secs(seconds))
}

const HERE: Place<'static> = Place {
    kind: "value",
    prefix: "auth",
    cache: "users",
    schema: 1,
    key: b"key",
    server: Server {
        id: b"server",
        mark: *b"a server",
    },
};

fn opened(sealer: &Sealer, place: Place<'_>, kept: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut bytes = kept.to_vec();
    let plain = sealer.open(place, &mut bytes, at(0))?;
    Ok(bytes[plain].to_vec())
}

#[test]
fn processes_with_one_root_secret_open_each_other_s_and_no_others_do() {
    let root = root();
    let (one, other) = (sealer(root.clone()), sealer(root));
    let kept = one.seal(HERE, &[b"pla", b"in"]).unwrap();
    assert_eq!(opened(&other, HERE, &kept).unwrap(), b"plain");
    assert_eq!(opened(&one, HERE, &kept).unwrap(), b"plain");
    assert_eq!(other.known.len(), 1, "its key is known now");
    let foreign = sealer(self::root());
    assert_eq!(opened(&foreign, HERE, &kept), Err(Refusal::ForeignRoot));
}

#[test]
fn a_root_secret_that_is_not_active_opens_what_it_has_sealed() {
    let (old, new) = (root(), root());
    let kept = sealer(old.clone()).seal(HERE, &[b"plain"]).unwrap();
    let both = RootSecrets::new(new.clone()).with_other(old).unwrap();
    assert_eq!(opened(&sealer(both), HERE, &kept).unwrap(), b"plain");
    assert_eq!(opened(&sealer(new), HERE, &kept), Err(Refusal::ForeignRoot));
}

#[test]
fn what_is_sealed_opens_in_its_place_only() {
    let sealer = sealer(root());
    let kept = sealer.seal(HERE, &[b"plain"]).unwrap();
    let places = [
        Place {
            kind: "tail",
            ..HERE
        },
        Place {
            prefix: "other",
            ..HERE
        },
        Place {
            cache: "user",
            ..HERE
        },
        Place { schema: 2, ..HERE },
        Place {
            key: b"kez",
            ..HERE
        },
        // What is next to each other does not run into each other.
        Place {
            cache: "",
            prefix: "authusers",
            ..HERE
        },
    ];
    for place in places {
        assert_eq!(
            opened(&sealer, place, &kept),
            Err(Refusal::Altered),
            "{place:?}"
        );
    }
    let elsewhere = Place {
        server: Server {
            id: b"other",
            mark: *b"an other",
        },
        ..HERE
    };
    assert_eq!(
        opened(&sealer, elsewhere, &kept),
        Err(Refusal::FormerServer)
    );
}

#[test]
fn any_altered_or_missing_bit_is_noticed() {
    let root = root();
    let (one, other) = (sealer(root.clone()), sealer(root));
    let kept = one.seal(HERE, &[b"plain"]).unwrap();
    for index in 0..kept.len() {
        for bit in 0..8 {
            let mut bytes = kept.clone();
            bytes[index] ^= 1 << bit;
            for reader in [&one, &other] {
                assert!(
                    opened(reader, HERE, &bytes).is_err(),
                    "bit {bit} of {index}"
                );
            }
        }
        assert!(
            opened(&one, HERE, &kept[..index]).is_err(),
            "cut at {index}"
        );
    }
    let longer = [&kept[..], b"\0"].concat();
    assert_eq!(opened(&one, HERE, &longer), Err(Refusal::Altered));
}

#[test]
fn no_number_is_used_twice_with_a_key_and_a_key_not_for_ever() {
    let sealer = sealer(root());
    let header = |kept: &[u8]| kept[5..29].to_vec();
    let near_the_end = MOST_SEALED - 100;
    let own = Arc::clone(&sealer.own.read().unwrap());
    own.sealed.store(near_the_end, Ordering::Relaxed);
    let (first, sealer) = (sealer.seal(HERE, &[b"first"]).unwrap(), &sealer);
    let all: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(move || {
                    (0..100)
                        .map(|_| sealer.seal(HERE, &[b"x"]).unwrap())
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    let used: HashSet<_> = all.iter().map(|kept| header(kept)).collect();
    assert_eq!(used.len(), all.len());
    let salts: HashSet<_> = all.iter().map(|kept| kept[5..21].to_vec()).collect();
    assert_eq!(salts.len(), 2);
    for kept in all.iter().chain([&first]) {
        assert!(opened(sealer, HERE, kept).is_ok());
    }
}

#[test]
fn salts_of_strangers_take_no_room_and_a_bounded_number_of_tries() {
    let root = root();
    let (reader, honest) = (sealer(root.clone()), sealer(root));
    let kept = honest.seal(HERE, &[b"plain"]).unwrap();
    let forged = |number: u64| {
        let mut bytes = kept.clone();
        bytes[5..13].copy_from_slice(&number.to_be_bytes());
        bytes
    };
    let mut refused = [0; 2];
    for number in 0..100_000 {
        match opened(&reader, HERE, &forged(number)) {
            Err(Refusal::Altered) => refused[0] += 1,
            Err(Refusal::TooManySalts) => refused[1] += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(refused, [MOST_TRIES, 100_000 - MOST_TRIES]);
    assert_eq!(reader.known.len(), 0);
    assert_eq!(opened(&reader, HERE, &kept), Err(Refusal::TooManySalts));
    // The next second is another; what is known by then is not held up by strangers.
    let mut bytes = kept.clone();
    assert!(reader.open(HERE, &mut bytes, at(1)).is_ok());
    for number in 0..1_000 {
        assert!(opened(&reader, HERE, &forged(number)).is_err());
    }
    assert_eq!(opened(&reader, HERE, &kept).unwrap(), b"plain");
}

proptest! {
    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..120), version in any::<bool>()) {
        let root = RootSecret::from_bytes(b"0123456789abcdef0123456789abcdef").unwrap();
        let mut bytes = bytes;
        if version && bytes.len() > 5 {
            bytes[0] = VERSION;
            bytes[1..5].copy_from_slice(&root.id().0);
        }
        prop_assert!(opened(&sealer(root), HERE, &bytes).is_err());
    }

    #[test]
    fn what_is_sealed_is_opened(plain in prop::collection::vec(any::<u8>(), 0..200), key in prop::collection::vec(any::<u8>(), 0..40)) {
        let sealer = sealer(root());
        let place = Place { key: &key, ..HERE };
        let kept = sealer.seal(place, &[&plain]).unwrap();
        prop_assert_eq!(opened(&sealer, place, &kept), Ok(plain));
    }
}
