//! Redis loses things: by being told to, by being short of memory, by being restarted.

use std::time::Duration;

use auth_cache::tier::{Acquired, Invalidated, Tier};
use auth_cache::tiered::Tag;
use redis::cmd;

use super::support::{World, acquire, ask, fill, found, granted, load, record, space};

/// What comes back with a server that was restarted may have been invalidated by those
/// who were the last to speak to it, and is not believed.
#[tokio::test]
async fn f01_what_a_former_life_of_a_server_has_stored_is_a_miss() {
    for settings in [
        [("appendonly", "yes"), ("appendfsync", "always")],
        [("save", "1 1"), ("dbfilename", "d.rdb")],
    ] {
        let mut world = World::start_with(&settings).await;
        let tier = world.process();
        load(&*tier, b"1", &["a"], b"old").await;
        let held = ask(b"2", &["a"]);
        let versions = granted(&*tier, &space(), &held).await;
        let mut stranger = world.stranger().await;
        let _: redis::Value = cmd("SAVE").query_async(&mut stranger).await.unwrap();
        world.server.restart().await.unwrap();
        let mut stranger = world.stranger().await;
        let there: Vec<Vec<u8>> = cmd("KEYS")
            .arg("*:k:*")
            .query_async(&mut stranger)
            .await
            .unwrap();
        assert_eq!(there.len(), 2, "it is there again: {settings:?}");
        let tier_again = world.process();
        assert_eq!(found(&*tier_again, b"1", &["a"]).await, None);
        assert_eq!(tier_again.refused().former_server, 1);
        while tier.acquire(&space(), &[ask(b"3", &[])]).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // The lease is there again too; what it is filled with is of the former life.
        let late = fill(&held, &versions, Some(record(b"late")));
        let filled = tier.fill(&space(), &[late]).await.unwrap();
        assert_eq!(filled, [true]);
        assert_eq!(found(&*tier_again, b"2", &["a"]).await, None);
        load(&*tier_again, b"1", &["a"], b"new").await;
        assert_eq!(found(&*tier, b"1", &["a"]).await.unwrap(), b"new");
    }
}

#[tokio::test]
async fn f06_a_fill_that_comes_after_the_loss_of_its_lease_changes_nothing() {
    let world = World::start().await;
    let tier = world.process();
    let mut stranger = world.stranger().await;
    for loss in ["FLUSHALL", "key", "all"] {
        let asked = ask(b"1", &["a"]);
        let versions = granted(&*tier, &space(), &asked).await;
        match loss {
            "key" => tier
                .invalidate(&space(), &[Invalidated::Key(b"1".as_slice().into())])
                .await
                .unwrap(),
            "all" => tier
                .invalidate(&space(), &[Invalidated::All])
                .await
                .unwrap(),
            _ => cmd(loss).query_async(&mut stranger).await.unwrap(),
        }
        let late = fill(&asked, &versions, Some(record(b"late")));
        assert_eq!(
            tier.fill(&space(), &[late]).await.unwrap(),
            [false],
            "{loss}"
        );
        assert_eq!(found(&*tier, b"1", &["a"]).await, None, "{loss}");
    }
}

/// The version of a tag was evicted, and the value was not.
#[tokio::test]
async fn f06_a_version_that_was_evicted_takes_its_values_along() {
    let world = World::start().await;
    let tier = world.process();
    let mut stranger = world.stranger().await;
    for pattern in ["*:t:*", "*:all"] {
        load(&*tier, b"1", &["a"], b"value").await;
        let names: Vec<Vec<u8>> = cmd("KEYS")
            .arg(pattern)
            .query_async(&mut stranger)
            .await
            .unwrap();
        assert!(!names.is_empty());
        let _: i64 = cmd("DEL")
            .arg(names)
            .query_async(&mut stranger)
            .await
            .unwrap();
        assert_eq!(found(&*tier, b"1", &["a"]).await, None, "{pattern}");
        let key = Invalidated::Key(b"1".as_slice().into());
        tier.invalidate(&space(), &[key]).await.unwrap();
    }
}

