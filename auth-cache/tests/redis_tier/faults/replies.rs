//! Answers that are wrong: F5.

use std::collections::HashMap;
use std::time::Duration;

use auth_cache::redis::RedisLink;
use auth_testkit::rounds;
use auth_testkit::servers::{Direction, Piece, Proxy, Verdict};
use tokio::time::sleep;

use super::super::support::{World, eventually};
use super::load::{Load, Source, until_shared};

/// What becomes of an answer. What a server that makes no sense does, or one that another
/// program's bytes have got into: TCP itself loses nothing and changes no order.
#[derive(Clone, Copy, Debug)]
enum Lie {
    /// A bit is another.
    Bit,
    /// It ends, and so does the connection.
    Cut,
    /// It does not come, and the next one comes in its place.
    Lost,
    Twice,
    /// The one before it on this connection.
    Former,
}

const LIES: [Lie; 5] = [Lie::Bit, Lie::Cut, Lie::Lost, Lie::Twice, Lie::Former];

/// Lies once in so many answers.
struct Liar {
    lies: &'static [Lie],
    once_in: u64,
    draw: u64,
    former: HashMap<u64, Vec<u8>>,
}

impl Liar {
    fn new(lies: &'static [Lie], once_in: u64) -> Self {
        Self {
            lies,
            once_in,
            draw: 0x2545_f491_4f6c_dd1d,
            former: HashMap::new(),
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.draw ^= self.draw << 13;
        self.draw ^= self.draw >> 7;
        self.draw ^= self.draw << 17;
        usize::try_from(self.draw % bound as u64).unwrap()
    }

    fn judge(&mut self, piece: &Piece<'_>) -> Verdict {
        if piece.direction == Direction::ToServer {
            return Verdict::Pass;
        }
        let bytes = piece.bytes.to_vec();
        let former = self.former.insert(piece.connection, bytes.clone());
        if self.below(usize::try_from(self.once_in).unwrap()) > 0 {
            return Verdict::Pass;
        }
        match self.lies[self.below(self.lies.len())] {
            Lie::Bit => {
                let mut altered = bytes;
                let place = self.below(altered.len());
                altered[place] ^= 1 << self.below(8);
                Verdict::Instead(altered)
            }
            Lie::Cut => Verdict::Cut {
                after: self.below(bytes.len()),
            },
            Lie::Lost => Verdict::Instead(Vec::new()),
            Lie::Twice => Verdict::Instead([&bytes[..], &bytes].concat()),
            Lie::Former => Verdict::Instead(former.unwrap_or(bytes)),
        }
    }
}

/// Reads of a process whose server lies to it: never the value of another key, nor
/// anything that is no value. What was invalidated is another matter: an answer too many
/// makes it believe that it was.
async fn lies_to_a_process(lies: &'static [Lie], once_in: u64, answers: u64) {
    let world = World::start().await;
    let source = Source::that_takes(Duration::ZERO);
    let proxy = Proxy::before(&world.server.url()).unwrap();
    let link = |url: &str| RedisLink::single(url).unwrap().build().unwrap();
    let near = source.cache(link(&world.server.url()), &world.root).await;
    let far = source.cache(link(proxy.url()), &world.root).await;
    let honest = Load::start(&source, &[&near]);
    let load = Load::start_where(&source, &[&far], false);
    load.answers(200).await;
    let mut liar = Liar::new(lies, once_in);
    proxy.rule(move |piece| liar.judge(piece));
    load.answers(answers).await;
    proxy.no_rule();
    // Who has had an answer too many goes on having it: the link says so.
    proxy.cut();
    until_shared(&source, &near, &far).await;
    eventually(|| async { far.stats().hears == Some(true) }).await;
    sleep(Duration::from_millis(100)).await;
    let told = load.stop(&format!("lied to ({lies:?})")).await;
    assert!(told.from_tier > 0, "{told:?}");
    // The others are none the worse.
    let honest = honest.stop("beside it").await;
    assert!(honest.from_tier > 0, "{honest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f05_whatever_answers_say_nobody_is_given_another_key_s_value() {
    lies_to_a_process(&LIES, 40, rounds(5_000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f05_answers_that_are_cut_off_are_none() {
    lies_to_a_process(&[Lie::Cut], 10, rounds(1_000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f05_answers_to_another_question_are_no_values() {
    lies_to_a_process(&[Lie::Lost, Lie::Twice, Lie::Former], 200, rounds(2_000)).await;
}
