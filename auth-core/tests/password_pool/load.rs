//! The pool under load, cancellation, failure and shutdown.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use auth_core::password::{CorruptHash, HashError, HashPool, PasswordHash, PoolError};
use auth_core::{Clock, Deadline, EntropyError, Now, SecureRandom, SystemClock, SystemRandom};

use crate::support::{Bench, HANG, Slow, answer, enough_for, password, still_clock, weak};

#[tokio::test]
async fn c81_a_user_without_a_hash_costs_one_hash_and_is_never_let_in() {
    let Bench {
        clock,
        gate: _,
        pool,
    } = &Bench::new(|pool| pool);
    let by = Deadline::after(clock.now(), HANG);
    let verdict = answer(pool.verify(password("hunter2"), None, by)).await;
    assert!(!verdict.unwrap().matches);
    assert_eq!(pool.stats().hashed, 1);
}

#[tokio::test]
async fn c81_a_corrupt_hash_costs_one_hash_and_says_so() {
    let bench = Bench::new(|pool| pool);
    let corrupt = PasswordHash::from_phc("$argon2id$v=19$".to_owned());
    let by = bench.within(HANG);
    let verdict = answer(bench.pool.verify(password("hunter2"), Some(corrupt), by)).await;
    assert_eq!(verdict, Err(HashError::Corrupt(CorruptHash::Malformed)));
    assert_eq!(bench.pool.stats().hashed, 1);
}

#[tokio::test]
async fn c84_the_pool_learns_how_long_a_hash_takes() {
    let clock = still_clock();
    let takes = Duration::from_millis(100);
    let learned = weak()
        .with_clock(clock.clone())
        .with_random(Arc::new(Slow {
            clock: clock.clone(),
            takes,
        }))
        .build()
        .unwrap();
    for _ in 0..100 {
        let by = Deadline::after(clock.now(), HANG);
        answer(learned.hash(password("hunter2"), by)).await.unwrap();
    }
    let average = learned.stats().average_hash;
    assert!(
        average.abs_diff(takes) < Duration::from_millis(1),
        "{average:?}"
    );
}

/// A first guess of 8 µs for a hash, and a clock that stands still.
#[tokio::test]
async fn c84_overload_is_refused_by_the_expected_wait_and_tells_when_to_return() {
    let bench = Bench::new(|pool| pool);
    let average = bench.pool.stats().average_hash;
    assert_eq!(average, Duration::from_micros(8));

    let running = bench.hash();
    bench.gate.wait_for(1);
    // The first to wait waits for one hash, the second for two.
    let nothing_to_spare = bench.pool.hash(password("hunter2"), bench.within(average));
    assert!(answer(nothing_to_spare).await.is_err());
    let by = bench.within(enough_for(average));
    let first = bench.pool.hash(password("hunter2"), by);
    let second = bench.pool.hash(password("hunter2"), by);
    let unknown = bench.pool.verify(password("hunter2"), None, by);
    let overloaded = HashError::Overloaded {
        retry_after: average * 2,
    };
    assert_eq!(answer(second).await.unwrap_err(), overloaded);
    assert_eq!(answer(unknown).await.unwrap_err(), overloaded);

    let patient = bench
        .pool
        .hash(password("hunter2"), bench.within(enough_for(average * 2)));
    bench.gate.open(3);
    for admitted in [
        answer(running).await,
        answer(first).await,
        answer(patient).await,
    ] {
        admitted.unwrap();
    }
    let stats = bench.pool.stats();
    assert_eq!(
        (stats.hashed, stats.refused, stats.skipped, stats.queued),
        (3, 3, 0, 0)
    );
}

#[tokio::test]
async fn c84_a_full_queue_refuses_whatever_the_deadline() {
    let bench = Bench::new(|pool| pool.with_queue_bound(2));
    let admitted = [bench.hash(), bench.hash(), bench.hash()];
    let refused = answer(bench.hash()).await.unwrap_err();
    assert!(matches!(refused, HashError::Overloaded { .. }), "{refused}");
    bench.gate.open(3);
    for job in admitted {
        answer(job).await.unwrap();
    }
}

#[tokio::test]
async fn without_a_queue_an_idle_thread_still_serves() {
    let bench = Bench::new(|pool| pool.with_queue_bound(0));
    let running = bench.hash();
    assert!(answer(bench.hash()).await.is_err());
    bench.gate.open(1);
    assert!(answer(running).await.is_ok());
}

