//! Somebody writes to Redis: whatever it is, nobody is given a wrong value.

use auth_cache::tier::{Acquired, Fill, Invalidated, Tier};
use auth_core::RootSecrets;
use auth_testkit::rounds;
use redis::aio::MultiplexedConnection;
use redis::cmd;

use super::support::{
    World, acquire, ask, fill, found, granted, load, new_root, of_cache, record, space,
};

async fn names(stranger: &mut MultiplexedConnection, pattern: &str) -> Vec<Vec<u8>> {
    let mut keys = cmd("KEYS");
    keys.arg(pattern).query_async(stranger).await.unwrap()
}

/// The one hash that there is.
async fn only(stranger: &mut MultiplexedConnection) -> Vec<u8> {
    let mut all = names(stranger, "*:k:*").await;
    assert_eq!(all.len(), 1);
    all.remove(0)
}

async fn read(stranger: &mut MultiplexedConnection, name: &[u8]) -> Vec<u8> {
    let mut get = cmd("HGET");
    get.arg(name).arg("v").query_async(stranger).await.unwrap()
}

async fn write(stranger: &mut MultiplexedConnection, name: &[u8], value: &[u8]) {
    let mut set = cmd("HSET");
    let set = set.arg(name).arg("v").arg(value);
    let _: i64 = set.query_async(stranger).await.unwrap();
}

const KEYS: u8 = 64;

/// Values that are altered in any bit, or in several, or cut anywhere, are misses of one
/// round: the one who asks may load the key.
#[tokio::test]
async fn f05_no_bit_of_a_value_can_be_altered() {
    let reads = usize::try_from(rounds(20_000)).unwrap();
    let world = World::start().await;
    let (one, other) = (world.process(), world.process());
    let mut stranger = world.stranger().await;
    let mut stored = Vec::new();
    for key in 0..KEYS {
        load(&*one, &[key], &["a"], b"the value").await;
        for name in names(&mut stranger, "*:k:*").await {
            if !stored.iter().any(|(known, _)| *known == name) {
                let value = read(&mut stranger, &name).await;
                stored.push((name, value));
            }
        }
    }
    let length = stored[0].1.len();
    let mut spoilt = (0..).map(|number| {
        let (index, bit) = (number / 8 % length, number % 8);
        move |good: &[u8]| {
            let mut bad = good.to_vec();
            bad[index] ^= 1 << bit;
            match number / 8 / length {
                0 => {}
                1 if bit == 0 => bad.truncate(index),
                round => bad[(index + round) % length] ^= 0x55,
            }
            bad
        }
    });
    let asks_of = |round: usize| {
        let mut asks: Vec<_> = (0..KEYS).map(|key| ask(&[key], &["a"])).collect();
        asks.rotate_left(round % usize::from(KEYS));
        asks
    };
    for round in 0..=(reads / usize::from(KEYS)) {
        let mut writes = redis::pipe();
        for (name, good) in &stored {
            let bad = spoilt.next().unwrap()(good);
            writes.hset(name, "v", bad).ignore();
        }
        let _: () = writes.query_async(&mut stranger).await.unwrap();
        let reader = if round % 2 == 0 { &one } else { &other };
        let asks = asks_of(round);
        let answers = reader.acquire(&space(), &asks).await.unwrap();
        let mut ends = Vec::new();
        for (ask, answer) in asks.iter().zip(answers) {
            let Acquired::Granted(versions) = answer else {
                panic!("a wrong value in round {round}: {answer:?}");
            };
            ends.push(fill(ask, &versions, None));
        }
        assert!(
            reader
                .fill(&space(), &ends)
                .await
                .unwrap()
                .iter()
                .all(|was| *was)
        );
    }
    let (mine, theirs) = (one.refused(), other.refused());
    assert!(
        mine.total() + theirs.total() >= reads as u64,
        "{mine:?}, {theirs:?}"
    );
    eprintln!("{reads} reads of altered values, none of them answered: {mine:?}, {theirs:?}");
    for refused in [mine, theirs] {
        let causes = [
            refused.altered,
            refused.former_server,
            refused.form,
            refused.foreign_root,
        ];
        assert!(causes.iter().all(|count| *count > 0), "{refused:?}");
    }
    for (name, good) in &stored {
        write(&mut stranger, name, good).await;
    }
    // Another second, in which strangers have not been heard of.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!(found(&*other, &[1], &["a"]).await.unwrap(), b"the value");
}

