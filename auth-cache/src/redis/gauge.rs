//! How much a server may say.
//!
//! The parser of redis believes the lengths that a server announces, and gathers as
//! much. Here each length is checked as it arrives, before anything is gathered for it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The longest line: of a status, an error, a number, a length.
const LINE: usize = 64 * 1024;

/// The most values in one answer.
const VALUES: u64 = 1 << 20;

/// What an empty value is taken to weigh.
const VALUE: u64 = 64;

/// A stream whose answers are no larger than they may be. One that is, or that is no
/// answer at all, is an [`io::ErrorKind::InvalidData`], and the end.
#[derive(Debug)]
pub(super) struct Gauged<S> {
    inner: S,
    reader: Reader,
}

impl<S> Gauged<S> {
    pub(super) const fn new(inner: S, most: u64) -> Self {
        Self {
            inner,
            reader: Reader::new(most),
        }
    }
}

/// Follows RESP 2 and 3 as far as lengths go.
#[derive(Debug)]
struct Reader {
    /// The most bytes of one answer.
    most: u64,
    /// What the answer that is being read weighs so far.
    weight: u64,
    values: u64,
    /// How many values are left of it.
    left: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The first byte of a value.
    Kind,
    /// A line whose content is of no interest, of so many bytes so far.
    Line { length: usize },
    /// The length of what comes.
    Length { kind: u8, number: Number },
    /// So many bytes, the end of the line included.
    Bytes(u64),
}

#[derive(Clone, Copy, Debug, Default)]
struct Number {
    value: u64,
    digits: u8,
    is_negative: bool,
    is_over: bool,
}

impl Reader {
    const fn new(most: u64) -> Self {
        Self {
            most,
            weight: 0,
            values: 0,
            left: 1,
            state: State::Kind,
        }
    }

    /// `None` if it may not go on.
    fn read(&mut self, mut bytes: &[u8]) -> Option<()> {
        while let Some((&byte, rest)) = bytes.split_first() {
            match &mut self.state {
                State::Bytes(left) => {
                    let skipped = bytes
                        .len()
                        .min(usize::try_from(*left).unwrap_or(usize::MAX));
                    bytes = &bytes[skipped..];
                    *left -= skipped as u64;
                    if *left == 0 {
                        self.end_value();
                    }
                    continue;
                }
                State::Kind => self.begin(byte)?,
                State::Line { length } => {
                    *length += 1;
                    if byte == b'\n' {
                        self.end_value();
                    } else if *length > LINE {
                        return None;
                    }
                }
                State::Length { kind, number } => {
                    let (kind, is_known) = (*kind, number.read(byte)?);
                    if is_known {
                        let number = *number;
                        self.length(kind, number)?;
                    }
                }
            }
            bytes = rest;
        }
        Some(())
    }

