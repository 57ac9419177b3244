//! A strict JSON reader (RFC 8259) over text that is held in memory: one
//! value, nothing after it, no name twice, bounded depth.

use std::borrow::Cow;

use super::error::TokenError;
use super::names::Names;
use super::scan::end_of_run;
use super::span::Span;

/// The deepest nesting that is read.
const MAX_DEPTH: u8 = 64;

pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u8,
}

/// The name of a member: one that the caller knows, or another.
#[derive(Clone, Copy)]
pub(super) enum Name<'n, N> {
    Known(N),
    Other(&'n str),
}

type Result<T> = std::result::Result<T, TokenError>;

const MALFORMED: TokenError = TokenError::Malformed("JSON");

impl<'a> Reader<'a> {
    pub(super) const fn new(text: &'a str, at: usize) -> Self {
        Self { text, at, depth: 0 }
    }

    /// Reads `text` as exactly one object and hands each member to `member`,
    /// which must read its value. Of names, `known` tells which the caller
    /// knows; the numbers of those that were met are the bits that are
    /// returned.
    pub(super) fn document<N: Copy + Into<u8>>(
        text: &'a str,
        known: impl Fn(&str) -> Option<N>,
        mut member: impl FnMut(Name<'_, N>, &mut Self) -> Result<()>,
    ) -> Result<u32> {
        let mut reader = Self::new(text, 0);
        let mut seen = 0_u32;
        let mut others = None;
        reader.object(|name, reader| {
            let Some(known) = known(&name) else {
                member(Name::Other(&name), reader)?;
                return others.get_or_insert_with(Names::new).add(name);
            };
            let bit = 1 << known.into();
            if seen & bit != 0 {
                return Err(TokenError::DuplicateName);
            }
            seen |= bit;
            member(Name::Known(known), reader)
        })?;
        reader.space();
        if reader.at == text.len() {
            Ok(seen)
        } else {
            Err(MALFORMED)
        }
    }

    /// The first member `name` of the object that `text` begins with, if it is
    /// a string. What stands behind it is not read.
    pub(super) fn first_string(text: &'a str, name: &str) -> Result<Option<Cow<'a, str>>> {
        let mut found = None;
        let read = Self::new(text, 0).object(|member, reader| {
            if member != name {
                return reader.skip();
            }
            found = Some(reader.string()?);
            // Whatever the error, it only ends the reading.
            Err(MALFORMED)
        });
        match found {
            Some(found) => Ok(Some(found)),
            None => read.map(|()| None),
        }
    }

    /// Reads a string, and says where it stands between its quotes.
    pub(super) fn text(&mut self) -> Result<(Span, Cow<'a, str>)> {
        self.space();
        let start = self.at + 1;
        let string = self.string()?;
        Ok((Span::new(start, self.at - 1), string))
    }

    /// Reads any value, and says where it stands.
    pub(super) fn span(&mut self) -> Result<Span> {
        self.space();
        let start = self.at;
        self.skip()?;
        Ok(Span::new(start, self.at))
    }

    /// Reads one string or an array of strings, hands each to `with`, and says
    /// where the value stands.
    pub(super) fn each_string(&mut self, mut with: impl FnMut(&str)) -> Result<Span> {
        self.space();
        let start = self.at;
        if self.peek() == Some(b'"') {
            with(&self.string()?);
        } else {
            self.array(|reader| {
                with(&reader.string()?);
                Ok(())
            })?;
        }
        Ok(Span::new(start, self.at))
    }

    /// Reads a string.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>> {
        self.space();
        self.expect(b'"')?;
        let text = self.text;
        let start = self.at;
        self.at = end_of_run(text.as_bytes(), start);
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                Ok(Cow::Borrowed(&text[start..self.at - 1]))
            }
            Some(b'\\') => self.escaped(start).map(Cow::Owned),
            _ => Err(MALFORMED),
        }
    }

    /// Reads a number: an integer where it is written as one and fits.
    pub(super) fn number(&mut self) -> Result<std::result::Result<i64, f64>> {
        self.space();
        if let Some(integer) = self.plain_integer() {
            return Ok(Ok(integer));
        }
        let start = self.at;
        self.skip_number()?;
        let text = &self.text[start..self.at];
        if let Ok(integer) = text.parse() {
            return Ok(Ok(integer));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Err(number)),
            _ => Err(MALFORMED),
        }
    }

    /// Reads a string as [`text`](Self::text) does; skips anything else.
    pub(super) fn text_or_skip(&mut self) -> Result<Option<(Span, Cow<'a, str>)>> {
        self.space();
        if self.peek() == Some(b'"') {
            self.text().map(Some)
        } else {
            self.skip().map(|()| None)
        }
    }

    /// Reads an integer of 64 bits; skips anything else.
    pub(super) fn integer_or_skip(&mut self) -> Result<Option<i64>> {
        self.space();
        if let Some(integer) = self.plain_integer() {
            return Ok(Some(integer));
        }
        let start = self.at;
        self.skip()?;
        Ok(self.text[start..self.at].parse().ok())
    }

    /// Reads one string, or an array of strings.
    pub(super) fn strings(&mut self) -> Result<Vec<String>> {
        let mut strings = Vec::new();
        self.each_string(|string| strings.push(string.to_owned()))?;
        Ok(strings)
    }

    /// Reads an array of strings.
    pub(super) fn string_array(&mut self) -> Result<Vec<String>> {
        self.space();
        let mut strings = Vec::new();
        self.array(|reader| {
            strings.push(reader.string()?.into_owned());
            Ok(())
        })?;
        Ok(strings)
    }

    /// Reads any value and forgets it.
    pub(super) fn skip(&mut self) -> Result<()> {
        self.space();
        match self.peek() {
            Some(b'{') => self.object(|_, reader| reader.skip()),
            Some(b'[') => self.array(Self::skip),
            Some(b'"') => self.string().map(drop),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => self.skip_number(),
        }
    }

    /// Reads an object and tells whether `name` is among its members.
    pub(super) fn has_member(&mut self, wanted: &str) -> Result<bool> {
        let mut found = false;
        self.object(|name, reader| {
            found |= name == wanted;
            reader.skip()
        })?;
        Ok(found)
    }

    fn object(
        &mut self,
        mut member: impl FnMut(Cow<'a, str>, &mut Self) -> Result<()>,
    ) -> Result<()> {
        self.sequence(b'{', b'}', |reader| {
            let name = reader.string()?;
            reader.space();
            reader.expect(b':')?;
            member(name, reader)
        })
    }

    fn array(&mut self, element: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        self.sequence(b'[', b']', element)
    }

    fn sequence(
        &mut self,
        open: u8,
        close: u8,
        mut element: impl FnMut(&mut Self) -> Result<()>,
    ) -> Result<()> {
        self.space();
        self.expect(open)?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(MALFORMED);
        }
        self.space();
        if self.peek() == Some(close) {
            self.at += 1;
        } else {
            loop {
                element(self)?;
                self.space();
                match self.next() {
                    Some(b',') => {}
                    Some(byte) if byte == close => break,
                    _ => return Err(MALFORMED),
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// The rest of a string that has an escape, from its `start`.
    #[cold]
    fn escaped(&mut self, start: usize) -> Result<String> {
        let text = self.text;
        let mut string = text[start..self.at].to_owned();
        loop {
            let run = self.at;
            self.at = end_of_run(text.as_bytes(), run);
            string.push_str(&text[run..self.at]);
            match self.next() {
                Some(b'"') => return Ok(string),
                Some(b'\\') => string.push(self.escape()?),
                _ => return Err(MALFORMED),
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        Ok(match self.next().ok_or(MALFORMED)? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.hex()?;
                let code = match unit {
                    0xd800..0xdc00 => {
                        self.word("\\u")?;
                        let low = self.hex()?;
                        if !(0xdc00..0xe000).contains(&low) {
                            return Err(MALFORMED);
                        }
                        0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
                    }
                    _ => unit,
                };
                // A lone low surrogate is no character.
                char::from_u32(code).ok_or(MALFORMED)?
            }
            _ => return Err(MALFORMED),
        })
    }

    fn hex(&mut self) -> Result<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self
                .next()
                .and_then(|b| char::from(b).to_digit(16))
                .ok_or(MALFORMED)?;
            unit = unit * 16 + digit;
        }
        Ok(unit)
    }

    /// Reads an integer as most are written: a few digits and nothing else.
    /// Whatever else there is stays unread.
    fn plain_integer(&mut self) -> Option<i64> {
        let digits = self.text.as_bytes().get(self.at..)?;
        let len = digits.iter().position(|byte| !byte.is_ascii_digit())?;
        let odd = matches!(digits[len], b'.' | b'e' | b'E');
        if odd || !(1..=18).contains(&len) || (digits[0] == b'0' && len > 1) {
            return None;
        }
        self.at += len;
        let digit = |number, byte: &u8| number * 10 + i64::from(byte - b'0');
        Some(digits[..len].iter().fold(0, digit))
    }

    fn skip_number(&mut self) -> Result<()> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.next() {
            Some(b'0') => {}
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(MALFORMED),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(())
    }

    fn some_digits(&mut self) -> Result<()> {
        match self.peek() {
            Some(b'0'..=b'9') => {
                self.digits();
                Ok(())
            }
            _ => Err(MALFORMED),
        }
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str) -> Result<()> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            Err(MALFORMED)
        }
    }

    fn space(&mut self) {
        if self.peek().is_some_and(|byte| byte > b' ') {
            return;
        }
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.next() == Some(byte) {
            Ok(())
        } else {
            Err(MALFORMED)
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `k`, and no other name, is known.
    fn known(name: &str) -> Option<u8> {
        (name == "k").then_some(3)
    }

    fn accepts(json: &str) -> bool {
        Reader::document(json, known, |_, reader| reader.skip()).is_ok()
    }

    #[test]
    fn one_object_and_nothing_else_is_a_document() {
        for good in ["{}", " { } ", r#"{"a":[1,-0.5e+3,true,false,null,"x",{}]}"#] {
            assert!(accepts(good), "{good}");
        }
        for bad in [
            "",
            "1",
            "[]",
            "null",
            "{",
            "{}x",
            "{}{}",
            "\u{feff}{}",
            "{a:1}",
            "{'a':1}",
            r#"{"a":1,}"#,
            r#"{"a":01}"#,
            r#"{"a":+1}"#,
            r#"{"a":1.}"#,
            r#"{"a":.5}"#,
            r#"{"a":NaN}"#,
            r#"{"a":1e}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":"\udc00"}"#,
            r#"{"a":"\ud800\u0041"}"#,
            "{\"a\":\"\n\"}",
            r#"{"a":tru}"#,
            r#"{"a" 1}"#,
            r#"{"a":[1,]}"#,
            "{}\0",
            "{}/*x*/",
        ] {
            assert!(!accepts(bad), "{bad}");
        }
    }

    #[test]
    fn no_name_stands_twice_in_any_spelling() {
        let read = |json: &str| Reader::document(json, known, |_, reader| reader.skip());
        for twice in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"k":1,"k":2}"#,
            r#"{"k":1,"a":1,"\u006b":2}"#,
            r#"{"\u006b":1,"k":2}"#,
        ] {
            assert_eq!(read(twice), Err(TokenError::DuplicateName), "{twice}");
        }
        assert_eq!(read(r#"{"a":{"a":1},"b":1}"#), Ok(0));
        assert_eq!(read(r#"{"k":{"k":1},"b":1,"K":1}"#), Ok(8));
    }

    #[test]
    fn nesting_is_bounded_without_using_the_stack() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(accepts(&nested(63)));
        assert!(!accepts(&nested(64)));
        assert!(!accepts(&nested(1_000_000)));
    }

    proptest! {
        /// Whatever we accept, `serde_json` accepts with the same strings.
        #[test]
        fn what_is_accepted_means_the_same_to_serde_json(value in "[ -~\\PC]{0,24}", raw in r#"[\{\}\[\]",:\\u0-9a-f .eE+\-]{0,40}"#) {
            let json = serde_json::json!({ "k": value }).to_string();
            let mut read = None;
            Reader::document(&json, known, |_, reader| {
                read = Some(reader.string()?.into_owned());
                Ok(())
            }).unwrap();
            prop_assert_eq!(read, Some(value));

            let raw = format!("{{{raw}}}");
            if accepts(&raw) {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&raw).is_ok(), "{}", raw);
            }
        }
    }
}