#[tokio::test]
async fn f05_a_value_is_of_its_key_its_cache_and_its_root_secret() {
    let world = World::start().await;
    let tier = world.process();
    load(&*tier, b"1", &[], b"of 1").await;
    let mut stranger = world.stranger().await;
    let first = only(&mut stranger).await;
    load(&*tier, b"2", &[], b"of 2").await;
    let all = names(&mut stranger, "*:k:*").await;
    let second = all.into_iter().find(|name| *name != first).unwrap();
    // The two change places.
    let (one, two) = (
        read(&mut stranger, &first).await,
        read(&mut stranger, &second).await,
    );
    write(&mut stranger, &first, &two).await;
    write(&mut stranger, &second, &one).await;
    assert_eq!(found(&*tier, b"1", &[]).await, None);
    assert_eq!(found(&*tier, b"2", &[]).await, None);
    assert_eq!(tier.refused().altered, 2);

    // The same key of another cache.
    let (other, asked) = (of_cache("other"), ask(b"1", &[]));
    granted(&*tier, &other, &asked).await;
    let fills: [Fill; 1] = [fill(&asked, &[], Some(record(b"of another cache")))];
    assert_eq!(tier.fill(&other, &fills).await.unwrap(), [true]);
    let moved = names(&mut stranger, "*{other:1:*:k:*").await.remove(0);
    let moved = read(&mut stranger, &moved).await;
    write(&mut stranger, &first, &moved).await;
    assert_eq!(found(&*tier, b"1", &[]).await, None);

    // The same key of an application with another root secret.
    let foreign = world.process_with(new_root());
    load(&*foreign, b"1", &[], b"of a stranger").await;
    assert_eq!(found(&*tier, b"1", &[]).await, None);
    for name in names(&mut stranger, "*:k:*").await {
        let there: Option<Vec<u8>> = cmd("HGET")
            .arg(&name)
            .arg("v")
            .query_async(&mut stranger)
            .await
            .unwrap();
        if let Some(value) = there {
            write(&mut stranger, &first, &value).await;
            let found = found(&*tier, b"1", &[]).await;
            assert!(found.is_none() || found.unwrap() == b"of 1");
        }
    }
    assert!(tier.refused().foreign_root >= 1);
}

/// It was good once, under this very key. But the version that it was stored with is
/// over.
#[tokio::test]
async fn what_was_invalidated_with_its_tag_does_not_come_back_by_being_put_back() {
    let world = World::start().await;
    let tier = world.process();
    for what in [
        Invalidated::Tag(auth_cache::tiered::Tag::new("a")),
        Invalidated::All,
    ] {
        load(&*tier, b"1", &["a"], b"old").await;
        let mut stranger = world.stranger().await;
        let name = only(&mut stranger).await;
        let old = read(&mut stranger, &name).await;
        tier.invalidate(&space(), std::slice::from_ref(&what))
            .await
            .unwrap();
        assert_eq!(found(&*tier, b"1", &["a"]).await, None);
        write(&mut stranger, &name, &old).await;
        assert_eq!(found(&*tier, b"1", &["a"]).await, None, "{what:?}");
        let _: i64 = cmd("DEL")
            .arg(&name)
            .query_async(&mut stranger)
            .await
            .unwrap();
    }
    assert!(tier.refused().tag_changed >= 2 && tier.refused().cleared >= 2);
}

/// Put back after its time, which is the server's and inside of the seal.
#[tokio::test]
async fn a_value_that_is_put_back_after_its_time_is_a_miss() {
    let world = World::start().await;
    let tier = world.process();
    let asked = ask(b"1", &[]);
    granted(&*tier, &space(), &asked).await;
    let mut short = record(b"short");
    short.lives = std::time::Duration::from_millis(300);
    assert_eq!(
        tier.fill(&space(), &[fill(&asked, &[], Some(short))])
            .await
            .unwrap(),
        [true]
    );
    let mut stranger = world.stranger().await;
    let name = only(&mut stranger).await;
    let old = read(&mut stranger, &name).await;
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    assert!(
        names(&mut stranger, "*:k:*").await.is_empty(),
        "Redis ends it too"
    );
    write(&mut stranger, &name, &old).await;
    assert_eq!(found(&*tier, b"1", &[]).await, None);
    assert_eq!(tier.refused().expired, 1);
}