/// However slow hashing once was, an idle pool takes a job and measures again.
#[tokio::test]
async fn an_idle_pool_is_never_overloaded() {
    let clock = still_clock();
    let takes = Duration::from_hours(1);
    let random = Arc::new(Slow {
        clock: clock.clone(),
        takes,
    });
    let pool = weak()
        .with_clock(clock.clone())
        .with_random(random)
        .build()
        .unwrap();
    for _ in 0..3 {
        let by = Deadline::after(clock.now(), Duration::from_millis(1));
        assert!(answer(pool.hash(password("hunter2"), by)).await.is_ok());
    }
}

#[tokio::test]
async fn c84_a_job_whose_caller_left_is_never_hashed() {
    let bench = Bench::new(|pool| pool);
    let running = bench.hash();
    bench.gate.wait_for(1);
    drop(bench.hash());
    drop(
        bench
            .pool
            .verify(password("hunter2"), None, bench.within(HANG)),
    );
    let last = bench.hash();
    bench.gate.open(2);
    answer(running).await.unwrap();
    answer(last).await.unwrap();
    let stats = bench.pool.stats();
    assert_eq!((stats.hashed, stats.skipped, stats.running), (2, 2, 0));
}

#[tokio::test]
async fn c84_callers_that_left_do_not_keep_others_out() {
    let bench = Bench::new(|pool| pool.with_queue_bound(3));
    let running = bench.hash();
    bench.gate.wait_for(1);
    let before = bench.hash();
    drop((bench.hash(), bench.hash()));
    let after = bench.hash();
    assert_eq!(bench.pool.stats().queued, 2);
    bench.gate.open(3);
    for job in [running, before, after] {
        answer(job).await.unwrap();
    }
    assert_eq!(bench.pool.stats().skipped, 2);
}

#[tokio::test]
async fn c84_a_job_whose_deadline_passed_in_the_queue_is_never_hashed() {
    let bench = Bench::new(|pool| pool);
    let running = bench.hash();
    bench.gate.wait_for(1);
    let late = bench
        .pool
        .hash(password("hunter2"), bench.within(Duration::from_secs(1)));
    bench.clock.advance(Duration::from_secs(1));
    bench.gate.open(2);
    answer(running).await.unwrap();
    assert_eq!(answer(late).await.unwrap_err(), HashError::DeadlinePassed);
    let stats = bench.pool.stats();
    assert_eq!((stats.hashed, stats.skipped), (1, 1));
}

#[tokio::test]
async fn a_job_that_comes_after_its_deadline_is_refused() {
    let bench = Bench::new(|pool| pool);
    let late = bench
        .pool
        .hash(password("hunter2"), bench.within(Duration::ZERO));
    assert_eq!(answer(late).await.unwrap_err(), HashError::DeadlinePassed);
    assert_eq!(bench.pool.stats().refused, 1);
}

#[tokio::test]
async fn shutting_down_finishes_what_runs_and_refuses_the_rest() {
    let bench = Bench::new(|pool| pool);
    let running = bench.hash();
    bench.gate.wait_for(1);
    let queued = bench.hash();
    let pool = bench.pool.clone();
    let shut_down = tokio::task::spawn_blocking(move || pool.shut_down());
    assert_eq!(answer(queued).await.unwrap_err(), HashError::ShutDown);
    assert!(!shut_down.is_finished());
    bench.gate.open(1);
    answer(shut_down).await.unwrap();
    assert!(answer(running).await.is_ok());

    assert_eq!(answer(bench.hash()).await.unwrap_err(), HashError::ShutDown);
    bench.pool.shut_down();
    let stats = bench.pool.stats();
    assert_eq!((stats.hashed, stats.refused, stats.running), (1, 2, 0));
}

#[tokio::test]
async fn dropping_the_last_handle_refuses_what_waits_and_does_not_block() {
    let bench = Bench::new(|pool| pool);
    let running = bench.hash();
    bench.gate.wait_for(1);
    let queued = bench.hash();
    let clone = bench.pool.clone();
    let Bench { pool, gate, .. } = bench;
    drop(pool);
    assert_eq!(clone.stats().queued, 1);
    drop(clone);
    assert_eq!(answer(queued).await.unwrap_err(), HashError::ShutDown);
    gate.open(1);
    assert!(answer(running).await.is_ok());
}

#[test]
fn shutting_down_ends_idle_threads() {
    let pool = weak().with_threads(3).build().unwrap();
    let (done, wait) = mpsc::channel();
    thread::spawn(move || {
        pool.shut_down();
        done.send(()).unwrap();
    });
    wait.recv_timeout(HANG).unwrap();
}

