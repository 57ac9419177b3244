//! Reading a little at a time.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is read in a turn, in bytes: some twenty small answers. Half of it costs more calls
/// of the system, twice as much leaves the server without work.
const PORTION: usize = 4096;

/// How much may still be read in this turn. A clone is the same portion.
#[derive(Clone, Debug)]
pub(super) struct Portion(Arc<AtomicUsize>);

impl Portion {
    /// Before the first turn, while the connection is made, there is no bound.
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicUsize::new(usize::MAX)))
    }

    /// The next turn begins.
    pub(super) fn begin(&self) {
        self.0.store(PORTION, Ordering::Relaxed);
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.left() == 0
    }

    fn left(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Only one task reads.
    fn take(&self, bytes: usize) {
        let left = self.left().saturating_sub(bytes);
        self.0.store(left, Ordering::Relaxed);
    }
}

/// A stream of which no more is read in a turn than the portion. Whoever comes for more is
/// woken at once, for the next turn.
#[derive(Debug)]
pub(super) struct Portioned<S> {
    inner: S,
    portion: Portion,
}

impl<S> Portioned<S> {
    pub(super) const fn new(inner: S, portion: Portion) -> Self {
        Self { inner, portion }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Portioned<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let most = self.portion.left().min(buf.remaining());
        if self.portion.is_used_up() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(most));
        let polled = Pin::new(&mut self.inner).poll_read(cx, &mut part);
        let read = part.filled().len();
        buf.advance(read);
        self.portion.take(read);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Portioned<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

    use super::*;

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
    async fn before_the_first_turn_there_is_no_bound() {
        let (mut stream, _portion, _far) = sent(&[7; 3 * PORTION]).await;
        let mut read = vec![0; 3 * PORTION];
        assert_eq!(now(stream.read(&mut read)), Some(3 * PORTION));
    }
}
