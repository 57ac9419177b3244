//! Somebody else writes to Redis.

use auth_cache::idempotency::RedisIdempotencyError;
use auth_core::RootSecrets;
use auth_core::idempotency::{Begun, IdempotencyStore};

use super::support::{World, answer, begin, cause, complete, is_busy, owned, owner, try_begin};

#[tokio::test]
async fn what_is_no_request_is_an_error_and_stays() {
    let world = World::start().await;
    let request = world.request("k", "body");
    let own = owned(&world.process(), &request).await;
    let name = world.name();
    let dump = world.command(&["HGETALL", &name]);
    assert_eq!(dump.len(), 8, "{dump:?}");
    for words in [
        &["SET", &name, "text"][..],
        &["RPUSH", &name, "1"],
        &["ZADD", &name, "1", "o"],
        &["XADD", &name, "*", "o", "1"],
        &["HSET", &name, "o", "short"],
        &["HSET", &name, "o", ""],
        &["HSET", &name, "f", "short"],
        &["HSET", &name, "e", "-1"],
        &["HSET", &name, "e", "soon"],
        &["HSET", &name, "e", ""],
        &["HSET", &name, "e", "12345678901234567"],
        &["HSET", &name, "l", "1e9"],
        &["HSET", &name, "l", ""],
        &["HDEL", &name, "o"],
        &["HDEL", &name, "f"],
        &["HDEL", &name, "e"],
        &["HDEL", &name, "e", "f", "l", "o"],
    ] {
        world.command(&["DEL", &name]);
        let process = world.process();
        assert_eq!(begin(&process, &request, own).await, Begun::Owned);
        if words[0].starts_with('H') {
            // An entry of ours, of which a part is changed; and something else of theirs.
            world.command(&["HSET", &name, "theirs", "1"]);
        } else {
            world.command(&["DEL", &name]);
        }
        world.command(words);
        let there = world.command(&["DUMP", &name]);
        for process in [&process, &world.process()] {
            for who in [own, owner()] {
                let error = try_begin(process, &request, who).await.unwrap_err();
                let is_named = matches!(cause(&error), RedisIdempotencyError::NotARequest(_));
                assert!(is_named, "{words:?} {error:?}");
            }
            assert!(complete(process, &request, own, None).await.is_err());
            let released = process.release_request(&request, own).await;
            assert!(released.is_err(), "{words:?}");
        }
        assert_eq!(world.command(&["DUMP", &name]), there, "{words:?}");
    }
}

/// Whoever can write can have something done never, or twice; that much is said.
#[tokio::test]
async fn what_looks_like_a_request_is_taken_for_one() {
    let world = World::start().await;
    let (one, other) = (world.process(), world.process());
    let request = world.request("k", "body");
    let own = owned(&one, &request).await;
    let name = world.name();
    // As if it were done: by nobody again.
    world.command(&["HDEL", &name, "l"]);
    assert_eq!(begin(&other, &request, owner()).await, Begun::Done(None));
    assert_eq!(begin(&one, &request, own).await, Begun::Done(None));
    // For ever: until it is forgotten.
    world.command(&["HSET", &name, "l", "9999999999999999"]);
    assert!(is_busy(&other, &request).await);
    // Without a time to live it ends as it says.
    world.command(&["PERSIST", &name]);
    world.command(&["HSET", &name, "e", "1"]);
    let next = owned(&other, &request).await;
    let lives: i64 = world.command(&["PTTL", &name])[0].parse().unwrap();
    assert!(lives > 0);
    assert!(complete(&other, &request, next, None).await.unwrap());
}

/// They are sealed for their request.
#[tokio::test]
async fn an_answer_that_is_moved_or_made_up_does_not_open() {
    let world = World::start().await;
    let process = world.process();
    let roots = RootSecrets::new(world.root.clone());
    let random = auth_core::SystemRandom::new();
    let mut names = Vec::new();
    let requests = ["one", "two"].map(|key| world.request(key, "body"));
    for request in &requests {
        let own = owned(&process, request).await;
        let sealed = request.seal(&roots, b"an answer", &random).unwrap();
        assert!(
            complete(&process, request, own, Some(&sealed))
                .await
                .unwrap()
        );
        let all = world.command(&["KEYS", "*"]);
        names.extend(
            all.into_iter()
                .filter(|it| !names.contains(it))
                .collect::<Vec<_>>(),
        );
    }
    let copy = "redis.call('HSET', KEYS[2], 'a', redis.call('HGET', KEYS[1], 'a'))";
    world.command(&["EVAL", copy, "2", &names[0], &names[1]]);
    let moved = begin(&process, &requests[1], owner()).await;
    let Begun::Done(Some(moved)) = moved else {
        panic!("{moved:?}");
    };
    assert!(requests[1].open(&roots, &moved).is_err());
    world.command(&["HSET", &names[1], "a", "made up"]);
    let made_up = begin(&process, &requests[1], owner()).await;
    assert_eq!(made_up, Begun::Done(Some(answer("made up"))));
    assert!(requests[1].open(&roots, &answer("made up")).is_err());
}