/// Something else under all names: as if there were nothing, and it works again at once.
#[tokio::test]
async fn f05_things_of_another_type_are_in_nobody_s_way() {
    let world = World::start().await;
    let tier = world.process();
    let mut stranger = world.stranger().await;
    load(&*tier, b"1", &["a"], b"value").await;
    tier.invalidate(&space(), &[Invalidated::Key(b"2".as_slice().into())])
        .await
        .unwrap();
    for name in names(&mut stranger, "auth:*").await {
        for junk in [
            "SET junk",
            "LPUSH junk",
            "HSET v junk",
            "SET 99999999999999999999999",
        ] {
            let _: i64 = cmd("DEL")
                .arg(&name)
                .query_async(&mut stranger)
                .await
                .unwrap();
            let mut words = junk.split(' ');
            let mut spoil = cmd(words.next().unwrap());
            let _: redis::Value = spoil
                .arg(&name)
                .arg(words.collect::<Vec<_>>())
                .query_async(&mut stranger)
                .await
                .unwrap();
            let found_there = found(&*tier, b"1", &["a"]).await;
            let concerns_it = !name.ends_with(b":tail");
            assert_eq!(found_there.is_none(), concerns_it, "{junk} at {name:?}");
            let all = [
                Invalidated::Key(b"1".as_slice().into()),
                Invalidated::Tag(auth_cache::tiered::Tag::new("a")),
                Invalidated::All,
            ];
            tier.invalidate(&space(), &all).await.unwrap();
            load(&*tier, b"1", &["a"], b"value").await;
            assert_eq!(found(&*tier, b"1", &["a"]).await.unwrap(), b"value");
        }
    }
}

/// Neither keys nor tags nor values are there to be read.
#[tokio::test]
async fn redis_is_told_no_key_no_tag_and_no_value() {
    let world = World::start().await;
    let tier = world.process();
    load(
        &*tier,
        b"ada@example.com",
        &["tenant-of-ada"],
        b"the secret of ada",
    )
    .await;
    let all = [
        Invalidated::Key(b"bob@example.com".as_slice().into()),
        Invalidated::Tag(auth_cache::tiered::Tag::new("tenant-of-bob")),
    ];
    tier.invalidate(&space(), &all).await.unwrap();
    let mut stranger = world.stranger().await;
    let mut seen = Vec::new();
    for name in names(&mut stranger, "*").await {
        let dump: Vec<u8> = cmd("DUMP")
            .arg(&name)
            .query_async(&mut stranger)
            .await
            .unwrap();
        let life: i64 = cmd("PTTL")
            .arg(&name)
            .query_async(&mut stranger)
            .await
            .unwrap();
        assert!(
            life > 0,
            "everything ends: {}",
            String::from_utf8_lossy(&name)
        );
        seen.extend([name, dump].concat());
    }
    for secret in [&b"ada"[..], b"bob", b"tenant", b"secret"] {
        let is_there = seen.windows(secret.len()).any(|window| window == secret);
        assert!(!is_there, "{}", String::from_utf8_lossy(secret));
    }
}

/// A process that has the next root secret already, and one that has still the last one.
#[tokio::test]
async fn an_invalidation_reaches_processes_with_another_active_root_secret() {
    let world = World::start().await;
    let (old, new) = (new_root(), new_root());
    let both = |active: &auth_core::RootSecret, other: &auth_core::RootSecret| {
        RootSecrets::new(active.clone())
            .with_other(other.clone())
            .unwrap()
    };
    let before = world.process_with(both(&old, &new));
    let after = world.process_with(both(&new, &old));
    for (one, other) in [(&before, &after), (&after, &before)] {
        for what in [
            Invalidated::Key(b"1".as_slice().into()),
            Invalidated::Tag(auth_cache::tiered::Tag::new("a")),
            Invalidated::All,
        ] {
            load(&**one, b"1", &["a"], b"value").await;
            assert_eq!(
                found(&**other, b"1", &["a"]).await,
                None,
                "names of its own"
            );
            let mut tail = one.tail(&space()).await.unwrap();
            other
                .invalidate(&space(), std::slice::from_ref(&what))
                .await
                .unwrap();
            assert_eq!(tail.next().await.unwrap(), [what]);
            assert_eq!(found(&**one, b"1", &["a"]).await, None);
        }
    }
}

/// A value that nobody here can read does not make two processes load in turns for ever:
/// each ask ends with a lease or "held".
#[tokio::test]
async fn what_cannot_be_read_is_loaded_by_one() {
    let world = World::start().await;
    let (one, other) = (world.process(), world.process());
    load(&*one, b"1", &[], b"value").await;
    let mut stranger = world.stranger().await;
    let name = only(&mut stranger).await;
    for junk in [&b""[..], b"junk", &[1; 300]] {
        write(&mut stranger, &name, junk).await;
        let asked = ask(b"1", &[]);
        granted(&*one, &space(), &asked).await;
        for _ in 0..10 {
            let answer = acquire(&*other, &space(), &ask(b"1", &[])).await;
            assert!(matches!(answer, Acquired::Held), "{answer:?}");
        }
        let fills = [fill(&asked, &[], Some(record(b"new")))];
        assert_eq!(one.fill(&space(), &fills).await.unwrap(), [true]);
        assert_eq!(found(&*other, b"1", &[]).await.unwrap(), b"new");
    }
}