#[test]
fn dropping_the_last_handle_ends_idle_threads() {
    let clock = still_clock();
    let builder = weak().with_threads(3).with_clock(clock.clone());
    drop(builder.build().unwrap());
    // The threads hold the clock.
    let ended = (0..HANG.as_millis()).any(|_| {
        thread::sleep(Duration::from_millis(1));
        Arc::strong_count(&clock) == 1
    });
    assert!(ended, "a thread outlived its pool");
}

#[derive(Debug)]
struct NoEntropy;

impl SecureRandom for NoEntropy {
    fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
        Err(EntropyError)
    }
}

#[tokio::test]
async fn c49_without_entropy_there_is_no_hash_but_still_a_verdict() {
    let clock = still_clock();
    let pool = weak()
        .with_clock(clock.clone())
        .with_random(Arc::new(NoEntropy))
        .build()
        .unwrap();
    let by = Deadline::after(clock.now(), HANG);
    let refused = answer(pool.hash(password("hunter2"), by))
        .await
        .unwrap_err();
    assert_eq!(refused, HashError::Entropy(EntropyError));
    assert_eq!(pool.stats().hashed, 0);
    let verdict = answer(pool.verify(password("hunter2"), None, by)).await;
    assert!(!verdict.unwrap().matches);
}

#[derive(Debug, Default)]
struct PanicsOnce(AtomicBool);

impl SecureRandom for PanicsOnce {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        assert!(self.0.swap(true, Ordering::SeqCst), "on purpose");
        SystemRandom::new().fill(buffer)
    }
}

#[tokio::test]
async fn a_panic_costs_one_answer_and_not_the_pool() {
    let clock = still_clock();
    let random = Arc::new(PanicsOnce::default());
    let pool = weak()
        .with_clock(clock.clone())
        .with_random(random)
        .build()
        .unwrap();
    let by = Deadline::after(clock.now(), HANG);
    let lost = answer(pool.hash(password("hunter2"), by))
        .await
        .unwrap_err();
    assert_eq!(lost, HashError::Lost);
    assert!(answer(pool.hash(password("hunter2"), by)).await.is_ok());
    assert_eq!(pool.stats().running, 0);
}

/// A clock that panics when a thread of the pool asks it for the second time after
/// the first salt was drawn: when the hash is done, and its turn is over.
#[derive(Debug)]
struct PanicsAtTheEnd {
    clock: SystemClock,
    asked: AtomicUsize,
}

impl PanicsAtTheEnd {
    const NOT_YET: usize = usize::MAX / 2;
}

impl Clock for PanicsAtTheEnd {
    fn now(&self) -> Now {
        if thread::current().name() == Some("auth-hash-0") {
            assert_ne!(self.asked.fetch_add(1, Ordering::SeqCst), 1, "on purpose");
        }
        self.clock.now()
    }
}

impl SecureRandom for PanicsAtTheEnd {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        if self.asked.load(Ordering::SeqCst) >= Self::NOT_YET {
            self.asked.store(0, Ordering::SeqCst);
        }
        SystemRandom::new().fill(buffer)
    }
}

#[tokio::test]
async fn a_panic_at_the_end_of_a_turn_costs_one_answer_and_not_the_pool() {
    let port = Arc::new(PanicsAtTheEnd {
        clock: SystemClock,
        asked: AtomicUsize::new(PanicsAtTheEnd::NOT_YET),
    });
    let pool = weak()
        .with_clock(port.clone())
        .with_random(port.clone())
        .build()
        .unwrap();
    let by = pool.deadline(HANG);
    let lost = answer(pool.hash(password("hunter2"), by)).await;
    assert_eq!(lost.unwrap_err(), HashError::Lost);
    // Long enough for the thread to sleep, so that it has to be woken.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(answer(pool.hash(password("hunter2"), by)).await.is_ok());
    assert_eq!(pool.stats().running, 0);
}

#[tokio::test]
async fn whoever_would_wait_forever_may() {
    let bench = Bench::new(|pool| pool);
    let forever = bench.pool.deadline(Duration::MAX);
    let jobs = [0; 3].map(|_| bench.pool.hash(password("hunter2"), forever));
    bench.gate.open(3);
    for job in jobs {
        answer(job).await.unwrap();
    }
}

/// Shuts the pool down from where it is woken: a thread of the pool.
struct ShutsDown {
    pool: HashPool,
    woken: mpsc::Sender<()>,
}

