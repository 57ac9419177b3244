//! Who may load.

use std::time::Duration;

use auth_cache::tier::Acquired;

use super::Subject;
use super::world::{LEASE, ask, fill, process, record};

/// Of many who miss a key one is granted the lease; the others are told that it is
/// held.
pub async fn a_key_without_a_value_is_granted_to_one(subject: &dyn Subject) {
    let (one, other) = (process(subject).await, process(subject).await);
    assert_eq!(one.granted(&ask(b"1", 1)).await, [0_u64; 0]);
    for nonce in [1, 2] {
        let again = other.acquire(&ask(b"1", nonce)).await;
        assert!(matches!(again, Acquired::Held), "{again:?}");
    }
    one.granted(&ask(b"2", 3)).await;
}

/// A process that died over a load holds nobody up for longer than its lease.
pub async fn a_lease_ends_after_its_time(subject: &dyn Subject) {
    let (one, other) = (process(subject).await, process(subject).await);
    one.granted(&ask(b"1", 1)).await;
    subject.pass(LEASE / 4).await;
    let held = other.acquire(&ask(b"1", 2)).await;
    assert!(matches!(held, Acquired::Held), "not before: {held:?}");
    subject.pass(LEASE).await;
    other.granted(&ask(b"1", 2)).await;
}

/// A load that brought nothing ends its lease.
pub async fn a_fill_without_a_value_gives_the_lease_back(subject: &dyn Subject) {
    let (one, other) = (process(subject).await, process(subject).await);
    let asked = ask(b"1", 1);
    one.granted(&asked).await;
    assert!(one.fill(&fill(&asked, &[], None)).await);
    other.granted(&ask(b"1", 2)).await;
}

/// What is about to end is loaded anew by one who asks for more, while the others are
/// given what there is.
pub async fn a_value_that_ends_too_soon_is_loaded_anew_by_one(subject: &dyn Subject) {
    let (one, other) = (process(subject).await, process(subject).await);
    let asked = ask(b"1", 1);
    let mut short = record(b"old");
    short.lives = Duration::from_secs(60);
    let versions = one.granted(&asked).await;
    one.fill(&fill(&asked, &versions, Some(short))).await;

    let mut longer = ask(b"1", 2);
    longer.at_least = Duration::from_secs(50);
    assert_eq!(other.found(&longer).await.value, b"old", "it lives as long");
    longer.at_least = Duration::from_secs(60);
    let versions = other.granted(&longer).await;
    let mut third = longer.clone();
    third.nonce.0 = [3; 16];
    assert_eq!(one.found(&third).await.value, b"old", "the lease is held");
    assert_eq!(one.found(&ask(b"1", 4)).await.value, b"old");
    assert!(
        other
            .fill(&fill(&longer, &versions, Some(record(b"new"))))
            .await
    );
    assert_eq!(
        one.found(&third).await.value,
        b"new",
        "nobody loads it twice"
    );
}

/// Each key of a batch is answered on its own, in the order of the asks.
pub async fn a_batch_is_answered_in_its_order(subject: &dyn Subject) {
    let (one, other) = (process(subject).await, process(subject).await);
    one.load(&ask(b"found", 1), b"value").await;
    one.granted(&ask(b"held", 2)).await;
    let asks = [ask(b"held", 3), ask(b"free", 4), ask(b"found", 5)];
    let answers = other.tier.acquire(&other.space, &asks).await.unwrap();
    assert!(
        matches!(
            &answers[..],
            [Acquired::Held, Acquired::Granted(_), Acquired::Found(_)]
        ),
        "{answers:?}"
    );
    let fills = [
        fill(&asks[0], &[], Some(record(b"stranger"))),
        fill(&asks[1], &[], Some(record(b"value"))),
    ];
    let were_held = other.tier.fill(&other.space, &fills).await.unwrap();
    assert_eq!(were_held, [false, true]);
}
