//! Bounds hold, and tags and clearing reach what they should.

use auth_cache::tiered::{Cache, Tag, each};

use super::support::{Source, pass, seconds};

#[tokio::test(start_paused = true)]
async fn it_holds_no_more_values_than_it_may() {
    let source = Source::of_batches(1_000);
    source.set_all(0..10_000);
    let cache = source.plain().with_capacity(500).build().unwrap();
    cache.warm_up(0..10_000).await;
    let entries = cache.stats().entries;
    assert!((250..=500).contains(&entries), "{entries}");
}

#[tokio::test(start_paused = true)]
async fn it_takes_no_more_bytes_than_it_may() {
    async fn text(key: u32) -> Result<Option<String>, std::io::Error> {
        let length = usize::try_from(key % 7).unwrap_or_default() * 1_000;
        Ok(Some("x".repeat(length)))
    }
    let builder = Cache::<u32, String>::builder("texts", each(text)).with_capacity(1_000_000);
    let builder = builder.with_capacity_bytes(1 << 20, |_, text| text.capacity());
    let cache = builder.build().unwrap();
    cache.warm_up(0..5_000).await;
    let held: usize = (0..5_000)
        .filter_map(|key| cache.peek(&key))
        .map(|text| text.len())
        .sum();
    assert!(held > 1 << 19, "{held}");
    assert!(cache.stats().bytes <= 1 << 20);
    assert!(held as u64 <= cache.stats().bytes);
}

#[tokio::test(start_paused = true)]
async fn a_tag_ends_what_has_it_and_nothing_else() {
    let source = Source::default();
    source.set(1, 10);
    source.set_tagged(2, 20, "odd");
    let builder = source.plain().with_tags(|key| match key {
        3 => vec![Tag::new("by key")],
        _ => Vec::new(),
    });
    let cache = builder.build().unwrap();
    source.set(3, 30);
    for key in [1, 2, 3, 4] {
        cache.get(&key).await.unwrap();
    }
    cache.invalidate_tag(&Tag::new("odd")).await.unwrap();
    let held = [1, 2, 3].map(|key| cache.peek(&key));
    assert_eq!(held, [Some(10), None, Some(30)]);
    cache.invalidate_tag(&Tag::new("by key")).await.unwrap();
    let held = [1, 2, 3].map(|key| cache.peek(&key));
    assert_eq!(held, [Some(10), None, None]);
    let stats = cache.stats();
    assert_eq!((stats.invalidations, stats.tag_invalidations), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_tag_by_key_ends_a_negative_entry_too() {
    let source = Source::default();
    let builder = source.plain().with_tags(|_| vec![Tag::new("all")]);
    let cache = builder.build().unwrap();
    assert_eq!(cache.get(&1).await.unwrap(), None);
    source.set(1, 10);
    cache.invalidate_tag(&Tag::new("all")).await.unwrap();
    assert_eq!(cache.get(&1).await.unwrap(), Some(10));
}

#[tokio::test(start_paused = true)]
async fn clearing_forgets_everything() {
    let source = Source::default();
    let cache = source.set(1, 10).plain().build().unwrap();
    for key in [1, 2] {
        cache.get(&key).await.unwrap();
    }
    source.set(1, 11).set(2, 20);
    cache.clear().await.unwrap();
    let stats = cache.stats();
    assert_eq!((stats.entries, stats.negative_entries), (0, 0));
    assert_eq!(cache.get(&1).await.unwrap(), Some(11));
    assert_eq!(cache.get(&2).await.unwrap(), Some(20));
    pass(seconds(1)).await;
}
