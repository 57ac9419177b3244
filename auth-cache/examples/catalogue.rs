//! An application's own data behind a cache: prices of a shop, from a database that is
//! slow and at times down.
//!
//! `cargo run -p auth-cache --example catalogue`
#![expect(clippy::print_stdout, reason = "it is there to be read")]

use std::collections::HashMap;
use std::error::Error;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_cache::tiered::{Cache, Tag, TtlClass, batch};
use auth_cache::write_behind::WriteBehind;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// What is sold: a table of the application's.
#[derive(Clone, Debug, PartialEq)]
struct Product {
    name: Arc<str>,
    cents: u64,
}

/// The database: every query takes 20 ms.
#[derive(Default)]
struct Database {
    products: Mutex<HashMap<u32, Product>>,
    views: Mutex<HashMap<u32, u64>>,
    queries: AtomicUsize,
    is_down: AtomicBool,
}

impl Database {
    async fn query(&self) -> Result<(), &'static str> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(20)).await;
        if self.is_down.load(Ordering::Relaxed) {
            return Err("connection refused");
        }
        Ok(())
    }

    /// `SELECT … WHERE id = ANY($1)`: what is not there is `None`.
    async fn products(&self, ids: &[u32]) -> Result<Vec<Option<Product>>, &'static str> {
        self.query().await?;
        let products = lock(&self.products);
        Ok(ids.iter().map(|id| products.get(id).cloned()).collect())
    }

    async fn set_price(&self, id: u32, cents: u64) -> Result<(), &'static str> {
        self.query().await?;
        if let Some(product) = lock(&self.products).get_mut(&id) {
            product.cents = cents;
        }
        Ok(())
    }

    async fn add_views(&self, views: Vec<(u32, u64)>) -> Result<(), &'static str> {
        self.query().await?;
        let mut known = lock(&self.views);
        for (id, more) in views {
            *known.entry(id).or_default() += more;
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let database = Arc::new(Database::default());
    for id in 0..1_000 {
        let name = format!("product {id}").into();
        let cents = u64::from(id) * 100;
        lock(&database.products).insert(id, Product { name, cents });
    }

    let source = Arc::clone(&database);
    let products: Cache<u32, Product> = Cache::builder(
        "products",
        batch(move |ids: Vec<u32>| {
            let source = Arc::clone(&source);
            async move { source.products(&ids).await }
        }),
    )
    .with_ttl(TtlClass::Short)
    .with_stale_if_error(Duration::from_secs(600))
    .with_capacity_bytes(8 << 20, |_, product| product.name.len())
    .with_tags(|id| vec![Tag::new(format!("shelf:{}", id % 10))])
    .build()?;

    // Two thousand visitors at once, who look at five hundred products.
    let mut visitors = JoinSet::new();
    for visitor in 0..2_000_u32 {
        let products = products.clone();
        visitors.spawn(async move { products.get(&(visitor % 500)).await });
    }
    while let Some(product) = visitors.join_next().await {
        assert!(product??.is_some());
    }
    let queries = || database.queries.load(Ordering::Relaxed);
    println!("2000 visitors, 500 products: {} queries", queries());

    // What does not exist is an answer too.
    assert_eq!(products.get(&5_000).await?, None);
    assert_eq!(products.get(&5_000).await?, None);

    // A price changes: from here on nobody is shown the old one.
    database.set_price(7, 99).await?;
    products.invalidate(&7).await?;
    let product = products.get(&7).await?.ok_or("it exists")?;
    println!("{} costs {} cents now", product.name, product.cents);

    // Everything on a shelf was repriced by somebody else.
    products.invalidate_tag(&Tag::new("shelf:3")).await?;
    assert_eq!(
        (products.peek(&13), products.peek(&14).is_some()),
        (None, true)
    );

    // The database is down: what is known is served, the rest is no "no".
    database.is_down.store(true, Ordering::Relaxed);
    assert!(products.get(&14).await?.is_some());
    let by = products.deadline(Duration::from_millis(200));
    if let Err(unavailable) = products.get_by(&13, by).await {
        println!(
            "product 13: {unavailable}, a {}",
            unavailable.code().http_status()
        );
    }
    database.is_down.store(false, Ordering::Relaxed);

    // Views are counted and written together; a crash would lose those of a second.
    let source = Arc::clone(&database);
    let views = WriteBehind::builder("views", move |counts: Vec<(u32, u64)>| {
        let source = Arc::clone(&source);
        async move { source.add_views(counts).await }
    })
    .with_merge(|old: &mut u64, more| *old += more)
    .build()?;
    let before = queries();
    for view in 0..10_000_u32 {
        views.put(view % 100, 1)?;
    }
    views.flush().await?;
    println!("10000 views: {} query", queries() - before);

    println!("{:#?}", products.stats());
    Ok(())
}