    fn begin(&mut self, kind: u8) -> Option<()> {
        self.add(VALUE)?;
        self.values += 1;
        self.state = match kind {
            b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(' => State::Line { length: 0 },
            b'$' | b'=' | b'!' | b'*' | b'~' | b'>' | b'%' | b'|' => State::Length {
                kind,
                number: Number::default(),
            },
            _ => return None,
        };
        Some(())
    }

    fn length(&mut self, kind: u8, number: Number) -> Option<()> {
        let is_bytes = matches!(kind, b'$' | b'=' | b'!');
        if number.is_negative {
            // "Nothing", of those two alone.
            (matches!(kind, b'$' | b'*') && number.value == 1).then_some(())?;
            self.end_value();
        } else if is_bytes {
            self.add(number.value)?;
            self.state = State::Bytes(number.value + 2);
        } else {
            let values = match kind {
                b'%' => number.value.checked_mul(2)?,
                // What they describe comes after them.
                b'|' => number.value.checked_mul(2)?.checked_add(1)?,
                _ => number.value,
            };
            self.left = self.left.checked_add(values)?;
            if self.left + self.values > VALUES {
                return None;
            }
            self.end_value();
        }
        Some(())
    }

    fn add(&mut self, weight: u64) -> Option<()> {
        self.weight = self.weight.checked_add(weight)?;
        (self.weight <= self.most).then_some(())
    }

    fn end_value(&mut self) {
        self.state = State::Kind;
        self.left -= 1;
        if self.left == 0 {
            *self = Self::new(self.most);
        }
    }
}

impl Number {
    /// Whether it is known now; `None` if it is no number.
    fn read(&mut self, byte: u8) -> Option<bool> {
        match byte {
            b'\n' => return (self.is_over && self.digits > 0).then_some(true),
            _ if self.is_over => return None,
            b'\r' => self.is_over = true,
            b'-' if self.digits == 0 && !self.is_negative => self.is_negative = true,
            b'0'..=b'9' if self.digits < 18 => {
                self.value = self.value * 10 + u64::from(byte - b'0');
                self.digits += 1;
            }
            _ => return None,
        }
        Some(false)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gauged<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        if self.reader.read(&buf.filled()[before..]).is_none() {
            // Nothing of it is passed on, as nothing of it is an answer.
            buf.set_filled(before);
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "no answer of redis, or one that is too large",
            )));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gauged<S> {
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
    use super::*;

    /// Whether all of it passes, in one piece and byte by byte, and whether it is
    /// whole answers.
    fn passes(bytes: &[u8]) -> Option<bool> {
        let mut whole = Reader::new(4096);
        let passed = whole.read(bytes);
        let mut apart = Reader::new(4096);
        let by_bytes = bytes.chunks(1).try_for_each(|byte| apart.read(byte));
        assert_eq!(passed, by_bytes);
        passed?;
        let is_between = |reader: &Reader| {
            matches!(reader.state, State::Kind) && reader.left == 1 && reader.weight == 0
        };
        assert_eq!(is_between(&whole), is_between(&apart));
        Some(is_between(&whole))
    }

    #[test]
    fn every_kind_of_answer_passes() {
        for answer in [
            "+OK\r\n",
            "-ERR no\r\n",
            ":-12\r\n",
            "$-1\r\n",
            "*-1\r\n",
            "$0\r\n\r\n",
            "$5\r\n$9\r\n\n\r\n",
            "*0\r\n",
            "*2\r\n*1\r\n$1\r\na\r\n:1\r\n",
            "%1\r\n+a\r\n~2\r\n#t\r\n_\r\n",
            "|1\r\n+a\r\n,1.5\r\n(123\r\n",
            ">2\r\n+message\r\n=7\r\ntxt:abc\r\n",
            "!5\r\nERR x\r\n",
        ] {
            assert_eq!(passes(answer.as_bytes()), Some(true), "{answer:?}");
            let twice = answer.repeat(2);
            assert_eq!(passes(twice.as_bytes()), Some(true), "{twice:?}");
            let cut = &answer.as_bytes()[..answer.len() - 1];
            assert_eq!(passes(cut), Some(false), "{answer:?}");
        }
    }

    #[test]
    fn what_is_no_answer_or_too_large_does_not_pass() {
        for answer in [
            "HTTP/1.1 400 Bad Request\r\n",
            "\r\n",
            "$\r\n",
            "$x\r\n",
            "$1x\r\n",
            "$--1\r\n",
            "$-2\r\n",
            "%-1\r\n",
            "$536870912\r\n",
            "$99999999999999999999\r\n",
            "*1000000000\r\n",
            "%999999999999999999\r\n",
            "*2\r\n$4000\r\n",
        ] {
            assert_eq!(passes(answer.as_bytes()), None, "{answer:?}");
        }
        // Nothing but openings.
        assert_eq!(passes("*1\r\n".repeat(65).as_bytes()), None);
        assert_eq!(
            passes(format!("+{}", "a".repeat(LINE + 1)).as_bytes()),
            None
        );
    }
}