/// Ten times as much as there is room for, and invalidations in between: what is there is
/// right.
#[tokio::test]
async fn f06_a_server_that_evicts_gives_what_was_stored_last_or_nothing() {
    let settings = [("maxmemory", "4mb"), ("maxmemory-policy", "allkeys-lru")];
    let world = World::start_with(&settings).await;
    let (one, other) = (world.process(), world.process());
    let value = |round: u32, key: u32| {
        [
            &vec![7; 20_000][..],
            &round.to_be_bytes(),
            &key.to_be_bytes(),
        ]
        .concat()
    };
    let mut hits = 0;
    for round in 0..4_u32 {
        for key in 0..500_u32 {
            let (name, tag) = (key.to_be_bytes(), format!("t{}", key % 7));
            let asked = ask(&name, &[&tag]);
            match acquire(&*one, &space(), &asked).await {
                Acquired::Granted(versions) => {
                    let fills = [fill(&asked, &versions, Some(record(&value(round, key))))];
                    one.fill(&space(), &fills).await.unwrap();
                }
                other => panic!("all was invalidated: {other:?}"),
            }
            let recent = key.saturating_sub(key % 20);
            if let Some(found) = found(
                &*other,
                &recent.to_be_bytes(),
                &[&format!("t{}", recent % 7)],
            )
            .await
            {
                assert!(found == value(round, recent), "{round} {recent}");
                hits += 1;
            }
        }
        let tags: Vec<_> = (0..7)
            .map(|tag| Invalidated::Tag(Tag::new(format!("t{tag}"))))
            .collect();
        other.invalidate(&space(), &tags).await.unwrap();
    }
    let mut stranger = world.stranger().await;
    let info: String = cmd("INFO")
        .arg("stats")
        .query_async(&mut stranger)
        .await
        .unwrap();
    let evicted = info
        .lines()
        .find_map(|line| line.strip_prefix("evicted_keys:"))
        .unwrap();
    assert!(evicted.trim().parse::<u32>().unwrap() > 100, "{evicted}");
    assert!(hits > 100, "{hits}");
}

/// One that nobody was ever granted, or that has been used.
#[tokio::test]
async fn a_value_that_is_too_large_ends_the_lease_and_is_not_stored() {
    let world = World::start().await;
    let tier = world.process();
    let asked = ask(b"1", &[]);
    granted(&*tier, &space(), &asked).await;
    let large = fill(&asked, &[], Some(record(&vec![7; (1 << 20) + 1])));
    assert_eq!(
        tier.fill(&space(), std::slice::from_ref(&large))
            .await
            .unwrap(),
        [true]
    );
    assert_eq!(tier.fill(&space(), &[large]).await.unwrap(), [false]);
    assert_eq!(found(&*tier, b"1", &[]).await, None);
    load(&*tier, b"1", &[], &vec![7; 1 << 20]).await;
    assert_eq!(found(&*tier, b"1", &[]).await.unwrap().len(), 1 << 20);
}

/// A frozen server, and one that is gone: an error within the deadline, and then again
/// answers.
#[tokio::test]
async fn f02_a_server_that_does_not_answer_is_an_error_in_time() {
    let mut world = World::start().await;
    let tier = world.process();
    load(&*tier, b"1", &[], b"value").await;
    let hang_guard = Duration::from_secs(30);
    let asks = [ask(b"1", &[])];
    for frozen in [true, false] {
        if frozen {
            world.server.freeze().unwrap();
        } else {
            world.server.kill_9().unwrap();
        }
        let key = [Invalidated::Key(b"1".as_slice().into())];
        let calls = async {
            assert!(tier.acquire(&space(), &asks).await.is_err());
            assert!(tier.invalidate(&space(), &key).await.is_err());
            assert!(tier.tail(&space()).await.is_err());
        };
        tokio::time::timeout(hang_guard, calls).await.unwrap();
        if frozen {
            world.server.thaw().unwrap();
        } else {
            world.server.restart().await.unwrap();
        }
        let again = async {
            while tier.acquire(&space(), &[ask(b"again", &[])]).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(hang_guard, again).await.unwrap();
    }
}
