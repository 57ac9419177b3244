//! Reading a little at a time.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf, Take};

/// What is read in a turn, in bytes: some twenty small answers. Half of it costs more calls
/// of the system, twice as much leaves the server without work.
const PORTION: u64 = 4096;

/// After so many turns in a row that were not enough it is twice as much in each: what
/// comes is one large answer, or turns are rare.
const SMALL_TURNS: u32 = 4;

/// It is doubled as often, to what is no bound for an answer.
const MOST_DOUBLINGS: u32 = 20;

/// How much may still be read in this turn. A clone is the same portion.
#[derive(Clone, Debug)]
pub(super) struct Portion(Arc<Shared>);

/// Only one task reads.
#[derive(Debug)]
struct Shared {
    left: AtomicU64,
    /// Turns in a row that were not enough.
    used_up: AtomicU32,
}

impl Portion {
    /// Before the first turn, while the connection is made, there is no bound.
    pub(super) fn new() -> Self {
        Self(Arc::new(Shared {
            left: AtomicU64::new(u64::MAX),
            used_up: AtomicU32::new(0),
        }))
    }

    /// The next turn begins.
    pub(super) fn begin(&self) {
        let used_up = if self.is_used_up() {
            self.0.used_up.load(Ordering::Relaxed).saturating_add(1)
        } else {
            0
        };
        self.0.used_up.store(used_up, Ordering::Relaxed);
        let doublings = used_up.saturating_sub(SMALL_TURNS - 1).min(MOST_DOUBLINGS);
        self.0.left.store(PORTION << doublings, Ordering::Relaxed);
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.left() == 0
    }

    fn left(&self) -> u64 {
        self.0.left.load(Ordering::Relaxed)
    }
}

/// A stream of which no more is read in a turn than the portion. Whoever comes for more is
/// woken at once, for the next turn.
#[derive(Debug)]
pub(super) struct Portioned<S> {
    inner: Take<S>,
    portion: Portion,
}

impl<S: AsyncRead> Portioned<S> {
    pub(super) fn new(inner: S, portion: Portion) -> Self {
        Self {
            inner: inner.take(0),
            portion,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Portioned<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = self.portion.left();
        if left == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.inner.set_limit(left);
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        let left = self.inner.limit();
        self.portion.0.left.store(left, Ordering::Relaxed);
        polled
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Portioned<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.inner.get_mut()).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.inner.get_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.inner.get_mut()).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::{AsyncWriteExt as _, DuplexStream};

    use super::*;

    const PORTION: usize = 4096;

    async fn sent(bytes: &[u8]) -> (Portioned<DuplexStream>, Portion, DuplexStream) {
        let (near, mut far) = tokio::io::duplex(bytes.len());
        far.write_all(bytes).await.unwrap();
        let portion = Portion::new();
        (Portioned::new(near, portion.clone()), portion, far)
    }

    /// What comes without waiting.
    fn now(reading: impl Future<Output = io::Result<usize>>) -> Option<usize> {
        let mut reading = std::pin::pin!(reading);
        match reading
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(read) => Some(read.unwrap()),
            Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn a_turn_reads_its_portion_and_the_next_one_the_rest() {
        let all: Vec<u8> = (0..=u8::MAX).cycle().take(PORTION + 100).collect();
        let (mut stream, portion, _far) = sent(&all).await;
        let mut read = vec![0; 3 * PORTION];
        portion.begin();
        assert_eq!(now(stream.read(&mut read[..1000])), Some(1000));
        assert!(!portion.is_used_up());
        assert_eq!(now(stream.read(&mut read[1000..])), Some(PORTION - 1000));
        assert!(portion.is_used_up());
        assert_eq!(now(stream.read(&mut read[PORTION..])), None);
        portion.begin();
        assert_eq!(now(stream.read(&mut read[PORTION..])), Some(100));
        assert_eq!(read[..all.len()], all);
    }

    #[tokio::test]
    async fn whoever_comes_for_more_is_woken_for_the_next_turn() {
        let (mut stream, portion, _far) = sent(&[7; 3 * PORTION]).await;
        let mut read = vec![0; 3 * PORTION];
        let mut reading = std::pin::pin!(stream.read_exact(&mut read));
        let mut turns = 0;
        let all = std::future::poll_fn(|cx| {
            turns += 1;
            portion.begin();
            reading.as_mut().poll(cx)
        });
        all.await.unwrap();
        assert_eq!(turns, 3);
    }

    #[tokio::test]
    async fn what_is_large_is_read_in_few_turns() {
        let all = vec![7; 1 << 20];
        let (mut stream, portion, _far) = sent(&all).await;
        let mut read = vec![0; all.len()];
        let turn = |stream: &mut Portioned<_>, place: &mut [u8]| {
            portion.begin();
            now(stream.read(place)).unwrap()
        };
        let (mut place, mut turns) = (0, Vec::new());
        while place < all.len() {
            turns.push(turn(&mut stream, &mut read[place..]));
            place += turns[turns.len() - 1];
        }
        assert_eq!(turns[..6], [1, 1, 1, 1, 2, 4].map(|times| times * PORTION));
        assert!(turns.len() < 14, "{turns:?}");
        // What was not used up is followed by little again.
        assert!(!portion.is_used_up());
        portion.begin();
        assert_eq!(portion.left(), PORTION as u64);
    }

    #[tokio::test]
    async fn before_the_first_turn_there_is_no_bound() {
        let (mut stream, _portion, _far) = sent(&[7; 3 * PORTION]).await;
        let mut read = vec![0; 3 * PORTION];
        assert_eq!(now(stream.read(&mut read)), Some(3 * PORTION));
    }
}