impl Wake for ShutsDown {
    fn wake(self: Arc<Self>) {
        self.pool.shut_down();
        self.woken.send(()).unwrap();
        panic!("on purpose");
    }
}

#[test]
fn a_waker_may_shut_the_pool_down_and_panic() {
    let bench = Bench::new(|pool| pool);
    let mut job = pin!(bench.hash());
    let (woken, wait) = mpsc::channel();
    let waker = Arc::new(ShutsDown {
        pool: bench.pool.clone(),
        woken,
    })
    .into();
    assert!(
        job.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    bench.gate.open(1);
    wait.recv_timeout(HANG).unwrap();
    let answer = job.poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(answer, Poll::Ready(Ok(_))), "{answer:?}");
}

/// Many callers on several threads; every one gets its own answer.
#[tokio::test(flavor = "multi_thread")]
async fn c84_answers_reach_those_who_asked() {
    let clock = still_clock();
    let pool = weak()
        .with_threads(3)
        .with_clock(clock.clone())
        .build()
        .unwrap();
    let by = Deadline::after(clock.now(), HANG);
    let tasks: Vec<_> = (0..64)
        .map(|index| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let mine = format!("password of {index}");
                let hash = pool.hash(password(&mine), by).await.unwrap();
                let other = password("password of somebody else");
                let verdict = pool.verify(other, Some(hash.clone()), by).await;
                assert!(!verdict.unwrap().matches);
                pool.verify(password(&mine), Some(hash), by).await
            })
        })
        .collect();
    for task in tasks {
        assert!(answer(task).await.unwrap().unwrap().matches);
    }
    assert_eq!(pool.stats().hashed, 192);
}

#[test]
fn c84_memory_is_one_block_for_each_thread() {
    let pool = weak().with_threads(3).build().unwrap();
    assert_eq!((pool.threads(), pool.memory_bytes()), (3, 3 * 8 * 1024));
}

#[test]
fn a_pool_without_threads_is_not_built() {
    assert!(matches!(
        weak().with_threads(0).build(),
        Err(PoolError::NoThreads)
    ));
}

#[tokio::test]
async fn c87_neither_passwords_nor_hashes_show_in_debug_or_errors() {
    let bench = Bench::new(|pool| pool);
    bench.gate.open(1);
    let hash = answer(bench.hash()).await.unwrap();
    let phc = hash.expose_phc().to_owned();
    let corrupt = PasswordHash::from_phc(format!("{phc}$"));
    let by = bench.within(HANG);
    let error = answer(bench.pool.verify(password("hunter2"), Some(corrupt), by))
        .await
        .unwrap_err();
    let waiting = bench.hash();
    let shown = format!("{:?} {hash:?} {error:?} {error}", bench.pool);
    drop(waiting);
    bench.gate.open(1);
    for secret in ["hunter2", "$argon2id", phc.rsplit('$').next().unwrap()] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// How nice the threads of this process are that hash, and the others.
#[cfg(target_os = "linux")]
fn nicenesses() -> [Vec<i32>; 2] {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let stats =
        tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("stat")).ok());
    let mut all = [vec![], vec![]];
    for stat in stats {
        // `id (name) state …`; niceness is the 19th field, the 17th after the name.
        let (head, rest) = stat.rsplit_once(") ").unwrap();
        let niceness: i32 = rest.split(' ').nth(16).unwrap().parse().unwrap();
        all[usize::from(!head.contains("(auth-hash-"))].push(niceness);
    }
    all
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn c84_threads_that_hash_are_nicer_and_nobody_else_becomes_so() {
    use rustix::process::{getpriority_process, setpriority_process};

    let of_process = getpriority_process(None).unwrap().max(10);
    setpriority_process(None, of_process).unwrap();
    for (pool, nicer) in [
        (weak().with_niceness(0), of_process),
        (weak(), of_process + 5),
        (weak().with_niceness(7), of_process + 7),
        (weak().with_niceness(200), 19),
    ] {
        let pool = pool.build().unwrap();
        let by = pool.deadline(HANG);
        answer(pool.hash(password("hunter2"), by)).await.unwrap();
        let [hashing, others] = nicenesses();
        assert!(hashing.contains(&nicer.min(19)), "{nicer}: {hashing:?}");
        assert_eq!(getpriority_process(None).unwrap(), of_process);
        assert!(others.iter().all(|&it| it <= of_process), "{others:?}");
    }
}
