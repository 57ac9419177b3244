//! What answers say.

use redis::Value;

use crate::redis::{Answer, LinkError, LinkErrorKind};

/// The bytes of an answer; `None` for nothing, and for what is something else.
pub(super) fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.into_bytes()),
        _ => None,
    }
}

/// A number, written as Redis and the scripts write it.
pub(super) fn number(value: Value) -> Option<u64> {
    match value {
        Value::Int(number) => u64::try_from(number).ok(),
        other => decimal(&bytes(other)?),
    }
}

pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    let is_decimal = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let text = is_decimal.then(|| std::str::from_utf8(digits).ok())??;
    text.parse().ok()
}

/// An answer; `None` if something of another type is where it was to be looked for.
pub(super) fn looked(answer: Result<Answer, LinkError>) -> Result<Option<Answer>, LinkError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => match error.kind() {
            LinkErrorKind::Refused { code } if &**code == "WRONGTYPE" => Ok(None),
            _ => Err(error),
        },
    }
}

pub(super) fn senseless() -> LinkError {
    LinkError::wrong_reply("no answer to what was asked")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_and_nothing_else() {
        assert_eq!(decimal(b"1800000000000001"), Some(1_800_000_000_000_001));
        for bad in [
            &b""[..],
            b"-1",
            b"+1",
            b" 1",
            b"1.0",
            b"1e3",
            b"18446744073709551616",
        ] {
            assert_eq!(decimal(bad), None, "{bad:?}");
        }
        assert_eq!(number(Value::Int(-1)), None);
        assert_eq!(number(Value::Nil), None);
    }
}
